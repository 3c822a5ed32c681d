"""What broken plugins cost the rooms: fan-out with and without them, in turns.

    python -m benchmarks.plugins [--turns 5]

Both servers are ours; one has a plugin file of every kind of defect. Single runs differ by more
than the plugins do, so the two take turns, and the table shows each figure's median and spread.
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from statistics import median

from benchmarks.fanout import COLUMNS, Pace, measure_fanout
from benchmarks.report import Table, as_markdown, environment
from benchmarks.target import CLIENT_CORE, Target, can_pin, pin_to, raise_open_file_limit, served

ROOM = 100
PACE = Pace(messages=300, per_second=50, full_speed_s=2)

_HOOK = """
import time
from bunga_cli.plugin import hookimpl
@hookimpl
def {signature}:
    {body}
"""


def _hook(signature: str, body: str) -> str:
    return _HOOK.format(signature=signature, body=body)


BROKEN: Mapping[str, str] = {
    "no_import": "import there_is_no_such_module",
    "no_python": "def (",
    "raises_in_events": _hook("bunga_room_event(event)", "raise RuntimeError('broken')"),
    "raises_in_authorise": _hook("bunga_authorise(request)", "raise RuntimeError('broken')"),
    "slow_in_authorise": _hook("bunga_authorise(request)", "time.sleep(0.01)"),
    "hangs_in_events": _hook("bunga_room_event(event)", "time.sleep(3600)"),
    "wrong_type": _hook("bunga_services()", "return 5"),
    "raises_at_start": _hook("bunga_start(context)", "raise RuntimeError('broken')"),
}


async def compare(turns: int) -> Table:
    """Measure without and with broken plugins, `turns` times each."""
    columns = ("plugins", "turns", *(f"{name} ({what})" for name in FIGURES for what in SPREAD))
    table = Table(f"Fan-out beside broken plugins: a room of {ROOM}", columns)
    rows: dict[str, list[Sequence[object]]] = {"none": [], "broken": []}
    for _ in range(turns):
        for name, plugins in (("none", {}), ("broken", BROKEN)):
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
    return served(sizes, pin=can_pin(), unlimited=unlimited, plugins=plugins)


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
