"""The cases that the clock filter goes through in Python and in JavaScript, in `tests/data/clock`.

`python -m tests.sync.clock_cases` writes them anew, with what the filter in Python makes of them; a
test compares. Each has a list of exchanges, and what is known after each of them.
"""

import json
from collections.abc import Iterable
from pathlib import Path as FilePath
from random import Random
from typing import Any

from benchmarks.clock import SECOND_US, Path, asked_at, drifting, exchanges
from bunga_cli.sync.clock_filter import HISTORY, ClockExchange, ClockFilter

FOLDER = FilePath(__file__).parents[1] / "data" / "clock"
LATER_US = 700_000

Case = dict[str, Any]


def _trace(path: Path, seed: int, seconds: int, ppm: float = 100) -> list[ClockExchange]:
    dice = Random(seed)
    return [*exchanges(path, drifting(dice, ppm), asked_at(seconds * SECOND_US), dice)]


def _stepping(by_us: int) -> list[ClockExchange]:
    """Return a trace in the midst of which the server's clock steps."""
    dice = Random(3)
    step_at = 12 * SECOND_US
    return [
        *exchanges(
            Path(40), lambda at_us: by_us * (at_us >= step_at), asked_at(25 * SECOND_US), dice
        )
    ]


def traces() -> dict[str, list[ClockExchange]]:
    """Return all exchanges by the name of their case."""
    return {
        "one-exchange": [ClockExchange(1_000, 5_021_000, 5_021_050, 42_050)],
        "jitter-and-spikes": _trace(Path(100), 1, 45),
        "unlike-ways": _trace(Path(60, lean=0.8), 2, 20),
        "a-step-forward": _stepping(SECOND_US),
        "a-step-back": _stepping(-SECOND_US),
        "a-step-too-small-to-see": _stepping(15_000),
        "more-than-is-remembered": _trace(Path(20), 4, HISTORY + 5),
        "impossible": [
            ClockExchange(1_000, 500, 500, 2_000),
            ClockExchange(9_000, 8_500, 8_500, 8_000),
            ClockExchange(9_000, 9_500, 9_400, 11_000),
            ClockExchange(12_000, 11_500, 11_510, 13_000),
        ],
    }


def case(trace: Iterable[ClockExchange], grain_us: float = 1_000) -> Case:
    """Return a case: each exchange's four moments, and what is known after it.

    That is: whether a clock stepped, how many exchanges are remembered, the shortest round trip,
    and offset and bound then and a while later.
    """
    known, rows = ClockFilter(grain_us), []
    for one in trace:
        has_stepped = known.add(one)
        then = (one.received_us, one.received_us + LATER_US)
        truths = [round(f(at), 3) for at in then for f in (known.offset_us, known.bound_us)]
        moments = [one.sent_us, one.t1_us, one.t2_us, one.received_us]
        rows.append([moments, [has_stepped, known.count, known.round_trip_us, *truths]])
    return {"grain": grain_us, "later": LATER_US, "rows": rows}


def files() -> dict[str, str]:
    """Return the text of each file by its name."""
    return {f"{name}.json": _text(case(trace)) for name, trace in traces().items()}


def _text(made: Case) -> str:
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in made["rows"])
    return f'{{"grain":{made["grain"]},"later":{made["later"]},"rows":[\n{rows}\n]}}\n'


if __name__ == "__main__":
    for name, text in files().items():
        (FOLDER / name).write_text(text, "utf-8")
