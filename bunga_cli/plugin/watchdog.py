"""Takes the server's thread back from a plugin that does not let go of it.

Providers, routes and `bunga_authorise` run in the thread in which all rooms live. A second thread
looks whether the loop there comes round. While it does not, it sends a signal, again and again; the
signal's handler sees by the context whose code runs (`parts`), and by the outermost frame of it
whether it is still the same step: one call, one callback, one task's way from an `await` to the
next. A round of the loop holds thousands of steps when thousands of requests come at once, and no
one of them hangs. When a single step has kept the word for too long, the handler raises `Hung` in
the midst of whatever it does: also in a sleep or a read, though not in foreign code that does not
return to Python.

Who swallows that, with `except:` in a loop, is interrupted at every line from then on. The loop's
own code and ours is spared: what was cut off in there might be missed by others.

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
"""How many signals make the limit, after the one that finds a step."""
_MEMORY_S = 2.0
"""So soon after one step hung, the next one has half the time, and so on: all wait for all."""

_OURS = "asyncio.", "bunga_cli."
_EDGES = "bunga_cli.loop", "bunga_cli.plugin.parts"
"""Whose frames are outside of all that a plugin does."""
_CALLBACK = asyncio.Handle._run.__code__  # noqa: SLF001  the same, of a loop other than ours


class Watchdog:
    """Watches the loop of the main thread, the only one that receives signals."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit_s: float = LIMIT_S) -> None:
        self._loop, self._limit_s = loop, limit_s
        self._is_stopped = threading.Event()
        self._has_come_round = True
        self._suspect: FrameType | None = None
        self._since_s = 0.0
        self._signals = 0
        self._interrupted: Part | None = None
        self._spared: FrameType | None = None
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
            self._suspect = self._spared = None

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
        self._suspect = self._interrupted = self._spared = None
        if sys.gettrace() == self._trace:
            sys.settrace(self._tracer_before)

    def _on_signal(self, _number: int, frame: FrameType | None) -> None:
        part = current_part()
        if part is None or frame is None or self._has_come_round:
            return
        step = _outermost(frame)
        if step is self._suspect:
            self._signals += 1
        else:
            self._suspect, self._signals, self._since_s = step, 0, time.monotonic()
        if part.why_off or self._signals >= self._patience():
            self._interrupt(part, frame)

    def _patience(self) -> int:
        """Return after how many signals a step has had its time."""
        now_s = time.monotonic()
        self._hangs = [at_s for at_s in self._hangs if now_s - at_s < _MEMORY_S]
        return max(1, _SIGNALS >> len(self._hangs))

    def _interrupt(self, part: Part, frame: FrameType) -> None:
        took_s = time.monotonic() - self._since_s
        if not part.why_off:
            self._hangs.append(time.monotonic())
            part.hang(f"It kept the whole server waiting for {took_s:.1f} s.")
        is_in_ours = _is_any(frame, _OURS)
        if is_in_ours or self._interrupted is part:
            self._trace_from(frame)
        self._interrupted = part
        if is_in_ours and frame is not self._spared:
            self._spared = frame  # it stays there if it waits in foreign code that we call
        else:
            raise Hung(part.why_off)

    def _trace_from(self, frame: FrameType) -> None:
        """Have each further line of the plugin's raise, also those behind an `except:`."""
        for each in _plugins_frames(frame):
            if not _is_any(each, _OURS):
                each.f_trace = self._trace
        if sys.gettrace() != self._trace:
            self._tracer_before = sys.gettrace()
        sys.settrace(self._trace)

    def _trace(self, frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401
        if _is_any(frame, _OURS):
            return None
        if event == "line" and current_part() is self._interrupted:
            raise Hung("It did not let itself be interrupted.")
        return self._trace


def _outermost(frame: FrameType) -> FrameType:
    """Return what tells one step from the next: its frame is another one, as long as it is kept."""
    for each in _plugins_frames(frame):
        frame = each
    return frame


def _plugins_frames(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield frames from the inside out, as long as they may be a plugin's."""
    while frame is not None and frame.f_code is not _CALLBACK and not _is_any(frame, _EDGES):
        yield frame
        frame = frame.f_back


def _is_any(frame: FrameType, modules: tuple[str, ...]) -> bool:
    name = frame.f_globals.get("__name__")
    return type(name) is str and name.startswith(modules)
