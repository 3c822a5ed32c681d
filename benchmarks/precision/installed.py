"""The installed players in the room: models of them, each behind a network of its own."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.models.player14 import Player14
from benchmarks.models.player15 import Player15
from benchmarks.precision.figures import Look
from benchmarks.precision.scenarios import Installed
from benchmarks.proxy import Link, delaying_proxy
from benchmarks.squeezed_live import LiveSeat
from bunga_cli.client import Account
from bunga_cli.clock import monotonic_us

_KINDS = {"1.4": Player14, "1.5": Player15}
_EVERY_S = 0.025


@dataclass
class InstalledSeat:
    """A model that watches."""

    seat: LiveSeat
    looks: list[Look] = field(default_factory=list)

    async def look(self) -> None:
        """Note where the picture is, again and again, by the clock by which browsers note it."""
        while True:
            media = self.seat.player.media
            if media is not None:
                media.advance(monotonic_us())
                is_at_rest = not media.is_moving
                position = media.position_us / 1_000
                self.looks.append(Look(time.time() * 1_000, position, media.rate, is_at_rest))
            await asyncio.sleep(_EVERY_S)


@asynccontextmanager
async def watching(
    who: Installed, number: int, port: int, channel: str
) -> AsyncIterator[InstalledSeat]:
    """Let a model into a channel, whose server is at `port`, for the length of a block."""
    network = Link(delay_ms=who.rtt_ms / 2, jitter_ms=who.rtt_ms * who.jitter, seed=number + 1)
    async with delaying_proxy(port, network) as near:
        url = f"http://127.0.0.1:{near}/api/channels/{channel}/register/"
        async with Account.registered(url) as account:
            model = LiveSeat(_KINDS[who.version](account.username), account)
            seat = InstalledSeat(model)
            tasks = [asyncio.create_task(model.live()), asyncio.create_task(seat.look())]
            try:
                yield seat
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
