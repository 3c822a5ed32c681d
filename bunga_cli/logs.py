"""The server's log: to stderr for the operator, and the last of it in memory for the API."""

import json
import logging
import sys
import unicodedata
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bunga_cli.settings import LogSettings

_TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_KEPT_ENTRIES = 1000
_LONGEST_MESSAGE, _LONGEST_TRACEBACK = 4_000, 8_000
_MARK = "\n  | "
_SECOND_US = 1_000_000
LEVELS = ("debug", "info", "warning", "error", "critical")
"""How much a message may matter, the least first."""


class _Formatter(logging.Formatter):
    """A formatter to which messages and tracebacks may be anybody's text, of any length."""

    def formatException(self, ei: Any) -> str:  # noqa: N802, ANN401  as the base has it
        """Return a traceback, the innermost calls at any rate."""
        return _cut(super().formatException(ei), _LONGEST_TRACEBACK)

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  likewise
        """Return where a record was made."""
        return _cut(stack_info, _LONGEST_TRACEBACK)


class TextFormatter(_Formatter):
    """Lines for people. Only a record's first one begins at the margin, so that none is forged."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line or more."""
        if record.exc_text:  # which a handler of a plugin's own may have left there
            record.exc_text = _cut(record.exc_text, _LONGEST_TRACEBACK)
        text = _shown(super().format(record), _LONGEST_MESSAGE + _LONGEST_TRACEBACK)
        return text.rstrip("\n").replace("\n", _MARK)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  likewise
        """Return all but the traceback."""
        record.message = _cut(record.message, _LONGEST_MESSAGE)
        return super().formatMessage(record)


class JsonFormatter(_Formatter):
    """One JSON object a line; `extra={"fields": {…}}` of a log call is in it too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _cut(record.getMessage(), _LONGEST_MESSAGE),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        dumped = json.dumps(line, ensure_ascii=False)
        if dumped.isprintable():
            return dumped
        return "".join(char if _is_shown(char) else _as_json(char) for char in dumped)


def _as_json(char: str) -> str:
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]


def _cut(text: str, most: int) -> str:
    """Return a text without its midst if it is too long: who failed is at its end."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} […] {text[-half:]}"


def _shown(text: str, most: int) -> str:
    """Return a text in which nothing but the line feed does anything to a terminal or a reader."""
    text = _cut(text, most)
    if text.replace("\n", "").isprintable():
        return text
    shown = (char if char == "\n" or _is_shown(char) else _escaped(char) for char in text)
    return _cut("".join(shown), most)


def _is_shown(char: str) -> bool:
    """Return whether a character is neither a control one nor turns the text that follows."""
    return char.isprintable() or unicodedata.category(char) == "Zs"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One message of the log. `level`: one of LEVELS; `traceback` is empty but for a failure.

    `id` rises from entry to entry, also from one process to the next.
    """

    id: int
    at: datetime
    level: str
    logger: str
    message: str
    traceback: str

    def says(self, text: str) -> bool:
        """Return whether `text`, in small letters, is in it somewhere, however it is written."""
        parts = (self.logger, self.message, self.traceback)
        return any(text in part.casefold() for part in parts)


class RecentLines(logging.Handler):
    """Keeps the last entries, and the lines that show them."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: deque[tuple[LogEntry, str]] = deque(maxlen=_KEPT_ENTRIES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one entry."""
        line = self.format(record) + "\n"
        before = self._kept[-1][0].id if self._kept else 0
        entry = LogEntry(
            # The time, so that who follows the log is not lost when the server is restarted.
            id=max(before + 1, round(record.created * _SECOND_US)),
            at=datetime.fromtimestamp(record.created, UTC),
            level=record.levelname.lower(),
            logger=_shown(record.name, _LONGEST_MESSAGE),
            message=_shown(record.getMessage(), _LONGEST_MESSAGE),
            # which `format` has left there
            traceback=_shown(record.exc_text or "", _LONGEST_TRACEBACK),
        )
        self._kept.append((entry, line))

    def lines(self) -> list[str]:
        """Return the lines kept, the oldest first, each with its line end."""
        return [line for _, line in [*self._kept]]

    def entries(
        self, level: str | None = None, text: str = "", last: int = 200, after: int = 0
    ) -> list[LogEntry]:
        """Return the last entries, the oldest first.

        `level` is the lowest of interest, `text` is in each of them (large and small letters are
        the same), `after` the id of an entry that was seen already.
        """
        found = islice(self._from_the_end(level, text.casefold(), after), last)
        return [*found][::-1]

    def _from_the_end(self, level: str | None, text: str, after: int) -> Iterator[LogEntry]:
        least = LEVELS.index(level) if level else 0
        for entry, _ in reversed([*self._kept]):
            if entry.id <= after:
                return
            if _rank(entry.level) >= least and entry.says(text):
                yield entry


def _rank(level: str) -> int:
    """Return how much a level matters; one of a library's own making is as good as any."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def set_up_logging(settings: LogSettings) -> RecentLines:
    """Send all logs to stderr as `settings` say, and return the keeper of the last lines."""
    text = TextFormatter()
    printer = logging.StreamHandler(sys.stderr)
    printer.setFormatter(JsonFormatter() if settings.format == "json" else text)
    recent = RecentLines()
    recent.setFormatter(text)
    root = logging.getLogger()
    root.handlers = [printer, recent]
    set_level(settings)
    return recent


def set_level(settings: LogSettings) -> None:
    """Show no less important messages from now on than `settings` say."""
    root = logging.getLogger()
    root.setLevel(settings.level.upper())
    # Libraries tell of their own starts, stops, plugins and queries; we do that in our words.
    for library in ("uvicorn", "alembic", "aiosqlite", "httpx2", "httpcore2"):
        logging.getLogger(library).setLevel(max(root.level, logging.WARNING))
