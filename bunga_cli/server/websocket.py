"""One WebSocket: bytes from the peer become messages for a seat, frames go the other way.

    HEAD ── 101 ──▶ ADMITTING ── seat ──▶ OPEN ── close ──▶ CLOSING ── end of stream ──▶ ENDED
      │                 └──────────── refused ────────────────▲                            ▲
      └── 4xx ─────────────────────────────────────────────────────────────────────────────┘

uvicorn hands an upgraded socket over, and the event loop calls `data_received` from then on: no
task and no queue stand between the socket and the seat. `Stream` knows the protocol; here are the
socket, its buffers and its timers.

An end is in halves. We send a close frame and the end of our stream, and go on reading until the
peer ends its own, because closing a socket with unread bytes in it would destroy the close frame
on its way. A timer ends the wait.
"""

import asyncio
import logging
import os
from contextlib import suppress
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, cast

from bunga_cli.protocol import close_codes
from bunga_cli.server.delivery import PING
from bunga_cli.server.door import Door, Refused, Seat
from bunga_cli.server.handshake import Ticket, shake_hands
from bunga_cli.server.stream import Stream
from bunga_cli.sync.values import ConnId

if TYPE_CHECKING:
    from bunga_cli.server.endpoint import Endpoint

__all__ = ["Connection", "Door", "Refused", "Seat", "Stage"]

logger = logging.getLogger(__name__)

_HIGH_WATER_BYTES = 64 * 1024
_STALLED_GRACE_S = 1.0
"""How long a close frame may wait behind what a peer did not read."""


class Stage(Enum):
    """How far a connection is."""

    HEAD = auto()
    ADMITTING = auto()
    OPEN = auto()
    CLOSING = auto()
    ENDED = auto()


class Connection(asyncio.Protocol):
    """One WebSocket, from the request head to the end of the socket."""

    __slots__ = (
        "_admission",
        "_close_timer",
        "_endpoint",
        "_pinged_at_us",
        "_registry",
        "_seat",
        "_stage",
        "_stall_timer",
        "_stream",
        "_transport",
        "_turn_began_s",
        "_turn_timer",
        "id",
        "is_open",
        "peer",
        "rtt_us",
        "silent_since_us",
        "subprotocol",
    )

    _transport: asyncio.Transport
    _stream: Stream

    def __init__(self, conn_id: ConnId, endpoint: "Endpoint", registry: set[Any]) -> None:
        self.id = conn_id
        self.peer = ""
        """Address and port, or `local` on a Unix socket."""
        self.subprotocol: str | None = None
        self.is_open = False
        """Whether frames can be sent."""
        self.silent_since_us = 0
        self.rtt_us: int | None = None
        """How long the last ping and its pong took, in microseconds; None before the first."""
        self._pinged_at_us = 0
        """When the ping was sent whose pong is awaited; 0 if none is."""
        self._endpoint = endpoint
        self._registry = registry
        self._stage = Stage.HEAD
        self._seat: Seat | None = None
        self._admission: asyncio.Task[None] | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._close_timer: asyncio.TimerHandle | None = None
        self._turn_timer: asyncio.TimerHandle | None = None

    # What the rest of the server calls.

    def send(self, frame: bytes) -> None:
        """Send an encoded frame. Nothing happens if the connection is closing."""
        if self.is_open:
            self._transport.write(frame)
            if self._stall_timer:
                self._check_backlog()

    def send_heartbeat(self, frame: bytes) -> None:
        """Send an encoded frame, unless the peer has yet to read earlier ones."""
        if self.is_open and not self._stall_timer:
            self._transport.write(frame)

    def send_at_once(self, frame: bytes) -> None:
        """Send an encoded frame ahead of what the loop would write when it has read all else.

        The loop has nothing of ours half written as long as nothing waits; then the socket takes a
        small frame whole, or what it does not take is left to the loop.
        """
        if self.is_open and not self._transport.get_write_buffer_size():
            sock = self._transport.get_extra_info("socket")
            with suppress(OSError):  # the loop will find out what is wrong with it
                frame = frame[os.write(sock.fileno(), frame) :]
        if frame:
            self.send(frame)

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake, unless it has started; deliver nothing any more."""
        if self.is_open:
            self._close(code, reason, self._endpoint.limits.close_timeout_s)

    def shutdown(self) -> None:
        """Send the client away because the server ends. uvicorn calls it, too."""
        self.close(close_codes.RESTART, "The server is restarting")

    def ping(self, now_us: int) -> None:
        """Ask the peer for a sign of life; any byte will do."""
        self.silent_since_us = self.silent_since_us or now_us
        if not self._pinged_at_us:  # else the pong of an earlier one is still awaited
            self._pinged_at_us, self._stream.has_pong = now_us, False
        self._transport.write(PING)

    def abort(self) -> None:
        """End the socket at once, and drop what waits to be written."""
        self._leave(Stage.ENDED)
        self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket over from the HTTP side."""
        self._transport = cast(asyncio.Transport, transport)
        high = min(_HIGH_WATER_BYTES, self._endpoint.limits.max_buffer_bytes)
        self._transport.set_write_buffer_limits(high=high)
        self._registry.add(self)
        self._endpoint.connections.add(self)
        name = transport.get_extra_info("peername")
        self.peer = f"{name[0]}:{name[1]}" if isinstance(name, tuple) else "local"

    def data_received(self, data: bytes) -> None:
        """Take bytes from the peer; the first call brings the whole request head."""
        self.silent_since_us = 0
        stage = self._stage
        if stage is Stage.OPEN or stage is Stage.CLOSING:
            self._read(data)
        elif stage is Stage.ADMITTING:
            self._keep(data)
        elif stage is Stage.HEAD:
            self._shake_hands(data)

    def eof_received(self) -> None:
        """Learn that the peer sends no more: it has no use for our frames either."""
        self._leave(Stage.ENDED)
        self._end_within(self._endpoint.limits.close_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Learn that the socket is gone."""
        self._leave(Stage.ENDED)
        self._registry.discard(self)
        self._endpoint.connections.discard(self)
        if self._close_timer:
            self._close_timer.cancel()
        seat, self._seat = self._seat, None
        if seat:
            self._dismiss(seat)

    def pause_writing(self) -> None:
        """Learn that the peer reads more slowly than we write."""
        if self.is_open:
            loop, limits = asyncio.get_running_loop(), self._endpoint.limits
            self._stall_timer = loop.call_later(limits.max_blocked_s, self._give_up)

    def resume_writing(self) -> None:
        """Learn that the peer has caught up."""
        if self._stall_timer:
            self._stall_timer.cancel()
            self._stall_timer = None

    # Coming in.

    def _shake_hands(self, head: bytes) -> None:
        endpoint = self._endpoint
        answer, ticket = shake_hands(head, endpoint.subprotocols, draining=endpoint.is_draining)
        self._transport.write(answer)
        if ticket is None:
            self._end_stream(endpoint.limits.close_timeout_s)
            return
        self.subprotocol = ticket.subprotocol
        self._stream = Stream(self._transport.write, endpoint.limits.max_frame_bytes)
        self.is_open = True
        self._stage = Stage.ADMITTING
        endpoint.keepalive.watch(self)
        self._admission = asyncio.get_running_loop().create_task(self._admit(ticket))

    async def _admit(self, ticket: Ticket) -> None:
        endpoint = self._endpoint
        try:
            async with asyncio.timeout(endpoint.limits.handshake_timeout_s):
                seat = await endpoint.door.admit(ticket.token, ticket.channel_id, self)
        except Refused as refusal:
            self._turn_away(refusal.close_code, refusal.reason)
        except TimeoutError:
            self._turn_away(close_codes.TRY_LATER, "The server is too busy")
        except Exception:
            logger.exception("Connection %d from %s could not be admitted.", self.id, self.peer)
            self._turn_away(close_codes.INTERNAL, "Internal error")
        else:
            self._sit_down(seat)

    def _turn_away(self, code: int, reason: str) -> None:
        self._admission = None
        self.close(code, reason)

    def _sit_down(self, seat: Seat) -> None:
        self._admission = None
        if self._stage is not Stage.ADMITTING:
            self._dismiss(seat)
            return
        self._seat = seat
        self._stage = Stage.OPEN
        self._begin_turn()

    def _dismiss(self, seat: Seat) -> None:
        try:
            seat.lost()
        except Exception:
            logger.exception("The end of connection %d from %s went wrong.", self.id, self.peer)

    # Reading.

    def _keep(self, data: bytes) -> None:
        """Keep what comes before the admission; read no more when that is a frame's worth."""
        if self._stream.keep(data) > self._endpoint.limits.max_frame_bytes:
            self._transport.pause_reading()

    def _go_on_reading(self) -> None:
        if self._turn_timer:
            return
        if not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()

    def _read(self, data: bytes) -> None:
        seat = self._seat
        for payload in self._stream.receive(data):
            if seat and self.is_open:
                self._deliver(payload, seat)
        if self._pinged_at_us and self._stream.has_pong:
            self._measure_round_trip()
        if not self._stream.frames_left:
            self._await_turn()
        self._settle(self._endpoint.limits.close_timeout_s)

    def _measure_round_trip(self) -> None:
        self.rtt_us = self._endpoint.clock() - self._pinged_at_us
        self._pinged_at_us, self._stream.has_pong = 0, False
        if self._seat and self.is_open:
            self._seat.measured(self.rtt_us)

    def _begin_turn(self) -> None:
        """Read frames, first those that wait, until there were too many of them."""
        self._turn_timer = None
        self._turn_began_s = asyncio.get_running_loop().time()
        self._stream.frames_left = self._endpoint.limits.frames_per_turn
        self._go_on_reading()
        self._read(b"")

    def _await_turn(self) -> None:
        """Read no more of a peer that sends more than players do, until the others had their turn.

        Every frame counts, because pings and fragments cost more than messages, which the seat
        bounds as well.
        """
        if self._stage is Stage.ENDED or self._turn_timer:
            return
        self._transport.pause_reading()
        loop = asyncio.get_running_loop()
        ends_s = self._turn_began_s + self._endpoint.limits.turn_s
        self._turn_timer = loop.call_at(max(loop.time(), ends_s), self._begin_turn)

    def _deliver(self, payload: bytes, seat: Seat) -> None:
        try:
            seat.received(payload)
        except Exception:
            logger.exception("A message of connection %d from %s failed.", self.id, self.peer)
            self._stream.fail(close_codes.INTERNAL, "Internal error")
            self._settle(self._endpoint.limits.close_timeout_s)

    # Ending.

    def _check_backlog(self) -> None:
        if self._transport.get_write_buffer_size() > self._endpoint.limits.max_buffer_bytes:
            self._give_up()

    def _give_up(self) -> None:
        """Close a connection whose peer does not read; it may not even read the reason."""
        timeout_s = min(_STALLED_GRACE_S, self._endpoint.limits.close_timeout_s)
        self._close(close_codes.TRY_LATER, "You read too slowly", timeout_s)

    def _close(self, code: int, reason: str, timeout_s: float) -> None:
        self._stream.close(code, reason)
        self._settle(timeout_s)

    def _settle(self, timeout_s: float) -> None:
        """Do to the socket what the state of the stream asks for."""
        if self._stage is Stage.ENDED:
            return
        if self._stream.is_ended:
            self._end_stream(timeout_s)
        elif not self._stream.is_open:
            self._leave(Stage.CLOSING)
            self._end_within(timeout_s)
        elif self._stall_timer:
            self._check_backlog()

    def _leave(self, stage: Stage) -> None:
        """Enter a stage of the end: nothing is delivered any more, nobody can send."""
        self.is_open = False
        self._stage = stage
        self.resume_writing()
        if stage is Stage.ENDED and self._turn_timer:
            self._turn_timer.cancel()
            self._turn_timer = None
        self._go_on_reading()
        if self._admission:
            self._admission.cancel()
            self._admission = None

    def _end_stream(self, timeout_s: float) -> None:
        self._leave(Stage.ENDED)
        if not self._transport.can_write_eof():
            self._transport.close()
        elif not self._transport.is_closing():
            self._transport.write_eof()
        self._end_within(timeout_s)

    def _end_within(self, timeout_s: float) -> None:
        if not self._close_timer:
            loop = asyncio.get_running_loop()
            self._close_timer = loop.call_later(timeout_s, self._transport.abort)
