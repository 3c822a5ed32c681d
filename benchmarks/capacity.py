"""How many players one server holds: heartbeats of 1 Hz in both directions, in playing rooms."""

import asyncio
import time
from array import array
from dataclasses import dataclass, field

from benchmarks.report import Cell, Table, percentile, progress
from benchmarks.target import Host, Meter, Target
from benchmarks.wire import Crowd, Socket, message

ROOM_SIZE = 5
LONGEST_P99_S = 1.2
SLOTS = 100  # the heartbeats of a second are sent in so many portions
STATUS = b'"channel-status"'
READY = message("client-status", is_pending=False)
PLAY = message("play")

COLUMNS = (
    "connections",
    "gap p50 ms",
    "gap p99 ms",
    "gap max ms",
    "heartbeats/s",
    "lost",
    "server CPU %",
    "client CPU %",
    "server RSS MB",
)


@dataclass(frozen=True, slots=True)
class Steps:
    """Which numbers of connections are tried, and for how long after they settled."""

    first: int
    step: int
    last: int
    settle_s: float
    hold_s: float

    def counts(self) -> list[int]:
        return [*range(self.first, self.last, self.step), self.last]


class Player(Socket):
    """A socket that notes how long it waits from one heartbeat to the next, in seconds."""

    __slots__ = ("gaps", "last_at")

    def __init__(self, gaps: "array[float]") -> None:
        super().__init__()
        self.gaps = gaps
        self.last_at = time.perf_counter()

    def on_text(self, data: bytes, start: int, stop: int) -> None:
        if data.find(STATUS, start, stop) >= 0:
            now = time.perf_counter()
            self.gaps.append(now - self.last_at)
            self.last_at = now


@dataclass(frozen=True, slots=True)
class Load:
    """All players of this process, and what they measure together."""

    target: Target
    crowd: Crowd
    players: list[Player] = field(default_factory=list)
    gaps: "array[float]" = field(default_factory=lambda: array("d"))
    own: Meter = field(default_factory=Meter.of_this_process)

    async def grow(self, count: int) -> None:
        """Let players enter until there are `count`, and every new room play."""
        seats = [seat for room in self.target.rooms for seat in room]
        fresh = seats[len(self.players) : count]
        players = await self.crowd.open(fresh, lambda: Player(self.gaps))
        self.players.extend(players)
        for player, seat in zip(players, fresh, strict=True):
            if seat.number == 0:
                player.send(PLAY)

    async def beat(self) -> None:
        """Send the heartbeats of all players, evenly spread over each second, until cancelled."""
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            for slot in range(SLOTS):
                next_at += 1 / SLOTS
                await asyncio.sleep(next_at - loop.time())
                for player in self.players[slot::SLOTS]:
                    player.send(READY)

    async def listen(self, hold_s: float) -> list[Cell]:
        """Return the row of the table for the players there are now."""
        del self.gaps[:]
        self.target.server.restart()
        self.own.restart()
        await asyncio.sleep(hold_s)
        cpu = [self.target.server.cpu_percent(), self.own.cpu_percent()]
        per_second = len(self.gaps) / hold_s
        gaps_ms = self._sorted_gaps_ms()
        quantiles = [percentile(gaps_ms, percent) for percent in (50, 99, 100)]
        rss = self.target.server.rss_mb()
        return [len(self.players), *quantiles, per_second, self.crowd.lost, *cpu, rss]

    def _sorted_gaps_ms(self) -> list[float]:
        """Return the gaps; a player that hears nothing at all counts with its silence so far."""
        now = time.perf_counter()
        silences = (now - player.last_at for player in self.players)
        too_long = [silence for silence in silences if silence > LONGEST_P99_S]
        return sorted(gap * 1000 for gap in [*self.gaps, *too_long])


async def measure_capacity(host: Host, steps: Steps, per_second: float) -> Table:
    """Add connections step by step until heartbeats come late or the last step is done."""
    table = Table("Capacity: connections at 1 Hz both ways, rooms of 5, playing", COLUMNS)
    async with (
        host([ROOM_SIZE] * -(-steps.last // ROOM_SIZE)) as target,
        Crowd(per_second) as crowd,
    ):
        load = Load(target, crowd)
        beating = asyncio.create_task(load.beat())
        try:
            await _climb(table, load, steps)
        except (OSError, TimeoutError) as error:
            table.notes.append(f"Stopped after {len(load.players)} connections: {error}.")
        finally:
            beating.cancel()
        for code, times in crowd.close_codes().items():
            table.notes.append(f"Lost with close code {code}: {times}.")
    return table


async def _climb(table: Table, load: Load, steps: Steps) -> None:
    for count in steps.counts():
        progress(f"capacity: {count} connections")
        await load.grow(count)
        await asyncio.sleep(steps.settle_s)
        row = await load.listen(steps.hold_s)
        table.rows.append(row)
        p99_ms = row[COLUMNS.index("gap p99 ms")]
        if not isinstance(p99_ms, float) or not p99_ms <= LONGEST_P99_S * 1000:
            table.notes.append(f"Stopped: the p99 gap is over {LONGEST_P99_S} s.")
            return
