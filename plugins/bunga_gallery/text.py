"""Titles as people look for them: without regard to case and accents, `2` before `10`."""

import os
import re
import unicodedata

_NUMBER = re.compile(r"(\d+)")
_YEAR = re.compile(r"\(((?:18|19|20)\d\d)\)")


def folded(text: str) -> str:
    """Return the text without case and accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def natural_order(text: str) -> list[tuple[int, str]]:
    """Return a sort key by which numbers in a title count as numbers."""
    parts = _NUMBER.split(folded(text))
    return [(int(part), "") if place % 2 else (-1, part) for place, part in enumerate(parts)]


def year_in(text: str) -> int | None:
    """Return the year that a title like `Metropolis (1927)` bears."""
    found = _YEAR.search(text)
    return int(found.group(1)) if found else None


def readable(file_name: str) -> str:
    """Return a file's name as text; bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(file_name).decode("utf-8", "replace")
