"""Takes the server's thread back from a plugin that does not let go of it.

Providers, routes and `bunga_authorise` run in the thread in which all rooms live. A second thread
looks whether the loop there comes round. While it does not, it sends a signal, again and again; the
signal's handler sees by the context whose code runs (`parts`), and counts. When a plugin has kept
the word for too long, the handler raises `Hung` in the midst of whatever it does: also in a sleep
or a read, though not in foreign code that does not return to Python.

Who swallows that, with `except:` in a loop, is interrupted at every line from then on.

SIGURG, because nobody else means anything by it, and by default it does nothing.
"""

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from bunga_cli.plugin.isolation import Hung
from bunga_cli.plugin.parts import Part, current_part

LIMIT_S = 0.5
_SIGNALS = 5
"""How many signals make the limit."""
_MEMORY_S = 2.0
"""So soon after one plugin hung, the next one has half the time, and so on: all wait for all."""

_OURS = ("bunga_cli.plugin.parts", "bunga_cli.loop", "asyncio.")


class Watchdog:
    """Watches the loop of the main thread, the only one that receives signals."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit_s: float = LIMIT_S) -> None:
        self._loop, self._limit_s = loop, limit_s
        self._is_stopped = threading.Event()
        self._has_come_round = True
        self._suspect: Part | None = None
        self._signals = 0
        self._interrupted: Part | None = None
        self._hangs: list[float] = []
        self._tracer_before: Any = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for the length of a block, in the main thread."""
        before = signal.signal(signal.SIGURG, self._on_signal)
        thread = threading.Thread(target=self._watch, name="bunga watchdog", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_stopped.set()
            thread.join()
            signal.signal(signal.SIGURG, before)

    def _watch(self) -> None:
        main = threading.main_thread().ident or 0
        while not self._is_stopped.wait(self._limit_s / _SIGNALS):
            if self._has_come_round:
                self._has_come_round = False
                with suppress(RuntimeError):  # the loop is closed
                    self._loop.call_soon_threadsafe(self._on_round)
            else:
                signal.pthread_kill(main, signal.SIGURG)

    def _on_round(self) -> None:
        self._has_come_round = True
        self._suspect = self._interrupted = None
        if sys.gettrace() == self._trace:
            sys.settrace(self._tracer_before)

    def _on_signal(self, _number: int, frame: FrameType | None) -> None:
        part = current_part()
        if part is None or self._has_come_round:
            return
        if part is not self._suspect:
            self._suspect, self._signals = part, 0
        self._signals += 1
        if self._signals >= self._patience():
            self._interrupt(part, frame)

    def _patience(self) -> int:
        """Return after how many signals a plugin has had its time."""
        now_s = time.monotonic()
        self._hangs = [at_s for at_s in self._hangs if now_s - at_s < _MEMORY_S]
        return max(1, _SIGNALS >> len(self._hangs))

    def _interrupt(self, part: Part, frame: FrameType | None) -> None:
        why = f"It kept the whole server waiting for more than {self._limit_s:g} s."
        part.hang(why)
        if self._interrupted is part:
            self._trace_from(frame)
        else:
            self._hangs.append(time.monotonic())
        self._interrupted = part
        raise Hung(why)

    def _trace_from(self, frame: FrameType | None) -> None:
        """Have each further line of the plugin's raise, also those behind an `except:`."""
        while frame is not None and not frame.f_globals.get("__name__", "").startswith(_OURS):
            frame.f_trace = self._trace
            frame = frame.f_back
        if sys.gettrace() != self._trace:
            self._tracer_before = sys.gettrace()
        sys.settrace(self._trace)

    def _trace(self, _frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401
        if event == "line" and current_part() is self._interrupted:
            raise Hung("It did not let itself be interrupted.")
        return self._trace
