"""How well the clock filter knows the server's time: simulated paths, every answer known.

    python -m benchmarks.clock [--traces 40]

A client asks ten times, 150 ms apart, and then each second for five minutes. Each way takes half of
the round trip and a random while, exponentially distributed, that is 10 % of the round trip on
average; 5 % of all ways take 100 to 400 ms longer. A connection keeps its order, so that what comes
after such a spike waits behind it. Each of the two clocks is wrong by up to 100 ppm. Everything is
drawn from seeds.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.report import Table, as_markdown, percentile
from bunga_cli.sync.clock_filter import ClockExchange, ClockFilter

SECOND_US = 1_000_000
BURST, BURST_US = 10, 150_000
SERVED_US = 40
ROUND_TRIPS_MS = (20, 100, 300)
EARLY_US = 30 * SECOND_US
QUICKEST_OF = 16

Offset = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Path:
    """A way to a server and back. `lean` is how much of the round trip the way there takes."""

    round_trip_ms: float
    jitter: float = 0.1
    spikes: float = 0.05
    lean: float = 0.5

    def delays(self, dice: Random) -> tuple[float, float]:
        """Return how long both ways take this time, in microseconds."""
        there = self.round_trip_ms * 1000 * self.lean
        back = self.round_trip_ms * 1000 - there
        return there + self._more(dice), back + self._more(dice)

    def _more(self, dice: Random) -> float:
        jitter_us = self.jitter * self.round_trip_ms * 1000
        more_us = dice.expovariate(1 / jitter_us) if jitter_us else 0
        return more_us + (dice.uniform(100_000, 400_000) if dice.random() < self.spikes else 0)


def asked_at(duration_us: int, period_us: int = SECOND_US) -> Iterator[int]:
    """Yield the moments at which a client asks."""
    at_us = 0
    for number in range(BURST + duration_us // period_us):
        yield at_us
        at_us += BURST_US if number < BURST - 1 else period_us


def exchanges(
    path: Path, offset: Offset, moments: Iterator[int], dice: Random
) -> Iterator[ClockExchange]:
    """Yield what a client gets to know, by a clock that the server's is ahead of by `offset`."""
    reached_us = heard_us = 0.0
    for sent_us in moments:
        there_us, back_us = path.delays(dice)
        reached_us = max(reached_us, sent_us + there_us)
        left_us = reached_us + SERVED_US
        heard_us = max(heard_us, left_us + back_us)
        yield ClockExchange(
            int(sent_us),
            int(reached_us + offset(reached_us)),
            int(left_us + offset(left_us)),
            int(heard_us),
        )


def drifting(dice: Random, ppm: float = 100) -> Offset:
    """Return how far a clock is ahead of another one, each wrong by up to `ppm`."""
    ahead_us = dice.uniform(-5, 5) * SECOND_US
    skew = (dice.uniform(-ppm, ppm) - dice.uniform(-ppm, ppm)) * 1e-6
    return lambda now_us: ahead_us + skew * now_us


@dataclass(frozen=True, slots=True)
class Seen:
    """The error, by the filter and by the quickest of the last 16 exchanges, and the bound."""

    at_us: int
    error_us: float
    quickest_error_us: float
    bound_us: float


def watch(path: Path, seed: int, duration_us: int = 300 * SECOND_US) -> list[Seen]:
    """Return what is known after the burst, at each answer and half a second later."""
    dice = Random(seed)
    offset, clock, seen = drifting(dice), ClockFilter(), []
    last: list[ClockExchange] = []
    for exchange in exchanges(path, offset, asked_at(duration_us), dice):
        clock.add(exchange)
        last = [*last, exchange][-QUICKEST_OF:]
        quickest = min(last, key=lambda one: one.round_trip_us)
        for later_us in (0, SECOND_US // 2) if clock.count >= BURST else ():
            now_us = exchange.received_us + later_us
            error_us, other_us = (
                abs(known - offset(now_us))
                for known in (clock.offset_us(now_us), quickest.offset_us)
            )
            seen.append(Seen(now_us, error_us, other_us, clock.bound_us(now_us)))
    return seen


COLUMNS = (
    "round trip ms",
    "error p50 ms",
    "error p95 ms",
    "error max ms",
    "p95 in the first 30 s",
    "p95 later",
    "bound p50 ms",
    "bound p95 ms",
    "errors above the bound",
    "p95 by the quickest of 16",
)


def measure(traces: int) -> Table:
    """Return the errors by round trip."""
    table = Table(f"Clock error, {traces} traces of 5 minutes each", COLUMNS)
    for round_trip_ms in ROUND_TRIPS_MS:
        path = Path(round_trip_ms)
        seen = [one for seed in range(traces) for one in watch(path, seed)]
        table.rows.append([round_trip_ms, *_figures(seen)])
    return table


def _figures(seen: Sequence[Seen]) -> list[float | int]:
    errors = [one.error_us for one in seen]
    bounds = [one.bound_us for one in seen]
    early, late = ([s.error_us for s in seen if (s.at_us < EARLY_US) is e] for e in (True, False))
    return [
        _ms(errors, 50),
        _ms(errors, 95),
        _ms(errors, 100),
        _ms(early, 95),
        _ms(late, 95),
        _ms(bounds, 50),
        _ms(bounds, 95),
        sum(one.error_us > one.bound_us for one in seen),
        _ms([one.quickest_error_us for one in seen], 95),
    ]


def _ms(values_us: Sequence[float], percent: float) -> float:
    return percentile(sorted(values_us), percent) / 1000


def main() -> None:
    """Simulate and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=40, help="how many per round trip")
    traces = parser.parse_args().traces
    print(as_markdown({"command": "python -m benchmarks.clock"}, [measure(traces)]), end="")


if __name__ == "__main__":
    main()
