"""How many commands a server answers, each with one message to who asked."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.report import Table, progress
from benchmarks.target import Host, Meter, Rooms
from benchmarks.wire import Crowd, Socket, message

ANSWER = b'"now-playing"'
REFUSAL = b'"error"'
WELCOME = b'"here-are"'
ASK = message("whats-on")
BATCH = 100
BATCHES_IN_FLIGHT = 2
JOIN_TIMEOUT_S = 10.0

COLUMNS = (
    "connections",
    "answers/s",
    "refused",
    "server CPU %",
    "client CPU %",
    "answers per s of server CPU",
)


@dataclass(slots=True)
class Tally:
    """What all connections counted."""

    answers: int = 0
    refusals: int = 0
    asking: bool = False


class Asker(Socket):
    """A socket that asks again, a batch at a time, when a batch is answered."""

    __slots__ = ("_left", "joined", "tally")

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self.tally = tally
        self.joined = asyncio.get_running_loop().create_future()
        self._left = BATCH

    def on_text(self, data: bytes, start: int, stop: int) -> None:
        if data.find(ANSWER, start, stop) >= 0:
            self.tally.answers += 1
            self._left -= 1
            if not self._left:
                self._ask_again()
        elif data.find(REFUSAL, start, stop) >= 0:
            self.tally.refusals += 1
        elif data.find(WELCOME, start, stop) >= 0 and not self.joined.done():
            self.joined.set_result(None)

    def _ask_again(self) -> None:
        self._left = BATCH
        if self.tally.asking:
            self.send(ASK * BATCH)


async def measure_commands(
    host: Host, numbers: Sequence[int], seconds: float, per_second: float
) -> Table:
    """Ask for what is on, from each number of connections in rooms of their own."""
    table = Table("Commands: `whats-on` asked and answered", COLUMNS)
    for number in numbers:
        progress(f"commands: {number} connections")
        async with host([1] * number, unlimited=True) as target, Crowd(per_second) as crowd:
            tally, own = Tally(), Meter.of_this_process()
            askers = await _enter(target.rooms, crowd, tally)
            target.server.restart()
            own.restart()
            answers = await _ask(askers, tally, seconds)
            cpu = [target.server.cpu_percent(), own.cpu_percent()]
        per_core = 100 * answers / cpu[0] if cpu[0] else None
        table.rows.append([number, answers, tally.refusals, *cpu, per_core])
    return table


async def _enter(rooms: Rooms, crowd: Crowd, tally: Tally) -> list[Asker]:
    seats = [seat for room in rooms for seat in room]
    askers = await crowd.open(seats, lambda: Asker(tally))
    async with asyncio.timeout(JOIN_TIMEOUT_S):
        await asyncio.gather(*(asker.joined for asker in askers))
    return askers


async def _ask(askers: Sequence[Asker], tally: Tally, seconds: float) -> float:
    started_at = time.perf_counter()
    tally.asking = True
    for asker in askers:
        asker.send(ASK * BATCH * BATCHES_IN_FLIGHT)
    await asyncio.sleep(seconds)
    tally.asking = False
    return tally.answers / (time.perf_counter() - started_at)
