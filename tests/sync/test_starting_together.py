"""Starts and stops that are told before they happen, so that they happen everywhere at once."""

import pytest

from bunga_cli.sync.commands import Finish, Heartbeat, Pause, Play, Seek
from bunga_cli.sync.events import Paused, PlayAt, State, Status
from bunga_cli.sync.leads import (
    LEAST_START_US,
    MOST_START_US,
    MOST_STOP_US,
    START_MARGIN_US,
    STOP_MARGIN_US,
    USUAL_START_LATENCY_US,
)
from bunga_cli.sync.policy import OnJoin, Policy
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import User
from tests.sync.stage import Stage, modern, paused, playing, us

ADMIN = User("admin", "Admin", 0)


def running(*names: str, policy: Policy | None = None) -> Stage:
    """Return such a room that has been playing for two seconds."""
    stage = modern(*names, policy=policy)
    stage.say(names[0], Play())
    stage.advance(2)
    stage.forget()
    return stage


# -- starting -------------------------------------------------------------------------------------


def test_a_start_lies_in_the_future_and_rests_until_then() -> None:
    stage = modern("ann", "bob")
    stage.say("ann", Play())

    for name in ("ann", "bob"):
        told = stage.last_state(name).timeline
        assert told == Timeline(us(60), 1, stage.now_us + LEAST_START_US, rate_before=0)
    stage.advance(1)
    assert stage.position_us == us(61) - LEAST_START_US


def test_the_lead_is_what_the_farthest_and_the_slowest_need() -> None:
    stage = modern("ann", "bob")
    stage.measure("ann", 0.04)
    stage.measure("bob", *[0.3] * 19, 0.4)
    stage.ready("ann", start_s=0.25)

    stage.say("ann", Play())

    expected_us = us(0.15) + us(0.25) + START_MARGIN_US
    assert stage.timeline.at_us - stage.now_us == expected_us


def test_who_does_not_tell_how_long_it_takes_is_given_the_usual_time() -> None:
    stage = modern("ann")
    stage.measure("ann", 0.3)

    stage.say("ann", Play())

    expected_us = us(0.15) + USUAL_START_LATENCY_US + START_MARGIN_US
    assert stage.timeline.at_us - stage.now_us == expected_us


def test_the_lead_has_a_limit() -> None:
    stage = modern("ann")
    stage.ready("ann", start_s=3600)

    stage.say("ann", Play())

    assert stage.timeline.at_us - stage.now_us == MOST_START_US


def test_an_excused_watcher_delays_no_start() -> None:
    stage = modern("ann", "bob", policy=Policy(max_wait_us=us(1)))
    stage.measure("bob", 2)
    stage.buffer("bob")
    stage.say("ann", Play())
    stage.advance(2)
    assert stage.watchers["bob"] == "excused"
    stage.say("ann", Pause())

    stage.say("ann", Play())

    assert stage.timeline.at_us - stage.now_us == LEAST_START_US


def test_old_players_alone_start_when_the_word_has_reached_the_farthest() -> None:
    stage = paused("ann", "bob")
    stage.measure("ann", 0.02)
    stage.measure("bob", 0.3)
    stage.advance(1)
    stage.forget()

    stage.say("ann", Play())
    at_us = stage.now_us + us(0.15)
    assert stage.timeline.at_us == at_us
    stage.advance(0.5)

    for name, one_way_s in (("ann", 0.01), ("bob", 0.15)):
        starts = [
            (when_us, tell.event)
            for when_us, tell in stage.told(name)
            if isinstance(tell.event, Status) and tell.event.play_status == "playing"
        ]
        when_us, status = starts[0]
        assert (when_us, status.position_us) == (at_us - us(one_way_s), us(60))


def test_old_players_that_nobody_measured_start_at_once() -> None:
    stage = paused("ann", "bob")
    stage.say("ann", Play())

    assert stage.timeline.at_us == stage.now_us
    assert stage.heard("bob", Status)[-1].play_status == "playing"


def test_old_players_start_with_v2_in_a_mixed_room() -> None:
    stage = paused("ann")
    stage.set_policy(on_join=OnJoin.CONTINUE)
    stage.enter_modern("mod")
    stage.measure("ann", 0.1)
    stage.measure("mod", 0.2)
    stage.advance(1)
    stage.forget()

    stage.say("mod", Play())
    at_us = stage.now_us + us(0.1) + USUAL_START_LATENCY_US + START_MARGIN_US
    assert stage.timeline.at_us == at_us
    assert stage.heard("ann", Status)[-1].play_status == "pending"
    assert not stage.heard("ann", PlayAt)
    stage.advance(0.5)

    first = [when for when, tell in stage.told("ann") if tell.event == PlayAt(True, us(60))]
    assert first == [at_us - us(0.05)]


def test_a_start_that_is_called_off_is_not_told_to_old_players() -> None:
    stage = paused("ann")
    stage.set_policy(on_join=OnJoin.CONTINUE)
    stage.enter_modern("mod")
    stage.advance(1)
    stage.say("mod", Play())
    stage.advance(0.1)
    stage.forget()

    stage.say("mod", Pause(us(60)))
    stage.advance(2)

    assert {status.play_status for status in stage.heard("ann", Status)} == {"paused"}
    assert stage.position_us == us(60)


# -- stopping -------------------------------------------------------------------------------------


def test_who_pauses_at_a_position_has_stopped_there_already() -> None:
    stage = running("ann", "bob")
    stage.measure("bob", 0.3)

    stage.say("ann", Pause(us(61)))

    assert stage.last_state("bob").timeline == Timeline(us(61), 0, stage.now_us)


@pytest.mark.parametrize("by_admin", [True, False])
def test_a_pause_without_a_position_stops_all_at_the_same_frame(by_admin: bool) -> None:
    stage = running("ann", "bob")
    stage.measure("bob", 0.3)
    before = stage.timeline
    lead_us = us(0.15) + STOP_MARGIN_US
    at_us = stage.now_us + lead_us

    if by_admin:
        stage.order(ADMIN, Pause())
    else:
        stage.say("ann", Pause())

    there_us = before.position_at(at_us)
    assert stage.last_state("bob").timeline == Timeline(there_us, 0, at_us, rate_before=1)
    assert stage.heard("bob", Paused)[-1].position_us == there_us == stage.position_us


def test_a_stop_is_never_far_away() -> None:
    stage = running("ann", "bob")
    stage.measure("bob", 4)

    stage.order(ADMIN, Pause())

    assert stage.timeline.at_us - stage.now_us == MOST_STOP_US


def test_buffering_stops_all_at_the_same_frame() -> None:
    stage = running("ann", "bob")
    stage.buffer("bob")

    told = stage.last_state("ann").timeline
    assert (told.rate, told.rate_before, told.at_us) == (0, 1, stage.now_us + STOP_MARGIN_US)


def test_old_players_alone_stop_when_they_are_told() -> None:
    stage = playing("ann", "bob")
    stage.measure("bob", 0.3)
    stage.advance(3)
    stage.order(ADMIN, Pause())

    assert stage.timeline.at_us == stage.now_us


def test_play_before_a_stop_came_true_goes_on_without_a_break() -> None:
    stage = running("ann")
    before = stage.timeline
    stage.order(ADMIN, Pause())
    stage.say("ann", Play())
    stage.advance(3)

    assert stage.position_us == before.position_at(stage.now_us)


# -- being ready ----------------------------------------------------------------------------------


def test_a_seek_waits_for_all_v2_players_to_have_loaded_that_place() -> None:
    stage = running("ann", "bob")
    stage.say("ann", Seek(us(300)))

    state = stage.last_state("bob")
    assert (state.timeline, state.is_held) == (Timeline(us(300), 0, stage.now_us), True)
    assert [waiting.id for waiting in state.waiting_for] == ["ann", "bob"]

    stage.ready("ann")
    assert stage.waiting_for == ["bob"]
    stage.ready("bob")
    assert stage.timeline == Timeline(us(300), 1, stage.now_us + LEAST_START_US)


def test_what_was_said_before_the_seek_was_heard_of_does_not_count() -> None:
    stage = running("ann")
    old = stage.room.truth.next_revision() - 1
    stage.say("ann", Seek(us(300)))

    stage.say("ann", Heartbeat(False, 0, None, old))
    assert stage.waiting_for == ["ann"]

    stage.say("ann", Heartbeat(False, 0, None, stage.last_state("ann").revision))
    assert stage.waiting_for == []


def test_a_seek_to_where_the_room_is_can_be_prepared_as_well() -> None:
    stage = modern("ann")
    stage.say("ann", Seek(us(60)))
    stage.ready("ann")
    stage.say("ann", Play())

    assert stage.timeline.rate == 1


def test_who_says_no_revision_is_believed() -> None:
    stage = running("ann")
    stage.say("ann", Seek(us(300)))
    stage.say("ann", Heartbeat(is_pending=False))

    assert stage.timeline.rate == 1


def test_a_play_right_after_a_seek_waits_as_well() -> None:
    stage = modern("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.say("ann", Play())
    assert stage.state == "waiting"
    stage.ready("ann")
    stage.ready("bob")

    assert stage.state == "playing"


def test_nobody_keeps_the_others_at_a_seek_for_longer_than_its_budget() -> None:
    stage = running("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.ready("ann")
    stage.buffer("bob")
    stage.advance(21)

    assert (stage.watchers["bob"], stage.state) == ("excused", "playing")


def test_old_players_are_not_asked_whether_they_have_loaded() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))

    assert stage.watchers == {"ann": "ready", "bob": "ready"}
    assert stage.state == "seeking"
    assert stage.timeline.rate == 1


def test_an_old_player_whose_seek_has_to_wait_is_told_so() -> None:
    stage = running("mod")
    stage.set_policy(on_join=OnJoin.CONTINUE)
    stage.enter_old("ann")
    stage.advance(6)
    stage.forget()

    stage.say("ann", Seek(us(300)))

    assert stage.heard("ann", PlayAt) == [PlayAt(False, us(300))]


def test_who_is_away_is_asked_as_well_when_an_old_player_seeks() -> None:
    stage = modern("ann")
    stage.enter("bob")
    stage.say("bob", Play())
    stage.advance(2)
    stage.close("ann")
    stage.say("bob", Seek(us(1800)))
    stage.open("ann", is_v2=True)
    stage.join("ann")
    assert stage.watchers["ann"] == "buffering"
    stage.ready("ann")
    assert stage.watchers["ann"] == "ready"


def test_a_newcomer_does_not_stop_those_who_are_ready() -> None:
    stage = running("ann", policy=Policy(on_join=OnJoin.CONTINUE))
    before = stage.timeline
    stage.open("bob", is_v2=True)
    stage.join("bob")
    stage.buffer("bob")
    stage.advance(3)

    assert stage.timeline is before
    assert stage.last_state("bob").timeline == before


def test_states_are_sent_as_they_stand_while_nothing_happens() -> None:
    stage = running("ann")
    stage.advance(3)

    assert len({state.timeline for state in stage.heard("ann", State)}) == 1


def test_the_next_play_after_the_end_waits_for_the_beginning_to_be_loaded() -> None:
    stage = running("ann", "bob")
    stage.advance(10)
    stage.say("ann", Finish())
    stage.say("ann", Play())
    assert stage.state == "waiting"
    stage.ready("ann")
    stage.ready("bob")

    assert stage.timeline.rate == 1


def test_a_pause_far_away_is_to_be_loaded_and_one_nearby_is_not() -> None:
    stage = running("ann", "bob")
    stage.say("ann", Pause(us(61)))
    assert stage.watchers["bob"] == "ready"
    stage.say("ann", Play())
    stage.advance(2)
    stage.say("ann", Pause(us(300)))

    assert stage.watchers["bob"] == "buffering"
