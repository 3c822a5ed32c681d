"""What takes long to find out, and is found out once for all who ask within a while."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """What `find` returns, for so many seconds; meanwhile nobody has it found anew."""

    def __init__(
        self,
        find: Callable[[], Awaitable[T]],
        good_for_s: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._find, self._good_for_s, self._clock = find, good_for_s, clock
        self._lock = asyncio.Lock()
        self._known: tuple[float, T] | None = None

    async def get(self) -> T:
        """Return it. Who asks while it is being found out waits for that."""
        async with self._lock:
            if self._known is None or self._clock() - self._known[0] >= self._good_for_s:
                found = await self._find()
                self._known = self._clock(), found
            return self._known[1]
