"""Telling one plugin what happens in the rooms, in a thread, in which it may take its time."""

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from bunga_cli.plugin.hooks import Hook
from bunga_cli.plugin.isolation import describe
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.providers import RoomEvent

MAX_EVENTS = 1000
MAX_LEFT = 8
"""How many threads of one plugin may be left behind in calls that do not come back."""

Complain = Callable[[str | None], None]
"""Told what is wrong, or None when it is right again; from any thread."""


class Listener:
    """One plugin's `bunga_room_event`, each time it is started anew.

    A call that has not come back when the plugin is switched off is left behind, with its thread:
    it may never come back, and whoever corrects the plugin and switches it on shall be heard.
    """

    def __init__(self, plugin: str, complain: Complain) -> None:
        self._name, self._complain = f"bunga events for {plugin}", complain
        self._ear: _Ear | None = None
        self._left: set[_Ear] = set()

    def start(self, hook: Hook, part: Part) -> None:
        """Tell `hook` from now on."""
        if len(self._left) >= MAX_LEFT:
            left = f"{MAX_LEFT} earlier calls have not come back"
            self._complain(f"It hears nothing, because {left}; start the server again.")
            return
        self._ear = _Ear(hook, self._complain, self._on_end)
        run = part.context().run
        threading.Thread(target=run, args=(self._ear.run,), name=self._name, daemon=True).start()
        if self._left:
            self._count_left()

    def tell(self, event: RoomEvent) -> None:
        """Queue an event; the oldest makes room for it where there is none."""
        if self._ear is not None:
            self._ear.tell(event)

    async def stop(self, limit_s: float) -> None:
        """End, once what is queued has been told; half way to the limit the rest is dropped."""
        ear, self._ear = self._ear, None
        if ear is not None and not await ear.has_ended(limit_s):
            self._left.add(ear)

    def _on_end(self, ear: "_Ear") -> None:
        was_left = ear in self._left
        self._left.discard(ear)
        if was_left and self._ear is not None and not self._ear.complaint:
            self._count_left()

    def _count_left(self) -> None:
        count = len(self._left)
        if count > 1:
            self._complain(f"{count} earlier calls have not come back, but hang in threads.")
        else:
            one = "An earlier call has not come back, but hangs in a thread."
            self._complain(one if count else None)


class _Ear:
    """A thread that tells one hook what is in a bounded queue."""

    def __init__(self, hook: Hook, complain: Complain, on_end: Callable[["_Ear"], None]) -> None:
        self.complaint = ""
        self._hook, self._complain, self._on_end = hook, complain, on_end
        self._dropped = 0
        self._is_given_up = False
        self._events: queue.SimpleQueue[RoomEvent | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[None] = self._loop.create_future()

    def tell(self, event: RoomEvent) -> None:
        if self._events.qsize() >= MAX_EVENTS:
            self._drop_oldest()
        self._events.put(event)

    async def has_ended(self, limit_s: float) -> bool:
        """Let it end, and return whether it has."""
        try:
            self._events.put(None)
            await asyncio.wait((self._end,), timeout=limit_s / 2)
            if not self._end.done():
                self._drop_all()
                self._events.put(None)
                await asyncio.wait((self._end,), timeout=limit_s / 2)
        finally:
            self._is_given_up = not self._end.done()
        return not self._is_given_up

    def run(self) -> None:
        """Tell all that is queued until there will be no more; in a thread."""
        while (event := self._events.get()) is not None:
            self._tell_hook(event)
        with suppress(RuntimeError):  # the server ended meanwhile
            self._loop.call_soon_threadsafe(self._on_return)

    def _tell_hook(self, event: RoomEvent) -> None:
        try:
            self._hook(event=event)
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            self._complain_once(describe(error))

    def _complain_once(self, sentence: str) -> None:
        """Say what is news: each complaint wakes the server's thread."""
        if sentence != self.complaint and not self._is_given_up:
            self.complaint = sentence
            self._complain(sentence)

    def _drop_oldest(self) -> None:
        with suppress(queue.Empty):
            self._events.get_nowait()
            self._dropped += 1
            if self._dropped == 1:
                behind = f"It is more than {MAX_EVENTS} events behind; the oldest are dropped."
                self._complain_once(behind)

    def _drop_all(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._events.get_nowait()

    def _on_return(self) -> None:
        self._end.set_result(None)
        self._on_end(self)
