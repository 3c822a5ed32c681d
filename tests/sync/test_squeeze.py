"""Which sockets are told the same, and what: delay classes and the squeezed dead zone."""

from random import Random

import pytest

from bunga_cli.sync.paths import Path
from bunga_cli.sync.squeeze import (
    DEAD_ZONE_US,
    PHASE_BEATS,
    SELDOM_BEATS,
    SELDOM_EVERY,
    UNCOMPENSATED,
    DelayClass,
    bias_us,
    class_of,
)


def path(*round_trips_us: int) -> Path:
    """Return a path with these round trips."""
    made = Path()
    for round_trip_us in round_trips_us:
        made.add(round_trip_us)
    return made


def test_nobody_is_compensated_or_squeezed_before_something_is_known() -> None:
    assert class_of(Path()) == UNCOMPENSATED
    assert UNCOMPENSATED.one_way_us == 0
    assert {
        bias_us(UNCOMPENSATED, beat, is_settled=is_settled)
        for beat in range(100)
        for is_settled in (False, True)
    } == {0}


def test_a_path_that_was_forgotten_is_not_compensated() -> None:
    assert class_of(Path(), before=DelayClass(150_000, 40_000)) is UNCOMPENSATED


@pytest.mark.parametrize(
    ("round_trip_us", "one_way_us"), [(300_000, 150_000), (289_000, 140_000), (291_000, 150_000)]
)
def test_one_way_is_rounded_to_ten_milliseconds(round_trip_us: int, one_way_us: int) -> None:
    assert class_of(path(*[round_trip_us] * 32)).one_way_us == one_way_us


@pytest.mark.parametrize(
    ("swing_us", "width_us"), [(0, 30_000), (40_000, 40_000), (102_000, 70_000), (400_000, 80_000)]
)
def test_the_width_follows_from_the_jitter_within_bounds(swing_us: int, width_us: int) -> None:
    restless = path(*[50_000, 50_000 + swing_us] * 16)
    assert class_of(restless).width_us == width_us


def test_a_path_at_the_border_between_two_classes_stays_in_the_one_it_was_in() -> None:
    below, above = path(*[49_600] * 32), path(*[50_400] * 32)
    assert class_of(below).one_way_us != class_of(above).one_way_us
    for first in (below, above):
        was = class_of(first)
        assert class_of(below, was) is was
        assert class_of(above, was) is was


def test_a_path_that_became_longer_changes_its_class() -> None:
    was = class_of(path(*[50_000] * 32))
    assert class_of(path(*[80_000] * 32), was).one_way_us == 40_000


def test_a_class_is_not_narrower_than_its_path_asks_for() -> None:
    random, known, now = Random(5), Path(), UNCOMPENSATED
    for _ in range(500):
        known.add(100_000 + round(random.expovariate(1 / 15_000)))
        now = class_of(known, now)
        assert now.width_us >= class_of(known).width_us - 10_000
        assert now.width_us >= min(80_000, known.jitter_us + 15_000)


def test_a_path_of_random_delays_seldom_changes_its_class() -> None:
    random, known, now, changes = Random(3), Path(), UNCOMPENSATED, 0
    for sample in range(500):
        known.add(100_000 + round(random.expovariate(1 / 5_000) + random.expovariate(1 / 5_000)))
        before, now = now, class_of(known, now)
        changes += sample >= 32 and now != before
    assert changes < 25


def test_a_picture_is_let_alone_within_its_widths_and_not_outside_of_them() -> None:
    squeezed = DelayClass(0, 60_000)
    told = [bias_us(squeezed, beat) for beat in range(2 * PHASE_BEATS)]

    def is_let_alone(error_us: int) -> bool:
        return all(abs(error_us - bias) <= DEAD_ZONE_US for bias in told)

    assert is_let_alone(-squeezed.behind_us)
    assert not is_let_alone(-squeezed.behind_us - 1)
    assert is_let_alone(squeezed.ahead_us)
    assert not is_let_alone(squeezed.ahead_us + 1)


@pytest.mark.parametrize(
    ("width_us", "behind_us", "ahead_us"),
    [(30_000, 30_000, 40_000), (60_000, 60_000, 100_000), (80_000, 60_000, 100_000)],
)
def test_more_is_tolerated_ahead_where_messages_come_late(
    width_us: int, behind_us: int, ahead_us: int
) -> None:
    unsteady = DelayClass(0, width_us)
    assert (unsteady.behind_us, unsteady.ahead_us) == (behind_us, ahead_us)


@pytest.mark.parametrize("width_us", range(30_000, 81_000, 10_000))
def test_no_picture_that_errs_by_less_than_2_6_s_is_made_to_seek(width_us: int) -> None:
    squeezed = DelayClass(0, width_us)
    assert all(abs(bias_us(squeezed, beat)) < 400_000 for beat in range(2 * PHASE_BEATS))


def test_those_who_are_behind_are_hurried_first() -> None:
    assert all(bias_us(DelayClass(0, 40_000), beat) > 0 for beat in range(PHASE_BEATS))


def test_both_sides_are_squeezed_for_as_long() -> None:
    biases = [bias_us(DelayClass(0, 40_000), beat) for beat in range(64)]
    assert sum(bias > 0 for bias in biases) == sum(bias < 0 for bias in biases) == 32


def test_a_settled_room_is_looked_after_seldom_and_on_both_sides() -> None:
    squeezed = DelayClass(0, 40_000)
    biases = [bias_us(squeezed, beat, is_settled=True) for beat in range(4 * SELDOM_EVERY)]
    hurried, tarried = bias_us(squeezed, 0), bias_us(squeezed, PHASE_BEATS)
    assert [beat for beat, bias in enumerate(biases) if bias] == [
        SELDOM_EVERY * turn + beat for turn in range(4) for beat in range(SELDOM_BEATS)
    ]
    assert [biases[SELDOM_EVERY * turn] for turn in range(4)] == [hurried, tarried] * 2


@pytest.mark.parametrize(("width_us", "late_us"), [(30_000, 5_000), (80_000, 21_666), (400_000, 0)])
def test_a_wider_class_hears_later(width_us: int, late_us: int) -> None:
    assert DelayClass(0, width_us).usually_late_us == late_us
