from bunga_cli.sync.commands import Bye, Play
from bunga_cli.sync.effects import SaveProgress
from bunga_cli.sync.events import Left, PlayAt
from tests.sync.stage import Stage, paused, playing, share, us


def test_a_bye_is_told_to_the_rest_and_the_room_plays_on() -> None:
    stage = playing("ann", "bob")
    stage.leave("bob")
    assert [left.user.id for left in stage.heard("ann", Left)] == ["bob"]
    assert stage.state == "playing"
    assert list(stage.watchers) == ["ann"]


def test_the_last_watcher_leaving_pauses_the_room_where_it_was_and_saves_that() -> None:
    stage = playing("ann")
    stage.open("eve")
    stage.advance(4)
    stage.forget()
    stage.leave("ann")
    stage.advance(10)
    assert stage.state == "paused"
    assert stage.position_us == us(64)
    assert stage.saved == [SaveProgress("film", us(64))]
    assert stage.heard("eve", PlayAt) == [PlayAt(is_play=False, position_us=us(64))]


def test_a_bye_of_a_stranger_is_silent() -> None:
    stage = playing("ann")
    stage.open("eve")
    stage.forget()
    stage.say("eve", Bye())
    assert stage.effects == []


def test_one_who_left_and_joins_again_is_new() -> None:
    stage = playing("ann", "bob")
    stage.leave("bob")
    stage.join("bob")
    assert stage.state == "paused"


def test_the_bye_of_a_lost_watcher_whose_socket_lives_is_a_leave_at_once() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(7)
    assert stage.watchers["bob"] == "away"
    stage.forget()
    stage.say("bob", Bye())
    assert list(stage.watchers) == ["ann"]
    assert [left.user.id for left in stage.heard("ann", Left)] == ["bob"]


def test_the_bye_of_a_lost_buffering_watcher_does_not_make_the_room_flicker() -> None:
    stage = playing("ann", "bob")
    stage.buffer("bob")
    stage.fall_silent("bob")
    stage.advance(6)
    assert stage.state == "playing"
    stage.forget()
    stage.say("bob", Bye())
    assert stage.heard("ann", PlayAt) == []


def test_a_bye_after_the_grace_is_silent() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(26)
    stage.forget()
    stage.say("bob", Bye())
    assert stage.effects == []


def test_leaving_a_paused_room_changes_nothing_but_who_is_there() -> None:
    stage = paused("ann", "bob")
    stage.leave("bob")
    assert stage.state == "paused"
    assert stage.position_us == us(60)
    assert list(stage.watchers) == ["ann"]


def test_two_who_flap_with_byes_and_joins_leave_a_room_that_still_works() -> None:
    stage = Stage()
    stage.enter("ann", sharing=share("film"))
    for _ in range(20):
        stage.enter("bob")
        stage.leave("bob")
        stage.close("bob")
        stage.advance(0.1)
    stage.say("ann", Play())
    assert stage.state == "playing"
    assert list(stage.watchers) == ["ann"]
