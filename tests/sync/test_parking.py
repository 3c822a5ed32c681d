"""Point 7 of the protocol: an excused 1.5 player rests at a position ahead until it can keep up."""

from bunga_cli.sync.commands import Buffering, Pause, Play, Seek
from bunga_cli.sync.events import Projected, Status
from bunga_cli.sync.policy import Policy
from tests.sync.stage import Stage, paused, share, us, waiting


def truth(stage: Stage, name: str) -> tuple[str, int]:
    """Return what a socket was last shown."""
    status = stage.heard(name, Status)[-1]
    return status.play_status, status.position_us


def parked() -> Stage:
    """Return a room in which bob was excused at 60 s and is parked ahead."""
    stage = waiting("ann", "bob")
    stage.advance(24)
    assert truth(stage, "bob")[0] == "pending"
    return stage


def test_an_excused_player_less_than_3_s_behind_sees_the_rooms_truth() -> None:
    stage = waiting("ann", "bob")
    stage.advance(22)
    assert truth(stage, "bob") == truth(stage, "ann") == ("playing", us(62))


def test_an_excused_player_3_s_behind_is_shown_one_resting_position_ahead() -> None:
    stage = parked()
    resting = truth(stage, "bob")
    assert resting[1] > stage.position_us
    stage.forget()
    stage.advance(3)
    assert {(s.play_status, s.position_us) for s in stage.heard("bob", Status)} == {resting}
    assert truth(stage, "ann") == ("playing", us(67))


def test_a_parked_player_that_is_ready_returns_when_the_room_gets_there() -> None:
    stage = parked()
    parked_at_us = truth(stage, "bob")[1]
    stage.beat("bob")
    assert truth(stage, "bob")[0] == "pending"
    stage.advance((parked_at_us - stage.position_us) / us(1) + 1)
    assert truth(stage, "bob") == truth(stage, "ann")
    assert stage.status.excused_ids == ()
    assert stage.state == "playing"


def test_a_player_that_is_not_ready_when_the_room_gets_there_is_parked_further_ahead() -> None:
    stage = parked()
    first_us = truth(stage, "bob")[1]
    stage.advance(15)
    second_us = truth(stage, "bob")[1]
    assert truth(stage, "bob")[0] == "pending"
    assert second_us > stage.position_us
    assert second_us - first_us > us(10)


def test_a_parked_player_is_still_a_watcher_and_is_named_as_excused() -> None:
    stage = parked()
    for name in ("ann", "bob"):
        status = stage.heard(name, Status)[-1]
        assert (status.watcher_ids, status.excused_ids) == (("ann", "bob"), ("bob",))


def test_a_parked_player_that_pauses_pauses_the_room_where_the_room_is() -> None:
    stage = parked()
    stage.say("bob", Pause(truth(stage, "bob")[1]))
    assert (stage.state, stage.position_us) == ("paused", us(64))
    assert truth(stage, "bob") == ("paused", us(64))


def test_a_parked_player_that_seeks_takes_the_room_along() -> None:
    stage = parked()
    stage.say("bob", Seek(us(600)))
    assert stage.position_us == us(600)
    assert truth(stage, "bob") == truth(stage, "ann") == ("playing", us(600))


def test_a_pause_and_a_seek_by_others_end_the_parking() -> None:
    for command in (Pause(us(64)), Seek(us(500))):
        stage = parked()
        stage.say("ann", command)
        assert truth(stage, "bob") == truth(stage, "ann")


def test_a_new_projection_ends_the_parking() -> None:
    stage = parked()
    stage.say("ann", share("other"))
    assert truth(stage, "bob") == truth(stage, "ann") == ("paused", 0)


def test_a_parked_player_that_reconnects_is_not_shown_the_position_it_cannot_keep_up_with() -> None:
    stage = parked()
    resting = truth(stage, "bob")
    stage.close("bob")
    stage.advance(1)
    stage.open("bob")
    stage.beat("bob", pending=True)
    stage.join("bob")
    stage.advance(1)
    shown = {(status.play_status, status.position_us) for status in stage.heard("bob", Status)}
    assert shown == {resting}
    assert stage.heard("bob", Projected)[0].position_us == resting[1]


def test_a_parked_player_that_asks_to_play_stays_parked() -> None:
    stage = parked()
    resting = truth(stage, "bob")
    stage.say("bob", Play())
    assert truth(stage, "bob") == resting


def test_an_old_player_is_not_parked() -> None:
    stage = paused("ann")
    stage.enter_old("bob")
    stage.say("ann", Play())
    stage.say("bob", Buffering(is_buffering=True))
    stage.advance(40)
    assert stage.watchers["bob"] == "excused"
    assert truth(stage, "bob") == truth(stage, "ann")
    assert truth(stage, "bob")[0] == "playing"


def test_a_parked_player_that_leaves_frees_nothing_but_itself() -> None:
    stage = parked()
    stage.leave("bob")
    assert stage.state == "playing"
    stage.advance(2)
    assert truth(stage, "bob") == truth(stage, "ann")


def test_a_joiner_that_pauses_the_room_ends_the_parking() -> None:
    stage = parked()
    stage.open("cat")
    stage.join("cat")
    stage.advance(1)
    assert truth(stage, "bob") == truth(stage, "ann") == ("paused", us(64))


def test_a_v2_player_is_taken_back_as_soon_as_it_is_ready() -> None:
    stage = Stage(Policy(max_wait_us=us(1)))
    stage.enter_modern("ann", "bob")
    stage.say("ann", share("film", 60))
    stage.ready("ann")
    stage.ready("bob")
    stage.say("ann", Play())
    stage.advance(1)
    stage.buffer("bob")
    stage.advance(6)
    assert stage.last_state("bob").parked_us is not None

    stage.beat("bob")

    assert stage.watchers["bob"] == "ready"
    assert stage.last_state("bob").parked_us is None
    assert stage.state == "playing"
