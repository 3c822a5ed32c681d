"""Runs a scenario: a server, the browsers, and the same film started several times."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import httpx2
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Playwright, async_playwright

from benchmarks.precision.figures import (
    Start,
    Timeline,
    first_moving,
    measure,
    offset_of_first_frame,
)
from benchmarks.precision.installed import InstalledSeat, watching
from benchmarks.precision.scenarios import Scenario
from benchmarks.precision.viewers import Seat, browsing
from benchmarks.report import progress
from benchmarks.target import served

CHANNEL = "load-0"
ENTERS_S = 6.0
"""So long an installed player takes to come in."""
QUIET_S = 3.0
"""So long everybody rests before a start: the clocks are measured meanwhile."""
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Options:
    """How often the film is started, and how long each time in steady state."""

    starts: int
    seconds: float
    film: str
    """Its address."""
    film_s: float


class Control:
    """An admin's hand, by the server's own socket."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def order(self, what: str, **body: str | int) -> None:
        answer = await self._client.post(f"/api/v1/rooms/{CHANNEL}/{what}", json=body)
        answer.raise_for_status()

    async def change(self, **settings: str) -> None:
        answer = await self._client.patch(f"/api/v1/channels/{CHANNEL}", json=settings)
        answer.raise_for_status()


@dataclass
class Stage:
    """A server with a room, and who controls it."""

    port: int
    control: Control
    playwright: Playwright


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Serve one room for the length of a block."""
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(served([1], pin=False))
        transport = httpx2.AsyncHTTPTransport(uds=str(target.data and target.data / "bunga.sock"))
        client = httpx2.AsyncClient(transport=transport, base_url="http://local")
        control = Control(await stack.enter_async_context(client))
        playwright = await stack.enter_async_context(async_playwright())
        yield Stage(target.rooms[0][0].port, control, playwright)


@dataclass
class Show:
    """A room in which everybody sits."""

    scenario: Scenario
    options: Options
    control: Control
    seats: list[Seat]
    installed: list[InstalledSeat]

    @property
    def steady_ms(self) -> float:
        return 1_000 * self.scenario.settled_s

    @property
    def length_ms(self) -> float:
        return self.steady_ms + 1_000 * self.options.seconds

    def place_s(self, number: int) -> float:
        """Return where in the film a start begins: each at a place where nobody was."""
        length_s = self.length_ms / 1_000 + 10
        return round((7 + number * length_s) % (self.options.film_s - length_s), 3)


async def run(scenario: Scenario, options: Options) -> list[Start]:
    """Return what came of each start."""
    async with stage() as on, AsyncExitStack() as stack:
        seats = [
            await stack.enter_async_context(
                browsing(on.playwright, viewer, number, on.port, CHANNEL)
            )
            for number, viewer in enumerate(scenario.viewers)
        ]
        if scenario.is_late:
            await on.control.change(on_join="continue")
        await _until_joined(seats)
        await on.control.order("project", url=options.film)
        installed = [
            await stack.enter_async_context(watching(who, number, on.port, CHANNEL))
            for number, who in enumerate(scenario.installed)
        ]
        await asyncio.sleep(ENTERS_S if installed else 0)
        show = Show(scenario, options, on.control, seats, installed)
        return [await _started(number, show) for number in range(options.starts)]


async def _until_joined(seats: list[Seat]) -> None:
    for seat in seats:
        await seat.page.wait_for_function("() => people.childElementCount > 0", polling=50)


async def _started(number: int, show: Show) -> Start:
    start = await (_late_start if show.scenario.is_late else _start)(number, show)
    start.load = os.getloadavg()[0]
    start.learned = [seat.notes.learned for seat in show.seats]
    start.changes = len({state["revision"] for _, state in show.seats[0].notes.states})
    progress(f"{show.scenario.name}: {start}")
    return start


async def _start(number: int, show: Show) -> Start:
    """Start together."""
    await _prepare(number, show, show.seats)
    await show.control.order("play")
    room = await _room_of(show.seats[0])
    await _until(room.at + show.length_ms + 300)
    return await _measure(number, show, room, show.steady_ms)


async def _prepare(number: int, show: Show, seats: list[Seat]) -> None:
    await show.control.order("pause")
    await show.control.order("seek", position_us=round(show.place_s(number) * 1e6))
    await asyncio.sleep(QUIET_S)
    for seat in seats:
        await seat.until_loaded()
        await seat.collect()
        seat.notes.clear()
    for model in show.installed:
        model.looks.clear()


async def _late_start(number: int, show: Show) -> Start:
    """Let the last one come while the others play."""
    late, early = show.seats[-1], show.seats[:-1]
    address = late.page.url
    await late.page.evaluate("localStorage.removeItem('bunga.identity')")  # somebody new
    await late.page.goto("about:blank")
    await _prepare(number, show, early)
    await show.control.order("play")
    room = await _room_of(early[0])
    await _until(room.at + show.steady_ms)
    late.notes.clear()
    await late.page.goto(address)
    began = await _until_moving(late)
    await _until(began + show.length_ms + 300)
    start = await _measure(number, show, room, began - room.at + show.steady_ms)
    opened_at = late.notes.opened_at
    start.late_ms = None if opened_at is None else began - opened_at
    start.late_offset = offset_of_first_frame(late.notes.frames, early[0].notes.looks, began)
    return start


async def _until_moving(seat: Seat) -> float:
    for _ in range(round(PATIENCE_S / 0.25)):
        await asyncio.sleep(0.25)
        with suppress(PlaywrightError):  # the page is on its way
            await seat.collect()
        if (began := first_moving(seat.notes.looks)) is not None:
            return began
    raise RuntimeError("the latecomer does not play")


async def _measure(number: int, show: Show, room: Timeline, settled_ms: float) -> Start:
    for seat in show.seats:
        await seat.collect()
    window = range(round(settled_ms), round(settled_ms + 1_000 * show.options.seconds))
    tracks = [seat.notes.looks for seat in show.seats]
    return measure(number, tracks, room, window, [model.looks for model in show.installed])


async def _room_of(seat: Seat) -> Timeline:
    """Wait until the room plays; return its timeline in true time."""
    for _ in range(round(PATIENCE_S / 0.05)):
        await seat.collect()
        for _, state in seat.notes.states:
            if state["rate"] == 1:
                ahead = time.time() * 1_000 - time.monotonic() * 1_000
                return Timeline(state["at"] / 1_000 + ahead, state["position"] / 1_000, 1.0)
        await asyncio.sleep(0.05)
    raise RuntimeError("the room does not play")


async def _until(true_ms: float) -> None:
    await asyncio.sleep(max(0.0, true_ms / 1_000 - time.time()))
