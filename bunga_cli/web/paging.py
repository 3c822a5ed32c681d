"""A long list in parts: `?from=` says with which number a part begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.requests import Request

T = TypeVar("T")
R = TypeVar("R")

SIZE = 50
_MOST_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """What one page shows of a list: `rows` from number `first` (the first is 0) of `total`.

    `before` and `after` are where the neighbours begin, None where there is none.
    """

    rows: Sequence[T]
    first: int
    total: int
    size: int = SIZE

    @classmethod
    def of(cls, rows: Sequence[T], request: Request, size: int = SIZE) -> "Part[T]":
        """Return the part that is asked for; beyond the end, the last one."""
        last = max(len(rows) - 1, 0) // size * size
        first = min(first_of(request), last)
        return cls(rows[first : first + size], first, len(rows), size)

    def with_rows(self, rows: Sequence[R]) -> "Part[R]":
        """Return the part with what its rows stand for."""
        return Part(rows, self.first, self.total, self.size)

    @property
    def before(self) -> int | None:
        """Where the part before begins."""
        return max(self.first - self.size, 0) if self.first else None

    @property
    def after(self) -> int | None:
        """Where the part after begins."""
        after = self.first + self.size
        return after if after < self.total else None


def first_of(request: Request) -> int:
    """Return with which number a part shall begin; nonsense is 0."""
    text = request.query_params.get("from", "")[:_MOST_DIGITS]
    return int(text) if text.isascii() and text.isdigit() else 0
