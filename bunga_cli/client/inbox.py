"""Everything a client has received, and who waits for what comes next."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bunga_cli.client.failures import Disconnected, disconnection

Message = dict[str, Any]
MAX_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Received:
    """One frame from the server and the monotonic time of its arrival."""

    message: Message
    at_us: int


class Inbox:
    """Keep received frames in order, the oldest being forgotten over `max_kept`.

    A frame's number is how many came before it, also when those are forgotten.
    """

    def __init__(self, max_kept: int = MAX_KEPT) -> None:
        self.frames: deque[Received] = deque(maxlen=max_kept)
        self._count = 0
        self._passed = 0
        self._ended: BaseException | None = None
        self._news = asyncio.Event()

    def put(self, frame: Received) -> None:
        """Keep one frame and wake who waits for it."""
        self.frames.append(frame)
        self._count += 1
        self._wake()

    def end(self, why: BaseException) -> None:
        """Nothing comes any more: who waits, now or later, gets the first such error."""
        self._ended = self._ended or why
        self._wake()

    def skip(self) -> None:
        """Let the next `expect` begin after all that has arrived."""
        self._passed = self._count

    async def expect(self, wanted: Callable[[Message], bool]) -> Message:
        """Return the next wanted frame after the one the last call returned.

        Raises Disconnected, or the error that ended all.
        """
        number, frame = await self._first(self._passed, wanted)
        self._passed = number + 1
        return frame.message

    def unexpected(self) -> list[Message]:
        """Return what arrived since the last frame that was expected."""
        return [frame.message for frame in self._since(self._passed)]

    async def messages(self) -> AsyncIterator[Message]:
        """Yield every message from now on, each once.

        Raises Disconnected, or the error that ended all.
        """
        number = self._count - 1
        while True:
            number, frame = await self._first(number + 1, lambda _: True)
            yield frame.message

    async def ended(self) -> Disconnected:
        """Wait until nothing comes any more and return why.

        Raises the error that ended all, if it was no closed connection.
        """
        while self._ended is None:
            await self._news.wait()
        if not isinstance(self._ended, Disconnected):
            raise self._ended
        return self._ended

    async def _first(self, number: int, wanted: Callable[[Message], bool]) -> tuple[int, Received]:
        while True:
            fresh = self._since(number)
            number = self._count - len(fresh)
            for offset, frame in enumerate(fresh):
                if wanted(frame.message):
                    return number + offset, frame
            number = self._count
            if isinstance(self._ended, Disconnected):
                raise disconnection(self._ended.close_code, self._ended.reason)
            if self._ended is not None:
                raise self._ended
            await self._news.wait()

    def _since(self, number: int) -> list[Received]:
        forgotten = self._count - len(self.frames)
        return list(islice(self.frames, max(0, number - forgotten), None))

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
