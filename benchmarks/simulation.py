"""A real room in virtual time, with models of players at the far ends of delaying links.

Nothing here knows the time but as a number, so that three minutes of a room take a second, and the
same seeds make the same figures on every machine.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any

from benchmarks.models.media import SECOND_US
from benchmarks.models.player import Message, Player
from benchmarks.proxy import Link, Way
from bunga_cli.protocol import v1
from bunga_cli.protocol.client_messages import decode
from bunga_cli.sync.effects import Effect, Tell
from bunga_cli.sync.events import Event
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId

TICK_US = 40_000
"""How often players look at their clocks."""
LOOK_US = 100_000
"""How often it is noted where everybody's picture is."""
FILM: Message = {
    "code": "start-projection",
    "video_record": {
        "record_id": "film",
        "title": "Film",
        "thumb_url": None,
        "source": "http",
        "path": "/film",
    },
    "position": 60 * SECOND_US,
}
_PING_AFTER_US = SECOND_US
_PING_US, _SELDOM_PING_US = 2 * SECOND_US, 20 * SECOND_US
_OFTEN_FOR_US = 60 * SECOND_US
_HALF_OPEN_US = 40 * SECOND_US
"""When the server notices that a socket is gone that was closed while its cable was cut."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where one player's picture was, how far ahead of the room, and what it had done by then."""

    at_us: int
    error_us: float
    is_running: bool
    rate_changes: int
    seeks: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A message when it arrived, and where the room was then."""

    at_us: int
    message: Message
    room_us: int


@dataclass(slots=True)
class Seat:
    """A player and its way to the server. `is_cut` holds back everything on it."""

    player: Player
    link: Link
    conn: ConnId | None = None
    looks: list[Look] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    is_cut: bool = False
    is_connecting: bool = False
    lifetime: int = 0
    """Rises when a connection begins or ends: what belongs to an earlier one is lost."""
    connections: int = 0
    """How many there have been."""
    there: Way = field(init=False)
    back: Way = field(init=False)

    def __post_init__(self) -> None:
        self.there, self.back = self.link.ways()


class Simulation:
    """One room, its players, and the time, which passes in `run` alone."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.now_us = 1000 * SECOND_US
        self.room = Room("simulated", policy or Policy(), self.now_us)
        self.seats: dict[str, Seat] = {}
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._number = count()
        self._conns = count(1)
        self._by_conn: dict[ConnId, Seat] = {}
        self._held: dict[str, list[Callable[[], None]]] = {}
        self._after(0, self._look)

    # -- what a scenario does ---------------------------------------------------------------------

    def add(self, player: Player, link: Link) -> Seat:
        """Let a player start; it connects at once."""
        seat = self.seats[player.account] = Seat(player, link)
        self._after(0, lambda: self._tick(seat))
        return seat

    def say(self, name: str, messages: list[Message]) -> None:
        """Send what a player's person did."""
        self._send(self.seats[name], messages)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until_us = self.now_us + round(seconds * SECOND_US)
        while self._due and self._due[0][0] <= until_us:
            at_us, _, deed = heappop(self._due)
            self.now_us = max(self.now_us, at_us)
            deed()
        self.now_us = until_us

    def mend(self, name: str) -> None:
        """Deliver what was held back while a cable was cut."""
        self.seats[name].is_cut = False
        for deed in self._held.pop(name, []):
            deed()

    # -- time -------------------------------------------------------------------------------------

    def _after(self, delay_us: float, deed: Callable[[], None]) -> None:
        self._at(self.now_us + round(delay_us), deed)

    def _at(self, at_us: int, deed: Callable[[], None]) -> None:
        heappush(self._due, (at_us, next(self._number), deed))

    def _tick(self, seat: Seat) -> None:
        player = seat.player
        said = player.tick(self.now_us)
        if player.is_connected:
            self._send(seat, said)
            if not player.wants_socket(self.now_us):
                self._hang_up(seat)
        elif not seat.is_connecting and player.wants_socket(self.now_us):
            self._connect(seat)
        self._after(TICK_US, lambda: self._tick(seat))

    def _look(self) -> None:
        room_us, runs = self.room.position_at(self.now_us), self.room.view(self.now_us).rate != 0
        for seat in self.seats.values():
            media = seat.player.media
            if media is not None:
                media.advance(self.now_us)
                error_us = media.position_us - room_us
                seat.looks.append(
                    Look(self.now_us, error_us, runs, media.rate_changes, media.seeks)
                )
        self._after(LOOK_US, self._look)

    # -- the network ------------------------------------------------------------------------------

    def _travel(self, seat: Seat, way: Way, deed: Callable[[], None]) -> None:
        """Do something at the other end, if the connection still lives by then."""
        lifetime = seat.lifetime

        def arrive() -> None:
            if seat.lifetime != lifetime:
                return
            if seat.is_cut:
                self._held.setdefault(seat.player.account, []).append(arrive)
            else:
                deed()

        self._at(round(way.release_s(self.now_us / SECOND_US) * SECOND_US), arrive)

    def _connect(self, seat: Seat) -> None:
        seat.is_connecting = True
        seat.lifetime += 1
        seat.connections += 1
        seat.there, seat.back = seat.link.ways(seat.lifetime)
        self._travel(seat, seat.there, lambda: self._admit(seat))

    def _admit(self, seat: Seat) -> None:
        conn = seat.conn = ConnId(next(self._conns))
        self._by_conn[conn] = seat
        self._travel(seat, seat.back, lambda: self._welcome(seat))
        self._carry_out(self.room.open(conn, seat.player.account, self.now_us))
        opened_us = self.now_us
        self._after(_PING_AFTER_US, lambda: self._ping(seat, conn, opened_us))

    def _welcome(self, seat: Seat) -> None:
        seat.is_connecting = False
        self._send(seat, seat.player.connected(self.now_us))

    def _ping(self, seat: Seat, conn: ConnId, opened_us: int) -> None:
        if seat.conn != conn:
            return
        sent_us = self.now_us

        def answer() -> None:
            self._travel(seat, seat.there, lambda: self._measure(conn, self.now_us - sent_us))

        self._travel(seat, seat.back, answer)
        often = self.now_us - opened_us < _OFTEN_FOR_US
        period_us = _PING_US if often else _SELDOM_PING_US
        self._after(period_us, lambda: self._ping(seat, conn, opened_us))

    def _measure(self, conn: ConnId, round_trip_us: int) -> None:
        if conn in self._by_conn:
            self.room.measure(conn, round_trip_us)

    def _hang_up(self, seat: Seat) -> None:
        conn, seat.conn = seat.conn, None
        seat.lifetime += 1
        self._held.pop(seat.player.account, None)
        seat.player.dropped(self.now_us)
        arrives_s = seat.there.release_s(self.now_us / SECOND_US)
        gone_us = self.now_us + _HALF_OPEN_US if seat.is_cut else round(arrives_s * SECOND_US)
        self._at(gone_us, lambda: self._close(conn))

    def _close(self, conn: ConnId | None) -> None:
        if conn is not None and self._by_conn.pop(conn, None) is not None:
            self._carry_out(self.room.close(conn, self.now_us))

    # -- messages ---------------------------------------------------------------------------------

    def _send(self, seat: Seat, messages: list[Message]) -> None:
        for message in messages:
            self._travel(seat, seat.there, partial(self._handle, seat, message))

    def _handle(self, seat: Seat, message: Message) -> None:
        if seat.conn is not None:
            command = decode(json.dumps(message).encode())
            self._carry_out(self.room.handle(seat.conn, command, self.now_us))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Tell):
                self._tell(effect)
        due_us = self.room.next_deadline_us
        if due_us is not None:
            self._at(max(due_us, self.now_us), self._poll)

    def _poll(self) -> None:
        due_us = self.room.next_deadline_us
        if due_us is not None and due_us <= self.now_us:
            self._carry_out(self.room.poll(self.now_us))

    def _tell(self, tell: Tell) -> None:
        message = _as_message(tell.event)
        for conn in self._receivers(tell):
            seat = self._by_conn[conn]
            if seat.conn == conn:
                self._travel(seat, seat.back, partial(self._arrive, seat, message))

    def _receivers(self, tell: Tell) -> list[ConnId]:
        if tell.to is not None:
            return [tell.to]
        among = self._by_conn if tell.among is None else tell.among
        return [conn for conn in among if conn not in tell.but]

    def _arrive(self, seat: Seat, message: Message) -> None:
        seat.heard.append(Heard(self.now_us, message, self.room.position_at(self.now_us)))
        self._send(seat, seat.player.heard(message, self.now_us))


def _as_message(event: Event) -> dict[str, Any]:
    return v1.project(event).model_dump(mode="json")
