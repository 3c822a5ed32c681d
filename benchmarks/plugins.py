"""What broken plugins cost the rooms: fan-out with and without them, in turns.

    python -m benchmarks.plugins [--turns 5]

All servers are ours. One has no plugin but the bundled ones, one a plugin file of every kind of
defect, and one a plugin that computes without a pause in the thread in which it hears events.
Single runs differ by more than most plugins do, so they take turns, and the table shows each
figure's median and spread.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from statistics import median

import httpx2

from benchmarks.fanout import COLUMNS, Pace, measure_fanout
from benchmarks.report import Table, as_markdown, environment
from benchmarks.target import CLIENT_CORE, Target, can_pin, pin_to, raise_open_file_limit, served

ROOM = 100
PACE = Pace(messages=300, per_second=50, full_speed_s=2)

_HOOK = """
import asyncio, sys, time
from fastapi import APIRouter
from bunga_cli.plugin import hookimpl
@hookimpl
def {signature}:
    {body}
"""

_SERVICE = """
import asyncio, sys, time
from bunga_cli.plugin import hookimpl
class Service:
    key = "{key}"
    async def issue(self, channel, account):
        {body}
@hookimpl
def bunga_services():
    return [Service()]
"""

_ROUTES = """
import time
from fastapi import APIRouter
from bunga_cli.plugin import hookimpl
router = APIRouter(prefix="/api/v1/plugins/routes")
@router.get("/sleeps")
def sleeps():
    time.sleep(3600)
@router.get("/blocks")
async def blocks():
    time.sleep(3600)
@router.get("/fails")
async def fails():
    raise RuntimeError("broken")
@hookimpl
def bunga_routes():
    return router
"""


def _hook(signature: str, body: str) -> str:
    return _HOOK.format(signature=signature, body=body)


def _service(key: str, body: str) -> str:
    return _SERVICE.format(key=key, body=body)


BROKEN: Mapping[str, str] = {
    "no_import": "import there_is_no_such_module",
    "no_python": "def (",
    "hangs_at_import": "import time\ntime.sleep(3600)",
    "hangs_at_start": _hook("bunga_start(context)", "time.sleep(3600)"),
    "agora": _hook("bunga_start(context)", "pass"),
    "raises_in_events": _hook("bunga_room_event(event)", "raise RuntimeError('broken')"),
    "raises_in_authorise": _hook("bunga_authorise(request)", "raise RuntimeError('broken')"),
    "slow_in_authorise": _hook("bunga_authorise(request)", "time.sleep(0.01)"),
    "hangs_in_authorise": _hook("bunga_authorise(request)", "time.sleep(3600)"),
    "hangs_in_events": _hook("bunga_room_event(event)", "time.sleep(3600)"),
    "wrong_type": _hook("bunga_services()", "return 5"),
    "raises_at_start": _hook("bunga_start(context)", "raise RuntimeError('broken')"),
    "blocks_in_service": _service("blocks", "time.sleep(3600)"),
    "waits_in_service": _service("waits", "await asyncio.sleep(3600)"),
    "exits_in_service": _service("exits", "sys.exit(1)"),
    "routes": _ROUTES,
}
"""`agora` is a name that is taken."""
SPINNING: Mapping[str, str] = {"spins": _hook("bunga_room_event(event)", "while True: pass")}
KINDS: Mapping[str, Mapping[str, str]] = {"none": {}, "broken": BROKEN, "spinning": SPINNING}

_CALLS = ["sleeps"] * 20 + ["blocks"] * 3 + ["fails"] * 3


async def compare(turns: int) -> Table:
    """Measure beside each kind of plugins, `turns` times each."""
    columns = ("plugins", "turns", *(f"{name} ({what})" for name in FIGURES for what in SPREAD))
    table = Table(f"Fan-out beside broken plugins: a room of {ROOM}", columns)
    rows: dict[str, list[Sequence[object]]] = {name: [] for name in KINDS}
    for _ in range(turns):
        for name, plugins in KINDS.items():
            fanout = await measure_fanout(partial(_host, plugins), [ROOM], PACE, 500)
            rows[name].append(fanout.rows[0])
    for name, measured in rows.items():
        table.rows.append([name, turns, *_spread(measured)])
    return table


FIGURES = ("all p50 ms", "last p50 ms", "last p99 ms")
SPREAD = ("median", "least", "most")


def _spread(rows: Sequence[Sequence[object]]) -> list[float]:
    spread: list[float] = []
    for name in FIGURES:
        values = [float(str(row[COLUMNS.index(name)])) for row in rows]
        spread += [median(values), min(values), max(values)]
    return spread


def _host(
    plugins: Mapping[str, str], sizes: Sequence[int], *, unlimited: bool = False
) -> AbstractAsyncContextManager[Target]:
    return _provoked(served(sizes, pin=can_pin(), unlimited=unlimited, plugins=plugins))


@asynccontextmanager
async def _provoked(host: AbstractAsyncContextManager[Target]) -> AsyncIterator[Target]:
    """Have services and routes of plugins called, before and during the measurement."""
    async with host as target:
        seat = target.rooms[0][0]
        url = f"http://{seat.host}:{seat.port}/api"
        async with httpx2.AsyncClient(timeout=None, limits=httpx2.Limits()) as client:
            calls = [
                asyncio.create_task(client.get(f"{url}/v1/plugins/routes/{call}"))
                for call in _CALLS
            ]
            account = {"username": "provoker", "password": "a-password"}
            (await client.post(f"{url}/channels/load-0/register/", data=account)).raise_for_status()
            try:
                yield target
            finally:
                for call in calls:
                    call.cancel()
                await asyncio.gather(*calls, return_exceptions=True)


def main() -> None:
    """Run the comparison and print it as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5, help="how often each is measured")
    turns = parser.parse_args().turns
    where = environment(raise_open_file_limit())
    pin_to(0, CLIENT_CORE if can_pin() else None)
    print(as_markdown(where, [asyncio.run(compare(turns))]))


if __name__ == "__main__":
    main()
