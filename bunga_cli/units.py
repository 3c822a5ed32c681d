"""Durations and sizes as people write them: `20s`, `1m30s`, `500ms`, `2d`; `64KiB`, `5MB`.

Inside they are integers: microseconds and bytes.
"""

import re
from collections.abc import Mapping

MILLISECOND = 1_000
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

_DURATIONS = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": MILLISECOND, "us": 1}
_SIZES = {
    "GiB": GIB,
    "MiB": MIB,
    "KiB": KIB,
    "GB": 1000**3,
    "MB": 1000**2,
    "kB": 1000,
    "B": 1,
}
LARGEST = 2**53
"""No duration or size is larger: what a float holds exactly, 285 years or 8 PiB."""
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2}(?:\.\d+)?)", re.ASCII)
_SIXTY = 60
"""What no clock shows: of seconds, and of minutes behind an hour."""
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", re.ASCII)


def parse_duration(value: object) -> int:
    """Return the duration `value` in microseconds; a bare number is seconds.

    Raise ValueError with a sentence for people when it is none.
    """
    return _parse(value, _DURATIONS, SECOND, 'a duration, such as "20s", "1m30s" or "500ms"')


def parse_position(text: str) -> int:
    """Return a position in a video, such as `1:23:45`, `42:07`, `90` or `1m30s`, in microseconds.

    Raise ValueError with a sentence for people when it is none.
    """
    amount = _parse_clock(text) if ":" in text else _parse_text(text.strip(), _DURATIONS, SECOND)
    if amount is None or amount > LARGEST:
        raise ValueError('must be a position, such as "1:23:45", "42:07" or "90"')
    return round(amount)


def parse_size(value: object) -> int:
    """Return the size `value` in bytes; a bare number is bytes.

    Raise ValueError with a sentence for people when it is none.
    """
    return _parse(value, _SIZES, 1, 'a size, such as "64KiB" or "5MiB"')


def format_duration(duration_us: int) -> str:
    """Return `duration_us` as `parse_duration` reads it."""
    return _format(duration_us, _DURATIONS) or "0s"


def format_size(size_bytes: int) -> str:
    """Return `size_bytes` as `parse_size` reads it, in the largest binary unit that is exact."""
    units = (unit for unit in ("GiB", "MiB", "KiB", "B") if size_bytes % _SIZES[unit] == 0)
    unit = next(units) if size_bytes else "B"
    return f"{size_bytes // _SIZES[unit]}{unit}"


def readable_size(size_bytes: float) -> str:
    """Return a size as a person reads it: `17 B`, `88.0 KiB`, `1.5 MiB`, `2,000.0 GiB`."""
    unit = "B"
    for larger in ("KiB", "MiB", "GiB"):
        if size_bytes < KIB:
            break
        size_bytes, unit = size_bytes / KIB, larger
    return f"{size_bytes:.0f} B" if unit == "B" else f"{size_bytes:,.1f} {unit}"


def _parse(value: object, units: Mapping[str, int], bare_unit: int, wanted: str) -> int:
    if isinstance(value, str):
        amount = _parse_text(value.strip(), units, bare_unit)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        amount = value * bare_unit
    else:
        amount = None
    if amount is None or not 0 <= amount <= LARGEST:
        raise ValueError(f"must be {wanted}")
    return round(amount)


def _parse_clock(text: str) -> float | None:
    """Return what `1:23:45` or `90:00` is in microseconds; None for what no clock shows."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, rest = found.groups()
    if float(rest) >= _SIXTY or (hours is not None and int(minutes) >= _SIXTY):
        return None
    return (int(hours or 0) * 3600 + int(minutes) * 60 + float(rest)) * SECOND


def _parse_text(text: str, units: Mapping[str, int], bare_unit: int) -> float | None:
    if _NUMBER.fullmatch(text):
        return float(text) * bare_unit
    factors = {unit.lower(): factor for unit, factor in units.items()}
    amount, end = 0.0, 0
    while end < len(text):
        part = _PART.match(text, end)
        if part is None or part[2].lower() not in factors:
            return None
        amount += float(part[1]) * factors[part[2].lower()]
        end = part.end()
    return amount if text else None


def _format(amount: int, units: Mapping[str, int]) -> str:
    parts = []
    for unit, factor in units.items():
        count, amount = divmod(amount, factor)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
