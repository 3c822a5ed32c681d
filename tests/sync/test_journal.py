"""What those are told who come back: all that they missed, if it is still known."""

import json

from bunga_cli.sync.commands import Bye, Join, Say
from bunga_cli.sync.events import HereAre, Joined, Projected, Said, State
from bunga_cli.sync.journal import KEPT_BYTES, KEPT_MOST
from tests.sync.stage import Stage, share, us, user


def with_two() -> Stage:
    """Return a room with two v2 players, who have said nothing yet."""
    stage = Stage()
    stage.enter_modern("ann", "bob")
    stage.say("ann", share("film", 60))
    for name in ("ann", "bob"):
        stage.ready(name)
    stage.forget()
    return stage


def remark(text: str) -> Say:
    return Say("danmaku", (("message", text),))


def come_back(
    stage: Stage, name: str, seq: int, journal: str | None = None, account: str | None = None
) -> list[str]:
    """Open a socket and join again; return what was said meanwhile, as that socket is told."""
    stage.open(name, account, is_v2=True)
    named = stage.room.journal.name if journal is None else journal
    stage.forget()
    stage.say(name, Join(user(account or name), None, named, seq))
    return [dict(said.fields)["message"] for said in stage.heard(name, Said)]  # type: ignore[misc]


def was_replayed(stage: Stage, name: str) -> bool:
    return stage.heard(name, HereAre)[-1].is_replayed


def test_what_the_whole_room_is_told_is_numbered() -> None:
    stage = with_two()
    for text in ("one", "two"):
        stage.say("ann", remark(text))

    numbers = [tell.seq for _, tell in stage.told("bob") if isinstance(tell.event, Said)]
    assert numbers[1] == numbers[0] + 1
    stage.ready("ann")
    stage.advance(1)
    assert stage.last_state("bob").seq == numbers[1]


def test_chatter_makes_no_new_revision() -> None:
    stage = with_two()
    stage.say("ann", remark("one"))

    assert not stage.heard("bob", State)


def test_who_comes_back_is_told_what_it_missed() -> None:
    stage = with_two()
    stage.say("ann", remark("one"))
    heard = stage.told("bob")[-1][1].seq
    stage.close("bob")
    stage.say("ann", remark("two"))
    stage.say("ann", remark("three"))

    assert come_back(stage, "bob", heard) == ["two", "three"]
    assert was_replayed(stage, "bob")
    kinds = [type(tell.event) for _, tell in stage.told("bob")]
    assert kinds.index(HereAre) < kinds.index(Said) < kinds.index(State)
    numbers = [tell.seq for _, tell in stage.told("bob") if isinstance(tell.event, Said)]
    assert numbers == [heard + 1, heard + 2]


def test_nobody_else_hears_it_again() -> None:
    stage = with_two()
    heard = stage.room.journal.seq
    stage.close("bob")
    stage.say("ann", remark("two"))
    come_back(stage, "bob", heard)

    assert not stage.heard("ann", Said)


def test_who_missed_nothing_is_told_so() -> None:
    stage = with_two()
    stage.close("bob")

    assert come_back(stage, "bob", stage.room.journal.seq) == []
    assert was_replayed(stage, "bob")


def test_its_own_return_is_no_news_to_it() -> None:
    stage = with_two()
    heard = stage.room.journal.seq
    stage.say("bob", Bye())
    stage.say("bob", Join(user("bob")))
    stage.close("bob")
    stage.forget()

    come_back(stage, "bob", heard)

    assert not [event for event in stage.heard("bob", Joined) if event.user.id == "bob"]


def test_what_is_two_minutes_old_is_forgotten() -> None:
    stage = with_two()
    heard = stage.room.journal.seq
    stage.close("bob")
    stage.say("ann", remark("two"))
    stage.advance(121)

    assert come_back(stage, "bob", heard) == []
    assert not was_replayed(stage, "bob")


def test_what_two_minutes_old_news_came_before_is_still_told() -> None:
    stage = with_two()
    stage.say("ann", remark("one"))
    stage.advance(130)
    heard = stage.room.journal.seq
    stage.close("bob")
    stage.say("ann", remark("two"))

    assert come_back(stage, "bob", heard) == ["two"]


def test_no_more_is_kept_than_is_said() -> None:
    stage = with_two()
    heard = stage.room.journal.seq
    stage.close("bob")
    for number in range(KEPT_MOST + 1):
        stage.say("ann", remark(str(number)))

    assert come_back(stage, "bob", heard) == []
    assert not was_replayed(stage, "bob")


def test_no_more_bytes_are_kept_than_one_connection_may_be_sent_at_once() -> None:
    stage = with_two()
    heard = stage.room.journal.seq
    stage.close("bob")
    for _ in range(KEPT_MOST):
        stage.say("ann", remark("\x01" * 2000))

    assert come_back(stage, "bob", heard) == []
    assert not was_replayed(stage, "bob")
    kept = come_back(stage, "bob", stage.room.journal.seq - 40)
    assert was_replayed(stage, "bob")
    assert len(kept) == 40
    on_the_wire = sum(len(json.dumps(text)) for text in kept)
    assert KEPT_BYTES * 0.8 < on_the_wire < KEPT_BYTES


def test_records_are_counted_in_bytes_as_well() -> None:
    stage = with_two()
    heard = stage.room.journal.seq
    stage.close("bob")
    for number in range(20):
        stage.say("ann", share(str(number) + "x" * 8000))
    come_back(stage, "bob", heard)

    assert not was_replayed(stage, "bob")
    come_back(stage, "bob", stage.room.journal.seq - 3)
    assert was_replayed(stage, "bob")
    assert len(stage.heard("bob", Projected)) == 3 + 1  # what is on now is told in any case


def test_what_is_too_old_takes_no_more_room_when_something_is_said() -> None:
    stage = with_two()
    for _ in range(50):
        stage.say("ann", remark("\x01" * 1500))
    stage.advance(121)
    heard = stage.room.journal.seq
    for _ in range(40):
        stage.say("ann", remark("\x01" * 2000))

    assert len(come_back(stage, "bob 2", heard, account="bob")) == 40


def test_a_socket_is_told_once_what_it_missed() -> None:
    stage = with_two()
    heard = stage.room.journal.seq
    stage.close("bob")
    stage.say("ann", remark("one"))
    assert come_back(stage, "bob", heard) == ["one"]
    stage.forget()

    stage.say("bob", Join(user("bob"), None, stage.room.journal.name, heard))
    assert not stage.heard("bob", Said)
    assert not was_replayed(stage, "bob")


def test_1_5_is_not_told_what_it_cannot_have_asked_for() -> None:
    stage = with_two()
    heard = stage.room.journal.seq
    stage.say("ann", remark("one"))
    stage.open("cid")
    stage.forget()
    stage.say("cid", Join(user("cid"), None, stage.room.journal.name, heard))

    assert not stage.heard("cid", Said)


def test_numbers_of_another_room_mean_nothing() -> None:
    stage = with_two()
    stage.say("ann", remark("one"))

    assert come_back(stage, "bob", stage.room.journal.seq - 1, journal="3") == []
    assert not was_replayed(stage, "bob")


def test_a_number_that_was_never_told_means_nothing() -> None:
    stage = with_two()

    assert come_back(stage, "bob", stage.room.journal.seq + 5) == []
    assert not was_replayed(stage, "bob")


def test_rooms_without_v2_keep_nothing() -> None:
    stage = Stage()
    stage.enter("ann")
    stage.say("ann", remark("one"))

    assert stage.room.journal.since(us(1000), stage.now_us) == []
    assert stage.heard("ann", HereAre)[0].journal is None
    assert {tell.seq for _, tell in stage.told("ann")} == {0}
