import pytest

from bunga_cli.sync.commands import Heartbeat, Join, Pause, Play, Seek
from bunga_cli.sync.events import PlayAt, ReadinessChanged, Refused, Sought, Status
from bunga_cli.sync.values import User
from tests.sync.stage import Stage, paused, playing, us, waiting


def test_a_seek_while_paused_sets_the_position_and_stays_paused() -> None:
    stage = paused("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.advance(5)
    assert stage.state == "paused"
    assert stage.position_us == us(300)


def test_everyone_is_told_a_seek_at_once_but_the_seeker_gets_no_play_at() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))
    for name in ("ann", "bob"):
        assert stage.heard(name, Sought)[0].position_us == us(300)
        assert stage.heard(name, Status)[0].position_us == us(300)
    assert stage.heard("ann", PlayAt) == []
    assert stage.heard("bob", PlayAt) == [PlayAt(is_play=True, position_us=us(300))]


def test_the_timeline_runs_during_seeking_while_all_are_ready() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))
    assert stage.state == "seeking"
    assert stage.status.play_status == "playing"
    stage.advance(1.5)
    assert stage.position_us == us(301.5)


def test_the_timeline_rests_during_seeking_while_someone_buffers() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.advance(0.5)
    stage.buffer("bob")
    assert stage.state == "seeking"
    assert stage.status.play_status == "pending"
    stage.advance(0.7)
    stage.beat("bob")
    stage.advance(0.3)
    assert stage.state == "seeking"
    assert stage.position_us == us(300.8)


def test_when_the_cooldown_is_over_a_forced_sync_goes_to_everyone() -> None:
    stage = playing("ann", "bob")
    stage.advance(0.3)
    stage.say("ann", Seek(us(300)))
    stage.advance(1.99)
    assert stage.state == "seeking"
    stage.forget()
    stage.advance(0.01)
    assert stage.state == "playing"
    for name in ("ann", "bob"):
        assert stage.heard(name, PlayAt) == [PlayAt(is_play=True, position_us=us(302))]
        assert stage.heard(name, Status)[0].position_us == us(302)


def test_the_room_waits_after_the_cooldown_if_someone_still_buffers() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.buffer("bob")
    stage.advance(2)
    assert stage.state == "waiting"
    assert stage.heard("ann", PlayAt)[-1] == PlayAt(is_play=False, position_us=us(300))


def test_every_further_seek_restarts_the_cooldown() -> None:
    stage = playing("ann", "bob")
    for position_s in (300, 400, 500):
        stage.say("ann", Seek(us(position_s)))
        stage.advance(1.9)
    assert stage.state == "seeking"
    stage.advance(0.1)
    assert stage.state == "playing"
    assert stage.position_us == us(502)


def test_a_seek_while_waiting_leads_to_seeking() -> None:
    stage = waiting("ann", "bob")
    stage.say("ann", Seek(us(90)))
    assert stage.state == "seeking"
    assert stage.status.play_status == "pending"


def test_play_while_seeking_repeats_the_truth_and_does_not_restart_the_cooldown() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.advance(1)
    stage.forget()
    stage.say("bob", Play())
    assert stage.state == "seeking"
    assert stage.heard("ann", PlayAt) == [PlayAt(is_play=True, position_us=us(301))]
    stage.advance(1)
    assert stage.state == "playing"


def test_a_joiner_during_seeking_cancels_the_cooldown() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.open("cat")
    stage.join("cat")
    stage.advance(5)
    assert stage.state == "paused"
    assert stage.position_us == us(300)


def test_flips_of_readiness_during_the_cooldown_are_no_play_at_for_the_old_players() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.forget()
    for _ in range(3):
        stage.say("bob", Heartbeat(is_pending=True))
        stage.say("bob", Heartbeat(is_pending=False))
    assert stage.heard("ann", PlayAt) == []
    assert len(stage.heard("ann", ReadinessChanged)) == 6
    assert [s.play_status for s in stage.heard("ann", Status)] == ["pending", "playing"] * 3


def test_a_seek_without_a_projection_is_refused() -> None:
    stage = Stage()
    stage.enter("ann")
    stage.say("ann", Seek(us(5)))
    assert [r.reason for r in stage.heard("ann", Refused)] == ["no-projection"]
    assert stage.position_us == 0


@pytest.mark.parametrize("position_us", [0, 1, 3_600_000_000_000])
def test_a_seek_goes_where_it_says_also_to_0(position_us: int) -> None:
    stage = playing("ann")
    stage.say("ann", Seek(position_us))
    assert stage.position_us == position_us


def test_a_seek_backwards_is_obeyed_when_it_comes_from_a_buffering_watcher() -> None:
    stage = waiting("ann", "bob")
    stage.say("bob", Seek(us(10)))
    assert stage.position_us == us(10)


def test_the_last_watcher_leaving_during_seeking_pauses_the_room_for_good() -> None:
    stage = playing("ann")
    stage.say("ann", Seek(us(300)))
    stage.advance(1)
    stage.leave("ann")
    stage.advance(5)
    assert stage.state == "paused"
    assert stage.position_us == us(301)


def test_a_pause_right_after_a_seek_by_another_wins() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.say("bob", Pause(us(60.2)))
    assert stage.position_us == us(60.2)
    assert stage.state == "paused"


def test_a_second_seek_while_a_rename_arrives_keeps_the_cooldown() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(300)))
    stage.say("bob", Join(User("bob", "Robert", 7)))
    assert stage.state == "seeking"
