import pytest

from bunga_cli.sync.commands import Pause, Play, Seek
from bunga_cli.sync.effects import SaveProgress
from bunga_cli.sync.events import Paused, PlayAt, Refused, Status
from tests.sync.stage import Stage, playing, share, us, waiting


def test_pause_stops_the_room_at_the_position_given() -> None:
    stage = playing("ann", "bob")
    stage.advance(5)
    stage.say("ann", Pause(us(64.8)))
    stage.advance(3)
    assert stage.state == "paused"
    assert stage.position_us == us(64.8)


def test_pause_is_forwarded_with_the_resulting_position() -> None:
    stage = playing("ann", "bob")
    stage.advance(5)
    stage.say("ann", Pause(None))
    assert [(p.user.id, p.position_us) for p in stage.heard("bob", Paused)] == [("ann", us(65))]


def test_the_one_who_paused_gets_no_play_at_but_a_status() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Pause(us(61)))
    assert stage.heard("ann", PlayAt) == []
    assert stage.heard("bob", PlayAt) == [PlayAt(is_play=False, position_us=us(61))]
    assert stage.heard("ann", Status)[-1].play_status == "paused"


def test_a_pause_without_a_position_keeps_the_rooms() -> None:
    stage = playing("ann")
    stage.advance(2.5)
    stage.say("ann", Pause())
    assert stage.position_us == us(62.5)


@pytest.mark.parametrize(
    ("room_s", "result_s"), [(0.5, 0), (10, 0), (10.000001, 10.000001), (3600, 3600)]
)
def test_a_pause_at_0_counts_only_within_10_s_of_0(room_s: float, result_s: float) -> None:
    stage = playing("ann")
    stage.say("ann", Pause(us(room_s)))
    stage.say("ann", Pause(0))
    assert stage.position_us == us(result_s)


def test_a_pause_while_paused_sets_the_position_and_is_told() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Pause(us(61)))
    stage.forget()
    stage.say("bob", Pause(us(30)))
    assert stage.position_us == us(30)
    assert stage.heard("ann", PlayAt) == [PlayAt(is_play=False, position_us=us(30))]


def test_a_pause_ends_waiting() -> None:
    stage = waiting("ann", "bob")
    stage.say("ann", Pause(us(60)))
    assert stage.state == "paused"
    stage.beat("bob")
    assert stage.state == "paused"


def test_a_pause_ends_seeking() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Seek(us(100)))
    stage.say("bob", Pause(us(101)))
    stage.advance(5)
    assert stage.state == "paused"
    assert stage.position_us == us(101)


def test_a_pause_saves_the_progress() -> None:
    stage = playing("ann")
    stage.say("ann", Pause(us(75)))
    assert stage.saved == [SaveProgress("film", us(75))]


def test_a_second_pause_at_the_same_place_saves_nothing_again() -> None:
    stage = playing("ann")
    stage.say("ann", Pause(us(75)))
    stage.say("ann", Pause(us(75)))
    assert len(stage.saved) == 1


def test_a_pause_without_a_projection_is_refused() -> None:
    stage = Stage()
    stage.enter("ann")
    stage.say("ann", Pause(us(5)))
    assert [r.reason for r in stage.heard("ann", Refused)] == ["no-projection"]
    assert stage.position_us == 0


def test_a_buffering_watcher_may_pause() -> None:
    stage = waiting("ann", "bob")
    stage.say("bob", Pause(us(59)))
    assert stage.position_us == us(59)
    assert [p.user.id for p in stage.heard("ann", Paused)] == ["bob"]


def test_a_play_after_a_pause_at_0_starts_at_0() -> None:
    stage = Stage()
    stage.enter("ann", sharing=share("film"))
    stage.say("ann", Pause(0))
    stage.say("ann", Play())
    stage.advance(1)
    assert stage.position_us == us(1)
