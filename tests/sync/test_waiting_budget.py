"""Nobody can hold the room for ever: 20 s in any rolling minute, then excused."""

from collections import deque
from collections.abc import Iterator

import pytest

from bunga_cli.sync.commands import Heartbeat, Pause, Play, Seek
from bunga_cli.sync.events import Left, PlayAt
from bunga_cli.sync.readiness import WaitLedger
from tests.sync.stage import Stage, playing, share, us, waiting


def excusing(*names: str) -> Stage:
    """Return a room that plays on without the last of `names`, excused just now."""
    stage = waiting(*names)
    stage.advance(20)
    assert stage.watchers[names[-1]] == "excused"
    stage.forget()
    return stage


def test_a_watcher_that_buffers_for_20_s_is_excused_and_the_room_plays_on() -> None:
    stage = waiting("ann", "bob")
    stage.advance(19.999)
    assert stage.state == "waiting"
    stage.advance(0.001)
    assert stage.state == "playing"
    assert stage.watchers["bob"] == "excused"
    assert stage.status.excused_ids == ("bob",)


def test_waiting_names_who_is_waited_for() -> None:
    stage = waiting("ann", "bob", "cat")
    stage.advance(1)
    assert stage.waiting_for == ["cat"]
    assert stage.status.waiting_for == ("cat",)
    assert stage.status.ready_ids == ("ann", "bob")


def test_each_one_waited_for_is_named_with_its_own_time() -> None:
    stage = playing("ann", "bob", "cat")
    stage.buffer("bob")
    stage.advance(7)
    stage.buffer("cat")
    stage.advance(2)
    waited = {waiting.id: waiting.for_us for waiting in stage.room.view(stage.now_us).waiting_for}
    assert waited == {"bob": us(9), "cat": us(2)}


def test_the_budget_is_spent_in_pieces() -> None:
    stage = playing("ann", "bob")
    for _ in range(3):
        stage.buffer("bob")
        stage.advance(6)
        stage.beat("bob")
        stage.advance(4)
    stage.buffer("bob")
    stage.advance(1.999)
    assert stage.state == "waiting"
    stage.advance(0.001)
    assert stage.state == "playing"


def test_the_budget_comes_back_as_the_minute_rolls_on() -> None:
    stage = playing("ann", "bob")
    stage.buffer("bob")
    stage.advance(19)
    stage.beat("bob")
    stage.advance(60)
    stage.buffer("bob")
    stage.advance(19)
    assert stage.state == "waiting"


def test_each_watcher_has_a_budget_of_its_own() -> None:
    stage = playing("ann", "bob", "cat")
    stage.buffer("bob")
    stage.advance(10)
    stage.buffer("cat")
    stage.advance(10)
    assert stage.watchers == {"ann": "ready", "bob": "excused", "cat": "buffering"}
    stage.advance(10)
    assert stage.state == "playing"


def test_buffering_in_a_paused_room_costs_nothing() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Pause(us(60)))
    stage.buffer("bob")
    stage.advance(100)
    stage.say("ann", Play())
    stage.advance(19)
    assert stage.watchers["bob"] == "buffering"


def test_an_excused_watcher_is_taken_back_when_it_is_ready() -> None:
    stage = excusing("ann", "bob")
    stage.beat("bob")
    assert stage.watchers["bob"] == "ready"
    stage.advance(1)
    assert stage.status.excused_ids == ()
    stage.advance(60)
    stage.buffer("bob")
    assert stage.state == "waiting"


def test_a_watcher_with_a_spent_budget_is_excused_again_at_once() -> None:
    stage = excusing("ann", "bob")
    stage.beat("bob")
    stage.buffer("bob")
    stage.advance(0.000001)
    assert stage.state == "playing"


def test_an_excused_watcher_leaving_is_a_bye_and_nothing_else() -> None:
    stage = excusing("ann", "bob")
    stage.leave("bob")
    assert [type(event) for event in stage.heard_all("ann")] == [Left]


def test_a_new_projection_takes_the_excused_back() -> None:
    stage = excusing("ann", "bob")
    stage.say("ann", share("other"))
    stage.advance(60)
    stage.say("ann", Play())
    assert stage.waiting_for == ["bob"]


def test_a_pause_takes_back_an_excused_watcher_that_is_ready_meanwhile() -> None:
    stage = excusing("ann", "bob")
    stage.advance(4)
    stage.beat("bob")
    stage.say("ann", Pause(us(64)))
    stage.advance(60)
    stage.say("ann", Play())
    stage.buffer("bob")
    assert stage.state == "waiting"


def test_an_excused_watcher_may_play_seek_and_pause() -> None:
    stage = excusing("ann", "bob")
    stage.say("bob", Play())
    assert stage.state == "playing"
    stage.say("bob", Seek(us(600)))
    stage.advance(2)
    assert (stage.state, stage.position_us) == ("playing", us(602))
    stage.say("bob", Pause(us(600)))
    assert (stage.state, stage.position_us) == ("paused", us(600))


def test_an_excused_watcher_may_project() -> None:
    stage = excusing("ann", "bob")
    stage.say("bob", share("other", 3))
    assert (stage.state, stage.position_us) == ("paused", us(3))


def test_a_room_left_to_an_excused_watcher_waits_for_it() -> None:
    stage = excusing("ann", "bob")
    stage.leave("ann")
    assert stage.state == "waiting"
    stage.beat("bob")
    assert stage.state == "playing"


def test_an_excused_watcher_that_is_lost_and_comes_back_is_still_excused() -> None:
    stage = excusing("ann", "bob")
    stage.close("bob")
    stage.advance(2)
    stage.open("bob")
    stage.join("bob")
    assert stage.watchers["bob"] == "excused"
    assert stage.state == "playing"


def test_flickering_readiness_does_not_escape_the_budget() -> None:
    stage = playing("ann", "bob")
    waited_us = 0
    for _ in range(600):
        stage.say("bob", Heartbeat(is_pending=True))
        before_us = stage.position_us
        stage.advance(0.09)
        waited_us += us(0.09) - (stage.position_us - before_us)
        stage.say("bob", Heartbeat(is_pending=False))
        stage.advance(0.01)
    assert waited_us <= us(20)


def test_a_play_pause_storm_does_not_make_a_new_budget() -> None:
    stage = waiting("ann", "bob")
    for _ in range(19):
        stage.advance(1)
        stage.say("bob", Pause())
        stage.say("ann", Play())
    assert stage.state == "waiting"
    stage.advance(1)
    assert stage.state == "playing"


def test_a_seek_storm_by_one_who_buffers_does_not_hold_the_room() -> None:
    stage = waiting("ann", "bob")
    for _ in range(15):
        stage.say("bob", Seek(us(300)))
        stage.advance(1.5)
    assert stage.state == "seeking"
    assert stage.position_us == us(301.5)
    assert stage.watchers["bob"] == "excused"


def test_three_spent_and_silent_old_players_do_not_make_the_room_spin() -> None:
    stage = waiting("ann", "bob", "cat")
    stage.advance(20)
    stage.buffer("ann")
    stage.beat("cat")
    stage.buffer("cat")
    stage.open("dan")
    stage.join("dan")
    stage.say("ann", Play())
    stage.advance(30)
    assert stage.state == "playing"
    assert stage.heard("dan", PlayAt)[-1].is_play


def test_a_spent_watcher_is_excused_in_the_moment_in_which_a_silent_one_counts_as_ready() -> None:
    stage = excusing("ann", "bob")
    stage.say("ann", share("other"))
    stage.buffer("ann")
    stage.open("cat")
    stage.join("cat")
    stage.say("ann", Play())
    stage.advance(4.999)
    assert stage.watchers == {"ann": "buffering", "bob": "buffering", "cat": "buffering"}
    stage.advance(0.001)
    assert stage.watchers == {"ann": "buffering", "bob": "excused", "cat": "ready"}


# -- the ledger's arithmetic ----------------------------------------------------------------------


def ledger() -> WaitLedger:
    return WaitLedger(us(20), us(60))


def test_a_fresh_ledger_is_exhausted_after_the_whole_budget() -> None:
    book = ledger()
    assert book.exhausted_at_us() is None
    book.charge(True, us(100))
    assert book.exhausted_at_us() == us(120)


def test_charging_twice_is_charging_once() -> None:
    book = ledger()
    book.charge(True, us(100))
    book.charge(True, us(105))
    book.charge(False, us(110))
    book.charge(False, us(115))
    assert book.spent_us(us(115)) == us(10)


def test_what_lies_outside_the_window_is_not_counted() -> None:
    book = ledger()
    book.charge(True, us(0))
    book.charge(False, us(15))
    assert book.spent_us(us(60)) == us(15)
    assert book.spent_us(us(70)) == us(5)
    assert book.spent_us(us(75)) == 0


def test_old_spending_that_leaves_the_window_meanwhile_prolongs_the_budget() -> None:
    book = ledger()
    book.charge(True, us(0))
    book.charge(False, us(15))
    book.charge(True, us(58))
    # 15 + 2 at 60 s; from then on as much leaves as comes, until 75 s; 3 are left.
    assert book.exhausted_at_us() == us(78)


@pytest.mark.parametrize("gap_s", [0.5, 1, 7, 13, 41])
def test_the_foretold_moment_is_the_first_at_which_the_budget_is_spent(gap_s: float) -> None:
    book = ledger()
    at_us = us(1000)
    for _ in range(6):
        book.charge(True, at_us)
        book.charge(False, at_us + us(3))
        at_us += us(3 + gap_s)
    book.charge(True, at_us)
    exhausted_us = book.exhausted_at_us()
    assert exhausted_us is not None
    assert book.spent_us(exhausted_us) == us(20)
    assert all(book.spent_us(moment) < us(20) for moment in range(at_us, exhausted_us, us(0.01)))


def test_who_flips_its_readiness_at_each_frame_costs_one_look_at_each_flip() -> None:
    class Counted(deque[tuple[int, int]]):
        looks = 0

        def __iter__(self) -> Iterator[tuple[int, int]]:
            for span in super().__iter__():
                Counted.looks += 1
                yield span

    ledger = WaitLedger(us(20), us(60))
    ledger._spans = Counted()
    flips = 25 * 60
    for flip in range(flips):
        ledger.charge(True, flip * us(0.04))
        ledger.charge(False, flip * us(0.04) + us(0.001))
    ledger.charge(True, us(60))

    assert ledger.exhausted_at_us() is not None
    assert Counted.looks <= 2 * flips
