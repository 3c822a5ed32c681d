"""What of the live rooms must survive a crash, written down as it changes.

Changed rooms are stored a quarter of a second after they changed at the latest. A room that plays
does not change: where it is follows from where it was, and from when this process was last seen
alive, which is stored twice a second. So a crash loses less than a second of any position, and a
thousand playing rooms cost one row each half second.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable

from bunga_cli.clock import utc_now
from bunga_cli.server.hub import Hub
from bunga_cli.server.live_room import LiveRoom
from bunga_cli.server.sightings import Sightings
from bunga_cli.store import Store

_log = logging.getLogger(__name__)

_FLUSH_S = 0.25
_FLUSHES_PER_BEAT = 2
_RETRY_S = 2.0
_ROOMS_AT_ONCE = 50


class Keeper:
    """Writes rooms down for the process called `epoch`."""

    def __init__(self, hub: Hub, store: Store, epoch: str, clock: Callable[[], int]) -> None:
        self._hub, self._store, self._epoch, self._clock = hub, store, epoch, clock
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False
        self._sightings = Sightings()

    async def start(self) -> None:
        """Take over what earlier processes left, and begin."""
        await self._store.rooms.beat(self._epoch, self._clock())
        await self._hub.revive(await self._store.rooms.recover(self._epoch))
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Write everything down a last time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._hub.stop()
        try:
            await self.flush()
            await self.beat()
        except Exception:  # noqa: BLE001  the server ends all the same
            _log.exception("The rooms could not be stored; they are as of the last second.")

    async def flush(self) -> None:
        """Store what changed, a few rooms at a time: nobody shall wait while all are written."""
        changed = [live for live in self._hub.live.values() if _is_changed(live)]
        for start in range(0, len(changed), _ROOMS_AT_ONCE):
            await self._save(changed[start : start + _ROOMS_AT_ONCE])

    async def _save(self, changed: list[LiveRoom]) -> None:
        saved = [(live, live.room.revision, live.snapshots()) for live in changed]
        progress = [
            (live.room.channel_id, record_id, position_us)
            for live in changed
            for record_id, position_us in live.unsaved_progress.items()
        ]
        await self._store.rooms.save([s for *_, snapshots in saved for s in snapshots], self._epoch)
        if progress:
            await self._store.rooms.save_progress(progress)
        await self._save_names(changed)
        for live, revision, snapshots in saved:
            live.mark_saved(revision, len(snapshots))
        _mark_saved(self._hub, progress)
        for live in changed:
            await self._forget_if_put_away(live)

    async def _save_names(self, changed: list[LiveRoom]) -> None:
        """Store who is called what."""
        now_us = self._clock()
        names = self._sightings.news(changed, now_us)
        if names:
            await self._store.accounts.saw(names, utc_now())
            self._sightings.told(names, now_us)

    async def beat(self) -> None:
        """Store that this process is alive."""
        await self._store.rooms.beat(self._epoch, self._clock())

    async def _keep(self) -> None:
        for count in itertools.count(1):
            await asyncio.sleep(_RETRY_S if self._is_failing else _FLUSH_S)
            try:
                await self.flush()
                if count % _FLUSHES_PER_BEAT == 0 or self._is_failing:
                    await self.beat()
            except Exception as error:  # noqa: BLE001  the disk may be full today, not tomorrow
                self._note_failure(error)
            else:
                self._note_success()

    def _note_failure(self, error: Exception) -> None:
        """Say once, not every two seconds, that storing fails."""
        if not self._is_failing:
            _log.error("The rooms cannot be stored; this is tried again.", exc_info=error)
        self._is_failing = True

    def _note_success(self) -> None:
        if self._is_failing:
            _log.warning("The rooms can be stored again.")
        self._is_failing = False

    async def _forget_if_put_away(self, live: LiveRoom) -> None:
        if live.was_put_away and live.room.projection is None and not live.room.roster.watchers:
            live.was_put_away = False
            await self._store.rooms.remove(live.room.channel_id)
            self._hub.forget(live)


def _is_changed(live: LiveRoom) -> bool:
    return live.room.revision != live.saved_revision or bool(live.unsaved_progress)


def _mark_saved(hub: Hub, progress: list[tuple[str, str, int]]) -> None:
    """Forget the progress that is stored, unless it changed while it was being stored."""
    for channel_id, record_id, position_us in progress:
        live = hub.live.get(channel_id)
        if live is not None and live.unsaved_progress.get(record_id) == position_us:
            del live.unsaved_progress[record_id]
