"""Point 4 of the protocol: who acts without having joined."""

import pytest

from bunga_cli.sync.commands import (
    Buffering,
    Bye,
    Call,
    CallAction,
    Command,
    Finish,
    Heartbeat,
    Pause,
    Play,
    Say,
    Seek,
    Talk,
)
from bunga_cli.sync.events import Refused, WhoAreYou
from tests.sync.stage import playing, share, us

ACTS: list[Command] = [
    Buffering(is_buffering=False),
    Play(),
    Pause(us(5)),
    Seek(us(5)),
    Finish(),
    share("other"),
    Call(CallAction.CALL),
    Talk(talking=True),
    Say("danmaku", (("message", "hi"),)),
]


@pytest.mark.parametrize("command", ACTS, ids=lambda command: command.code)
def test_a_stranger_that_acts_is_asked_who_it_is_and_nothing_happens(command: Command) -> None:
    stage = playing("ann")
    stage.open("eve")
    stage.forget()
    stage.say("eve", command)
    assert [type(event) for event in stage.heard_all("eve")] == [WhoAreYou]
    assert stage.heard_all("ann") == []
    assert (stage.state, stage.position_us) == ("playing", us(60))
    assert list(stage.watchers) == ["ann"]


@pytest.mark.parametrize("command", ACTS, ids=lambda command: command.code)
def test_one_who_said_bye_and_acts_gets_an_answer_and_nothing_happens(command: Command) -> None:
    stage = playing("ann", "bob")
    stage.leave("bob")
    stage.forget()
    stage.say("bob", command)
    [answer] = stage.heard_all("bob")
    assert isinstance(answer, WhoAreYou | Refused)
    assert stage.heard_all("ann") == []


def test_heartbeats_before_a_join_are_let_be_for_10_s() -> None:
    stage = playing("ann")
    stage.open("eve")
    stage.beat("eve", pending=True)
    stage.advance(9.5)
    assert stage.heard("eve", WhoAreYou) == []
    stage.advance(0.5)
    assert len(stage.heard("eve", WhoAreYou)) == 1


def test_a_stranger_that_goes_on_beating_is_not_asked_every_second() -> None:
    stage = playing("ann")
    stage.open("eve")
    stage.beat("eve")
    stage.advance(35)
    assert len(stage.heard("eve", WhoAreYou)) == 3


def test_heartbeats_trailing_a_bye_are_never_answered_within_5_s() -> None:
    stage = playing("ann", "bob")
    stage.leave("bob")
    stage.beat("bob")
    stage.advance(4.9)
    assert stage.heard("bob", WhoAreYou) == []


def test_the_10_s_begin_anew_after_a_bye() -> None:
    stage = playing("ann", "bob")
    stage.leave("bob")
    stage.beat("bob")
    stage.advance(9)
    assert stage.heard("bob", WhoAreYou) == []
    stage.advance(1)
    assert len(stage.heard("bob", WhoAreYou)) == 1


def test_one_whom_the_room_removed_is_asked_at_its_first_heartbeat() -> None:
    stage = playing("ann", "bob")
    stage.close("bob")
    stage.advance(30)
    stage.open("bob")
    stage.say("bob", Heartbeat(is_pending=False))
    assert len(stage.heard("bob", WhoAreYou)) == 1


def test_one_whom_the_room_removed_is_not_asked_right_after_its_bye() -> None:
    stage = playing("ann", "bob")
    stage.fall_silent("bob")
    stage.advance(30)
    stage.say("bob", Bye())
    stage.say("bob", Heartbeat(is_pending=False))
    assert stage.heard("bob", WhoAreYou) == []


def test_a_strangers_heartbeats_do_not_count_for_the_room() -> None:
    stage = playing("ann")
    stage.open("eve")
    stage.beat("eve", pending=True)
    stage.advance(1)
    assert stage.state == "playing"
    assert stage.status.watcher_ids == ("ann",)
