"""Keeps a player in step with a room, to the millisecond if the player can."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from bunga_cli.client.controller import Controller, Learned
from bunga_cli.client.failures import Disconnected
from bunga_cli.client.media import MediaPlayer
from bunga_cli.client.steering import RESTING_US, Steering
from bunga_cli.client.v2 import PlayerV2, Whereabouts
from bunga_cli.clock import monotonic_us

SHORTEST_REST_US: Final = 1_000


class Follower:
    """Make a player do what the room does that `client` is in.

        async with Follower(client, media) as follower:
            ...

    The player is prepared (paused, at its place), started so that it moves at the room's moment,
    held in step by episodes of another rate, and stopped at the room's moment and place. When it
    has to load, the room hears of it. While nothing is projected it rests. An error of the player
    ends all that, and is raised at the end of the block.

    `learned` is what was found of this player before; `controller.learned` has what is known then.
    """

    def __init__(
        self,
        client: PlayerV2,
        media: MediaPlayer,
        learned: Learned | None = None,
        *,
        now: Callable[[], int] = monotonic_us,
    ) -> None:
        self._client, self._media, self._now = client, media, now
        self._steering = Steering(media, learned)
        self._next_us = 0
        self._seen = Whereabouts()
        self._told_revision: int | None = None
        self._is_owed = False
        self._news = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._media.pause()
        self._client.where, self._client.on_change = lambda: self._seen, self._news.set
        self._life = asyncio.create_task(self._live())
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._life is None:
            return
        self._life.cancel()
        await asyncio.wait([self._life])
        try:
            if not self._life.cancelled():
                self._life.result()
        finally:
            self._steering.let_go()

    @property
    def controller(self) -> Controller:
        """Return what holds the player in step: how far off it was, what it did and learned."""
        return self._steering.controller

    @property
    def error_us(self) -> int | None:
        """Return how far the player is ahead of the room now; None where that is not known."""
        timeline, clock = self._client.timeline, self._client.server_clock
        if timeline is None or not clock.is_known:
            return None
        return self._media.position_us - timeline.position_at(clock.server_us(self._now()))

    def tick(self) -> None:
        """Do what is due now."""
        now_us, state, timeline = self._now(), self._client.state, self._client.timeline
        clock = self._client.server_clock
        is_on = state is not None and state["record_id"] is not None
        self._next_us = now_us + RESTING_US
        if state is None or timeline is None or not is_on or not clock.is_known:
            self._steering.let_go()
            revision = None if state is None else state["revision"]
            self._note(Whereabouts(revision=revision), is_pending=is_on)
            return
        if state["parked"] is not None:
            self._steering.rest(now_us, state["parked"])
        else:
            self._next_us = self._steering.step(now_us, clock.server_us(now_us), timeline)
        where = self._where(now_us, state["revision"])
        self._note(where, is_pending=self._steering.is_pending(now_us))

    def _note(self, seen: Whereabouts, *, is_pending: bool) -> None:
        self._is_owed |= is_pending is not self._client.is_buffering
        self._client.is_buffering, self._seen = is_pending, seen

    async def _live(self) -> None:
        try:
            while True:
                self.tick()
                await self._tell()
                rest_us = max(SHORTEST_REST_US, self._next_us - self._now())
                with suppress(TimeoutError):
                    async with asyncio.timeout(rest_us / 1_000_000):
                        await self._news.wait()
                self._news.clear()
        finally:
            self._client.where, self._client.on_change = Whereabouts, None

    async def _tell(self) -> None:
        """Say at once what has changed, and that the player is ready for what the room asks."""
        state = self._client.state
        is_asked = state is not None and state.get("phase") == "prepare"
        if state is not None and is_asked and not self._client.is_buffering:
            self._is_owed |= state["revision"] != self._told_revision
        if self._is_owed:
            self._is_owed = False
            self._told_revision = state["revision"] if state is not None else None
            with suppress(Disconnected):  # every heartbeat says it again
                await self._client.report()

    def _where(self, now_us: int, revision: int) -> Whereabouts:
        clock = self._client.server_clock
        return Whereabouts(
            position_us=max(0, self._media.position_us),
            at_us=max(0, clock.server_us(now_us)),
            rtt_us=max(0, clock.round_trip_us or 0),
            start_us=self._steering.start_us,
            revision=revision,
        )
