"""The clock filter: how near it comes, and that it is never farther off than it says."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.clock import BURST, Path, asked_at, exchanges, measure
from bunga_cli.sync.clock_filter import (
    FRESH,
    HISTORY,
    MAX_SKEW,
    SETTLED_US,
    ClockExchange,
    ClockFilter,
)
from tests.sync.clock_cases import FOLDER, files, traces

MS, SECOND_US = 1_000, 1_000_000
RENEW = "python -m tests.sync.clock_cases"


def steady(
    ahead_us: int, count: int, *, there_us: int = 5 * MS, back_us: int = 5 * MS
) -> list[ClockExchange]:
    """Return exchanges, one a second, with a clock that runs as ours does."""
    return [
        ClockExchange(
            at, at + there_us + ahead_us, at + there_us + ahead_us, at + there_us + back_us
        )
        for at in range(0, count * SECOND_US, SECOND_US)
    ]


# -- what single exchanges tell -------------------------------------------------------------------


def test_it_knows_nothing_before_the_first_exchange() -> None:
    clock = ClockFilter()

    assert not clock.is_known
    assert clock.count == 0
    assert clock.round_trip_us is None


def test_one_exchange_tells_the_offset_within_half_of_the_round_trip() -> None:
    clock = ClockFilter(grain_us=0)
    clock.add(ClockExchange(0, 5_030_000, 5_030_050, 40_050))

    assert clock.offset_us(40_050) == pytest.approx(5_010_000, abs=10)
    assert clock.bound_us(40_050) == pytest.approx(20_000, abs=10)
    assert clock.round_trip_us == 40_000
    assert clock.server_us(40_050) == pytest.approx(5_050_050, abs=10)


def test_a_quick_way_there_and_a_quick_way_back_need_not_be_of_the_same_exchange() -> None:
    clock = ClockFilter()
    clock.add(*steady(SECOND_US, 1, there_us=10 * MS, back_us=90 * MS))
    clock.add(ClockExchange(100 * MS, 1190 * MS, 1190 * MS, 200 * MS))

    assert clock.offset_us(200 * MS) == pytest.approx(SECOND_US, abs=50)
    assert clock.bound_us(200 * MS) < 10.1 * MS


@pytest.mark.parametrize(
    "exchange", [ClockExchange(10, 0, 0, 5), ClockExchange(10, 5, 0, 20)], ids=["ours", "theirs"]
)
def test_an_exchange_that_ends_before_it_begins_is_left_out(exchange: ClockExchange) -> None:
    clock = ClockFilter()

    assert not clock.add(exchange)
    assert not clock.is_known


def test_only_so_many_exchanges_are_remembered() -> None:
    clock = ClockFilter()
    for exchange in steady(0, HISTORY + 10):
        clock.add(exchange)

    assert clock.count == HISTORY


def test_the_longer_nothing_is_heard_the_less_is_certain() -> None:
    clock = ClockFilter()
    clock.add(*steady(0, 1))

    assert clock.bound_us(100 * SECOND_US) - clock.bound_us(0) == pytest.approx(
        100 * SECOND_US * MAX_SKEW, rel=0.01
    )


# -- when the clock is another one ----------------------------------------------------------------


def test_exchanges_of_another_epoch_begin_anew() -> None:
    clock = ClockFilter()
    assert not clock.add(ClockExchange(0, 500, 500, 1_000, "one"))
    assert clock.add(ClockExchange(2_000, 2_600, 2_600, 3_000, "two"))

    assert clock.count == 1


@pytest.mark.parametrize("step_us", [SECOND_US, -SECOND_US, 11 * MS, -11 * MS])
def test_a_step_that_contradicts_what_is_known_is_noticed_at_once(step_us: int) -> None:
    clock = ClockFilter()
    assert [clock.add(exchange) for exchange in steady(0, 5)] == [False] * 5
    at_us = 5 * SECOND_US

    assert clock.add(
        ClockExchange(at_us, at_us + 5 * MS + step_us, at_us + 5 * MS + step_us, at_us + 10 * MS)
    )
    assert clock.count == 1
    assert clock.offset_us(at_us) == pytest.approx(step_us, abs=10)


def test_the_skew_of_the_clocks_shows_after_a_while() -> None:
    dice, clock = Random(1), ClockFilter()
    for exchange in exchanges(Path(100), lambda at: 150e-6 * at, asked_at(2 * SETTLED_US), dice):
        clock.add(exchange)

    assert clock.skew == pytest.approx(150e-6, abs=20e-6)


# -- never above the bound ------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """Two clocks and what is between them. `rates` are by how much the server's is faster."""

    ahead_us: int
    rates: tuple[float, ...]
    periods_us: tuple[int, ...]
    delays_us: tuple[tuple[int, int, int], ...]
    """Of each exchange: the way there, at the server, the way back."""
    rests_us: tuple[int, ...]
    step_us: int = 0
    step_at_us: int = 0

    def offset(self, at_us: float) -> float:
        """Return how far the server's clock is ahead, exactly."""
        ends = [*accumulate(self.periods_us)]
        past = bisect_right(ends, at_us)
        whole = sum(p * r for p, r in zip(self.periods_us[:past], self.rates, strict=False))
        began = ends[past - 1] if past else 0
        drift = whole + (at_us - began) * self.rates[past % len(self.rates)]
        return self.ahead_us + drift + self.step_us * (at_us >= self.step_at_us)

    def exchanges(self) -> Iterator[ClockExchange]:
        """Yield exchanges; a question may be asked before the answer to another one is there.

        What was sent first arrives first, and every moment is cut to whole microseconds.
        """
        at_us = reached_us = heard_us = 1_000
        for (there_us, work_us, back_us), rest_us in zip(
            self.delays_us, self.rests_us, strict=True
        ):
            reached_us = max(reached_us, at_us + there_us)
            left_us = reached_us + work_us
            heard_us = max(heard_us, left_us + back_us)
            yield ClockExchange(
                at_us,
                int(reached_us + self.offset(reached_us)),
                int(left_us + self.offset(left_us)),
                heard_us,
            )
            at_us += rest_us


delays = st.integers(0, 400_000) | st.integers(0, 3_000)
rests = st.integers(1, 6_000_000) | st.integers(1, 200_000)
skews = st.floats(-MAX_SKEW * 0.999, MAX_SKEW * 0.999)


@st.composite
def worlds(draw: st.DrawFn, *, steps: bool = False) -> World:
    count = draw(st.integers(1, 60))
    least = draw(st.tuples(delays, delays))
    more = st.tuples(delays, st.integers(0, 2_000), delays)
    ways = draw(st.lists(more, min_size=count, max_size=count))
    rates = tuple(draw(st.lists(skews, min_size=1, max_size=8)))
    return World(
        ahead_us=10**9 + draw(st.integers(-(10**8), 10**8)),
        rates=rates,
        periods_us=tuple(draw(st.integers(1, 60_000_000)) for _ in range(len(rates) - 1)),
        delays_us=tuple((least[0] + there, work, least[1] + back) for there, work, back in ways),
        rests_us=tuple(draw(st.lists(rests, min_size=count, max_size=count))),
        step_us=draw(st.integers(-600_000, 600_000)) if steps else 0,
        step_at_us=draw(st.integers(0, 60_000_000)) if steps else 0,
    )


moments = st.lists(st.integers(0, 20_000_000), min_size=3, max_size=3)


@settings(max_examples=400, deadline=None)
@given(world=worlds(), laters=moments)
def test_the_error_is_never_above_the_bound_while_no_clock_steps(
    world: World, laters: list[int]
) -> None:
    clock = ClockFilter()
    for exchange in world.exchanges():
        assert not clock.add(exchange), "a clock is said to have stepped"
        for later_us in (0, *laters):
            now_us = exchange.received_us + later_us
            error_us = abs(clock.offset_us(now_us) - world.offset(now_us))
            assert error_us <= clock.bound_us(now_us)


@settings(max_examples=400, deadline=None)
@given(world=worlds(steps=True), later_us=st.integers(0, 2_000_000))
def test_what_is_promised_of_a_step_holds(world: World, later_us: int) -> None:
    clock, since = ClockFilter(), 0
    for exchange in world.exchanges():
        has_stepped = clock.add(exchange)
        now_us = exchange.received_us + later_us
        if exchange.received_us < world.step_at_us <= now_us:
            continue  # nobody has heard of it yet
        is_after = exchange.sent_us >= world.step_at_us
        is_before = now_us < world.step_at_us
        if not (is_after or is_before):
            continue  # the step came while the question was under way
        since += is_after
        error_us = abs(clock.offset_us(now_us) - world.offset(now_us))
        bound_us = clock.bound_us(now_us)
        if is_before or has_stepped or since >= FRESH:
            assert error_us <= bound_us
        else:
            drift_us = 2 * MAX_SKEW * (now_us - exchange.sent_us)
            assert error_us <= bound_us + abs(world.step_us)
            assert error_us <= exchange.round_trip_us + drift_us + 4 * clock.grain_us


@settings(max_examples=200, deadline=None)
@given(world=worlds(), step_us=st.integers(-(10**7), 10**7), back_us=delays, there_us=delays)
def test_a_step_beyond_both_bounds_is_always_noticed(
    world: World, step_us: int, there_us: int, back_us: int
) -> None:
    clock = ClockFilter()
    at_us = 0
    for exchange in world.exchanges():
        clock.add(exchange)
        at_us = exchange.received_us + 10
    there = at_us + there_us
    t1_us = int(there + world.offset(there)) + step_us
    now_us = there + back_us
    own_us = there_us + back_us + 2 * MAX_SKEW * (now_us - at_us)
    is_large = abs(step_us) > 2 * clock.bound_us(now_us) + own_us + 4 * clock.grain_us
    has_stepped = clock.add(ClockExchange(at_us, t1_us, t1_us, now_us))

    assert has_stepped or not is_large


# -- how near it comes ----------------------------------------------------------------------------


def test_symmetric_paths_are_known_as_well_as_promised() -> None:
    table = measure(traces=4)

    for row, limit_ms in zip(table.rows, (1.0, 1.5, 2.5), strict=True):
        figures = dict(zip(table.columns, row, strict=True))
        assert figures["errors above the bound"] == 0
        assert float(figures["error p95 ms"] or "nan") <= limit_ms, figures


@pytest.mark.parametrize("ppm", [-200, 200])
@pytest.mark.parametrize(("round_trip_ms", "limit_ms"), [(20, 1.0), (100, 1.5), (300, 2.5)])
def test_clocks_that_differ_as_much_as_they_may_are_followed(
    ppm: float, round_trip_ms: int, limit_ms: float
) -> None:
    errors = []
    for seed in range(4):
        clock, dice = ClockFilter(), Random(seed)
        path, moments = Path(round_trip_ms), asked_at(300 * SECOND_US)
        for exchange in exchanges(path, lambda at: ppm * 1e-6 * at, moments, dice):
            clock.add(exchange)
            now_us = exchange.received_us
            if clock.count >= BURST:
                errors.append(abs(clock.offset_us(now_us) - ppm * 1e-6 * now_us))

    assert sorted(errors)[int(0.95 * len(errors))] <= limit_ms * MS


# -- the cases that both languages go through -----------------------------------------------------


def test_the_cases_are_what_the_filter_makes_of_them() -> None:
    kept = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.json")}

    assert kept == files(), f"Renew them: {RENEW}"


def test_the_cases_see_steps_and_a_history_that_is_full() -> None:
    counts, steps = {}, {}
    for name, trace in traces().items():
        clock = ClockFilter(1_000)
        steps[name] = sum([clock.add(exchange) for exchange in trace])
        counts[name] = clock.count

    assert {name for name, count in steps.items() if count} == {"a-step-forward", "a-step-back"}
    assert counts["more-than-is-remembered"] == HISTORY
