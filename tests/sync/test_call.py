"""Voice call signalling."""

import pytest

from bunga_cli.sync.commands import Call, CallAction, Talk
from bunga_cli.sync.events import CallSaid, HereAre, Refused, Talked
from tests.sync.stage import Stage

CALL, ACCEPT = Call(CallAction.CALL), Call(CallAction.ACCEPT)
REJECT, CANCEL = Call(CallAction.REJECT), Call(CallAction.CANCEL)


def ringing() -> Stage:
    """Return a room in which ann calls bob and cat."""
    stage = Stage()
    stage.enter("ann", "bob", "cat")
    stage.open("eve")
    stage.forget()
    stage.say("ann", CALL)
    return stage


def said(stage: Stage, name: str) -> list[str]:
    return [event.action.value for event in stage.heard(name, CallSaid)]


def test_a_call_rings_with_everyone() -> None:
    stage = ringing()
    for name in ("ann", "bob", "cat", "eve"):
        assert said(stage, name) == ["call"]
    assert stage.room.view(stage.now_us).call_pending


def test_a_call_alone_is_rejected_at_once() -> None:
    stage = Stage()
    stage.enter("ann")
    stage.say("ann", CALL)
    assert said(stage, "ann") == ["reject"]
    assert not stage.room.view(stage.now_us).call_pending


def test_the_first_accept_takes_the_call() -> None:
    stage = ringing()
    stage.say("bob", ACCEPT)
    assert said(stage, "eve") == ["call", "accept"]
    stage.say("cat", REJECT)
    assert said(stage, "eve") == ["call", "accept"]
    assert [refused.ref for refused in stage.heard("cat", Refused)] == ["call"]


def test_a_call_is_rejected_when_the_last_one_rejects() -> None:
    stage = ringing()
    stage.say("bob", REJECT)
    assert said(stage, "ann") == ["call"]
    stage.say("cat", REJECT)
    assert said(stage, "ann") == ["call", "reject"]


def test_a_cancelled_call_stops_ringing() -> None:
    stage = ringing()
    stage.say("ann", CANCEL)
    assert said(stage, "bob") == ["call", "cancel"]
    assert not stage.room.view(stage.now_us).call_pending


def test_a_call_into_a_pending_call_accepts_it() -> None:
    stage = ringing()
    stage.say("bob", CALL)
    assert said(stage, "ann") == ["call", "accept"]


def test_a_call_while_people_talk_accepts() -> None:
    stage = ringing()
    stage.say("bob", ACCEPT)
    stage.say("bob", Talk(talking=True))
    stage.forget()
    stage.say("cat", CALL)
    assert said(stage, "ann") == ["accept"]
    assert not stage.room.view(stage.now_us).call_pending


def test_a_caller_who_leaves_cancels_the_call() -> None:
    stage = ringing()
    stage.leave("ann")
    assert said(stage, "bob") == ["call", "cancel"]


def test_a_callee_who_leaves_counts_as_a_reject() -> None:
    stage = ringing()
    stage.say("bob", REJECT)
    stage.leave("cat")
    assert said(stage, "ann") == ["call", "reject"]


def test_a_caller_whose_grace_is_over_cancels_the_call() -> None:
    stage = ringing()
    stage.close("ann")
    stage.advance(19)
    assert said(stage, "bob") == ["call"]
    stage.advance(1)
    assert said(stage, "bob") == ["call", "cancel"]


def test_callees_whose_grace_is_over_count_as_rejects() -> None:
    stage = ringing()
    stage.close("bob")
    stage.close("cat")
    stage.advance(20)
    assert said(stage, "ann") == ["call", "reject"]


def test_a_new_watcher_is_not_rung() -> None:
    stage = ringing()
    stage.enter("dan")
    stage.say("bob", REJECT)
    stage.say("cat", REJECT)
    assert said(stage, "ann")[-1] == "reject"


@pytest.mark.parametrize("command", [ACCEPT, REJECT, CANCEL], ids=lambda call: call.action)
def test_answering_no_call_is_refused(command: Call) -> None:
    stage = Stage()
    stage.enter("ann", "bob")
    stage.say("bob", command)
    assert said(stage, "ann") == []
    assert [refused.reason for refused in stage.heard("bob", Refused)] == ["no-call"]


def test_talking_is_told_to_all_and_shown_to_joiners() -> None:
    stage = ringing()
    stage.say("bob", Talk(talking=True))
    assert [talked.talking for talked in stage.heard("ann", Talked)] == [True]
    assert len(stage.heard("bob", Talked)) == 1
    stage.enter("dan")
    assert stage.heard("dan", HereAre)[0].talking == ("bob",)
    stage.say("bob", Talk(talking=False))
    assert stage.room.view(stage.now_us).talking == ()


def test_someone_who_leaves_stops_talking() -> None:
    stage = ringing()
    stage.say("bob", Talk(talking=True))
    stage.leave("bob")
    assert stage.room.view(stage.now_us).talking == ()


def test_someone_who_blinks_goes_on_talking() -> None:
    stage = ringing()
    stage.say("bob", Talk(talking=True))
    stage.close("bob")
    stage.advance(5)
    stage.open("bob")
    assert stage.room.view(stage.now_us).talking == ("bob",)


def test_a_call_does_not_ring_those_whose_connection_is_lost() -> None:
    stage = Stage()
    stage.enter("ann", "bob")
    stage.close("bob")
    stage.say("ann", CALL)
    assert said(stage, "ann") == ["reject"]
