"""How fast one message reaches everybody in a room.

All sockets of the room are read by one process. To time the server and not this process, a message
is parsed only when it comes for the first time; after that, the same bytes once or several times
are recognised as a whole.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from benchmarks.report import Table, percentile, progress
from benchmarks.target import Host, Meter
from benchmarks.wire import Crowd, Socket, message

DANMAKU = b'"danmaku"'
WELCOME = b'"here-are"'
SAY = message("danmaku", message="hello")
IN_FLIGHT = 16
TIMEOUT_S = 10.0

NO_FRAME = b"\0"  # what no server sends

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
    "frames per s of server CPU",
)


@dataclass(slots=True)
class Arrivals:
    """How many have joined a room, how many messages came to them, and when."""

    size: int
    joined: int = 0
    count: int = 0
    at: list[float] = field(default_factory=list)
    are_timed: bool = True
    frame: bytes = NO_FRAME
    _awaited: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, times: int) -> None:
        """Count messages that came together to one socket."""
        if self.are_timed:
            self.at.append(time.perf_counter())
        self.count += times
        if self.count >= self._awaited:
            self._changed.set()

    def join(self) -> None:
        """Count a socket that was welcomed."""
        self.joined += 1
        self._changed.set()

    async def wait_until(self, joined: int = 0, count: int = 0) -> None:
        """Wait until so many have joined and so many messages have come.

        Raises TimeoutError.
        """
        self._awaited = count
        async with asyncio.timeout(TIMEOUT_S):
            while self.joined < joined or self.count < count:
                self._changed.clear()
                await self._changed.wait()


class Listener(Socket):
    """A socket that counts the messages that come."""

    __slots__ = ("arrivals",)

    def __init__(self, arrivals: Arrivals) -> None:
        super().__init__()
        self.arrivals = arrivals

    def data_received(self, data: bytes) -> None:
        frame = self.arrivals.frame
        times = len(data) // len(frame)
        if data == frame * times and not self._rest:
            self.arrivals.add(times)
        else:
            super().data_received(data)

    def on_text(self, data: bytes, start: int, stop: int) -> None:
        if data.find(DANMAKU, start, stop) >= 0:
            head = 2 if stop - start < 126 else 4
            self.arrivals.frame = data[start - head : stop]
            self.arrivals.add(1)
        elif data.find(WELCOME, start, stop) >= 0:
            self.arrivals.join()


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
            listeners = await crowd.open(target.rooms[0], partial(Listener, arrivals))
            await arrivals.wait_until(joined=size)
            all_ms, last_ms = await _time_messages(listeners[0], arrivals, pace)
            target.server.restart()
            own.restart()
            per_second = await _count_frames(listeners[0], arrivals, pace.full_speed_s)
            cpu = [target.server.cpu_percent(), own.cpu_percent()]
        latencies = [percentile(ms, percent) for ms in (all_ms, last_ms) for percent in (50, 99)]
        per_core = 100 * per_second / cpu[0] if cpu[0] else None
        table.rows.append([size, pace.messages, *latencies, per_second, *cpu, per_core])
    return table


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
    await _time_one(sender, arrivals)  # here it is parsed
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
    arrivals.are_timed = False
    started_at = time.perf_counter()
    while time.perf_counter() < started_at + seconds:
        arrived = (arrivals.count - before) // arrivals.size
        sender.send(SAY * (arrived + IN_FLIGHT - sent))
        sent = arrived + IN_FLIGHT
        await arrivals.wait_until(count=before + (arrived + 1) * arrivals.size)
    per_second = (arrivals.count - before) / (time.perf_counter() - started_at)
    await arrivals.wait_until(count=before + sent * arrivals.size)
    return per_second
