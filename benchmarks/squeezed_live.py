"""Models of the installed players at a real server, through a delaying proxy, in real time.

A socket that only looks on tells where the room is: it speaks v2, whose `state` is a function of
the server's monotonic clock, and that is this machine's.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx2

from benchmarks.models.media import SECOND_US
from benchmarks.models.player import Message, Player
from benchmarks.models.player14 import Player14
from benchmarks.proxy import Link, delaying_proxy
from benchmarks.simulated import (
    CONVERGES_IN_S,
    ENTERS_IN_S,
    PUT_WRONG_AFTER_S,
    ROUND_TRIPS_MS,
    STARTS_S,
    Run,
    Runs,
    film,
    link,
)
from benchmarks.simulation import FILM, Look
from benchmarks.target import served
from benchmarks.wire import Seat
from bunga_cli.client import Account, Client, Disconnected, ServerAddress
from bunga_cli.clock import monotonic_us
from bunga_cli.protocol import v2

_TICK_S = 0.02
_LOOK_S = 0.1
_DEAF = 3000


class Observer(Client):
    """A socket that looks on and knows where the room is."""

    subprotocols = (v2.SUBPROTOCOL,)

    def room_at(self, now_us: int) -> tuple[float, bool]:
        """Return where the room is, and whether it runs."""
        states = [r.message for r in self.received if r.message["code"] == "state"]
        state = states[-1]
        is_before = now_us < state["at"]
        rate = state.get("rate_before", 0) if is_before else state["rate"]
        return state["position"] + (now_us - state["at"]) * rate, rate != 0


@dataclass
class LiveSeat:
    """A model at a socket of its own."""

    player: Player
    account: Account
    round_trip_ms: int = 0
    start_s: float = 0.0
    looks: list[Look] = field(default_factory=list)
    _client: Client | None = None

    async def live(self) -> None:
        """Be connected for as long as the model wants to be."""
        while True:
            if self.player.wants_socket(monotonic_us()):
                await self._session()
                self.player.dropped(monotonic_us())
            await asyncio.sleep(_TICK_S)

    async def say(self, messages: Sequence[Message]) -> None:
        """Send what the model or its person says."""
        for message in messages:
            if self._client is not None:
                await self._client.send(message)

    def look(self, now_us: int, room_us: float, is_running: bool) -> None:
        """Note where the picture is."""
        media = self.player.media
        if media is not None:
            media.advance(now_us)
            error_us = media.position_us - room_us
            self.looks.append(Look(now_us, error_us, is_running, media.rate_changes, media.seeks))

    async def _session(self) -> None:
        with suppress(Disconnected):
            async with Client(self.account) as client, asyncio.TaskGroup() as tasks:
                self._client = client
                await self.say(self.player.connected(monotonic_us()))
                reading = tasks.create_task(self._read(client))
                while not reading.done() and self.player.wants_socket(monotonic_us()):
                    await self.say(self.player.tick(monotonic_us()))
                    await asyncio.sleep(_TICK_S)
                reading.cancel()
                await client.close(_DEAF)

    async def _read(self, client: Client) -> None:
        async for message in client:
            await self.say(self.player.heard(message, monotonic_us()))


async def measure_live(
    kind: type[Player],
    seconds: float,
    *,
    is_compensated: bool,
    starts_s: Sequence[float] = STARTS_S,
    converges_in_s: float = CONVERGES_IN_S,
) -> Runs:
    """Do as `in_step` does, at a server of our own; return what is seen by round trip."""
    places = [(trip, start_s) for trip in ROUND_TRIPS_MS for start_s in starts_s]
    settings = {} if is_compensated else {"BUNGA_SYNC__LEGACY_COMPENSATION": "false"}
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(
            served([2 + len(places)], pin=False, settings=settings)
        )
        looker, sharer, *others = target.rooms[0]
        observer = Observer(await _account(stack, looker, None))
        await stack.enter_async_context(observer)
        host = LiveSeat(kind(sharer.username, share=FILM), await _account(stack, sharer, None))
        seats = [
            LiveSeat(
                kind(seat.username, film(number)),
                await _account(stack, seat, link(trip, number)),
                trip,
                start_s,
            )
            for number, (seat, (trip, start_s)) in enumerate(zip(others, places, strict=True))
        ]
        tasks = await stack.enter_async_context(_Tasks())
        for seat in [host, *seats]:
            tasks.start(seat.live())
        await asyncio.sleep(ENTERS_IN_S)
        await _begin(host, seats, is_told_once=kind is Player14)
        await asyncio.sleep(converges_in_s)
        await _look_at(seats, observer, seconds)
    return {
        trip: [Run(seat.looks) for seat in seats if seat.round_trip_ms == trip]
        for trip in ROUND_TRIPS_MS
    }


async def _begin(host: LiveSeat, seats: Sequence[LiveSeat], *, is_told_once: bool) -> None:
    """Let the room play and put its players wrong, 1.4 before it plays."""
    if not is_told_once:
        await host.say(host.player.press_play())
        await asyncio.sleep(PUT_WRONG_AFTER_S)
    for seat in seats:
        assert seat.player.media is not None, f"{seat.player.account} has opened nothing"
        seat.player.media.slip(seat.start_s * SECOND_US, monotonic_us())
    if is_told_once:
        await host.say(host.player.press_play())


async def _look_at(seats: Sequence[LiveSeat], observer: Observer, seconds: float) -> None:
    until_us = monotonic_us() + round(seconds * SECOND_US)
    while (now_us := monotonic_us()) < until_us:
        room_us, is_running = observer.room_at(now_us)
        for seat in seats:
            seat.look(now_us, room_us, is_running)
        await asyncio.sleep(_LOOK_S)


async def _account(stack: AsyncExitStack, seat: Seat, network: Link | None) -> Account:
    """Return who takes a seat, from behind a network if one is given."""
    port = seat.port
    if network is not None:
        port = await stack.enter_async_context(delaying_proxy(port, network))
    http = await stack.enter_async_context(httpx2.AsyncClient())
    query = parse_qs(urlsplit(seat.target).query)
    url = f"http://{seat.host}:{port}/api/channels/{query['channel_id'][0]}/register/"
    account = Account(ServerAddress.parse(url), http, seat.username, "")
    account.access_token = query["token"][0]
    return account


class _Tasks:
    """Tasks that end with a block; one that failed fails the block."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "_Tasks":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    def start(self, deed: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(deed))
