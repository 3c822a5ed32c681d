"""What becomes of a room: left alone, restarted, reset."""

from collections.abc import Callable

from bunga_cli.sync.commands import Buffering, Call, CallAction, Pause, Play, Seek, Talk, WhatsOn
from bunga_cli.sync.effects import PutAway, SaveProgress
from bunga_cli.sync.events import Joined, Left, Status, WasReset, WhoAreYou
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import Projection
from tests.sync.stage import Stage, playing, record, share, us, user


def restarted(*watchers: str, rate: int = 0) -> Stage:
    """Return a room brought back from a snapshot at 500 s, by a server with another clock."""
    snapshot = RoomSnapshot(
        "lobby",
        Projection(record("film"), user("ann")),
        us(500),
        rate,
        us(99_999),
        tuple(user(name) for name in watchers),
    )
    return Stage(snapshot=snapshot, progress={"film": us(500)}, at_s=3)


def put_away(stage: Stage) -> bool:
    """Return whether the room asked to be forgotten."""
    return any(isinstance(effect, PutAway) for effect in stage.effects)


# -- put away -------------------------------------------------------------------------------------


def test_a_room_nobody_is_in_for_5_minutes_is_put_away() -> None:
    stage = playing("ann")
    stage.leave("ann")
    stage.close("ann")
    stage.advance(299.999)
    assert not put_away(stage)
    stage.advance(0.001)
    assert put_away(stage)
    assert stage.room.projection is None
    assert stage.progress == {"film": us(60)}


def test_a_room_that_nobody_ever_joined_is_put_away() -> None:
    stage = Stage()
    stage.advance(300)
    assert put_away(stage)


def test_a_room_that_was_put_away_wants_nothing_more() -> None:
    stage = Stage()
    stage.advance(300)
    assert stage.room.next_deadline_us is None


def test_a_watcher_in_the_room_keeps_it() -> None:
    stage = playing("ann")
    stage.say("ann", Pause(us(60)))
    stage.advance(3600)
    assert not put_away(stage)


def test_a_watcher_that_comes_back_in_time_keeps_it() -> None:
    stage = playing("ann")
    stage.leave("ann")
    stage.advance(299)
    stage.enter("bob")
    stage.advance(30)
    assert not put_away(stage)
    assert stage.room.projection is not None


def test_a_lost_watchers_5_minutes_begin_after_its_grace() -> None:
    stage = playing("ann")
    stage.close("ann")
    stage.advance(319.999)
    assert not put_away(stage)
    stage.advance(0.001)
    assert put_away(stage)


def test_those_at_the_welcome_screen_see_the_room_put_away_and_may_join_it_then() -> None:
    stage = playing("ann")
    stage.open("eve")
    stage.leave("ann")
    stage.advance(300)
    stage.forget()
    stage.say("eve", WhatsOn())
    assert stage.heard_all("eve") == []
    stage.advance(1)
    assert (stage.status.position_us, stage.status.play_status) == (0, "paused")
    stage.join("eve", share("film", 3))
    assert stage.position_us == us(60)
    assert list(stage.watchers) == ["eve"]


def test_a_room_used_again_after_it_was_put_away_is_put_away_again() -> None:
    stage = playing("ann")
    stage.leave("ann")
    stage.advance(300)
    stage.join("ann")
    stage.leave("ann")
    stage.forget()
    stage.advance(300)
    assert put_away(stage)


# -- restored -------------------------------------------------------------------------------------


def test_a_restored_room_is_paused_where_it_was() -> None:
    for rate in (0, 1):
        stage = restarted("ann", "bob", rate=rate)
        stage.advance(5)
        assert (stage.state, stage.position_us) == ("paused", us(500))
        assert stage.room.projection == Projection(record("film"), user("ann"))


def test_the_watchers_of_a_restored_room_come_back_unannounced() -> None:
    stage = restarted("ann", "bob")
    stage.open("ann")
    stage.advance(10)
    stage.open("bob")
    stage.beat("bob")
    stage.join("bob")
    assert stage.watchers == {"ann": "buffering", "bob": "ready"}
    assert stage.heard("ann", Joined) == []
    assert stage.heard("ann", Left) == []


def test_those_who_do_not_come_back_leave_after_their_grace() -> None:
    stage = restarted("ann", "bob")
    stage.open("ann")
    stage.advance(20)
    assert [left.user.id for left in stage.heard("ann", Left)] == ["bob"]


def test_an_old_player_that_acts_after_the_restart_acts_as_its_watcher() -> None:
    stage = restarted("bob")
    stage.open("bob")
    stage.say("bob", Buffering(is_buffering=False))
    stage.say("bob", Play())
    stage.advance(2)
    assert (stage.state, stage.position_us) == ("playing", us(502))


def test_an_old_player_that_says_nothing_after_the_restart_is_held_for_5_s() -> None:
    stage = restarted("ann", "bob")
    stage.enter("ann")
    stage.open("bob")
    stage.say("ann", Play())
    stage.advance(4.999)
    assert stage.waiting_for == ["bob"]
    stage.advance(0.001)
    assert stage.state == "playing"


def test_an_old_player_that_acts_long_after_the_restart_is_rejoined() -> None:
    stage = restarted("bob")
    stage.enter("ann")
    stage.advance(60)
    stage.open("bob")
    stage.say("bob", Seek(us(9)))
    assert [joined.user.name for joined in stage.heard("ann", Joined)] == ["Bob"]
    assert stage.position_us == us(9)


def test_a_restored_room_to_which_nobody_comes_back_is_put_away() -> None:
    stage = restarted("ann")
    stage.advance(320)
    assert put_away(stage)
    assert stage.progress == {"film": us(500)}


def test_a_restored_room_without_watchers_is_put_away() -> None:
    stage = restarted()
    stage.advance(300)
    assert put_away(stage)


def test_a_snapshot_brings_back_what_it_was_taken_of() -> None:
    stage = playing("ann", "bob")
    stage.advance(4)
    snapshot = stage.room.snapshot()
    assert (snapshot.position_us, snapshot.rate, snapshot.at_us) == (us(60), 1, us(1000))
    assert snapshot.watchers == (user("ann"), user("bob"))
    again = Stage(snapshot=snapshot).room.snapshot()
    assert (again.projection, again.watchers) == (snapshot.projection, snapshot.watchers)


def test_the_revision_rises_with_all_that_a_snapshot_holds() -> None:
    stage = Stage()
    revisions = [stage.room.revision]
    steps: tuple[Callable[[], None], ...] = (
        lambda: stage.enter("ann", sharing=share("film")),
        lambda: stage.say("ann", Play()),
        lambda: stage.say("ann", Seek(us(50))),
        lambda: stage.advance(3),
        lambda: stage.say("ann", Pause(us(53))),
        lambda: stage.enter("bob"),
        lambda: stage.leave("bob"),
        stage.reset,
    )
    for step in steps:
        step()
        revisions.append(stage.room.revision)
    assert revisions == sorted(set(revisions))


# -- reset ----------------------------------------------------------------------------------------


def test_a_reset_sends_everybody_out_and_keeps_the_progress() -> None:
    stage = playing("ann", "bob")
    stage.open("eve")
    stage.advance(7)
    stage.forget()
    stage.reset()
    for name in ("ann", "bob", "eve"):
        assert len(stage.heard(name, WasReset)) == 1
    assert stage.saved == [SaveProgress("film", us(67))]
    assert stage.watchers == {}
    assert stage.room.projection is None


def test_a_reset_tells_the_new_truth_at_once() -> None:
    stage = playing("ann")
    stage.reset()
    status = stage.heard("ann", Status)[-1]
    assert (status.play_status, status.position_us, status.watcher_ids) == ("paused", 0, ())


def test_heartbeats_trailing_a_reset_are_let_be() -> None:
    stage = playing("ann")
    stage.reset()
    stage.advance(4.9)
    assert stage.heard("ann", WhoAreYou) == []


def test_after_a_reset_one_joins_as_a_new_watcher() -> None:
    stage = playing("ann", "bob")
    stage.reset()
    stage.forget()
    stage.join("ann")
    stage.join("bob", share("other"))
    assert [joined.user.id for joined in stage.heard("ann", Joined)] == ["bob"]
    stage.say("ann", Play())
    assert stage.state == "waiting"


def test_a_reset_ends_the_call_and_the_talk() -> None:
    stage = playing("ann", "bob")
    stage.say("ann", Talk(talking=True))
    stage.say("bob", Call(CallAction.CALL))
    stage.reset()
    view = stage.room.view(stage.now_us)
    assert (view.talking, view.call_pending) == ((), False)


def test_a_reset_of_lost_and_silent_watchers_lets_none_of_them_come_back_unannounced() -> None:
    stage = playing("ann", "bob", "cat")
    stage.fall_silent("bob")
    stage.close("cat")
    stage.advance(6)
    stage.reset()
    stage.open("cat")
    stage.beat("bob")
    assert stage.watchers == {}


def test_a_reset_room_that_stays_empty_is_put_away() -> None:
    stage = playing("ann")
    stage.reset()
    stage.close("ann")
    stage.forget()
    stage.advance(300)
    assert put_away(stage)


def test_those_who_look_in_do_not_keep_a_projection_alive() -> None:
    stage = playing("ann")
    stage.leave("ann")
    for _ in range(3):
        stage.open("eve")
        stage.advance(100)
        stage.close("eve")
    assert stage.room.projection is None
