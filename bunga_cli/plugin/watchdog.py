"""Takes the server's thread back from a plugin that does not let go of it.

Providers, routes and `bunga_authorise` run in the thread in which all rooms live. While one of them
has the word, a second thread watches the clock, and sends the first a signal when it takes too
long. The signal's handler raises, in the midst of whatever the plugin does: also in a sleep or a
read, though not in foreign code that never returns to Python.

SIGURG, because nobody else means anything by it, and by default it does nothing.
"""

import signal
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from types import FrameType, coroutine
from typing import Any, TypeVar

from bunga_cli.plugin.isolation import Hung

_T = TypeVar("_T")


class Watchdog:
    """Watches one thread, the main one: `start` it there. Elsewhere it watches nothing."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._since_s: float | None = None
        self._thread: threading.Thread | None = None
        self._is_stopped = threading.Event()
        self._previous: Any = None

    def start(self) -> None:
        """Begin, if this is the main thread, the only one that receives signals."""
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGURG, self._on_signal)
            self._thread = threading.Thread(target=self._watch, name="bunga watchdog", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End."""
        self._is_stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            signal.signal(signal.SIGURG, self._previous)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Raise Hung in the block if it takes longer than the limit."""
        self._since_s = time.monotonic()
        try:
            yield
        finally:
            self._since_s = None

    def _watch(self) -> None:
        main = threading.main_thread().ident or 0
        while not self._is_stopped.wait(self.limit_s / 2):
            if self._is_over():
                signal.pthread_kill(main, signal.SIGURG)

    def _is_over(self) -> bool:
        since_s = self._since_s
        return since_s is not None and time.monotonic() - since_s > self.limit_s

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_over():
            raise Hung(f"It kept the whole server waiting for more than {self.limit_s:g} s.")

    async def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await `work`, watching each of its steps."""
        return await _watched(work, self.watching)


@coroutine
def _watched(work: Coroutine[Any, Any, _T], watching: Callable[[], Any]) -> Generator[Any, Any, _T]:
    """Do what `yield from` does (PEP 380), with each step of `work` in a block of its own."""
    step: Callable[[Any], Any] = work.send
    sent: Any = None
    while True:
        try:
            with watching():
                awaited = step(sent)
        except StopIteration as returned:
            value: _T = returned.value
            return value
        try:
            step, sent = work.send, (yield awaited)
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001  a cancellation is the work's to handle
            step, sent = work.throw, error
