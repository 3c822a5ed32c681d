"""How well the installed players are kept in step, beside what they do without compensation.

    python -m benchmarks.squeezed                # in virtual time; a minute
    python -m benchmarks.squeezed --real         # a real server and real sockets; 11 min

Players are models of 1.4 and 1.5 (`benchmarks/models`) behind networks of three lengths. The error
is how far a picture is from where the room is, looked at ten times a second.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.models.player import Player
from benchmarks.models.player14 import Player14
from benchmarks.models.player15 import Player15
from benchmarks.report import (
    Cell,
    Table,
    as_json,
    as_markdown,
    environment,
    percentile,
    progress,
)
from benchmarks.simulated import Run, Runs, Slow, apart_ms, cut_off, in_step, too_slow
from benchmarks.squeezed_live import measure_live
from benchmarks.target import raise_open_file_limit

KINDS: dict[str, type[Player]] = {"1.5": Player15, "1.4": Player14}
ROOMS = {"1.5": 3, "1.4": 12}
"""How many rooms of nine players are pooled in one row: 1.4 errs by one message, 1.5 by many."""
LOOKED_AT_S = 90.0
SPIKES = 0.05
THROUGHPUTS = (0.5, 0.3, 0.0)
CUTS_S = (2.0, 4.0, 10.0)
COLUMNS = (
    "player",
    "round trip ms",
    "compensated",
    "p50 ms",
    "p95 ms",
    "max ms",
    "worst player's p95 ms",
    "rate changes/min",
    "most of a player",
    "seeks",
)


def step_row(
    name: str, round_trip_ms: float, is_compensated: bool, runs: Sequence[Run]
) -> list[Cell]:
    """Return what many players of one kind and distance did."""
    errors = sorted(error for run in runs for error in run.errors_ms)
    changes = [run.rate_changes_per_minute for run in runs]
    return [
        name,
        round_trip_ms,
        "yes" if is_compensated else "no",
        *(percentile(errors, percent) for percent in (50, 95, 100)),
        max(run.p95_ms for run in runs),
        sum(changes) / len(changes),
        max(changes),
        sum(run.seeks for run in runs),
    ]


def in_step_table(title: str, spikes: float = 0.0) -> Table:
    """Return how far both generations are off, with and without compensation."""
    table = Table(title, COLUMNS)
    for name, kind in KINDS.items():
        for is_compensated in (False, True):
            progress(f"{title}: {name}, compensated: {is_compensated}")
            rooms = [
                in_step(
                    kind,
                    is_compensated=is_compensated,
                    spikes=spikes,
                    room=room,
                    seconds=LOOKED_AT_S,
                )
                for room in range(ROOMS[name])
            ]
            for trip, runs in _pooled(rooms).items():
                table.rows.append(step_row(name, trip, is_compensated, runs))
    return table


def _pooled(rooms: Sequence[Runs]) -> dict[int, list[Run]]:
    return {trip: [run for room in rooms for run in room[trip]] for trip in rooms[0]}


def apart_table() -> Table:
    """Return how far the first picture of a mixed room is ahead of the last one."""
    table = Table("Six players of both generations in one room: from the first to the last", APART)
    for is_compensated in (False, True):
        apart = apart_ms(is_compensated=is_compensated)
        told = "yes" if is_compensated else "no"
        table.rows.append([told, *(percentile(apart, percent) for percent in (50, 95, 100))])
    return table


APART = ("compensated", "p50 ms", "p95 ms", "max ms")


def slow_table() -> Table:
    """Return what becomes of those whose network is too slow for the film."""
    table = Table("A network too slow for the film for 160 s, then well", SLOW)
    for name, kind in KINDS.items():
        for throughput in THROUGHPUTS:
            for is_parked in (False, True) if kind is Player15 else (True,):
                progress(f"too slow: {name}, {throughput}, parked: {is_parked}")
                found = too_slow(kind, throughput, is_parked=is_parked)
                table.rows.append([name, throughput, "yes" if is_parked else "no", *_slow(found)])
    return table


SLOW = (
    "player",
    "film s loaded per s",
    "parking",
    "room ran s",
    "excused s",
    "parked s",
    "seeks",
    "seeks afterwards",
    "p95 ms afterwards",
)


def _slow(found: Slow) -> list[Cell]:
    times = [found.room_ran_s, found.excused_s, found.parked_s]
    return [*times, found.seeks, found.seeks_afterwards, found.after.p95_ms]


def cut_table() -> Table:
    """Return what becomes of those whose connection is lost for a while."""
    table = Table("A cable that is cut while the room plays", CUT)
    for name, kind in KINDS.items():
        for seconds in CUTS_S:
            sim, run = cut_off(kind, seconds)
            table.rows.append([name, seconds, sim.seats["cut"].connections, run.p95_ms, run.seeks])
    return table


CUT = ("player", "cut for s", "connections", "p95 ms a minute later", "seeks by then")


def simulate() -> list[Table]:
    """Return all that virtual time can tell."""
    return [
        in_step_table("In step, from a minute after any start within 2.5 s"),
        in_step_table("The same, 5 % of the messages late by 100 to 400 ms", SPIKES),
        apart_table(),
        slow_table(),
        cut_table(),
    ]


def main() -> None:
    """Measure and print the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.squeezed",
        description="Measure how well old players are in step.",
    )
    parser.add_argument("--real", action="store_true", help="real sockets, in real time")
    parser.add_argument("--seconds", type=float, default=90.0, help="--real: looked at for so long")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    args = parser.parse_args()
    where = environment(raise_open_file_limit())
    where["command"] = " ".join(["python -m benchmarks.squeezed", *sys.argv[1:]])
    tables = [live_table(args.seconds)] if args.real else simulate()
    print(as_markdown(where, tables), end="")
    if args.json:
        args.json.write_text(as_json(where, tables))


def live_table(seconds: float) -> Table:
    """Return what models do at a real server."""
    table = Table("In step at a real server", COLUMNS)
    for name, kind in KINDS.items():
        for is_compensated in (False, True):
            progress(f"real sockets: {name}, compensated: {is_compensated}")
            measured = asyncio.run(measure_live(kind, seconds, is_compensated=is_compensated))
            for trip, runs in measured.items():
                table.rows.append(step_row(name, trip, is_compensated, runs))
    return table


if __name__ == "__main__":
    main()
