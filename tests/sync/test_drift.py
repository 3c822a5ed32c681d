"""How far watchers' pictures are from the room's, as far as they tell."""

import pytest

from bunga_cli.protocol.client_messages import Malformed, decode
from bunga_cli.sync.commands import Heartbeat, Pause, Seek
from bunga_cli.sync.drift import FRESH_US, Drift
from bunga_cli.sync.timeline import Timeline
from tests.sync.stage import Stage, playing, share, us

RUNNING = Timeline(us(10), 1, us(100))


def drift_of(stage: Stage, name: str) -> int | None:
    [watcher] = [w for w in stage.room.view(stage.now_us).watchers if w.user.id == name]
    return watcher.drift_us


def tell(stage: Stage, name: str, ahead_s: float, *, pending: bool = False) -> None:
    """Let a player say how far it is ahead of the room."""
    here_us = stage.room.position_at(stage.now_us)
    stage.say(name, Heartbeat(pending, here_us + us(ahead_s)))


def test_a_report_without_a_moment_is_taken_for_now() -> None:
    assert Drift.measured(RUNNING, us(15.3), None, us(105)) == Drift(us(0.3), us(105))


def test_a_report_is_compared_with_the_room_of_its_moment() -> None:
    assert Drift.measured(RUNNING, us(14), us(104.2), us(105)) == Drift(us(-0.2), us(104.2))


def test_a_moment_to_come_is_now() -> None:
    assert Drift.measured(RUNNING, us(15), us(999), us(105)) == Drift(0, us(105))


@pytest.mark.parametrize("at_us", [0, us(99.9)])
def test_nothing_is_said_of_a_report_from_before_the_last_move(at_us: int) -> None:
    assert Drift.measured(RUNNING, us(10), at_us, us(101)) is None


def test_a_report_is_good_for_a_while_and_no_longer() -> None:
    drift = Drift(0, us(105))
    assert drift.is_good(RUNNING, us(105) + FRESH_US)
    assert not drift.is_good(RUNNING, us(105) + FRESH_US + 1)


def test_a_player_that_does_not_say_where_it_is_has_no_drift() -> None:
    stage = playing("ann", "bob")
    stage.advance(3)
    assert drift_of(stage, "ann") is None


def test_a_heartbeat_that_says_where_the_player_is_shows_its_drift() -> None:
    stage = playing("ann", "bob")
    stage.advance(3)
    tell(stage, "ann", 0.12)
    tell(stage, "bob", -0.5)
    assert (drift_of(stage, "ann"), drift_of(stage, "bob")) == (us(0.12), us(-0.5))


def test_the_drift_of_the_heartbeat_that_changes_readiness_counts_too() -> None:
    stage = playing("ann", "bob")
    tell(stage, "bob", 1, pending=True)
    assert stage.state == "waiting"
    assert drift_of(stage, "bob") == us(1)


def test_after_a_seek_the_drift_is_unknown_until_it_is_told_again() -> None:
    stage = playing("ann", "bob")
    tell(stage, "bob", 0.1)
    stage.advance(0.5)
    stage.say("ann", Seek(us(600)))
    assert drift_of(stage, "bob") is None
    tell(stage, "bob", -540)
    assert drift_of(stage, "bob") == us(-540)


def test_in_a_paused_room_the_drift_is_the_distance_to_where_it_rests() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Pause(us(70)))
    stage.advance(2)
    stage.say("bob", Heartbeat(False, us(72)))
    assert drift_of(stage, "bob") == us(2)


def test_who_falls_silent_or_away_has_no_drift() -> None:
    stage = playing("ann", "bob", "cat")
    for name in ("bob", "cat"):
        tell(stage, name, 0.1)
    stage.advance(1)
    stage.close("bob")
    assert (drift_of(stage, "bob"), drift_of(stage, "cat")) == (None, us(0.1))
    stage.advance(4.1)
    assert drift_of(stage, "cat") is None


def test_another_video_makes_the_drift_unknown() -> None:
    stage = playing("ann", "bob")
    tell(stage, "bob", 0.1)
    stage.advance(0.1)
    stage.say("ann", share("another"))
    assert drift_of(stage, "bob") is None


def test_a_heartbeat_on_the_wire_may_bear_a_position_and_its_moment() -> None:
    frame = b'{"code":"client-status","is_pending":false,"position":7,"at":9,"rtt":3,"buffered":1}'
    assert decode(frame) == Heartbeat(is_pending=False, position_us=7, at_us=9)
    assert decode(b'{"code":"client-status","is_pending":true}') == Heartbeat(is_pending=True)


@pytest.mark.parametrize("field", [b'"position":-1', b'"position":1.5', b'"at":"soon"'])
def test_a_heartbeat_with_a_position_that_is_none_is_refused(field: bytes) -> None:
    with pytest.raises(Malformed):
        decode(b'{"code":"client-status","is_pending":false,' + field + b"}")
