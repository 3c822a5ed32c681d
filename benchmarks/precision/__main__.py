"""How far apart are browsers that watch together?

    python -m benchmarks.precision [--only rtt100 spikes] [--starts 3] [--seconds 30]

Each is a Chromium process of its own (Debian's `chromium`) with the player's page, behind a network
that delays, and with clocks that are wrong. `ffmpeg` makes the film. Where a picture is, is noted
each 25 ms by the clock of this machine, which all processes share.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from benchmarks.precision import films, results
from benchmarks.precision.running import Options, run
from benchmarks.precision.scenarios import SCENARIOS, Scenario
from benchmarks.report import environment, progress
from benchmarks.target import free_port, raise_open_file_limit


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__)
    names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="which of them")
    parser.add_argument("--starts", type=int, default=3, help="how often the film is started")
    parser.add_argument("--seconds", type=float, default=30, help="of steady state, each time")
    parser.add_argument("--kind", choices=("webm", "mp4"), default="webm", help="of the film")
    parser.add_argument("--film-seconds", type=int, default=films.SECONDS, help="how long it is")
    parser.add_argument("--folder", type=Path, help="where results go; then no table is written")
    return parser.parse_args()


async def measure(args: argparse.Namespace, where: dict[str, str]) -> None:
    """Run the scenarios that are asked for, one after the other."""
    sound, _ = films.make(args.kind, args.film_seconds)
    async with films.served(free_port()) as address:
        how = Options(args.starts, args.seconds, address + sound, args.film_seconds)
        for scenario in (s for s in SCENARIOS if s.name in args.only):
            await _one(scenario, how, where, args.folder or results.FOLDER)


async def _one(scenario: Scenario, how: Options, where: dict[str, str], folder: Path) -> None:
    progress(f"{scenario.name}: {scenario.title}")
    starts = await run(scenario, how)
    results.keep(scenario, starts, where, folder)


def main() -> None:
    """Measure, keep what came of it, and print the table."""
    args = options()
    where = environment(raise_open_file_limit())
    where["command"] = " ".join(["python -m benchmarks.precision", *sys.argv[1:]])
    policy = os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else "of the system"
    where["priority"] = f"nice {os.nice(0)}, scheduling policy {policy}"
    asyncio.run(measure(args, where))
    if args.folder is None:
        results.write_table()
    print(results.table(args.folder or results.FOLDER), end="")


if __name__ == "__main__":
    main()
