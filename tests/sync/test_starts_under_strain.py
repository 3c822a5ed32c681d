"""Starts and stops with people who come, go, fall behind or say things at odd moments."""

from bunga_cli.sync.commands import Heartbeat, Join, Pause, Play, Seek
from bunga_cli.sync.events import PlayAt, State, Status
from bunga_cli.sync.leads import START_MARGIN_US
from tests.sync.stage import Stage, modern, playing, share, us, user


def mixed() -> Stage:
    """Return a room that plays, with Ann on v2 and Cid, 100 ms away, on 1.5."""
    stage = Stage()
    stage.enter_modern("ann")
    stage.enter("cid")
    stage.measure("cid", 0.2)
    stage.say("ann", share("film", 60))
    stage.ready("ann")
    stage.say("ann", Play())
    stage.advance(3)
    assert stage.state == "playing"
    stage.forget()
    return stage


# -- how long a player takes ----------------------------------------------------------------------


def test_the_time_that_the_last_one_takes_counts_for_the_start_that_its_word_brings() -> None:
    stage = modern("ann", "bob")
    stage.say("ann", Play())
    stage.advance(1)
    stage.say("ann", Seek(us(600)))
    stage.ready("ann")
    stage.ready("bob", start_s=0.7)

    assert stage.timeline.at_us == stage.now_us + us(0.7) + START_MARGIN_US


def test_the_time_that_a_ready_player_takes_is_noted_without_a_position() -> None:
    stage = modern("ann", "bob")
    stage.say("bob", Heartbeat(False, start_latency_us=us(0.7)))
    stage.say("ann", Play())

    assert stage.timeline.at_us == stage.now_us + us(0.7) + START_MARGIN_US


# -- old players ----------------------------------------------------------------------------------


def test_a_parked_player_is_not_called_away_by_a_start_that_is_told_later() -> None:
    stage = playing("ann", "bob", "cid")
    for name in ("ann", "bob", "cid"):
        stage.measure(name, 0.4 if name == "bob" else 0.1)
    stage.advance(1)
    stage.buffer("cid")
    stage.advance(25)
    assert stage.room.roster.watchers["cid"].parked_at_us is not None
    stage.buffer("bob")
    stage.advance(1)
    stage.forget()
    stage.beat("bob")
    assert stage.timeline.at_us > stage.now_us
    stage.advance(0.9)

    assert "playing" in {status.play_status for status in stage.heard("ann", Status)}
    assert {status.play_status for status in stage.heard("cid", Status)} == {"pending"}


def test_old_players_go_on_at_once_when_a_stop_is_called_off_before_it_came_true() -> None:
    stage = mixed()
    stage.say("ann", Pause())
    stage.say("ann", Play())

    assert stage.timeline.rate_before == 1
    assert stage.heard("cid", Status)[-1].play_status == "playing"
    assert stage.heard("cid", PlayAt)[-1].is_play
    stage.forget()
    stage.advance(2.5)
    assert {status.play_status for status in stage.heard("cid", Status)} == {"playing"}
    assert not stage.heard("cid", PlayAt)


# -- coming back while the others prepare ---------------------------------------------------------


def test_who_comes_back_while_all_prepare_says_anew_that_it_is_ready() -> None:
    stage = modern("ann", "bob")
    stage.say("ann", Play())
    stage.advance(1)
    old = stage.last_state("bob").revision
    stage.say("ann", Seek(us(600)))
    stage.close("bob")
    stage.ready("ann")
    stage.open("bob", is_v2=True)
    stage.say("bob", Heartbeat(False, revision=old))
    assert stage.waiting_for == ["bob"]

    stage.ready("bob")
    assert not stage.waiting_for
    assert stage.timeline.rate == 1


def test_who_was_away_during_a_seek_is_not_taken_for_ready() -> None:
    stage = modern("ann", "bob")
    stage.say("ann", Play())
    stage.advance(1)
    stage.close("bob")
    stage.say("ann", Seek(us(600)))
    stage.open("bob", is_v2=True)
    stage.ready("ann")
    assert stage.waiting_for == ["bob"]

    stage.say("bob", Join(user("bob")))
    stage.ready("bob")
    assert stage.timeline.rate == 1


def test_an_old_player_that_was_away_during_a_seek_is_what_it_was() -> None:
    stage = mixed()
    stage.close("cid")
    stage.say("ann", Seek(us(600)))
    stage.open("cid")
    stage.ready("ann")

    assert not stage.waiting_for
    assert stage.timeline.rate == 1


def test_a_second_player_of_somebody_who_prepares_is_asked_as_well() -> None:
    stage = modern("ann", "bob")
    stage.say("ann", Play())
    stage.advance(1)
    stage.say("ann", Seek(us(600)))
    old = stage.last_state("bob").revision - 1
    stage.open("bob 2", "bob", is_v2=True)
    stage.say("bob 2", Join(user("bob")))
    stage.ready("ann")
    stage.ready("bob")
    stage.say("bob 2", Heartbeat(False, revision=old))
    assert stage.waiting_for == ["bob"]

    stage.ready("bob 2")
    assert stage.timeline.rate == 1
    assert stage.heard("bob 2", State)


# -- coming back between a decision and its moment ------------------------------------------------


def test_a_1_4_player_that_comes_back_shortly_before_the_start_is_told_of_it() -> None:
    stage = Stage()
    stage.enter_old("cid")
    stage.enter_modern("ann")
    stage.say("ann", share("film", 60))
    stage.ready("ann")
    stage.close("cid")
    stage.say("ann", Play())
    at_us = stage.timeline.at_us
    stage.advance(0.1)
    stage.open("cid")
    assert stage.heard("cid", PlayAt) == [PlayAt(False, us(60))]
    stage.advance(1)

    first = [when for when, tell in stage.told("cid") if tell.event == PlayAt(True, us(60))]
    assert first == [at_us]
