import pytest

from bunga_cli.sync.commands import Finish, Pause, Play, Seek
from bunga_cli.sync.effects import SaveProgress
from bunga_cli.sync.events import PlayAt, Refused, Status
from tests.sync.stage import Stage, playing, share, us, waiting


def near_the_end(*names: str) -> Stage:
    """Return a room that plays, long after its record was projected."""
    stage = playing(*names)
    stage.advance(60)
    stage.forget()
    return stage


def test_the_end_pauses_the_room_at_0_and_forgets_the_progress() -> None:
    stage = near_the_end("ann", "bob")
    stage.say("ann", Pause(us(120)))
    stage.say("ann", Play())
    stage.say("ann", Finish())
    assert (stage.state, stage.position_us) == ("paused", 0)
    assert stage.saved[-1] == SaveProgress("film", 0)
    for name in ("ann", "bob"):
        assert stage.heard(name, PlayAt)[-1] == PlayAt(is_play=False, position_us=0)
        assert stage.heard(name, Status)[-1].position_us == 0


def test_the_others_who_finish_late_do_not_disturb_the_next_play() -> None:
    stage = near_the_end("ann", "bob")
    stage.say("ann", Finish())
    stage.advance(2)
    stage.say("ann", Play())
    stage.advance(3)
    stage.say("bob", Finish())
    assert (stage.state, stage.position_us) == ("playing", us(3))
    assert [refused.ref for refused in stage.heard("bob", Refused)] == ["play-finished"]


def test_the_end_of_one_that_nobody_waits_for_does_not_count() -> None:
    stage = waiting("ann", "bob")
    stage.advance(24)
    assert stage.watchers["bob"] == "excused"
    stage.say("bob", Finish())
    assert stage.state == "playing"
    assert [refused.reason for refused in stage.heard("bob", Refused)] == ["still-loading"]


def test_the_end_of_the_last_one_who_is_left_counts() -> None:
    stage = waiting("ann", "bob")
    stage.advance(24)
    stage.leave("ann")
    stage.beat("bob")
    assert (stage.state, stage.watchers["bob"]) == ("playing", "ready")
    stage.say("bob", Finish())
    assert (stage.state, stage.position_us) == ("paused", 0)


def test_an_end_in_a_paused_room_does_not_count() -> None:
    stage = near_the_end("ann")
    stage.say("ann", Pause(us(100)))
    stage.say("ann", Finish())
    assert stage.position_us == us(100)


@pytest.mark.parametrize(("after_s", "counts"), [(9.999, False), (10, True)])
def test_an_end_within_10_s_of_a_projection_does_not_count(after_s: float, counts: bool) -> None:
    stage = playing("ann")
    stage.say("ann", share("other", 100))
    stage.say("ann", Play())
    stage.advance(after_s)
    stage.say("ann", Finish())
    assert (stage.position_us == 0) is counts


@pytest.mark.parametrize(("after_s", "counts"), [(9.999, False), (10, True)])
def test_an_end_within_10_s_of_another_does_not_count(after_s: float, counts: bool) -> None:
    stage = near_the_end("ann")
    stage.say("ann", Finish())
    stage.say("ann", Play())
    stage.advance(after_s)
    stage.say("ann", Finish())
    assert (stage.state == "paused") is counts


def test_a_refused_end_does_not_prolong_the_10_s() -> None:
    stage = playing("ann")
    for _ in range(4):
        stage.advance(3)
        stage.say("ann", Finish())
    assert (stage.state, stage.position_us) == ("paused", 0)


def test_an_end_counts_while_waiting_and_while_seeking() -> None:
    stage = waiting("ann", "bob")
    stage.advance(15)
    stage.say("ann", Finish())
    assert stage.state == "paused"
    stage = near_the_end("ann", "bob")
    stage.say("ann", Seek(us(999)))
    stage.say("ann", Finish())
    stage.advance(5)
    assert (stage.state, stage.position_us) == ("paused", 0)


def test_a_record_that_ended_begins_at_the_position_sent_when_projected_again() -> None:
    stage = near_the_end("ann")
    stage.say("ann", Finish())
    stage.say("ann", share("other"))
    stage.say("ann", share("film", 5))
    assert stage.position_us == us(5)
