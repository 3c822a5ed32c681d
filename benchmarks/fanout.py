"""How fast one message reaches everybody in a room."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.report import Table, percentile, progress
from benchmarks.target import Host, Meter
from benchmarks.wire import Crowd, Seat, Socket, message

DANMAKU = b'"danmaku"'
WELCOME = b'"here-are"'
SAY = message("danmaku", message="hello")
IN_FLIGHT = 16
TIMEOUT_S = 10.0

COLUMNS = (
    "room",
    "messages",
    "all p50 ms",
    "all p99 ms",
    "last p50 ms",
    "last p99 ms",
    "frames/s at full speed",
    "server CPU % then",
    "client CPU % then",
)


@dataclass(slots=True)
class Arrivals:
    """When the messages of one room came to its sockets."""

    size: int
    joined: int = 0
    count: int = 0
    at: list[float] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_until(self, joined: int = 0, count: int = 0) -> None:
        """Wait until so many have joined and so many messages have come.

        Raises TimeoutError.
        """
        async with asyncio.timeout(TIMEOUT_S):
            while self.joined < joined or self.count < count:
                self.changed.clear()
                await self.changed.wait()


class Listener(Socket):
    """A socket that notes when a message comes."""

    __slots__ = ("arrivals",)

    def __init__(self, arrivals: Arrivals) -> None:
        super().__init__()
        self.arrivals = arrivals

    def on_text(self, data: bytes, start: int, stop: int) -> None:
        arrivals = self.arrivals
        if data.find(DANMAKU, start, stop) >= 0:
            arrivals.at.append(time.perf_counter())
            arrivals.count += 1
            if arrivals.count % arrivals.size == 0:
                arrivals.changed.set()
        elif data.find(WELCOME, start, stop) >= 0:
            arrivals.joined += 1
            arrivals.changed.set()


@dataclass(frozen=True, slots=True)
class Pace:
    """How many messages are timed, how many are sent in a second, and how long at full speed."""

    messages: int
    per_second: float
    full_speed_s: float


async def measure_fanout(
    host: Host, sizes: Sequence[int], pace: Pace, connects_per_second: float
) -> Table:
    """Time every arrival of single messages; then count what arrives at full speed."""
    table = Table("Fan-out: one sender, everybody in the room", COLUMNS)
    for size in sizes:
        progress(f"fan-out: a room of {size}")
        async with host([size], unlimited=True) as target, Crowd(connects_per_second) as crowd:
            arrivals, own = Arrivals(size), Meter.of_this_process()
            sender = await _fill(target.rooms[0], crowd, arrivals)
            all_ms, last_ms = await _time_messages(sender, arrivals, pace)
            target.server.restart()
            own.restart()
            per_second = await _count_frames(sender, arrivals, pace.full_speed_s)
            cpu = [target.server.cpu_percent(), own.cpu_percent()]
        latencies = [percentile(ms, percent) for ms in (all_ms, last_ms) for percent in (50, 99)]
        table.rows.append([size, pace.messages, *latencies, per_second, *cpu])
    return table


async def _fill(seats: list[Seat], crowd: Crowd, arrivals: Arrivals) -> Listener:
    listeners = await crowd.open(seats, lambda: Listener(arrivals))
    await arrivals.wait_until(joined=len(seats))
    return listeners[0]


async def _time_messages(
    sender: Listener, arrivals: Arrivals, pace: Pace
) -> tuple[list[float], list[float]]:
    """Return the delays of all arrivals and those of the last ones, in ms and sorted.

    A message is sent when its time has come and the one before has reached everybody.
    """
    loop = asyncio.get_running_loop()
    next_at = loop.time()
    all_ms: list[float] = []
    last_ms: list[float] = []
    for _ in range(pace.messages):
        next_at += 1 / pace.per_second
        await asyncio.sleep(next_at - loop.time())
        delays_ms = await _time_one(sender, arrivals)
        all_ms += delays_ms
        last_ms.append(delays_ms[-1])
    return sorted(all_ms), sorted(last_ms)


async def _time_one(sender: Listener, arrivals: Arrivals) -> list[float]:
    arrivals.at.clear()
    sent_at = time.perf_counter()
    sender.send(SAY)
    await arrivals.wait_until(count=arrivals.count + arrivals.size)
    return [(at - sent_at) * 1000 for at in arrivals.at]


async def _count_frames(sender: Listener, arrivals: Arrivals, seconds: float) -> float:
    """Return how many frames arrive in a second with a few messages always under way."""
    before, sent = arrivals.count, 0
    started_at = time.perf_counter()
    while time.perf_counter() < started_at + seconds:
        arrived = (arrivals.count - before) // arrivals.size
        sender.send(SAY * (arrived + IN_FLIGHT - sent))
        sent = arrived + IN_FLIGHT
        await arrivals.wait_until(count=before + (arrived + 1) * arrivals.size)
    per_second = (arrivals.count - before) / (time.perf_counter() - started_at)
    await arrivals.wait_until(count=before + sent * arrivals.size)
    return per_second
