"""1.4: no heartbeat, readiness told on change only, no second join."""

from bunga_cli.sync.commands import Buffering, Heartbeat, Play, Seek
from bunga_cli.sync.events import PlayAt, Played, ReadinessChanged
from bunga_cli.sync.policy import OnJoin, Policy
from tests.sync.stage import Stage, paused, playing, share, us


def test_an_old_player_reports_on_change_and_the_room_follows() -> None:
    stage = paused("ann")
    stage.enter_old("bob")
    stage.say("ann", Play())
    stage.say("bob", Buffering(is_buffering=True))
    assert stage.waiting_for == ["bob"]
    stage.say("bob", Buffering(is_buffering=False))
    assert stage.state == "playing"


def test_the_others_hear_when_someones_readiness_changes_and_only_then() -> None:
    stage = playing("ann", "bob")
    for pending in (True, True, False, False):
        stage.say("bob", Heartbeat(pending))
    heard = stage.heard("ann", ReadinessChanged)
    assert [(change.user.id, change.is_buffering) for change in heard] == [
        ("bob", True),
        ("bob", False),
    ]
    assert stage.heard("bob", ReadinessChanged) == []


def test_an_old_joiner_that_never_reports_is_held_for_5_s_after_a_play() -> None:
    stage = paused("ann")
    stage.open("bob")
    stage.join("bob")
    stage.advance(60)
    assert stage.watchers["bob"] == "buffering"
    stage.say("ann", Play())
    stage.advance(4.999)
    assert stage.state == "waiting"
    stage.advance(0.001)
    assert stage.state == "playing"
    assert stage.watchers["bob"] == "ready"


def test_an_old_joiner_that_reports_buffering_is_waited_for_longer() -> None:
    stage = paused("ann")
    stage.open("bob")
    stage.join("bob")
    stage.say("ann", Play())
    stage.say("bob", Buffering(is_buffering=True))
    stage.advance(6)
    assert stage.state == "waiting"


def test_two_silent_old_players_and_one_that_buffered_before_start_together() -> None:
    stage = paused("ann")
    stage.buffer("ann")
    stage.say("ann", Play())
    stage.advance(30)
    for name in ("bob", "cat"):
        stage.open(name)
        stage.join(name)
    stage.say("ann", Play())
    stage.beat("ann")
    stage.advance(5)
    assert stage.state == "playing"


def test_old_players_alone_are_a_room() -> None:
    stage = paused("ann")
    stage.leave("ann")
    stage.enter_old("bob", "cat")
    stage.say("bob", Play())
    stage.advance(3)
    stage.say("cat", Seek(us(500)))
    stage.advance(3)
    assert stage.state == "playing"
    assert stage.position_us == us(503)


def test_every_change_of_play_state_or_position_is_a_play_at() -> None:
    stage = playing("ann", "bob")
    stage.buffer("bob")
    stage.beat("bob")
    stage.say("ann", Seek(us(100)))
    stage.say("ann", Play())
    stage.advance(2)
    told = [(p.is_play, p.position_us) for p in stage.heard("bob", PlayAt)]
    assert told == [
        (False, us(60)),
        (True, us(60)),
        (True, us(100)),
        (True, us(100)),
        (True, us(102)),
    ]
    assert len(stage.heard("bob", Played)) == 1


def test_a_heartbeat_tick_is_no_play_at() -> None:
    stage = playing("ann", "bob")
    stage.advance(4)
    assert stage.heard("bob", PlayAt) == []


def test_1_4_that_was_left_behind_is_told_where_the_room_is_when_it_is_ready_again() -> None:
    stage = playing("ann", policy=Policy(max_wait_us=us(1), on_join=OnJoin.CONTINUE))
    stage.enter_old("old")
    stage.advance(8)
    stage.say("old", Buffering(is_buffering=True))
    stage.advance(5)
    assert stage.watchers["old"] == "excused"
    stage.forget()

    stage.say("old", Buffering(is_buffering=False))

    assert stage.heard("old", PlayAt) == [PlayAt(True, stage.position_us)]
    assert not stage.heard("ann", PlayAt)


def test_1_4_is_reminded_now_and_then_of_where_a_room_is_that_plays() -> None:
    stage = playing("ann", "bob")
    stage.enter_old("old")
    stage.say("ann", Play())
    stage.forget()
    stage.advance(130)

    told = [
        (when - stage.now_us) // us(1)
        for when, tell in stage.told("old")
        if type(tell.event) is PlayAt
    ]
    assert [later - told[0] for later in told] == [0, 60, 120]


def test_1_4_that_is_left_behind_is_not_reminded() -> None:
    stage = playing("ann", policy=Policy(max_wait_us=us(1), on_join=OnJoin.CONTINUE))
    stage.enter_old("old")
    stage.advance(8)
    stage.say("old", Buffering(is_buffering=True))
    stage.advance(3)
    stage.forget()
    stage.advance(130)

    assert stage.watchers["old"] == "excused"
    assert not stage.heard("old", PlayAt)
    assert stage.heard("ann", PlayAt)


def test_1_4_is_not_told_to_rest_before_a_start_that_it_is_told_in_time() -> None:
    stage = paused("ann")
    stage.set_policy(on_join=OnJoin.CONTINUE)
    stage.enter_old("old")
    stage.measure("ann", 0.3)
    stage.advance(8)
    stage.forget()

    stage.say("ann", Play())
    stage.advance(1)

    assert stage.heard("old", PlayAt) == [PlayAt(True, us(60))]


def test_1_4_that_was_told_to_stop_is_not_told_to_rest_once_more_before_the_start() -> None:
    stage = Stage()
    stage.enter_modern("ann", "bob")
    stage.enter_old("dan")
    stage.say("ann", share("film", 60))
    for name in ("ann", "bob"):
        stage.ready(name)
    stage.say("ann", Play())
    stage.advance(2)
    stage.measure("dan", *[0.1] * 32)
    stage.advance(2)
    stage.forget()

    stage.say("bob", Heartbeat(True))
    stage.advance(0.5)
    stage.ready("bob")
    stage.advance(2)

    assert [told.is_play for told in stage.heard("dan", PlayAt)] == [False, True]
