"""The controller: the cases it shares with the browsers', and what it learns."""

import pytest

from bunga_cli.client.controller import (
    FASTEST,
    LESSONS,
    READINGS,
    SLOWEST,
    TRIES,
    Controller,
    Learned,
    SeekAhead,
    SetRate,
)
from tests.client.controller_cases import FOLDER, files

TICK_US = 25_000
RENEW = "python -m tests.client.controller_cases"


def told(controller: Controller, error_us: float, from_us: int = 0) -> SetRate | SeekAhead | None:
    """Return what a whole measurement leads to."""
    actions = [controller.observe(from_us + TICK_US * i, error_us) for i in range(READINGS)]
    assert actions[:-1] == [None] * (READINGS - 1), "it decides before it has measured"
    return actions[-1]


def test_the_cases_are_what_the_controller_makes_of_them() -> None:
    kept = {file.name: file.read_text("utf-8") for file in FOLDER.glob("*.json")}

    assert kept == files(), f"Renew them: {RENEW}"


@pytest.mark.parametrize("error_us", [-4_000, 0, 3_999])
def test_what_was_good_and_is_close_enough_is_left_alone(error_us: int) -> None:
    controller = Controller()

    assert told(controller, 2_000) is None
    assert told(controller, error_us) is None
    assert controller.last_error_us == error_us


def test_what_is_only_close_is_made_better_but_not_for_ever() -> None:
    controller, now_us = Controller(), 0
    for _ in range(400):
        now_us += TICK_US
        controller.observe(now_us, 3_500)

    assert controller.corrections == TRIES
    assert controller.seeks == 0


@pytest.mark.parametrize(
    ("error_us", "rate"),
    [(-20_000, 1.02), (20_000, 0.98), (-4_100, 1.0041), (900_000, 1 - FASTEST)],
)
def test_what_is_off_is_made_good_by_another_rate(error_us: int, rate: float) -> None:
    action = told(Controller(), error_us)

    assert isinstance(action, SetRate)
    assert action.rate == pytest.approx(rate)


def test_a_small_need_is_not_made_good_more_slowly_than_players_can() -> None:
    action = told(Controller(Learned({"displacement": [-5_000]})), 5_100)  # 0.1 ms are left

    assert isinstance(action, SetRate)
    assert action.rate == pytest.approx(1 - SLOWEST)


def test_a_median_is_not_moved_by_a_few_wild_readings() -> None:
    controller = Controller()
    wild = [500_000, 0, -800_000, 0, 0, 700_000, 0, 0, 500_000]

    assert [controller.observe(TICK_US * i, error) for i, error in enumerate(wild)] == [None] * 9


def test_what_is_far_off_is_sought_with_what_was_learned() -> None:
    assert told(Controller(Learned({"seek": [88_000]})), -1_000_001) == SeekAhead(88_000)


def test_what_episodes_do_not_better_is_sought() -> None:
    controller, now_us, rate = Controller(), 0, 1.0
    for _ in range(600):
        now_us += TICK_US
        action = controller.observe(now_us, 400_000)
        rate = action.rate if isinstance(action, SetRate) else rate
        if isinstance(action, SeekAhead):
            break
    else:
        pytest.fail("it tried the same for ever")

    assert rate == 1
    assert controller.learned.lessons == {}, "it learned from what something else did"


def test_after_three_seeks_in_ten_seconds_it_waits() -> None:
    controller = Controller()
    actions = [told(controller, 5_000_000, from_us=n * SECOND_US) for n in (0, 1, 2, 3, 9, 11)]

    assert [action is not None for action in actions] == [True, True, True, False, False, True]


SECOND_US = 1_000_000


def test_lessons_count_by_their_median_and_the_last_of_them_only() -> None:
    learned = Learned()
    assert learned.get("seek") == 0
    for error_us in (100, -1_000, 30):  # 100, -900, then -370 of the mean of both
        learned.adjust("seek", error_us)

    assert learned.lessons == {"seek": [100, -900, -370]}
    assert learned.get("seek") == -370
    for _ in range(LESSONS):
        learned.adjust("seek", 50)
    assert len(learned.lessons["seek"]) == LESSONS


def test_what_was_learned_can_be_kept() -> None:
    learned = Learned()
    learned.adjust("resume", 12_000)

    assert Learned(learned.lessons).get("resume") == 12_000


def test_nobody_learns_what_cannot_be() -> None:
    learned = Learned()
    learned.adjust("displacement", 9_000_000)

    assert learned.get("displacement") == 100_000


def test_a_reset_forgets_a_series_that_something_has_broken() -> None:
    controller = Controller()
    for i in range(READINGS - 1):
        controller.observe(TICK_US * i, 500_000)
    controller.reset()

    assert controller.observe(TICK_US * 9, 500_000) is None
