"""QR codes as parts of a page."""

from dataclasses import dataclass
from functools import lru_cache

import segno

_QUIET = 4
"""The light frame that readers need, in modules."""


@dataclass(frozen=True, slots=True)
class QrCode:
    """A drawing: `path` are its dark modules, on a square of `modules` a side."""

    modules: int
    path: str


@lru_cache(maxsize=256)
def qr_code(text: str) -> QrCode:
    """Return the QR code of a text. To make one takes longer than all the rest of a page."""
    rows = [[bool(module) for module in row] for row in segno.make(text, micro=False).matrix]
    dark = (
        f"M{x + _QUIET} {y + _QUIET}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    )
    return QrCode(len(rows) + 2 * _QUIET, "".join(dark))
