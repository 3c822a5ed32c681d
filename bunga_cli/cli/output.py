"""The one place that prints: data to stdout, talk to stderr."""

import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

_BOLD, _PLAIN = "\033[1m", "\033[0m"


def note(sentence: str) -> None:
    """Tell the person something that is not data."""
    print(_printable(sentence), file=sys.stderr)


def error(sentence: str) -> None:
    """Tell the person why the command failed."""
    lines = (_printable(line) for line in sentence.splitlines())
    print("Error: " + "\n".join(lines), file=sys.stderr)


def line(data: str) -> None:
    """Print one line of data."""
    print(_printable(data))


def text(lines: str) -> None:
    """Print lines of our own making."""
    print(lines)


def document(value: object) -> None:
    """Print `value` as JSON, in ASCII so that no terminal or pipe can spoil it."""
    print(json.dumps(value, indent=2))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print `rows` in columns under `headings`; a missing value shows as `-`."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(headings, *cells, strict=True)]
    print(_bold(_padded(headings, widths)))
    for row in cells:
        print(_padded(row, widths))


def fields(values: Mapping[str, object]) -> None:
    """Print the facts about one thing, one per line."""
    width = max(map(_width, values))
    for name, value in values.items():
        print(_bold(name) + " " * (width - _width(name)), _cell(value), sep="  ", flush=True)


def moment(iso_time: str) -> str:
    """Return an ISO 8601 time in this machine's time zone, to the minute, for a table."""
    return datetime.fromisoformat(iso_time).astimezone().strftime("%Y-%m-%d %H:%M")


def _bold(text: str) -> str:
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"{_BOLD}{text}{_PLAIN}"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else _printable(str(value))


def _printable(text: str) -> str:
    """Return `text` without what could command a terminal: names come from strangers."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()


def _width(text: str) -> int:
    """Return how many columns a terminal needs for `text`."""
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
