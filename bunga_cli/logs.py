"""The server's log: to stderr for the operator, and its last lines in memory for the API."""

import json
import logging
import sys
from collections import deque

from bunga_cli.settings import LogSettings

_TEXT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_KEPT_LINES = 1000


class JsonFormatter(logging.Formatter):
    """One JSON object a line; `extra={"fields": {…}}` of a log call is in it too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class RecentLines(logging.Handler):
    """Keeps the last lines."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self._lines.append(self.format(record) + "\n")

    def lines(self) -> list[str]:
        """Return the lines kept, the oldest first, each with its line end."""
        return [*self._lines]


def set_up_logging(settings: LogSettings) -> RecentLines:
    """Send all logs to stderr as `settings` say, and return the keeper of the last lines."""
    text = logging.Formatter(_TEXT)
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
