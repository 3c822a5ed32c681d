"""What the pages cost: what a browser loads for them, and how long the server takes.

    python -m benchmarks.pages [--rounds 300] [--channels 1000] [--rooms 20]

The server is ours, with many channels and some rooms in which people watch: their heartbeats and
the pages share one core. What is loaded is counted by a browser that has seen nothing yet (Debian's
`chromium`); the time is that from a request to the end of its answer, on one connection.
"""

import argparse
import asyncio
import contextlib
import shutil
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import httpx2
from playwright.async_api import Browser, async_playwright

from benchmarks.capacity import ROOM_SIZE, Load
from benchmarks.report import Cell, Table, as_markdown, environment, percentile, progress
from benchmarks.target import (
    CLIENT_CORE,
    Meter,
    Target,
    can_pin,
    pin_to,
    raise_open_file_limit,
    served,
)
from benchmarks.wire import Crowd

ADMIN = {"username": "bench", "password": "correct horse 9"}
HOME, FIRST = "homepage", "console: overview"
PAGES: Mapping[str, str] = {
    HOME: "/",
    "invitation": "/?channel=load-0",
    FIRST: "/console",
    "console: channels": "/console/channels",
    "console: a channel": "/console/channels/load-0",
    "console: a live room": "/console/channels/load-0/room",
    "console: integrations": "/console/integrations",
    "console: settings": "/console/settings",
    "console: security": "/console/security",
    "console: logs": "/console/logs",
}
WARM_UP = 10
QUIET_S = 3.0
"""What scripts load afterwards is waited for so long."""
KB = 1000


@dataclass
class Site:
    """The server under load, and an admin's cookie."""

    port: int
    server: Meter
    cookie: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def time_page(self, path: str, rounds: int) -> list[Cell]:
        """Return the milliseconds of the first request, of many later ones, and what they used."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        first, *_ = [self._get(connection, path) for _ in range(WARM_UP)]
        self.server.restart()
        started_at = time.perf_counter()
        taken = sorted(self._get(connection, path) for _ in range(rounds))
        each_ms = (time.perf_counter() - started_at) * 1000 / rounds
        used = self.server.cpu_percent()
        connection.close()
        quantiles = [percentile(taken, percent) for percent in (50, 95, 99)]
        return [first, *quantiles, used and used / 100 * each_ms]

    def _get(self, connection: HTTPConnection, path: str) -> float:
        started_at = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        answer.read()
        took_ms = (time.perf_counter() - started_at) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered with {answer.status}")
        return took_ms


async def sign_in(target: Target) -> Site:
    """Make an admin, and let them in."""
    site = Site(target.rooms[0][0].port, target.server)
    transport = httpx2.AsyncHTTPTransport(uds=str(target.data and target.data / "bunga.sock"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://local") as control:
        (await control.post("/api/v1/admins", json=ADMIN)).raise_for_status()
    async with httpx2.AsyncClient(base_url=site.url) as client:
        await client.post("/console/sign-in", data=ADMIN, headers={"Origin": site.url})
        site.cookie = urlencode({"bunga_session": client.cookies["bunga_session"]})
    return site


# -- the server's time --

TIMES = ("first ms", "p50 ms", "p95 ms", "p99 ms", "server CPU ms each")


async def measure_time(site: Site, rounds: int, channels: int, rooms: int) -> Table:
    """Ask for every page many times, one after the other."""
    title = (
        f"The server's time for a page, {channels} channels, {rooms} rooms of {ROOM_SIZE} playing"
    )
    table = Table(title, ("page", "requests", *TIMES))
    for name, path in PAGES.items():
        progress(f"time: {name}")
        table.rows.append([name, rounds, *await asyncio.to_thread(site.time_page, path, rounds)])
    return table


# -- what is loaded --


@dataclass
class Transfer:
    """What a browser receives, heads included: by request, and whether it has ended."""

    sizes: dict[str, float] = field(default_factory=dict)

    def on_head(self, event: dict[str, Any]) -> None:
        self.sizes[event["requestId"]] = event["response"]["encodedDataLength"]

    def on_data(self, event: dict[str, Any]) -> None:
        self.sizes[event["requestId"]] += event["encodedDataLength"]

    def on_end(self, event: dict[str, Any]) -> None:
        self.sizes[event["requestId"]] = event["encodedDataLength"]


async def measure_transfer(site: Site) -> Table:
    """Open every page in a browser that has nothing of it yet."""
    table = Table(
        f"What a browser loads for a page in its first {QUIET_S:g} s", ("page", "requests", "KB")
    )
    async with browser() as chromium:
        for name, path in PAGES.items():
            progress(f"transfer: {name}")
            sizes = (await _loaded(chromium, site, path)).sizes
            table.rows.append([name, len(sizes), sum(sizes.values()) / KB])
    return table


async def _loaded(chromium: Browser, site: Site, path: str) -> Transfer:
    context, transfer = await chromium.new_context(), Transfer()
    name, _, value = site.cookie.partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": site.url}])
    page = await context.new_page()
    tools = await context.new_cdp_session(page)
    tools.on("Network.responseReceived", transfer.on_head)
    tools.on("Network.dataReceived", transfer.on_data)
    tools.on("Network.loadingFinished", transfer.on_end)
    await tools.send("Network.enable")
    await page.goto(f"{site.url}{path}")
    await asyncio.sleep(QUIET_S)
    await context.close()
    return transfer


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Start the system's Chromium for the length of a block."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        sys.exit("Error: chromium is needed to count what a browser loads, or --no-browser.")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


# -- all of it --


async def measure(rounds: int, channels: int, rooms: int, *, with_browser: bool) -> list[Table]:
    """Measure both beside rooms that play."""
    sizes = [ROOM_SIZE] * rooms + [0] * (channels - rooms)
    async with served(sizes, pin=can_pin()) as target, Crowd(per_second=500) as crowd:
        load = Load(target, crowd)
        await load.grow(rooms * ROOM_SIZE)
        beating = asyncio.create_task(load.beat())
        site = await sign_in(target)
        tables = [await measure_time(site, rounds, channels, rooms)]
        if with_browser:
            tables.append(await measure_transfer(site))
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating
        if crowd.lost:
            raise RuntimeError(f"{crowd.lost} connections were lost")
        return tables


def main() -> None:
    """Measure, and print it as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="how often each page is asked for")
    parser.add_argument("--channels", type=int, default=1000, help="how many there are")
    parser.add_argument("--rooms", type=int, default=20, help="in how many of them people watch")
    parser.add_argument("--no-browser", action="store_true", help="only measure the time")
    args = parser.parse_args()
    where = environment(raise_open_file_limit())
    where["command"] = " ".join(["python -m benchmarks.pages", *sys.argv[1:]])
    pin_to(0, CLIENT_CORE if can_pin() else None)
    tables = measure(args.rounds, args.channels, args.rooms, with_browser=not args.no_browser)
    print(as_markdown(where, asyncio.run(tables)), end="")


if __name__ == "__main__":
    main()
