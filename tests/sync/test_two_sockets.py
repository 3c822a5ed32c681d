"""Point 12 of the protocol: one account, several sockets."""

from bunga_cli.sync.commands import Bye, Play, Seek, WhatsOn
from bunga_cli.sync.events import (
    HereAre,
    Joined,
    Left,
    NowPlaying,
    PlayAt,
    ReadinessChanged,
    Refused,
    Sought,
)
from tests.sync.stage import Stage, paused, us


def room_with_two_of_bob() -> Stage:
    """Return a room that plays for ann and for bob, who is there on a phone and on a laptop."""
    stage = paused("ann")
    for name in ("phone", "laptop"):
        stage.open(name, "bob")
        stage.join(name)
        stage.beat(name)
    stage.say("ann", Play())
    stage.forget()
    return stage


def test_both_sockets_hear_the_room() -> None:
    stage = room_with_two_of_bob()
    stage.say("ann", Seek(us(90)))
    assert len(stage.heard("phone", Sought)) == len(stage.heard("laptop", Sought)) == 1


def test_a_direct_answer_goes_to_the_socket_that_asked() -> None:
    stage = room_with_two_of_bob()
    stage.say("phone", WhatsOn())
    assert len(stage.heard("phone", NowPlaying)) == 1
    assert stage.heard("laptop", NowPlaying) == []


def test_the_other_socket_of_a_seeker_gets_a_play_at() -> None:
    stage = room_with_two_of_bob()
    stage.say("phone", Seek(us(90)))
    assert stage.heard("phone", PlayAt) == []
    assert len(stage.heard("laptop", PlayAt)) == 1


def test_the_watcher_is_ready_when_all_its_sockets_are() -> None:
    stage = room_with_two_of_bob()
    stage.buffer("phone")
    assert stage.state == "waiting"
    stage.buffer("laptop")
    stage.beat("phone")
    assert stage.state == "waiting"
    stage.beat("laptop")
    assert stage.state == "playing"


def test_a_second_socket_that_joins_is_no_news_and_does_not_pause() -> None:
    stage = room_with_two_of_bob()
    stage.open("tablet", "bob")
    stage.join("tablet")
    assert stage.heard("ann", Joined) == []
    assert stage.state == "playing"
    assert len(stage.heard("tablet", HereAre)) == 1


def test_a_second_socket_that_loads_is_waited_for_once_it_says_so() -> None:
    stage = room_with_two_of_bob()
    stage.open("tablet", "bob")
    stage.join("tablet")
    stage.beat("tablet", pending=True)
    assert stage.waiting_for == ["bob"]


def test_bye_on_one_socket_leaves_with_that_one_only() -> None:
    stage = room_with_two_of_bob()
    stage.leave("phone")
    assert stage.watchers == {"ann": "ready", "bob": "ready"}
    assert stage.heard("ann", Left) == []
    stage.leave("laptop")
    assert [left.user.id for left in stage.heard("ann", Left)] == ["bob"]


def test_bye_on_the_buffering_socket_lets_the_room_play_and_the_others_hear_of_it() -> None:
    stage = room_with_two_of_bob()
    stage.buffer("phone")
    stage.leave("phone")
    assert stage.state == "playing"
    assert [change.is_buffering for change in stage.heard("ann", ReadinessChanged)] == [True, False]


def test_losing_the_buffering_socket_lets_the_room_play_and_the_others_hear_of_it() -> None:
    stage = room_with_two_of_bob()
    stage.buffer("phone")
    stage.close("phone")
    assert stage.state == "playing"
    assert [change.is_buffering for change in stage.heard("ann", ReadinessChanged)] == [True, False]


def test_a_silent_buffering_socket_is_lost_alone() -> None:
    stage = room_with_two_of_bob()
    stage.buffer("phone")
    stage.fall_silent("phone")
    stage.advance(5)
    assert stage.state == "playing"
    assert stage.watchers["bob"] == "ready"
    assert [change.is_buffering for change in stage.heard("ann", ReadinessChanged)] == [True, False]


def test_a_silent_socket_that_speaks_again_does_not_make_the_room_flicker() -> None:
    stage = room_with_two_of_bob()
    stage.fall_silent("phone")
    stage.advance(10)
    stage.forget()
    stage.beat("phone")
    assert stage.effects == []


def test_the_grace_begins_with_the_loss_of_the_last_socket() -> None:
    stage = room_with_two_of_bob()
    stage.close("phone")
    stage.advance(25)
    assert stage.watchers["bob"] == "ready"
    stage.close("laptop")
    stage.advance(19)
    assert stage.watchers["bob"] == "away"
    stage.advance(1)
    assert "bob" not in stage.watchers


def test_a_socket_that_did_not_join_says_bye_for_itself_alone() -> None:
    stage = room_with_two_of_bob()
    stage.open("tablet", "bob")
    stage.say("tablet", Bye())
    assert stage.heard_all("tablet") == []
    assert stage.watchers["bob"] == "ready"


def test_sockets_may_close_in_any_order_and_be_replaced_meanwhile() -> None:
    stage = room_with_two_of_bob()
    stage.close("laptop")
    stage.open("tablet", "bob")
    stage.close("phone")
    stage.join("tablet")
    stage.beat("tablet")
    stage.close("tablet")
    stage.open("phone", "bob")
    stage.beat("phone")
    stage.advance(60)
    assert stage.watchers["bob"] == "ready"
    assert stage.heard("ann", Left) == []
    assert stage.heard("ann", Joined) == []


def test_a_refusal_goes_to_one_socket_only() -> None:
    stage = Stage()
    for name in ("phone", "laptop"):
        stage.open(name, "bob")
        stage.join(name)
    stage.say("phone", Play())
    assert len(stage.heard("phone", Refused)) == 1
    assert stage.heard("laptop", Refused) == []
