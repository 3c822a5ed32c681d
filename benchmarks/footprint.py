"""What a server costs that does nothing: memory per connection, and the time to start."""

import asyncio
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.report import Table, progress
from benchmarks.target import Host, serving, wait_until_healthy
from benchmarks.wire import Crowd, Socket, no_greeting

ROOM_SIZE = 5
WARM_UP = 50  # connections before the first look, for what is only loaded with the first one


async def measure_memory(host: Host, connections: int, settle_s: float, per_second: float) -> Table:
    """Compare the server's resident memory before and after opening idle connections."""
    progress(f"memory: {connections} idle connections")
    table = Table(
        "Memory of idle connections, rooms of 5, not joined",
        ("connections", "RSS before MB", "RSS after MB", "KB per connection", "lost"),
    )
    async with (
        host([ROOM_SIZE] * -(-(connections + WARM_UP) // ROOM_SIZE)) as target,
        Crowd(per_second) as crowd,
    ):
        seats = [seat for room in target.rooms for seat in room]
        await crowd.open(seats[:WARM_UP], Socket, no_greeting)
        await asyncio.sleep(settle_s)
        before = target.server.rss_mb()
        await crowd.open(seats[WARM_UP : WARM_UP + connections], Socket, no_greeting)
        await asyncio.sleep(settle_s)
        after, lost = target.server.rss_mb(), crowd.lost
    each_kb = (after - before) * 1000 / connections if before and after else None
    table.rows.append([connections, before, after, each_kb, lost])
    return table


def measure_cold_start(starts: int, *, pin: bool) -> Table:
    """Time `bunga serve` from its start to the first answer of `/healthz`."""
    table = Table("Cold start", ("data folder", "starts", "median s", "slowest s"))
    new: list[float] = []
    existing: list[float] = []
    for number in range(starts):
        progress(f"cold start: {number + 1} of {starts}")
        with TemporaryDirectory(prefix="bunga-load-") as folder:
            new.append(_start(Path(folder), pin=pin))
            existing.append(_start(Path(folder), pin=pin))
    table.rows.append(["new", starts, median(new), max(new)])
    table.rows.append(["existing", starts, median(existing), max(existing)])
    return table


def _start(folder: Path, *, pin: bool) -> float:
    started_at = time.perf_counter()
    with serving(folder, pin=pin) as (process, port):
        wait_until_healthy(process, port)
        return time.perf_counter() - started_at
