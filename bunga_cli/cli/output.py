"""The one place that prints: data to stdout, talk to stderr."""

import json
import os
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import TextIO

from bunga_cli.errors import BungaError

_BOLD, _PLAIN = "\033[1m", "\033[0m"
_GAP = "  "
_ELASTIC = frozenset(
    {
        "DEFAULT",
        "FOR",
        "FROM",
        "HELD BY",
        "ID",
        "MEANING",
        "NAME",
        "SUBJECT",
        "VALUE",
        "VIDEO",
        "WHO",
    }
)
"""What a narrow terminal may shorten, the last column first: there is another way to all of it."""
_NARROWEST, _NARROWEST_TEXT = 8, 16


def note(sentence: str) -> None:
    """Tell the person something that is not data."""
    _say(printable(sentence))


def error(*reasons: str) -> None:
    """Tell the person why the command failed, on a line of its own for each reason."""
    for reason in reasons:
        line = " ".join(reason.splitlines())  # What somebody else says begins no line of ours.
        _say(f"Error: {printable(line)}", indent=len("Error: "))


def wrapped(sentence: str) -> str:
    """Return a question as stderr is to show it: on a terminal broken between its words."""
    return _told(printable(sentence))


def notes(values: Mapping[str, str]) -> None:
    """Tell the person a few things that are not data, one per line, none of them broken."""
    width = max(map(_width, values))
    for name, value in values.items():
        print(name + " " * (width - _width(name)) + _GAP + printable(value), file=sys.stderr)


def line(data: str) -> None:
    """Print one line of data."""
    _print(printable(data))


def paragraph(data: str) -> None:
    """Print one line of data, which a terminal breaks between words."""
    shown, columns = printable(data), _columns(sys.stdout)
    lines = _wrapped(shown, columns - len(_GAP)) if columns else [shown]
    _print(f"\n{_GAP}".join(lines))


def text(lines: str) -> None:
    """Print lines of our own making."""
    _print(lines)


def document(value: object) -> None:
    """Print `value` as JSON, with nothing in it that could command a terminal."""
    _print(_as_json(value, indent=2))


def record(value: object) -> None:
    """Print `value` as one line of JSON, for a program that reads line by line."""
    _print(_as_json(value, indent=None))


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    empty: str = "There is nothing to show.",
    wraps: bool = False,
    below: bool = False,
) -> None:
    """Print `rows` in columns under `headings`; a missing value shows as `-`.

    A terminal gets what fits its width, and the sentence `empty` in place of a table without rows.
    There, with `below`, what the last column says stands below each row; with `wraps`, the last
    column (of those that are left) is broken between words and not shortened.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    columns = _columns(sys.stdout)
    if not cells and columns:
        note(empty)
        return
    told = ["-"] * len(cells)
    if columns and below:
        headings, told = headings[:-1], [row.pop() for row in cells]
    widths = [max(map(_width, column)) for column in zip(headings, *cells, strict=True)]
    widths = _fitted(headings, widths, wraps=wraps)
    lines = [_bold(_padded(headings, widths))]
    for row, sentence in zip(cells, told, strict=True):
        lines += _row(row, widths, wraps=wraps)
        if sentence != "-":
            lines += [f"{_GAP}{part}" for part in _wrapped(sentence, (columns or 0) - len(_GAP))]
    _print("\n".join(lines))


def fields(values: Mapping[str, object]) -> None:
    """Print the facts about one thing, one per line; a terminal breaks it between words."""
    width = max(map(_width, values))
    margin = " " * width + _GAP
    columns = _columns(sys.stdout)
    lines = []
    for name, value in values.items():
        text = _cell(value)
        first, *more = _wrapped(text, columns - len(margin)) if columns else [text]
        lines.append(_bold(name) + margin[_width(name) :] + first)
        lines += [margin + part for part in more]
    _print("\n".join(lines))


def moment(iso_time: str) -> str:
    """Return an ISO 8601 time in this machine's time zone, to the minute, for a table."""
    return datetime.fromisoformat(iso_time).astimezone().strftime("%Y-%m-%d %H:%M")


def flush() -> None:
    """Write what was printed. Raises BungaError, or ends the command if nobody reads it."""
    _print("", end="")


def _print(data: str, end: str = "\n") -> None:
    try:
        print(data, end=end, flush=True)
    except BrokenPipeError:
        _forget_unwritten()
        raise SystemExit(1) from None  # Whoever read this has enough.
    except OSError as error:
        _forget_unwritten()
        raise BungaError(f"The output cannot be written: {error.strerror}.") from error


def _forget_unwritten() -> None:
    """Let Python's last flush succeed: it would complain of what is told already."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _say(sentence: str, indent: int = 0) -> None:
    print(_told(sentence, indent), file=sys.stderr)


def _told(sentence: str, indent: int = 0) -> str:
    """Return a sentence, for a terminal broken between its words."""
    if columns := _columns(sys.stderr):
        sentence = textwrap.fill(
            sentence,
            columns,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return sentence


def _columns(stream: TextIO) -> int | None:
    """Return how wide the terminal behind `stream` is, None where there is none."""
    if not stream.isatty():
        return None
    return os.get_terminal_size(stream.fileno()).columns or 80


def _bold(text: str) -> str:
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"{_BOLD}{text}{_PLAIN}"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else printable(str(value))


def printable(text: str) -> str:
    """Return `text` without what could command a terminal: names come from strangers."""
    return "".join(char if _is_shown(char) else "\N{REPLACEMENT CHARACTER}" for char in text)


def _as_json(value: object, indent: int | None) -> str:
    is_ascii = sys.stdout.encoding.lower() not in ("utf-8", "utf8")
    dumped = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    return "".join(char if char == "\n" or _is_shown(char) else _escaped(char) for char in dumped)


def _is_shown(char: str) -> bool:
    return char.isprintable() or unicodedata.category(char) == "Zs"


def _escaped(char: str) -> str:
    """Return `char` as JSON writes it in ASCII, DEL included."""
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]


def _fitted(headings: Sequence[str], widths: Sequence[int], *, wraps: bool) -> list[int]:
    """Return `widths`, less in some columns where the terminal is narrower than all together."""
    columns = _columns(sys.stdout)
    if columns is None:
        return [*widths]
    too_much = sum(widths) + len(_GAP) * (len(widths) - 1) - columns
    fitted = [*widths]
    for column, heading in reversed([*enumerate(headings)]):
        is_text = wraps and column == len(headings) - 1
        least = _NARROWEST_TEXT if is_text else _NARROWEST
        spare = max(0, fitted[column] - least) if is_text or heading in _ELASTIC else 0
        less = max(0, min(too_much, spare))
        too_much -= less
        fitted[column] -= less
    return fitted


def _row(cells: Sequence[str], widths: Sequence[int], *, wraps: bool) -> list[str]:
    """Return a row of a table, in several lines where its last cell is broken between words."""
    if not wraps:
        return [_padded(cells, widths)]
    first, *more = _wrapped(cells[-1], widths[-1])
    before = " " * (sum(widths[:-1]) + len(_GAP) * (len(widths) - 1))
    *others, width = widths
    width = max(width, _width(first))  # a word is never broken
    return [_padded([*cells[:-1], first], [*others, width]), *(before + part for part in more)]


def _wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of `width` columns, a word that is longer in a line of its own."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if not lines[-1] or _width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = (_shortened(cell, width) for cell, width in zip(cells, widths, strict=True))
    padded = (
        cell + " " * (width - _width(cell)) for cell, width in zip(shown, widths, strict=True)
    )
    return _GAP.join(padded).rstrip()


def _shortened(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    ends = accumulate(map(_char_width, text))
    kept = sum(1 for end in ends if end < width)
    return f"{text[:kept].rstrip()}…"


def _width(text: str) -> int:
    """Return how many columns a terminal needs for `text`."""
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
