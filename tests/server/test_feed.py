"""What is told of a room to people and programs that look on."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from bunga_cli.errors import Conflict
from bunga_cli.plugin.providers import RoomEvent
from bunga_cli.plugin.rooms import RoomHooks
from bunga_cli.server.feed import MAX_WAITING, Feed, Happening
from bunga_cli.server.live_room import LiveRoom
from bunga_cli.server.room_events import KEPT
from bunga_cli.server.websocket import Connection
from bunga_cli.sync.commands import (
    Bye,
    Call,
    CallAction,
    Command,
    Finish,
    Heartbeat,
    Join,
    Pause,
    Play,
    Project,
    Say,
    Seek,
    Talk,
    WhatsOn,
)
from bunga_cli.sync.policy import SECOND_US, Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId, User, VideoRecord

FILM = VideoRecord("film", "A film", None, "alist", "/film.mkv")
ADMIN = User("admin", "Mia", 0)


def hello(number: int = 0) -> Say:
    return Say("danmaku", (("message", f"hello {number}"),))


class Ear:
    """A socket that nobody reads."""

    subprotocol: str | None = None

    def __init__(self, number: int) -> None:
        self.id = ConnId(number)
        self.rtt_us: int | None = None

    def send(self, frame: bytes) -> None:
        assert frame

    send_heartbeat = send


class Stage:
    """A live room and its feed; time passes by hand."""

    def __init__(self, channel_id: str = "lobby", feed: Feed | None = None) -> None:
        self.now_us = 1000 * SECOND_US
        self.feed = feed or Feed()
        self.hooks = RoomHooks()
        room = Room(channel_id, Policy(), self.now_us)
        self.live = LiveRoom(room, lambda: self.now_us, self.hooks, self.feed)
        self.ears: dict[str, Ear] = {}

    def join(self, name: str, share: VideoRecord | None = None) -> None:
        ear = self.ears[name] = Ear(len(self.ears) + 1)
        self.live.open(cast(Connection, ear), name)
        project = None if share is None else Project(share)
        self.do(name, Join(User(name, name.title(), 1), project), Heartbeat(is_pending=False))

    def do(self, name: str, *commands: Command) -> None:
        for command in commands:
            self.live.handle(self.ears[name].id, command, self.now_us)

    def advance(self, *seconds: float) -> None:
        """Let time pass; the room's timer goes off after each step."""
        for step in seconds:
            self.now_us += round(step * SECOND_US)
            self.live._on_timer()

    def kinds(self) -> list[tuple[str, str | None]]:
        events = self.live.history.last(KEPT)
        return [(event.kind, event.who.id if event.who else None) for event in events]

    def event(self, kind: str) -> Happening:
        return next(e for e in reversed(self.live.history.last(KEPT)) if e.kind == kind)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.live.stop()


@pytest.fixture
async def watching(stage: Stage) -> Stage:
    """Ann shares the film and plays it, and Ben is there; what came before is forgotten."""
    stage.join("ann", FILM)
    stage.join("ben")
    stage.do("ann", Play())
    stage.live.history._entries.clear()
    return stage


async def test_who_comes_and_what_is_done_is_told_in_order(stage: Stage) -> None:
    stage.join("ann", FILM)
    stage.join("ben")
    stage.do("ann", Play())
    stage.do("ben", Pause(5), Seek(7), hello(), Call(CallAction.CALL), Talk(talking=True), Bye())

    assert stage.kinds() == [
        ("joined", "ann"),
        ("projected", "ann"),
        ("joined", "ben"),
        ("played", "ann"),
        ("state", "ann"),
        ("paused", "ben"),
        ("state", "ben"),
        ("sought", "ben"),
        ("message", "ben"),
        ("call", None),
        ("call", "ben"),
        ("left", "ben"),
        ("call", None),
    ]
    assert stage.event("projected").text == "A film"
    assert stage.event("message").text == "hello 0"
    assert (stage.event("paused").position_us, stage.event("sought").position_us) == (5, 7)


async def test_the_last_one_that_leaves_is_told_of_too(watching: Stage) -> None:
    watching.do("ben", Bye())
    watching.do("ann", Bye())

    assert watching.kinds() == [("left", "ben"), ("left", "ann"), ("state", "ann")]
    assert watching.event("state").cause == "last watcher leaves"


async def test_a_new_state_has_a_cause(watching: Stage) -> None:
    watching.do("ben", Heartbeat(is_pending=True))

    assert watching.kinds() == [("waited", "ben"), ("state", "ben")]
    state = watching.event("state")
    assert (state.text, state.cause) == ("waiting", "readiness changes")


async def test_a_heartbeat_that_is_due_with_a_command_changes_no_order(watching: Stage) -> None:
    watching.now_us += 3 * SECOND_US

    watching.do("ann", Pause(5))

    assert watching.kinds() == [("paused", "ann"), ("state", "ann")]


async def test_who_is_waited_for_too_long_is_excused_and_resumes(watching: Stage) -> None:
    watching.do("ben", Heartbeat(is_pending=True))
    for _ in range(20):
        watching.advance(1)
        watching.do("ann", Heartbeat(is_pending=False))
        watching.do("ben", Heartbeat(is_pending=True))
    watching.advance(0.1)
    watching.do("ben", Heartbeat(is_pending=False))
    watching.advance(1)

    kinds = watching.kinds()
    assert kinds.index(("waited", "ben")) < kinds.index(("excused", "ben"))
    assert kinds.index(("excused", "ben")) < kinds.index(("resumed", "ben"))


async def test_a_lost_connection_and_its_return_are_told(watching: Stage) -> None:
    watching.live.close(watching.ears["ben"].id)
    watching.advance(1)
    again = Ear(9)
    watching.live.open(cast(Connection, again), "ben")

    assert watching.kinds() == [("away", "ben"), ("back", "ben")]


async def test_who_stays_away_has_left_and_is_not_back(watching: Stage) -> None:
    watching.live.close(watching.ears["ben"].id)
    for _ in range(21):
        watching.advance(1)
        watching.do("ann", Heartbeat(is_pending=False))

    assert watching.kinds() == [("away", "ben"), ("left", "ben")]


async def test_silence_is_told_as_a_lost_connection(watching: Stage) -> None:
    for _ in range(6):
        watching.advance(1)
        watching.do("ann", Heartbeat(is_pending=False))

    assert ("away", "ben") in watching.kinds()


async def test_the_end_of_a_video_is_told_once(watching: Stage) -> None:
    watching.now_us += 11 * SECOND_US
    for name in ("ben", "ann"):
        watching.do(name, Heartbeat(is_pending=False))
    watching.do("ben", Finish())
    watching.do("ann", Finish())

    assert [kind for kind in watching.kinds() if kind[0] == "finished"] == [("finished", "ben")]


async def test_a_reset_is_told(watching: Stage) -> None:
    watching.live.reset()

    assert watching.kinds()[0] == ("reset", None)
    assert ("left", "ann") in watching.kinds()


async def test_only_the_last_events_are_kept(watching: Stage) -> None:
    for number in range(KEPT + 20):
        watching.do("ann", hello(number))

    assert len(watching.live.history.last(1000)) == KEPT
    assert [event.text for event in watching.live.history.last(2)] == ["hello 118", "hello 119"]
    assert watching.live.history.last(0) == []


async def test_questions_and_signs_of_life_are_no_events(watching: Stage) -> None:
    watching.do("ann", WhatsOn(), Heartbeat(is_pending=False))
    watching.advance(1)

    assert watching.kinds() == []


# -- an admin's hand ------------------------------------------------------------------------------


async def test_a_command_in_vain_is_a_conflict(stage: Stage) -> None:
    stage.join("ann")

    with pytest.raises(Conflict, match="Nothing is projected"):
        stage.live.command(ADMIN, Play())


async def test_plugins_are_told_of_an_admin_and_not_asked(watching: Stage) -> None:
    told: list[RoomEvent] = []
    watching.hooks.set(lambda request: pytest.fail(f"asked: {request}"), told.append)

    watching.live.command(ADMIN, Pause())

    assert [(event.kind, event.account, event.position_us) for event in told] == [
        ("paused", "admin", 0)
    ]


async def test_who_is_expelled_has_left(watching: Stage) -> None:
    watching.live.expel("ben")

    assert watching.kinds() == [("left", "ben")]
    assert watching.event("left").text == "kicked"


async def test_who_leaves_after_somebody_was_expelled_has_only_left(watching: Stage) -> None:
    watching.live.expel("ben")
    watching.do("ann", Bye())

    assert watching.event("left").text is None


async def test_the_last_one_that_is_expelled_is_told_of_too(watching: Stage) -> None:
    watching.do("ann", Bye())
    watching.live.expel("ben")

    assert (watching.event("left").text, watching.event("left").who) == (
        "kicked",
        User("ben", "Ben", 1),
    )


async def test_a_watcher_is_as_far_away_as_its_newest_socket_says(watching: Stage) -> None:
    rtts = {w.user.id: w.rtt_us for w in watching.live.view().watchers}
    watching.ears["ann"].rtt_us = 23_000

    assert rtts == {"ann": None, "ben": None}
    assert {w.user.id: w.rtt_us for w in watching.live.view().watchers}["ann"] == 23_000


# -- listening ------------------------------------------------------------------------------------


async def test_who_listens_to_a_room_hears_of_that_room_alone(stage: Stage) -> None:
    other = Stage("other", stage.feed)
    with stage.feed.listen("lobby") as one, stage.feed.listen(None) as every:
        other.join("ann")
        stage.join("ben")

        assert [(e.channel_id, e.kind) for e in one.take()[1]] == [("lobby", "joined")]
        assert [e.channel_id for e in every.take()[1]] == ["other", "lobby"]
    other.live.stop()


async def test_a_slow_listener_loses_the_oldest_and_learns_how_many(watching: Stage) -> None:
    with watching.feed.listen("lobby") as listener:
        for number in range(MAX_WAITING + 3):
            watching.do("ann", hello(number))

        lost, events = listener.take()
        assert (lost, len(events), events[0].text) == (3, MAX_WAITING, "hello 3")
        assert listener.take() == (0, [])


async def test_a_listener_is_woken_by_news(watching: Stage) -> None:
    with watching.feed.listen("lobby") as listener:
        waiting = asyncio.create_task(listener.news(5))
        await asyncio.sleep(0)
        watching.do("ann", hello())

        assert await waiting
        assert not await listener.news(0)


async def test_only_who_wants_to_see_changes_is_woken_by_them(watching: Stage) -> None:
    with (
        watching.feed.listen("lobby") as events,
        watching.feed.listen("lobby", sees_changes=True) as changes,
    ):
        watching.advance(1)

        assert await changes.news(0.1)
        assert not await events.news(0)


async def test_nobody_listens_to_a_feed_that_has_ended(stage: Stage) -> None:
    with stage.feed.listen("lobby") as early:
        stage.feed.end()
        assert await early.news(0)
        assert early.has_ended
    with stage.feed.listen(None) as late:
        assert late.has_ended


async def test_the_end_of_a_channel_ends_its_listeners_alone(stage: Stage) -> None:
    with stage.feed.listen("lobby") as one, stage.feed.listen(None) as every:
        stage.feed.end("lobby")

        assert (one.has_ended, every.has_ended) == (True, False)
    with stage.feed.listen("lobby") as later:
        assert not later.has_ended


async def test_who_does_not_listen_any_more_costs_nothing(stage: Stage) -> None:
    with stage.feed.listen("lobby"):
        assert stage.feed.is_heard
    assert not stage.feed.is_heard


async def test_each_change_of_a_room_that_is_looked_at_has_another_number() -> None:
    feed = Feed()
    numbers = []
    for _ in range(2):
        with feed.listen("demo", sees_changes=True), feed.listen("demo"):
            numbers.append(feed.last_change("demo"))
            feed.touch("other")
            assert feed.last_change("demo") == numbers[-1]
            feed.touch("demo")
            numbers.append(feed.last_change("demo"))
        assert feed.last_change("demo") == 0

    assert len({*numbers}) == 4
