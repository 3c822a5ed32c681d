"""A room with its sockets, its timer and its clock: where effects become frames.

Nothing here awaits: from the bytes of one socket to the bytes on all others is one call.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from bunga_cli.clock import EPOCH
from bunga_cli.errors import Conflict
from bunga_cli.plugin.rooms import RoomHooks
from bunga_cli.protocol import v1, v2
from bunga_cli.server.delivery import text_frame
from bunga_cli.server.feed import Feed
from bunga_cli.server.plugged import Plugged
from bunga_cli.server.room_events import NOTED, History
from bunga_cli.server.traffic import Traffic
from bunga_cli.server.websocket import Connection
from bunga_cli.sync.commands import Command, Order
from bunga_cli.sync.effects import Answer, Declined, Effect, PutAway, SaveProgress, Tell
from bunga_cli.sync.events import FROM_2, UP_TO_1_5, Event, HereAre, Projected, State, Status
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import ConnId, User
from bunga_cli.sync.views import RoomView, WatcherView

_log = logging.getLogger(__name__)

_SECOND_US = 1_000_000
_RETRY_S = 1.0


class LiveRoom:
    """One channel's room on this node.

    `saved_revision` is the room's revision that the store has; `unsaved_progress` what is to be
    stored beside it, in µs by record id; `was_put_away` is set when the room may be forgotten.
    """

    def __init__(
        self,
        room: Room,
        clock: Callable[[], int],
        hooks: RoomHooks | None = None,
        feed: Feed | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        self.room = room
        self.traffic = traffic or Traffic()
        self._hooks, self._feed = hooks or RoomHooks(), feed or Feed()
        self._plugged = Plugged(room, self._hooks)
        self.history = History(room, self._feed, self._hooks)
        self.connections: dict[ConnId, Connection] = {}
        self._up_to_1_5: dict[ConnId, Connection] = {}
        self._from_2: dict[ConnId, Connection] = {}
        self._audiences = {
            **dict.fromkeys(UP_TO_1_5, self._up_to_1_5),
            **dict.fromkeys(FROM_2, self._from_2),
        }
        """Who is told events of a kind, where it is not everybody."""
        self.saved_revision = room.revision
        self.unsaved_progress: dict[str, int] = {}
        self.was_put_away = False
        self._last_encoded: tuple[Event | None, bytes] = None, b""
        self._last_status: tuple[Status, bytes] | None = None
        self._projected: list[RoomSnapshot] = []
        self._is_stopped = False
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_us = 0
        self._arm()

    # -- what comes in ----------------------------------------------------------------------------

    def open(self, connection: Connection, account: str) -> None:
        """Let an admitted socket take part."""
        is_v2 = connection.subprotocol == v2.SUBPROTOCOL
        self.connections[connection.id] = connection
        (self._from_2 if is_v2 else self._up_to_1_5)[connection.id] = connection
        now_us = self._clock()
        self._carry_out(self.room.open(connection.id, account, now_us, is_v2=is_v2), now_us)
        self.history.look(now_us)

    def close(self, conn: ConnId) -> None:
        """Account for a socket that is gone."""
        del self.connections[conn]
        self._up_to_1_5.pop(conn, None)
        self._from_2.pop(conn, None)
        now_us = self._clock()
        self._carry_out(self.room.close(conn, now_us), now_us)
        self.history.look(now_us)

    def handle(self, by: ConnId, command: Command, now_us: int) -> None:
        """Do what a socket asks."""
        if self._hooks.is_silent:
            effects = self.room.handle(by, command, now_us)
        else:
            effects = self._plugged.handle(by, command, now_us)
        if effects:
            self._carry_out(effects, now_us)

    def answer(self, by: ConnId, command: Command, now_us: int, ref: str | int | None) -> None:
        """Do what a socket asks, and answer to what it calls that."""
        effects = self._plugged.handle(by, command, now_us)
        if ref is not None:
            effects = [_answering(effect, by, ref) for effect in effects]
        if effects:
            self._carry_out(effects, now_us)

    def command(self, actor: User, command: Order) -> None:
        """Do what somebody asks who is not in the room. Raises Conflict where it is in vain."""
        now_us = self._clock()
        effects = self.room.command(actor, command, now_us)
        self._carry_out(effects, now_us)
        for effect in effects:
            if type(effect) is Declined:
                raise Conflict(effect.detail)

    def expel(self, account: str) -> None:
        """Let an account's watcher leave at once; its sockets are closed by the hub."""
        now_us = self._clock()
        self.history.sent_out = account
        try:
            self._carry_out(self.room.expel(account, now_us), now_us)
        finally:
            self.history.sent_out = None

    def reset(self) -> None:
        """Send everybody out."""
        now_us = self._clock()
        self._carry_out(self.room.reset(now_us), now_us)

    def set_policy(self, policy: Policy) -> None:
        """Go on by other numbers."""
        now_us = self._clock()
        self._carry_out(self.room.set_policy(policy, now_us), now_us)

    def measure(self, conn: ConnId, round_trip_us: int) -> None:
        """Learn how long a ping took to a socket and back."""
        self.room.measure(conn, round_trip_us)

    # -- what goes out ----------------------------------------------------------------------------

    def view(self) -> RoomView:
        """Return the room as people look at it from outside."""
        view = self.room.view(self._clock())
        return replace(view, watchers=tuple(map(self._with_round_trip, view.watchers)))

    def tell(self, event: Event, to: ConnId) -> None:
        """Send one event to one socket."""
        self.traffic.sent += 1
        self.connections[to].send(text_frame(v1.encode(event)))

    def tell_time(self, asked: v2.ClockRequest, now_us: int, to: ConnId) -> None:
        """Answer one socket at once that asked for the time, at `now_us`."""
        self.traffic.sent += 1
        frame = text_frame(v2.encode_clock(asked, now_us, self._clock()))
        self.connections[to].send_at_once(frame)

    def close_all(self, code: int, reason: str) -> None:
        """Close every socket, for the same reason."""
        for connection in [*self.connections.values()]:
            connection.close(code, reason)

    def snapshots(self) -> list[RoomSnapshot]:
        """Return what is to be stored: the room as it is, after all records projected meanwhile."""
        return [*self._projected, self.room.snapshot()]

    def mark_saved(self, revision: int, snapshots: int) -> None:
        """Learn that the room was stored as of `revision`, with so many snapshots."""
        self.saved_revision = revision
        del self._projected[: snapshots - 1]

    def stop(self) -> None:
        """Set no timer any more: the room stands still from now on."""
        self._is_stopped = True
        self._disarm()

    # -- inside -----------------------------------------------------------------------------------

    def _with_round_trip(self, watcher: WatcherView) -> WatcherView:
        """Add how far away a watcher is, by its newest socket of which that is known."""
        conns = self.room.roster.watchers[watcher.user.id].sockets
        known = [self.connections[conn].rtt_us for conn in conns]
        rtt_us = next((rtt_us for rtt_us in reversed(known) if rtt_us is not None), None)
        return replace(watcher, rtt_us=rtt_us)

    def _carry_out(self, effects: list[Effect], now_us: int) -> None:
        for effect in effects:
            if type(effect) is Tell:
                self._deliver(effect)
                if effect.to is None and type(effect.event) in NOTED:
                    self._note(effect.event, now_us)
            else:
                self._do(effect)
        if self.room.playback.state is not self.history.state:
            self.history.note_state(now_us)
        if self._feed.is_heard:
            self._feed.touch(self.room.channel_id)
        self._arm()

    def _do(self, effect: Effect) -> None:
        """Carry out what is asked for seldom."""
        if type(effect) is SaveProgress:
            self.unsaved_progress[effect.record_id] = effect.position_us
        elif type(effect) is PutAway:
            self.was_put_away = True
        elif type(effect) is Answer:
            self.traffic.sent += 1
            frame = text_frame(v2.encode_answer(effect.event, effect.ref))
            self.connections[effect.to].send(frame)

    def _note(self, event: Event, now_us: int) -> None:
        if type(event) is Projected:
            self._projected.append(self.room.snapshot())
        self.history.note(event, now_us)

    def _deliver(self, tell: Tell) -> None:
        """Encode once, write the same bytes to every receiver."""
        kind = type(tell.event)
        # What is said again soon: who reads slowly need not be told.
        is_heartbeat = kind is Status or kind is State
        if tell.to is not None:
            self.traffic.sent += 1
            connection = self.connections[tell.to]
            send = connection.send_heartbeat if is_heartbeat else connection.send
            send(self._encode_for(tell.event, tell.to, tell.seq))
            return
        receivers = self._receivers(tell)
        if tell.seq and self._from_2:
            self._deliver_numbered(tell)
        frame = self._encode(tell.event) if receivers else b""
        # Counted by the message and not by the socket: here each nanosecond is one of hundreds.
        self.traffic.sent += len(receivers) - sum(conn in receivers for conn in tell.but)
        if is_heartbeat:
            for conn, connection in receivers.items():
                if conn not in tell.but:
                    connection.send_heartbeat(frame)
        else:
            for conn, connection in receivers.items():
                if conn not in tell.but:
                    connection.send(frame)

    def _receivers(self, tell: Tell) -> dict[ConnId, Connection]:
        """Return those whom an event is told as it is, but for those whom it spares."""
        if tell.among is not None:
            return {conn: self.connections[conn] for conn in tell.among}
        if not self._from_2:
            return self.connections
        is_for_all = self._up_to_1_5 if tell.seq else self.connections
        return self._audiences.get(type(tell.event), is_for_all)

    def _deliver_numbered(self, tell: Tell) -> None:
        """Write what the whole room is told to those who count it."""
        frame = text_frame(v2.numbered(v1.encode(tell.event), tell.seq))
        for conn, connection in self._from_2.items():
            if conn not in tell.but:
                self.traffic.sent += 1
                connection.send(frame)

    def _encode_for(self, event: Event, to: ConnId, seq: int) -> bytes:
        """Return the frame for an event that one socket is told."""
        if seq:
            return text_frame(v2.numbered(v1.encode(event), seq))
        if type(event) is HereAre and to in self._from_2:
            return text_frame(v2.encode_answer(event, None))
        return self._encode(event)

    def _encode(self, event: Event) -> bytes:
        """Return the frame for an event; many ask for the same one after a restart."""
        last_event, frame = self._last_encoded
        if event is not last_event:
            if isinstance(event, State):
                frame = text_frame(v2.encode_state(event, EPOCH))
            elif isinstance(event, Status):
                frame = text_frame(self._encode_status(event))
            else:
                frame = text_frame(v1.encode(event))
            self._last_encoded = event, frame
        return frame

    def _encode_status(self, status: Status) -> bytes:
        """Return the JSON text of a status; those of the classes of delay are made of one."""
        last = self._last_status
        payload = last and v1.encode_elsewhere(status, *last)
        if payload is None:
            payload = v1.encode(status)
        self._last_status = status, payload
        return payload

    def _arm(self) -> None:
        """See to it that the timer fires no later than the room wants; earlier does no harm."""
        due_us = self.room.next_deadline_us
        if due_us is None or (self._timer is not None and self._timer_due_us <= due_us):
            return
        self._disarm()
        if self._is_stopped:
            return
        delay_s = max(0, due_us - self._clock()) / _SECOND_US
        self._timer_due_us = due_us
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        try:
            now_us = self._clock()
            self._carry_out(self.room.poll(now_us), now_us)
            self.history.look(now_us)
        except Exception:  # noqa: BLE001  a room that fails leaves the others alone
            _log.exception("The timer of room %r failed.", self.room.channel_id)
            loop = asyncio.get_running_loop()
            self._timer_due_us = self._clock()
            self._timer = loop.call_later(_RETRY_S, self._on_timer)


def _answering(effect: Effect, by: ConnId, ref: str | int) -> Effect:
    """Return an effect as an answer to the request `ref`, if that is what it is."""
    if type(effect) is not Tell or effect.to != by or effect.seq:  # told to all before: a replay
        return effect
    if type(effect.event) in v2.ANSWERS:
        return Answer(effect.event, by, ref)
    return effect
