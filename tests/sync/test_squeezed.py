"""Models of the installed players at a real room, in virtual time: how well they are in step.

The figures are the same on every machine, as nothing depends on one; there are more of them in
`python -m benchmarks.squeezed`.
"""

from collections.abc import Sequence
from functools import cache

import pytest

from benchmarks.models.media import SECOND_US
from benchmarks.models.player import Player
from benchmarks.models.player14 import Player14
from benchmarks.models.player15 import Player15
from benchmarks.report import percentile
from benchmarks.simulated import (
    HOST,
    ROUND_TRIPS_MS,
    Run,
    Runs,
    Slow,
    apart_ms,
    cut_off,
    host,
    in_step,
    link,
    press_play,
    room_of,
    too_slow,
)
from benchmarks.simulation import Heard, Simulation
from bunga_cli.sync.policy import Policy

KINDS: dict[str, type[Player]] = {"1.5": Player15, "1.4": Player14}
FRESH_US = 2 * SECOND_US


@cache
def everybody(generation: str, *, is_compensated: bool) -> Runs:
    """Return what players did from a minute after their start on, by their round trip in ms.

    1.4 goes by a single word for a minute, so that it takes more of them to know how late that is.
    """
    found: dict[int, list[Run]] = {trip: [] for trip in ROUND_TRIPS_MS}
    for room in range(6 if generation == "1.4" else 1):
        seen = in_step(KINDS[generation], is_compensated=is_compensated, room=room)
        for trip, some in seen.items():
            found[trip] += some
    return found


def runs(generation: str, round_trip_ms: int, *, is_compensated: bool = True) -> Sequence[Run]:
    """Return what those of one distance did."""
    return everybody(generation, is_compensated=is_compensated)[round_trip_ms]


def p95_ms(found: Sequence[Run]) -> float:
    return percentile(sorted(error for run in found for error in run.errors_ms), 95)


def watching(*, round_trip_ms: float = 100) -> Simulation:
    """Return a room in which 1.5 players watch, playing since just now."""
    far = Player15("far"), link(round_trip_ms, 1)
    sim = room_of(host(), far)
    press_play(sim)
    return sim


def statuses(sim: Simulation, name: str, since_us: int = 0) -> list[Heard]:
    """Return the statuses that a player heard."""
    return [
        heard
        for heard in sim.seats[name].heard
        if heard.message["code"] == "channel-status" and heard.at_us >= since_us
    ]


def off_ms(heard: Heard) -> float:
    """Return how far a status was from where the room was when it arrived."""
    position_us: int = heard.message["position"]
    return (position_us - heard.room_us) / 1000


def told_after_a_seek(sim: Simulation, *, for_s: float) -> list[float]:
    """Let the host seek, and return how far off (ms) what the far one was told then."""
    sim.say(HOST, sim.seats[HOST].player.slide(600 * SECOND_US, sim.now_us))
    sought_us = sim.now_us
    sim.run(for_s)
    return [off_ms(heard) for heard in statuses(sim, "far", sought_us + SECOND_US // 10)]


# -- in step --


@pytest.mark.parametrize("round_trip_ms", ROUND_TRIPS_MS)
def test_1_5_is_in_step_a_minute_after_any_start(round_trip_ms: int) -> None:
    assert p95_ms(runs("1.5", round_trip_ms)) <= 80


@pytest.mark.parametrize("round_trip_ms", ROUND_TRIPS_MS)
def test_1_5_is_seldom_made_to_change_its_rate(round_trip_ms: int) -> None:
    changes = [run.rate_changes_per_minute for run in runs("1.5", round_trip_ms)]
    assert sum(changes) / len(changes) <= 3


@pytest.mark.parametrize("round_trip_ms", ROUND_TRIPS_MS)
@pytest.mark.parametrize("generation", KINDS)
def test_nobody_is_made_to_seek_by_being_squeezed(generation: str, round_trip_ms: int) -> None:
    assert {run.seeks for run in runs(generation, round_trip_ms)} == {0}


@pytest.mark.parametrize("round_trip_ms", ROUND_TRIPS_MS)
def test_1_5_stays_in_its_dead_zone_where_it_is_not_squeezed(round_trip_ms: int) -> None:
    assert p95_ms(runs("1.5", round_trip_ms, is_compensated=False)) > 300


@pytest.mark.parametrize(("round_trip_ms", "most_ms"), [(20, 40), (100, 60), (300, 80)])
def test_1_4_is_off_by_no_more_than_its_message_was_late(
    round_trip_ms: int, most_ms: float
) -> None:
    assert p95_ms(runs("1.4", round_trip_ms)) <= most_ms
    assert p95_ms(runs("1.4", round_trip_ms, is_compensated=False)) > round_trip_ms / 2


def test_both_generations_see_the_same_at_the_same_moment() -> None:
    today, ours = apart_ms(is_compensated=False), apart_ms(is_compensated=True)
    assert percentile(ours, 95) < percentile(today, 95) / 2


# -- nobody is told what is not so, but for those who play steadily --


def test_nothing_is_added_while_the_room_rests() -> None:
    sim = room_of(host(), (Player15("far"), link(300, 1)))
    entered_us = sim.now_us
    sim.run(20)
    assert {off_ms(heard) for heard in statuses(sim, "far", entered_us)} == {0}


def test_nothing_is_added_within_two_seconds_of_a_start() -> None:
    sim = watching()
    began_us = sim.now_us
    sim.run(30)
    told = [heard for heard in statuses(sim, "far", began_us) if heard.room_us > 60 * SECOND_US]
    fresh = [off_ms(heard) for heard in told if heard.at_us - began_us < FRESH_US]
    steady = [off_ms(heard) for heard in told if heard.at_us - began_us > 2 * FRESH_US]
    assert fresh
    assert max(map(abs, fresh)) < 60
    assert min(map(abs, steady)) > 250


def test_nothing_is_added_within_two_seconds_of_a_seek() -> None:
    sim = watching()
    sim.run(30)
    told = told_after_a_seek(sim, for_s=2)
    assert told
    assert max(map(abs, told)) < 60


def test_nothing_is_added_while_a_seek_cools_down() -> None:
    sim = room_of(
        host(), (Player15("far"), link(100, 1)), policy=Policy(seek_cooldown_us=20 * SECOND_US)
    )
    press_play(sim)
    sim.run(30)
    told = told_after_a_seek(sim, for_s=19)
    assert told
    assert max(map(abs, told)) < 60


def test_all_are_in_step_again_after_a_seek() -> None:
    sim = watching()
    sim.run(30)
    sim.say(HOST, sim.seats[HOST].player.slide(600 * SECOND_US, sim.now_us))
    sim.run(60)
    since_us = sim.now_us
    sim.run(60)
    for seat in sim.seats.values():
        assert Run.since(seat, since_us).p95_ms <= 80


# -- a settled room --


SETTLED_IN_S = 90


def test_a_settled_room_is_mostly_told_the_plain_truth() -> None:
    sim = watching()
    sim.run(SETTLED_IN_S)
    settled_us = sim.now_us
    sim.run(64)
    told = [off_ms(heard) for heard in statuses(sim, "far", settled_us)]
    squeezed = [off for off in told if abs(off) > 250]
    assert len(squeezed) == pytest.approx(len(told) / 8, abs=2)
    assert min(squeezed) < 0 < max(squeezed)


def test_all_are_looked_after_closely_when_compensation_is_turned_on() -> None:
    policy = Policy(legacy_compensation=False)
    sim = room_of(host(), (Player15("far"), link(100, 1)), policy=policy)
    press_play(sim)
    sim.run(SETTLED_IN_S)
    sim.room.set_policy(Policy(), sim.now_us)
    turned_us = sim.now_us
    sim.run(16)
    told = [off_ms(heard) for heard in statuses(sim, "far", turned_us)]
    assert sum(abs(off) > 250 for off in told) >= 14


@pytest.mark.parametrize("stalls_for_s", [120, 240])
def test_who_was_not_waited_for_is_in_step_as_fast_as_at_the_beginning(stalls_for_s: int) -> None:
    sim = watching()
    sim.run(SETTLED_IN_S)
    media = sim.seats["far"].player.media
    assert media is not None
    media.throughput = 0.0
    sim.run(stalls_for_s)
    assert sim.room.roster.watchers["far"].excused
    media.throughput = 8.0
    for _ in range(150):
        if sim.room.roster.watchers["far"].excused:
            sim.run(1)
    media.slip(-0.5 * SECOND_US, sim.now_us)
    sim.run(30)
    since_us = sim.now_us
    sim.run(20)
    assert Run.since(sim.seats["far"], since_us).p95_ms <= 80


# -- those who cannot keep up --


@cache
def slow(generation: str, throughput: float, *, is_parked: bool = True) -> Slow:
    return too_slow(KINDS[generation], throughput, is_parked=is_parked)


@pytest.mark.parametrize("throughput", [0.3, 0.0])
def test_1_5_that_cannot_keep_up_is_parked_and_not_sent_seeking(throughput: float) -> None:
    assert slow("1.5", throughput).parked_s > 20
    assert slow("1.5", throughput).seeks <= 6
    assert slow("1.5", throughput, is_parked=False).seeks >= 18


@pytest.mark.parametrize("throughput", [0.5, 0.3, 0.0])
def test_1_5_is_taken_back_when_it_can_keep_up_again(throughput: float) -> None:
    found = slow("1.5", throughput)
    assert found.seeks_afterwards <= 1
    assert found.after.p95_ms <= 80


@pytest.mark.parametrize("throughput", [0.5, 0.3])
def test_1_4_is_in_step_when_it_can_keep_up_again(throughput: float) -> None:
    assert slow("1.4", throughput).after.p95_ms <= 80


def test_1_4_that_was_excused_is_in_step_when_it_is_ready_again() -> None:
    assert slow("1.4", 0.0).after.p95_ms <= 80


# -- those who are lost for a while --


@pytest.mark.parametrize(("seconds", "connections"), [(2.0, 1), (4.0, 2), (10.0, 2)])
def test_1_5_comes_back_by_itself_and_unannounced(seconds: float, connections: int) -> None:
    sim, run = cut_off(Player15, seconds)
    assert sim.seats["cut"].connections == connections
    assert sim.room.view(sim.now_us).play_state == "playing"
    assert run.p95_ms <= 80
    news = [heard.message for heard in sim.seats["other"].heard]
    about_it = [m for m in news if m["code"] in ("aloha", "bye") and m["sender"]["id"] == "cut"]
    assert len(about_it) <= 1, "it was announced once, when it came"


def test_the_same_seeds_make_the_same_figures() -> None:
    first, second = (apart_ms(is_compensated=True, seconds=10) for _ in range(2))
    assert first == second
