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


class Listener:
    """One plugin's `bunga_room_event`, in a thread of its own behind a bounded queue.

    There is never more than one such thread: if a call has not come back when the plugin is
    switched on again, its thread goes on from there.
    """

    def __init__(self, plugin: str, complain: Callable[[str], None]) -> None:
        self.dropped = 0
        self._plugin, self._complain = plugin, complain
        self._complaint = ""
        self._hook: Hook | None = None
        self._events: queue.SimpleQueue[RoomEvent | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._is_wanted = self._is_running = False
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[None] = self._loop.create_future()

    def start(self, hook: Hook, part: Part) -> None:
        """Tell `hook` from now on."""
        with self._lock:
            self._drop_all()
            self._hook, self._complaint, self.dropped = hook, "", 0
            self._is_wanted = True
            if self._is_running:
                return
            self._is_running = True
        self._end = self._loop.create_future()
        name, run = f"bunga events for {self._plugin}", part.context().run
        threading.Thread(target=run, args=(self._run,), name=name, daemon=True).start()

    def tell(self, event: RoomEvent) -> None:
        """Queue an event; the oldest makes room for it where there is none."""
        if self._events.qsize() >= MAX_EVENTS:
            self._drop_oldest()
        self._events.put(event)

    async def stop(self, limit_s: float) -> None:
        """End, once what is queued has been told; half way to the limit the rest is dropped."""
        self._is_wanted = False
        self._events.put(None)
        await asyncio.wait((self._end,), timeout=limit_s / 2)
        if not self._end.done():
            self._drop_all()
            self._events.put(None)
            await asyncio.wait((self._end,), timeout=limit_s / 2)

    def _drop_oldest(self) -> None:
        with suppress(queue.Empty):
            self._events.get_nowait()
            self.dropped += 1
            if self.dropped == 1:
                self._complain(
                    f"It is more than {MAX_EVENTS} events behind; the oldest are dropped."
                )

    def _drop_all(self) -> None:
        with suppress(queue.Empty):
            while True:
                self._events.get_nowait()

    def _run(self) -> None:
        while not self._is_over():
            pass
        with suppress(RuntimeError):  # the server ended meanwhile
            self._loop.call_soon_threadsafe(self._on_end, self._end)

    def _is_over(self) -> bool:
        """Tell the next event; return whether there will be none."""
        event = self._events.get()
        if event is None:
            with self._lock:
                self._is_running = self._is_wanted
            return not self._is_running
        try:
            if self._hook is not None:
                self._hook(event=event)
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            self._complain_once(describe(error))
        return False

    def _complain_once(self, sentence: str) -> None:
        """Say what is news: each complaint wakes the server's thread."""
        if sentence != self._complaint:
            self._complaint = sentence
            self._complain(sentence)

    def _on_end(self, end: "asyncio.Future[None]") -> None:
        if not end.done():
            end.set_result(None)
