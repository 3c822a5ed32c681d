"""Sockets of v2 beside others in one live room: what each of them is sent, byte by byte."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from bunga_cli.clock import EPOCH
from bunga_cli.plugin.providers import Verdict
from bunga_cli.plugin.rooms import RoomHooks
from bunga_cli.protocol.v2 import SUBPROTOCOL
from bunga_cli.server.limits import TokenBucket
from bunga_cli.server.live_room import LiveRoom
from bunga_cli.server.seat import RoomSeat, RoomSeatV2
from bunga_cli.server.websocket import Connection
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId
from tests.server.test_hub import Ear

Message = dict[str, Any]

FILM = {"record_id": "film", "title": "Film", "thumb_url": None, "source": "http", "path": "/f"}


@dataclass
class ModernEar(Ear):
    """A socket that speaks v2; it knows what was sent ahead of the rest."""

    subprotocol: str | None = SUBPROTOCOL
    at_once: list[bytes] = field(default_factory=list)

    def send_at_once(self, frame: bytes) -> None:
        self.at_once.append(frame)


class Lobby:
    """One live room, in which time passes by itself: 5 µs with each look at the clock."""

    def __init__(self, hooks: RoomHooks | None = None, burst: int = 500) -> None:
        self.now_us = 1_000_000_000
        self.burst = burst
        self.live = LiveRoom(Room("lobby", Policy(), self.now_us), self.clock, hooks)
        self.ears: dict[str, Ear] = {}
        self.seats: dict[str, RoomSeat] = {}

    def clock(self) -> int:
        self.now_us += 5
        return self.now_us

    def open(self, name: str, *, is_v2: bool) -> None:
        conn = ConnId(len(self.ears) + 1)
        ear = self.ears[name] = ModernEar(conn) if is_v2 else Ear(conn)
        self.live.open(cast(Connection, ear), name)
        kind = RoomSeatV2 if is_v2 else RoomSeat
        bucket = TokenBucket(50, self.burst)
        self.seats[name] = kind(self.live, conn, bucket, self.clock, lambda: None)

    def enter(self, name: str, *, is_v2: bool) -> None:
        self.open(name, is_v2=is_v2)
        user = {"id": name, "name": name.title(), "color_hue": 7}
        self.say(name, "join-in", user=user, my_share=None)
        self.say(name, "client-status", is_pending=False)

    def say(self, name: str, code: str, **fields: object) -> None:
        self.seats[name].received(json.dumps({"code": code, **fields}).encode())

    def heard(self, name: str) -> list[Message]:
        """Return what a socket was sent since this was asked last."""
        ear = self.ears[name]
        frames, ear.heard = ear.heard, []
        return [_message(frame) for frame in frames]


def _message(frame: bytes) -> Message:
    length = frame[1]
    head = 2 if length < 126 else 4 if length == 126 else 10
    return dict(json.loads(frame[head:]))


def codes(messages: list[Message]) -> list[str]:
    return [message["code"] for message in messages]


@pytest.fixture
async def lobby() -> AsyncIterator[Lobby]:
    lobby = Lobby()
    lobby.enter("ann", is_v2=False)
    lobby.enter("mod", is_v2=True)
    lobby.say("ann", "start-projection", video_record=FILM, position=60_000_000)
    lobby.say("mod", "client-status", is_pending=False)
    for name in lobby.ears:
        lobby.heard(name)
    yield lobby
    lobby.live.stop()


async def test_each_generation_is_sent_its_own_truth(lobby: Lobby) -> None:
    lobby.say("mod", "play", ref="p1")

    assert codes(lobby.heard("ann")) == ["play", "channel-status"]
    play, state = lobby.heard("mod")
    mod = {"id": "mod", "name": "Mod", "color_hue": 7}
    assert play == {"code": "play", "sender": mod, "seq": state["seq"]}
    assert state == {
        "code": "state",
        "sender": {"id": "server", "name": "server", "color_hue": 0},
        "revision": state["revision"],
        "epoch": EPOCH,
        "play_state": "playing",
        "phase": "run",
        "position": 60_000_000,
        "rate": 1,
        "at": lobby.live.room.playback.timeline.at_us,
        "rate_before": 0,
        "waiting_for": [],
        "excused_ids": [],
        "parked": None,
        "watchers": [
            {"id": "ann", "name": "Ann", "color_hue": 7, "state": "ready", "drift": None},
            {"id": "mod", "name": "Mod", "color_hue": 7, "state": "ready", "drift": None},
        ],
        "cause": {"what": "play", "who": {"id": "mod", "name": "Mod", "color_hue": 7}},
        "record_id": "film",
        "seq": state["seq"],
    }


async def test_all_of_v2_are_written_the_same_bytes(lobby: Lobby) -> None:
    lobby.enter("mad", is_v2=True)
    lobby.ears["mad"].heard.clear()
    lobby.ears["mod"].heard.clear()
    lobby.say("ann", "pause", position=61_000_000)

    assert lobby.ears["mad"].heard[-1] is lobby.ears["mod"].heard[-1]


async def test_drift_is_told_in_the_next_state(lobby: Lobby) -> None:
    lobby.say("mod", "client-status", is_pending=False, position=60_002_500, rtt=9, buffered=5)
    lobby.say("mod", "join-in", user={"id": "mod", "name": "Mod", "color_hue": 8})

    drifts = {w["id"]: w["drift"] for w in lobby.heard("mod")[-1]["watchers"]}
    assert drifts == {"ann": None, "mod": 2500}


# -- the time -------------------------------------------------------------------------------------


async def test_the_time_is_told_at_once_by_the_clock_of_state(lobby: Lobby) -> None:
    before_us = lobby.now_us
    lobby.say("mod", "clock", t0=12.75)

    ear = lobby.ears["mod"]
    assert isinstance(ear, ModernEar)
    [answer] = map(_message, ear.at_once)
    assert answer == {
        "code": "clock",
        "sender": {"id": "server", "name": "server", "color_hue": 0},
        "t0": 12.75,
        "t1": before_us + 5,
        "t2": before_us + 10,
    }
    assert lobby.heard("ann") == []


async def test_the_time_is_told_before_a_join(lobby: Lobby) -> None:
    lobby.open("new", is_v2=True)
    lobby.say("new", "clock", t0=-3, ref=9)

    ear = lobby.ears["new"]
    assert isinstance(ear, ModernEar)
    [answer] = map(_message, ear.at_once)
    assert (answer["t0"], answer["ref"]) == (-3, 9)


async def test_questions_for_the_time_count_in_the_rate_limit() -> None:
    lobby = Lobby(burst=10)
    lobby.open("mod", is_v2=True)
    lobby.heard("mod")
    for number in range(30):
        lobby.say("mod", "clock", t0=number)
    lobby.live.stop()

    ear = lobby.ears["mod"]
    assert isinstance(ear, ModernEar)
    assert [_message(frame)["t0"] for frame in ear.at_once] == [*range(10)]
    [warning] = lobby.heard("mod")
    assert (warning["reason"], warning["ref"]) == ("rate-limited", None)


async def test_1_5_does_not_know_the_question(lobby: Lobby) -> None:
    lobby.say("ann", "clock", t0=1)

    [error] = lobby.heard("ann")
    assert (error["reason"], error["ref"]) == ("unknown-code", "clock")


# -- answers --------------------------------------------------------------------------------------


async def test_direct_answers_bear_the_ref_and_nothing_else_does(lobby: Lobby) -> None:
    lobby.open("new", is_v2=True)
    lobby.heard("new")
    user = {"id": "new", "name": "New", "color_hue": 1}
    lobby.say("new", "play", ref="too early")
    lobby.say("new", "whats-on", ref=1)
    lobby.say("new", "join-in", user=user, ref=2)
    lobby.say("new", "danmaku", message="hi", ref=3)

    refs = [(message["code"], message.get("ref")) for message in lobby.heard("new")]
    assert refs == [
        ("who-are-you", "too early"),
        ("now-playing", 1),
        ("here-are", 2),
        ("start-projection", 2),
        ("state", None),
        ("danmaku", None),
    ]
    assert not [message for message in lobby.heard("mod") if "ref" in message]


async def test_an_answer_is_otherwise_what_1_5_gets(lobby: Lobby) -> None:
    lobby.say("ann", "whats-on")
    lobby.say("mod", "whats-on", ref="x")

    assert lobby.heard("mod") == [{**lobby.heard("ann")[0], "ref": "x"}]


async def test_a_request_without_ref_is_answered_without(lobby: Lobby) -> None:
    lobby.say("mod", "whats-on")

    assert "ref" not in lobby.heard("mod")[0]


async def test_an_error_bears_the_ref_or_else_the_code_and_the_truth_follows(
    lobby: Lobby,
) -> None:
    lobby.say("mod", "play-finished", ref=0)
    lobby.say("mod", "play-finished")

    told = lobby.heard("mod")
    assert codes(told) == ["error", "state", "error", "state"]
    assert [told[0]["ref"], told[2]["ref"]] == [0, "play-finished"]


async def test_a_malformed_request_is_answered_with_its_ref(lobby: Lobby) -> None:
    lobby.say("mod", "seek", position=-1, ref="s")

    [error] = lobby.heard("mod")
    assert (error["reason"], error["ref"]) == ("invalid", "s")


async def test_1_5_gets_no_ref_back_but_the_code_of_an_error(lobby: Lobby) -> None:
    lobby.say("ann", "whats-on", ref=1)
    lobby.say("ann", "play-finished", ref=2)

    answer, error = lobby.heard("ann")
    assert "ref" not in answer
    assert error["ref"] == "play-finished"


async def test_what_a_plugin_forbids_is_answered_with_ref_and_truth() -> None:
    hooks = RoomHooks(authorise=lambda asked: Verdict(asked.action == "join", "Not now."))
    lobby = Lobby(hooks)
    lobby.enter("mod", is_v2=True)
    lobby.heard("mod")
    lobby.say("mod", "play", ref="p")
    lobby.live.stop()

    error, state = lobby.heard("mod")
    assert (error["detail"], error["ref"], state["code"]) == ("Not now.", "p", "state")


# -- counting -------------------------------------------------------------------------------------


async def test_every_frame_is_counted_once_whoever_it_is_for(lobby: Lobby) -> None:
    lobby.enter("mad", is_v2=True)
    ears = [*lobby.ears.values()]
    for ear in ears:
        ear.heard.clear()
    sent, received = lobby.live.traffic.sent, lobby.live.traffic.received

    lobby.say("ann", "pause", position=3)
    lobby.say("mod", "seek", position=5, ref=1)
    lobby.say("mod", "whats-on", ref=2)
    lobby.say("mad", "clock", t0=1)
    lobby.say("mad", "nonsense", ref=3)

    at_once = sum(len(ear.at_once) for ear in ears if isinstance(ear, ModernEar))
    assert lobby.live.traffic.sent - sent == sum(len(ear.heard) for ear in ears) + at_once
    assert lobby.live.traffic.received - received == 5


async def test_a_v2_socket_that_left_is_sent_nothing_more(lobby: Lobby) -> None:
    lobby.seats["mod"].lost()
    lobby.say("ann", "pause", position=3)

    assert lobby.heard("mod") == []
    assert "channel-status" in codes(lobby.heard("ann"))


async def test_a_projection_that_was_missed_is_told_with_its_number_and_as_no_answer(
    lobby: Lobby,
) -> None:
    lobby.say("mod", "join-in", user={"id": "mod", "name": "Mod", "color_hue": 7}, ref=1)
    resume = lobby.heard("mod")[0]["resume"]
    seq = lobby.live.room.journal.seq
    lobby.live.close(lobby.ears["mod"].id)
    lobby.say("ann", "start-projection", video_record={**FILM, "record_id": "other"})
    lobby.open("mod", is_v2=True)
    lobby.heard("mod")

    user = {"id": "mod", "name": "Mod", "color_hue": 7}
    lobby.say("mod", "join-in", user=user, ref="again", resume=resume, seq=seq)
    heard = [m for m in lobby.heard("mod") if m["code"] != "state"]

    assert heard[0]["code"] == "here-are"
    assert heard[0]["replayed"]
    missed, now_on = [m for m in heard if m["code"] == "start-projection"]
    assert (missed["seq"] > seq, missed.get("ref"), missed["sender"]["id"]) == (True, None, "ann")
    assert (now_on.get("seq"), now_on["ref"], now_on["sender"]["id"]) == (None, "again", "server")
    assert {m.get("ref") for m in heard if "seq" in m} == {None}


async def test_a_socket_that_is_spared_is_counted_out_only_where_it_would_be_told(
    lobby: Lobby,
) -> None:
    for ear in lobby.ears.values():
        ear.heard.clear()
    sent = lobby.live.traffic.sent
    lobby.open("mad", is_v2=True)
    lobby.say("mad", "join-in", user={"id": "mad", "name": "Mad", "color_hue": 7})

    assert lobby.live.traffic.sent - sent == sum(len(ear.heard) for ear in lobby.ears.values())
