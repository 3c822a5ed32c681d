"""What follows from the last round trips of a socket."""

import sys
from random import Random

import pytest

from bunga_cli.sync.paths import WINDOW, Path


def path(*round_trips_us: int) -> Path:
    """Return a path with these round trips."""
    made = Path()
    for round_trip_us in round_trips_us:
        made.add(round_trip_us)
    return made


def test_a_path_without_a_round_trip_is_unknown_and_of_no_length() -> None:
    unknown = Path()
    assert not unknown.is_known
    assert (unknown.one_way_us, unknown.late_one_way_us, unknown.jitter_us) == (0, 0, 0)


def test_one_round_trip_says_all() -> None:
    known = path(30_000)
    assert known.is_known
    assert (known.one_way_us, known.late_one_way_us, known.jitter_us) == (15_000, 15_000, 0)


def test_one_way_is_half_of_the_median() -> None:
    assert path(300_000, 20_000, 22_000).one_way_us == 11_000


def test_one_late_answer_of_many_is_no_jitter() -> None:
    known = path(*[100_000] * 19, 900_000)
    assert (known.one_way_us, known.late_one_way_us, known.jitter_us) == (50_000, 50_000, 0)


def test_the_percentiles_are_values_that_were_measured() -> None:
    known = path(*range(1_000, 21_000, 1_000))
    assert known.one_way_us == 10_000 // 2
    assert known.late_one_way_us == 19_000 // 2
    assert known.jitter_us == (18_000 - 1_000) // 2


def test_only_the_last_32_round_trips_count() -> None:
    known = path(*[500_000] * WINDOW, *[10_000] * (WINDOW - 1))
    assert known.late_one_way_us == 5_000
    assert known.jitter_us == 0
    assert path(1_000, *[500_000] * WINDOW).jitter_us == 0


def test_what_was_asked_before_does_not_stay() -> None:
    known = path(10_000)
    assert known.one_way_us == 5_000
    known.add(50_000)
    known.add(50_000)
    assert known.one_way_us == 25_000


@pytest.mark.parametrize(("told_us", "one_way_us"), [(-5, 0), (10**12, 30_000_000)])
def test_a_clock_gone_wrong_is_survived(told_us: int, one_way_us: int) -> None:
    assert path(told_us).one_way_us == one_way_us


def test_it_agrees_with_the_definition_at_any_length() -> None:
    random = Random(1)
    trips = [random.randrange(1_000_000) for _ in range(100)]
    for length in range(1, len(trips)):
        window = sorted(trips[:length][-WINDOW:])
        known = path(*trips[:length])
        at_most = sum(trip <= 2 * known.late_one_way_us + 1 for trip in window)
        assert at_most >= 0.95 * len(window) > at_most - 1
        assert min(window) <= 2 * known.one_way_us + 1 <= max(window) + 1


def test_ten_thousand_paths_are_a_few_megabytes() -> None:
    full = path(*range(2 * WINDOW))
    held = sys.getsizeof(full) + sys.getsizeof(full._round_trips)
    assert held < 400
