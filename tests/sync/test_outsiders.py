"""An admin's hand in a room: commands from somebody who is not in it, and who has to leave."""

import pytest

from bunga_cli.sync.commands import Buffering, Order, Pause, Play, Project, Say, Seek
from bunga_cli.sync.effects import Declined, PutAway
from bunga_cli.sync.events import (
    Left,
    Paused,
    PlayAt,
    Played,
    Projected,
    Said,
    Sought,
    Status,
    WhoAreYou,
)
from bunga_cli.sync.moves import Cause
from bunga_cli.sync.values import User
from bunga_cli.sync.views import CauseView
from tests.sync.stage import Stage, last_truths, paused, playing, record, share, us, user, waiting

ADMIN = User("admin", "Mia", 0)
HELLO = Say("danmaku", (("message", "hello"),))


def declined(stage: Stage) -> list[str]:
    return [effect.detail for effect in stage.effects if isinstance(effect, Declined)]


def cause(stage: Stage) -> CauseView | None:
    return stage.room.view(stage.now_us).cause


def test_an_admin_lets_the_room_play() -> None:
    stage = paused("ann", "ben")

    stage.order(ADMIN, Play())

    assert stage.state == "playing"
    for name in ("ann", "ben"):
        assert stage.heard(name, Played) == [Played(ADMIN)]
        status, play_at = last_truths(stage, name)
        assert (status.play_status, play_at) == ("playing", PlayAt(True, us(60)))


def test_what_an_admin_starts_waits_for_who_is_not_ready() -> None:
    stage = paused("ann", "ben")
    stage.buffer("ben")

    stage.order(ADMIN, Play())

    assert (stage.state, stage.waiting_for) == ("waiting", ["ben"])


def test_a_pause_reaches_everybody_with_the_position_and_the_truth() -> None:
    stage = playing("ann", "ben")
    stage.advance(5)
    stage.forget()

    stage.order(ADMIN, Pause())

    for name in ("ann", "ben"):
        assert stage.heard_all(name)[0] == Paused(ADMIN, us(65))
        assert stage.heard(name, Status)[-1].play_status == "paused"
        assert stage.heard(name, PlayAt) == [PlayAt(False, us(65))]
    assert stage.progress == {"film": us(65)}


def test_an_admin_may_pause_at_zero() -> None:
    stage = playing("ann")

    stage.order(ADMIN, Pause(0))

    assert (stage.state, stage.position_us) == ("paused", 0)


def test_a_seek_cools_down_as_any_other() -> None:
    stage = playing("ann", "ben")

    stage.order(ADMIN, Seek(us(600)))

    assert stage.heard("ann", Sought) == [Sought(ADMIN, us(600))]
    assert stage.state == "seeking"
    stage.advance(2)
    assert (stage.state, stage.position_us) == ("playing", us(602))


def test_what_an_admin_says_is_shown_to_who_only_looks_on_too() -> None:
    stage = Stage()
    stage.open("ann")

    stage.order(ADMIN, HELLO)

    assert stage.heard("ann", Said) == [Said(ADMIN, "danmaku", (("message", "hello"),))]


def test_a_video_of_an_admin_goes_on_where_the_channel_stopped_it() -> None:
    stage = Stage(progress={"other": us(300)})
    stage.enter("ann", sharing=share("film"))
    stage.forget()

    stage.order(ADMIN, Project(record("other")))

    [projected] = stage.heard("ann", Projected)
    assert (projected.sender, projected.position_us) == (ADMIN, us(300))
    assert stage.room.projection is not None
    assert stage.room.projection.sharer == ADMIN


def test_a_video_that_is_on_already_stays_as_it_is() -> None:
    stage = playing("ann")

    stage.order(ADMIN, Project(record("film"), us(7)))

    assert (stage.state, stage.position_us) == ("playing", us(60))
    assert stage.heard("ann", Projected) == []
    assert declined(stage) == []


@pytest.mark.parametrize("order", [Play(), Pause(), Seek(5)])
def test_without_a_video_there_is_nothing_to_command(order: Order) -> None:
    stage = Stage()
    stage.enter("ann")
    stage.forget()

    stage.order(ADMIN, order)

    assert declined(stage) == ["Nothing is projected in this room."]
    assert stage.heard_all("ann") == []


def test_a_room_without_watchers_does_not_play() -> None:
    stage = playing("ann")
    stage.leave("ann")
    stage.forget()

    stage.order(ADMIN, Play())

    assert len(declined(stage)) == 1
    assert stage.state == "paused"


def test_nothing_is_said_to_nobody() -> None:
    stage = Stage()

    stage.order(ADMIN, HELLO)

    assert declined(stage) == ["Nobody is connected to this room."]


def test_a_video_that_nobody_comes_for_is_put_away() -> None:
    stage = Stage()
    stage.open("ann")
    stage.advance(400)
    stage.forget()

    stage.order(ADMIN, Project(record("film")))

    stage.advance(299)
    assert stage.room.projection is not None
    stage.advance(2)
    assert stage.room.projection is None
    assert PutAway() in stage.effects


def test_where_an_admin_left_a_video_is_remembered_although_nobody_came() -> None:
    stage = Stage()
    stage.order(ADMIN, Project(record("film"), us(7)))
    stage.order(ADMIN, Seek(us(90)))

    stage.advance(301)

    assert stage.room.projection is None
    assert stage.progress == {"film": us(90)}


def test_an_order_that_comes_late_finds_the_room_as_it_is_by_then() -> None:
    stage = playing("ann", "ben")
    stage.say("ann", Seek(us(10)))
    stage.now_us += us(3)

    stage.order(ADMIN, Pause())

    assert (stage.state, stage.position_us) == ("paused", us(13))


def test_the_cause_of_a_state_is_known() -> None:
    stage = waiting("ann", "ben")
    assert cause(stage) == CauseView(Cause.READINESS, user("ben"))

    stage.order(ADMIN, Pause())
    assert cause(stage) == CauseView(Cause.PAUSE, ADMIN)

    stage.say("ann", Seek(us(5)))
    stage.enter("cyn")
    assert cause(stage) == CauseView(Cause.SEEK, user("ann"))


def test_a_fresh_room_has_no_cause() -> None:
    assert cause(Stage()) is None


def test_a_watcher_shows_what_its_player_speaks_and_for_how_long_it_is_as_it_is() -> None:
    stage = playing("ann")
    stage.enter_old("ben")
    stage.advance(4)
    stage.say("ben", Buffering(is_buffering=True))
    stage.advance(3)

    ann, ben = stage.room.view(stage.now_us).watchers
    assert (ann.generation, ann.since_us) == ("1.5", us(7))
    assert (ben.generation, ben.since_us) == ("1.4", us(3))


# -- who has to leave -----------------------------------------------------------------------------


def test_who_is_expelled_leaves_at_once_and_the_others_hear_of_it() -> None:
    stage = playing("ann", "ben")

    stage.expel("ben")

    assert stage.heard("ann", Left) == [Left(user("ben"))]
    assert stage.watchers == {"ann": "ready"}
    assert stage.state == "playing"


def test_the_room_waits_no_longer_for_who_is_expelled() -> None:
    stage = waiting("ann", "ben")

    stage.expel("ben")

    assert stage.state == "playing"


def test_the_sockets_of_who_is_expelled_are_not_asked_back() -> None:
    stage = playing("ann", "ben")
    stage.enter_old("cyn")

    for name in ("ben", "cyn"):
        stage.expel(name)
        stage.forget()
        stage.say(name, Play())
        assert stage.heard(name, WhoAreYou) == []
        assert name not in stage.watchers
        stage.close(name)
    assert stage.watchers == {"ann": "ready"}


def test_who_is_away_can_be_expelled() -> None:
    stage = playing("ann", "ben")
    stage.close("ben")

    stage.expel("ben")
    stage.open("ben")

    assert stage.watchers == {"ann": "ready"}


def test_expelling_who_is_not_there_changes_nothing() -> None:
    stage = playing("ann")

    stage.expel("nobody")

    assert (stage.state, stage.watchers) == ("playing", {"ann": "ready"})
