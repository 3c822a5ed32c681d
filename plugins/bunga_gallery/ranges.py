"""The parts of a file that a request asks for (RFC 9110, 14)."""

import re
from itertools import pairwise
from typing import NamedTuple

_RANGES = re.compile(r"\s*bytes\s*=\s*(.+)", re.IGNORECASE | re.ASCII)
_RANGE = re.compile(r"\s*([0-9]{0,19})\s*-\s*([0-9]{0,19})\s*", re.ASCII)
_MAX_RANGES = 20


class Part(NamedTuple):
    """Some bytes: from the first to the one before `end`."""

    start: int
    end: int


class Unsatisfiable(Exception):
    """Report that a request asks for nothing that is in the file."""


def parts_of(header: str, size: int) -> list[Part]:
    """Return the parts of a file of this size; none means all of it. Raises Unsatisfiable.

    What has no meaning is ignored, as the RFC asks, and so are more parts than a player needs, or
    parts that overlap.
    """
    found = _RANGES.fullmatch(header)
    texts = [text for text in found[1].split(",") if text.strip()] if found else []
    matches = [_RANGE.fullmatch(text) for text in texts]
    if not 0 < len(matches) <= _MAX_RANGES:
        return []
    parts: list[Part] = []
    for match in matches:
        if match is None or not _has_meaning(first := match[1], last := match[2]):
            return []
        parts.append(_part(first, last, size))
    parts = sorted(part for part in parts if part.start < part.end)
    if not parts:
        raise Unsatisfiable
    does_overlap = any(after.start < part.end for part, after in pairwise(parts))
    return [] if does_overlap else parts


def _has_meaning(first: str, last: str) -> bool:
    return bool(first or last) and not (first and last and int(first) > int(last))


def _part(first: str, last: str, size: int) -> Part:
    if not first:  # the last so many
        return Part(max(size - int(last), 0), size)
    return Part(int(first), min(int(last) + 1, size) if last else size)
