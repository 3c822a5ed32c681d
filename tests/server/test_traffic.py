"""What is counted of the messages of all rooms."""

from typing import cast

from bunga_cli.server.limits import TokenBucket
from bunga_cli.server.live_room import LiveRoom
from bunga_cli.server.seat import RoomSeat
from bunga_cli.server.traffic import Traffic
from bunga_cli.server.websocket import Connection
from bunga_cli.sync.commands import Join, Project
from bunga_cli.sync.policy import SECOND_US, Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId, User, VideoRecord

NOW_US = 1000 * SECOND_US
FILM = VideoRecord("film", "A film", None, "alist", "/film.mkv")
CHAT = b'{"code":"danmaku","message":"hello"}'


class Ear:
    """A socket that counts what it is sent."""

    subprotocol: str | None = None

    def __init__(self, number: int) -> None:
        self.id = ConnId(number)
        self.heard = 0

    def send(self, frame: bytes) -> None:
        self.heard += 1

    send_heartbeat = send


class Stage:
    """A room of three who have joined, each with a seat to speak from."""

    def __init__(self, burst: int = 100) -> None:
        self.traffic = Traffic()
        self.live = LiveRoom(Room("lobby", Policy(), NOW_US), clock, traffic=self.traffic)
        self.ears = [Ear(number) for number in range(3)]
        for ear in self.ears:
            name = f"a{ear.id}"
            self.live.open(cast(Connection, ear), name)
            self.live.handle(ear.id, Join(User(name, name, 1), Project(FILM)), NOW_US)
        bucket = TokenBucket(1, burst)
        self.seat = RoomSeat(self.live, self.ears[0].id, bucket, clock, nothing)
        self.start = (self.traffic.received, self.traffic.sent, self.heard)

    @property
    def heard(self) -> int:
        return sum(ear.heard for ear in self.ears)

    def since(self) -> tuple[int, int, int]:
        """Return what was received, sent and heard since the start."""
        now = (self.traffic.received, self.traffic.sent, self.heard)
        received, sent, heard = (
            after - before for after, before in zip(now, self.start, strict=True)
        )
        return received, sent, heard


def clock() -> int:
    return NOW_US


def nothing() -> None:
    """Nobody is told that a seat was given up."""


def after(payload: bytes) -> tuple[int, int, int]:
    stage = Stage()
    stage.seat.received(payload)
    return stage.since()


async def test_what_is_sent_to_all_counts_once_for_each() -> None:
    assert after(CHAT) == (1, 3, 3)


async def test_what_is_answered_to_one_counts_once() -> None:
    received, sent, heard = after(b'{"code":"whats-on"}')
    assert (received, sent) == (1, heard)
    assert heard == 1


async def test_what_everybody_but_one_hears_counts_for_the_others() -> None:
    received, sent, heard = after(b'{"code":"buffer-state-changed","is_buffering":false}')
    assert (received, sent) == (1, heard)
    assert sent > 0


async def test_a_refusal_is_an_answer() -> None:
    assert after(b"{") == (1, 1, 1)


async def test_what_is_over_the_limit_was_received_all_the_same() -> None:
    stage = Stage(burst=1)
    for _ in range(5):
        stage.seat.received(CHAT)
    assert stage.since() == (5, 4, 4)
