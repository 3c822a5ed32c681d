"""A bounded memory of what was found out lately."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Remember values for a while, the latest `max_entries` of them."""

    def __init__(
        self, max_entries: int, lifetime_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_entries, self._lifetime_s, self._clock = max_entries, lifetime_s, clock
        self._values: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        """Return the value, or None if there is none or it is too old."""
        at, value = self._values.get(key, (float("-inf"), None))
        return value if self._clock() < at + self._lifetime_s else None

    def put(self, key: K, value: V) -> None:
        """Remember a value, and forget the oldest one if there are too many."""
        self._values.pop(key, None)
        self._values[key] = (self._clock(), value)
        if len(self._values) > self._max_entries:
            del self._values[next(iter(self._values))]
