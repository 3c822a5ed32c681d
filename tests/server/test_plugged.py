"""Plugins and a live room: what they are asked, what a refusal does, and what they are told."""

import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from bunga_cli.plugin.providers import ActionRequest, Record, RoomEvent, Verdict
from bunga_cli.plugin.rooms import RoomHooks
from bunga_cli.server.live_room import LiveRoom
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
OTHER = VideoRecord("other", "Another", None, "alist", "/other.mkv")
FILM_AS_PLUGINS_KNOW_IT = Record("film", "A film", None, "alist", "/film.mkv")


class Ear:
    """A socket that remembers what it was sent."""

    rtt_us: int | None = None
    subprotocol: str | None = None

    def __init__(self, number: int) -> None:
        self.id = ConnId(number)
        self.heard: list[dict[str, Any]] = []

    def send(self, frame: bytes) -> None:
        self.heard.append(json.loads(frame[frame.index(b"{") :]))

    send_heartbeat = send

    def codes(self) -> list[str]:
        return [message["code"] for message in self.heard]


class Stage:
    """One live room with sockets, and a plugin that listens and objects to `forbidden` actions."""

    def __init__(self) -> None:
        self.now_us = 1000 * SECOND_US
        self.asked: list[ActionRequest] = []
        self.told: list[RoomEvent] = []
        self.forbidden: set[str] = set()
        self.reason = "Not on a Sunday."
        self.hooks = RoomHooks()
        self.hooks.set(self.authorise, self.told.append)
        self.live = LiveRoom(Room("lobby", Policy(), self.now_us), lambda: self.now_us, self.hooks)
        self.ears: dict[str, Ear] = {}

    def authorise(self, request: ActionRequest) -> Verdict | None:
        self.asked.append(request)
        return Verdict(False, self.reason) if request.action in self.forbidden else None

    def open(self, *names: str) -> None:
        for name in names:
            ear = self.ears[name] = Ear(len(self.ears))
            self.live.open(cast(Connection, ear), name)

    def do(self, name: str, *commands: Command) -> None:
        for command in commands:
            self.live.handle(self.ears[name].id, command, self.now_us)

    def join(self, name: str, share: VideoRecord | None = None) -> None:
        self.open(name)
        project = None if share is None else Project(share)
        self.do(name, Join(User(name, name.title(), 1), project), Heartbeat(is_pending=False))

    def kinds(self) -> list[tuple[str, str | None]]:
        return [(event.kind, event.account) for event in self.told]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.live.stop()


@pytest.fixture
async def watching(stage: Stage) -> Stage:
    """Ann shares the film, and Ben is there; what that asked and told is forgotten."""
    stage.join("ann", FILM)
    stage.join("ben")
    stage.asked.clear()
    stage.told.clear()
    for ear in stage.ears.values():
        ear.heard.clear()
    return stage


async def test_plugins_are_asked_about_what_somebody_does(watching: Stage) -> None:
    say = Say("danmaku", (("message", "hello"),))
    watching.do("ann", Play(), Pause(5), Seek(7), Project(OTHER, 9), say, Talk(talking=True))
    watching.do("ann", Call(CallAction.CALL))

    asked = [(r.channel_id, r.account, r.action, r.position_us) for r in watching.asked]
    assert asked == [
        ("lobby", "ann", "play", None),
        ("lobby", "ann", "pause", 5),
        ("lobby", "ann", "seek", 7),
        ("lobby", "ann", "project", 9),
        ("lobby", "ann", "say", None),
        ("lobby", "ann", "talk", None),
        ("lobby", "ann", "call", None),
    ]
    assert watching.asked[3].record == Record("other", "Another", None, "alist", "/other.mkv")


async def test_plugins_are_not_asked_about_signs_of_life(watching: Stage) -> None:
    watching.do("ann", Heartbeat(is_pending=False), WhatsOn(), Finish(), Bye())
    assert watching.asked == []


@pytest.mark.parametrize(
    ("action", "command"), [("play", Play()), ("pause", Pause(5)), ("seek", Seek(7))]
)
async def test_what_is_refused_has_no_effect_and_its_actor_learns_where_the_room_is(
    watching: Stage, action: str, command: Command
) -> None:
    before = watching.live.view()
    watching.forbidden = {action}
    watching.do("ben", command)

    refused, *truth = watching.ears["ben"].heard
    assert refused["code"] == "error"
    assert (refused["reason"], refused["ref"]) == ("not-allowed", command.code)
    assert refused["detail"] == "Not on a Sunday."
    assert [message["code"] for message in truth] == ["channel-status", "play-at"]
    assert watching.ears["ann"].heard == []
    assert watching.live.view() == before
    assert watching.told == []


async def test_a_refusal_without_a_reason_still_says_something(watching: Stage) -> None:
    watching.forbidden, watching.reason = {"play"}, ""
    watching.do("ben", Play())
    assert watching.ears["ben"].heard[0]["detail"]


async def test_who_may_not_join_is_no_watcher(stage: Stage) -> None:
    stage.forbidden = {"join"}
    stage.join("ann", FILM)
    assert stage.live.view().watchers == ()
    assert stage.live.view().projection is None
    assert "error" in stage.ears["ann"].codes()


async def test_who_may_not_project_joins_without_its_video(stage: Stage) -> None:
    stage.forbidden = {"project"}
    stage.join("ann", FILM)
    assert [watcher.user.id for watcher in stage.live.view().watchers] == ["ann"]
    assert stage.live.view().projection is None
    assert "error" in stage.ears["ann"].codes()


async def test_who_brings_what_is_on_already_needs_no_leave_to_project(watching: Stage) -> None:
    watching.forbidden = {"project"}
    watching.join("cem", FILM)
    assert [request.action for request in watching.asked] == ["join"]
    assert "error" not in watching.ears["cem"].codes()


async def test_plugins_are_told_what_happened(stage: Stage) -> None:
    stage.join("ann", FILM)
    stage.join("ben")
    stage.do("ann", Play(), Pause(5), Seek(7), Say("danmaku", (("message", "hello"),)))
    stage.do("ann", Say("popmoji", (("popmoji_code", "heart"),)))
    stage.do("ben", Bye())

    assert stage.kinds() == [
        ("joined", "ann"),
        ("projected", "ann"),
        ("joined", "ben"),
        ("played", "ann"),
        ("paused", "ann"),
        ("sought", "ann"),
        ("message", "ann"),
        ("message", "ann"),
        ("left", "ben"),
    ]
    by_kind = {event.kind: event for event in stage.told}
    assert by_kind["paused"].position_us == 5
    assert by_kind["sought"].position_us == 7
    assert [event.text for event in stage.told if event.kind == "message"] == ["hello", "heart"]
    assert {event.record for event in stage.told[1:]} == {FILM_AS_PLUGINS_KNOW_IT}
    assert {event.channel_id for event in stage.told} == {"lobby"}
    assert all(event.at.tzinfo is not None for event in stage.told)


async def test_plugins_are_told_that_the_last_one_left(watching: Stage) -> None:
    watching.do("ben", Bye())
    watching.do("ann", Bye())
    assert watching.kinds() == [("left", "ben"), ("left", "ann")]


async def test_plugins_are_told_once_who_is_waited_for(watching: Stage) -> None:
    watching.do("ann", Play())
    for _ in range(3):
        watching.do("ben", Heartbeat(is_pending=True))
        watching.do("ann", Heartbeat(is_pending=False))
    assert watching.kinds() == [("played", "ann"), ("waited", "ben")]
    watching.do("ben", Heartbeat(is_pending=False), Heartbeat(is_pending=True))
    assert watching.kinds()[2:] == [("waited", "ben")]


async def test_plugins_are_told_once_that_a_video_ended(watching: Stage) -> None:
    watching.do("ann", Play())
    watching.now_us += 10 * SECOND_US
    watching.do("ben", Heartbeat(is_pending=False))
    watching.do("ann", Heartbeat(is_pending=False), Finish())
    watching.do("ben", Finish())
    assert watching.kinds().count(("finished", "ann")) == 1
    assert ("finished", "ben") not in watching.kinds()


async def test_plugins_are_told_that_a_reset_sent_everybody_out(watching: Stage) -> None:
    watching.live.reset()
    assert watching.kinds() == [("left", "ann"), ("left", "ben")]


async def test_plugins_that_come_later_are_asked_in_rooms_that_are_there(stage: Stage) -> None:
    stage.hooks.set(None, None)
    stage.join("ann", FILM)
    assert (stage.asked, stage.told) == ([], [])
    stage.hooks.set(stage.authorise, None)
    stage.do("ann", Play())
    assert [request.action for request in stage.asked] == ["play"]


async def test_plugins_that_come_back_are_told_nothing_of_what_happened_meanwhile(
    watching: Stage,
) -> None:
    watching.hooks.set(None, None)
    watching.do("ben", Bye())
    watching.join("cem")
    watching.hooks.set(None, watching.told.append)
    watching.do("ann", Play())
    assert watching.kinds() == [("played", "ann")]
