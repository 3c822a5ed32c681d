"""An event loop in which time passes only when nothing else is left to do.

Who sleeps is woken at once, and finds the clock where it wanted it: a test that lasts a minute
takes a moment, and a machine that stands still now and then changes nothing in it. For that,
everything that takes part lives in the loop, without threads, and talks over Unix sockets or not at
all: what was written to those can be read at once.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Never waits: where nobody has anything to say, the time is over already."""

    now_s = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("Nothing would ever happen any more.")
            self.now_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop; its `time()` is the only clock that is right."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return the time, in seconds."""
        return self._virtual.now_s


def run_in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


def virtual_us() -> int:
    """Return the time of the loop that runs, in microseconds."""
    return round(asyncio.get_running_loop().time() * 1_000_000)
