"""Threads for calls that may never come back: of foreign code, and to a disk that hangs.

A thread cannot be ended from outside. So these are daemons, which do not keep the server from
stopping, and what hangs uses up only its own few: neither asyncio's nor those of other disks.
"""

import asyncio
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MAX_THREADS = 4


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What a call came to: a result, or an error."""

    result: T | None = None
    error: Exception | None = None


class Workers:
    """Run calls in threads of their own, a few at a time; others wait for their turn."""

    def __init__(self, name: str, max_threads: int = MAX_THREADS) -> None:
        self._name = name
        self._free = asyncio.Semaphore(max_threads)

    async def run(self, call: Callable[[], Any], shape: Callable[[Any], T]) -> T:
        """Return `shape` of what the call, a function or a coroutine function, returns."""
        return await self.do(lambda: shape(_awaited(call())))

    async def do(self, call: Callable[[], T], limit_s: float | None = None) -> T:
        """Return what a function returns. Raises TimeoutError after `limit_s`.

        A caller that gives up leaves the thread running, and its place taken until it ends.
        """
        async with asyncio.timeout(limit_s):
            await self._free.acquire()
            return await self._in_thread(call)

    def _in_thread(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def finish(outcome: Outcome[T]) -> None:
            self._free.release()
            if not answer.cancelled():
                _settle(answer, outcome)

        def work() -> None:
            outcome = _outcome(call)
            with suppress(RuntimeError):  # the loop is gone, and nobody waits
                loop.call_soon_threadsafe(finish, outcome)

        threading.Thread(target=work, name=self._name, daemon=True).start()
        return answer


def run_together(limit_s: float, calls: Sequence[Callable[[], T]]) -> list[Outcome[T]]:
    """Run calls side by side, blocking for at most `limit_s`. Those not done: TimeoutError."""
    late: Outcome[T] = Outcome(error=TimeoutError(f"not done after {round(limit_s, 1):g} s"))
    outcomes = [late] * len(calls)

    def work(place: int, call: Callable[[], T]) -> None:
        outcomes[place] = _outcome(call)

    threads = [threading.Thread(target=work, args=each, daemon=True) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return list(outcomes)


def _outcome(call: Callable[[], T]) -> Outcome[T]:
    try:
        return Outcome(call())
    except StopIteration as error:  # which no future takes
        return Outcome(error=RuntimeError(repr(error)))
    except Exception as error:  # noqa: BLE001  foreign code; the caller deals with it
        return Outcome(error=error)
    except BaseException as error:  # noqa: BLE001  sys.exit() in a linker ends no server
        return Outcome(error=RuntimeError(repr(error)))


def _settle(answer: asyncio.Future[T], outcome: Outcome[T]) -> None:
    if outcome.error is None:
        answer.set_result(outcome.result)  # type: ignore[arg-type]  # None only if T may be
    else:
        answer.set_exception(outcome.error)


def _awaited(value: Any) -> Any:  # noqa: ANN401  foreign code
    async def wait(value: Awaitable[Any]) -> Any:  # noqa: ANN401  likewise
        return await value

    return asyncio.run(wait(value)) if inspect.isawaitable(value) else value
