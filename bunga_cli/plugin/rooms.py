"""Where plugins meet the rooms: asked on the hot path, told beside it."""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bunga_cli.plugin.hooks import Hook
from bunga_cli.plugin.isolation import Hung, describe
from bunga_cli.plugin.providers import ActionRequest, RoomEvent, Verdict
from bunga_cli.plugin.watchdog import Watchdog

BUDGET_S = 0.005
STRIKES = 10
MAX_EVENTS = 1000


Authorise = Callable[[ActionRequest], Verdict | None]
Tell = Callable[[RoomEvent], None]


@dataclass(slots=True)
class RoomHooks:
    """What rooms ask and tell; None where no plugin listens, which then costs them nothing."""

    authorise: Authorise | None = None
    tell: Tell | None = None
    is_silent: bool = True

    def set(self, authorise: Authorise | None, tell: Tell | None) -> None:
        """Ask and tell these from now on, in all rooms."""
        self.authorise, self.tell = authorise, tell
        self.is_silent = authorise is None and tell is None


@dataclass(slots=True)
class Authoriser:
    """One plugin's `bunga_authorise`, with a budget. `switch_off` is told why it is called."""

    hook: Hook
    watchdog: Watchdog
    switch_off: Callable[[str], None]
    strikes: int = 0
    is_off: bool = False

    def ask(self, request: ActionRequest) -> Verdict | None:
        """Return the plugin's answer, None if it has none to give."""
        began_s = time.perf_counter()
        try:
            with self.watchdog.watching():
                verdict = self.hook(request=request)
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            self._on_failure(error)
            return None
        if time.perf_counter() - began_s > BUDGET_S:
            self._strike(f"it took longer than {BUDGET_S * 1000:g} ms")
        if verdict is None or isinstance(verdict, Verdict):
            return verdict
        self._strike(f"it returned a {type(verdict).__name__}, not a Verdict")
        return None

    def _on_failure(self, error: Exception) -> None:
        if isinstance(error.__cause__, Hung):
            self._end(describe(error.__cause__))
        else:
            self._strike(describe(error))

    def _strike(self, why: str) -> None:
        self.strikes += 1
        if self.strikes >= STRIKES:
            self._end(f"{STRIKES} times it failed; the last time: {why}")

    def _end(self, why: str) -> None:
        self.is_off = True
        self.switch_off(f"It is switched off. {why}")


class Authorisers:
    """The hooks of all plugins, asked in order until one answers."""

    def __init__(self, authorisers: list[Authoriser]) -> None:
        self._authorisers = authorisers

    def __call__(self, request: ActionRequest) -> Verdict | None:
        """Return the first answer."""
        for authoriser in self._authorisers:
            verdict = None if authoriser.is_off else authoriser.ask(request)
            if verdict is not None:
                return verdict
        return None


class Listener:
    """One plugin's `bunga_room_event`, in a thread of its own behind a bounded queue."""

    def __init__(self, hook: Hook, plugin: str, complain: Callable[[str], None]) -> None:
        self.dropped = 0
        self._complaint = ""
        self._hook, self._plugin, self._complain = hook, plugin, complain
        self._events: queue.SimpleQueue[RoomEvent | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name=f"bunga events for {plugin}", daemon=True
        )
        self._thread.start()

    def tell(self, event: RoomEvent) -> None:
        """Queue an event; the oldest makes room for it where there is none."""
        if self._events.qsize() >= MAX_EVENTS:
            self._drop_oldest()
        self._events.put(event)

    def stop(self) -> None:
        """End, once what is queued has been told; nobody waits for that."""
        self._events.put(None)

    def join(self, limit_s: float) -> None:
        """Wait until the thread has ended, but not for ever."""
        self._thread.join(limit_s)

    def _drop_oldest(self) -> None:
        try:
            self._events.get_nowait()
        except queue.Empty:
            return
        self.dropped += 1
        if self.dropped == 1:
            self._complain(f"It is more than {MAX_EVENTS} events behind; the oldest are dropped.")

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            try:
                self._hook(event=event)
            except Exception as error:  # noqa: BLE001  a plugin is isolated
                self._complain_once(describe(error))

    def _complain_once(self, sentence: str) -> None:
        """Say what is news: each complaint wakes the server's thread."""
        if sentence != self._complaint:
            self._complaint = sentence
            self._complain(sentence)


class Listeners:
    """All plugins that want to know."""

    def __init__(self, listeners: list[Listener]) -> None:
        self._listeners = listeners

    def __call__(self, event: RoomEvent) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.tell(event)
