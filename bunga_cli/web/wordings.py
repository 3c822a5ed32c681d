"""How values are written on pages, in each language: filters of the templates."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from babel import dates, numbers

from bunga_cli.clock import utc_now
from bunga_cli.units import format_duration

_KIB = 1024
_NEAR = timedelta(days=30)


def filters(language: str) -> dict[str, Callable[..., Any]]:
    """Return the filters by name, bound to a language."""
    return {
        "duration": format_duration,
        "ago": partial(_ago, language),
        "number": partial(_number, language),
        "size": partial(_size, language),
        "segment": lambda text: quote(text, safe=""),
    }


def _ago(language: str, at: datetime) -> str:
    """Return how long ago something was, or is still to come; the day, if that is long."""
    distance = at - utc_now()
    if abs(distance) > _NEAR:
        return dates.format_date(at, locale=language)
    return dates.format_timedelta(distance, add_direction=True, locale=language)


def _number(language: str, value: float) -> str:
    return str(numbers.format_decimal(value, locale=language))


def _size(language: str, size_bytes: int) -> str:
    value, unit = float(size_bytes), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < _KIB:
            break
        value, unit = value / _KIB, larger
    return f"{numbers.format_decimal(round(value, 1), locale=language)} {unit}"
