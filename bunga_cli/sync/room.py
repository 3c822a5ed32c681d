"""The room: one state machine per channel.

Everything that changes a room comes in through `open`, `close`, `handle`, `command`, `expel`,
`poll`, `reset` and `set_policy`, each with the time as an argument, and everything the room wants
comes out of them as a list of effects, in the order in which they are to happen. A room never calls
anybody, never waits and never asks what time it is: `next_deadline_us` says when it wants to be
polled next.

Four layers, each one built on the one before: `mechanics` (moving, projecting, speaking),
`presence` (coming and going), `deadlines` (what is due), and here the commands.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from bunga_cli.sync import commands, events
from bunga_cli.sync.commands import CallAction, Command, Order
from bunga_cli.sync.deadlines import Deadlines
from bunga_cli.sync.drift import Drift
from bunga_cli.sync.effects import Declined, Effect
from bunga_cli.sync.journal import Entry
from bunga_cli.sync.moves import Cause, PlayState
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.readiness import Socket
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import ConnId, User
from bunga_cli.sync.views import CauseView, RoomView, Waiting, WatcherView

_NOTHING: list[Effect] = []
_PASSING = frozenset({commands.WhatsOn, commands.Say})
"""Commands of a watcher that change nothing in the room, and so none of its deadlines."""


class Room(Deadlines):
    """The live sync session of one channel.

    `progress` maps record ids to positions in microseconds, `phase_us` is the offset at which the
    room's heartbeat falls into the second, so that rooms do not beat all at once. A `snapshot`
    brings a room back paused, with its watchers away but within their grace.
    """

    def __init__(
        self,
        channel_id: str,
        policy: Policy,
        now_us: int,
        *,
        progress: dict[str, int] | None = None,
        phase_us: int = 0,
        snapshot: RoomSnapshot | None = None,
    ) -> None:
        super().__init__(channel_id, policy, now_us, {} if progress is None else progress)
        self._now_playing: events.NowPlaying | None = None
        self._phase_us = phase_us
        if snapshot is not None:
            self._restore(snapshot, now_us)
        self._rearm(now_us)

    # -- what comes in ----------------------------------------------------------------------------

    def open(self, conn: ConnId, account: str, now_us: int, *, is_v2: bool = False) -> list[Effect]:
        """Take in a new socket; an account whose watcher is away is back by that alone.

        One that speaks bunga.v2 will send heartbeats, and is told the truth at once.
        """
        socket = Socket(conn, account, now_us, now_us, is_v2=is_v2, speaks=is_v2)
        self.roster.sockets[conn] = socket
        self.truth.add(socket)
        self.arrivals.add(socket, self.playback.timeline, now_us)
        self.journal.is_kept |= is_v2
        watcher = self.roster.watchers.get(account)
        if watcher is not None and not watcher.is_present:
            self._resume(watcher, socket, now_us)
        return self._flush(now_us)

    def close(self, conn: ConnId, now_us: int) -> list[Effect]:
        """Account for a socket that is gone; its watcher may come back within grace."""
        socket = self.roster.sockets.pop(conn)
        self.truth.remove(socket)
        self.arrivals.remove(socket)
        watcher = self.roster.watcher_of(socket)
        if watcher is not None:
            self._lose(watcher, socket, now_us)
            spare = self.roster.spare_socket(socket.account, socket.opened_us)
            if spare is not None and not watcher.is_present:
                self._resume(watcher, spare, now_us)
            self._settle(now_us, by=watcher.user)
        is_deserted = not self.roster.sockets and not self.roster.watchers
        if is_deserted and self._empty_since_us is None:
            self._empty_since_us = now_us
        return self._flush(now_us)

    def handle(self, by: ConnId, command: Command, now_us: int) -> list[Effect]:
        """Do what the socket `by` asks, or refuse it with a reason."""
        socket = self.roster.sockets[by]
        socket.heard_us = now_us
        if type(command) is commands.Heartbeat and socket.speaks and socket.joined:  # noqa: SIM102
            if socket.ready is not command.is_pending and socket.ready is not None:
                if socket.is_v2 or command.position_us is not None:
                    self._note_picture(socket, command, now_us)
                return _NOTHING
        is_due = self.next_deadline_us is not None and now_us >= self.next_deadline_us
        if is_due:
            self._expire(now_us)
        elif type(command) in _PASSING and socket.joined:
            self._handlers[type(command)](self, socket, command, now_us)
            return self._drain(now_us)
        was_lapsed = socket.lapsed
        if was_lapsed:
            self._unlapse(socket)
        self._handlers[type(command)](self, socket, command, now_us)
        if was_lapsed:
            self._settle(now_us)
        return self._flush(now_us)

    def measure(self, conn: ConnId, round_trip_us: int) -> None:
        """Learn how long a ping took to a socket and back."""
        socket = self.roster.sockets[conn]
        socket.path.add(round_trip_us)
        self.arrivals.measured(socket)

    def command(self, actor: User, command: Order, now_us: int) -> list[Effect]:
        """Do what `actor` asks, who is not in the room: an admin, a tool."""
        if self.next_deadline_us is not None and now_us >= self.next_deadline_us:
            self._expire(now_us)
        problem = self._problem(command)
        if problem is None:
            self._obey(actor, command, now_us)
        else:
            self._out.append(Declined(problem))
        return self._flush(now_us)

    def expel(self, account: str, now_us: int) -> list[Effect]:
        """Let an account's watcher leave at once, as if it had said bye on all its sockets."""
        watcher = self.roster.watchers.get(account)
        self.roster.former.pop(account, None)
        for socket in self.roster.sockets.values():
            if socket.account == account:
                socket.lapsed, socket.bye_us, socket.stranger_since_us = False, now_us, None
        if watcher is not None:
            self._leave(watcher, now_us)
        return self._flush(now_us)

    def reset(self, now_us: int) -> list[Effect]:
        """Send everybody out and forget the projection; its progress is kept."""
        self._tell(events.WasReset())
        for watcher in [*self.roster.watchers.values()]:
            self.roster.remove(watcher, now_us)
        for socket in self.roster.sockets.values():
            socket.lapsed, socket.bye_us = False, now_us
        self._put_away(now_us)
        self._tell_truth(now_us)
        self._empty_since_us = now_us
        return self._flush(now_us)

    def set_policy(self, policy: Policy, now_us: int) -> list[Effect]:
        """Go on by other numbers."""
        self.policy = self.roster.policy = policy
        self.playback.seek_cooldown_us = policy.seek_cooldown_us
        self.arrivals.is_on = policy.legacy_compensation
        self.arrivals.unsettle(now_us)
        for socket in self.roster.sockets.values():
            self.arrivals.measured(socket)
        for ledger in self.roster.ledgers.values():
            ledger.budget_us = policy.max_wait_us
            ledger.window_us = policy.wait_window_us
        return self._flush(now_us)

    def refuse(self, by: ConnId, command: Command, detail: str, now_us: int) -> list[Effect]:
        """Do not do what the socket `by` asks, and tell it where the room is instead."""
        socket = self.roster.sockets[by]
        socket.heard_us = now_us
        self._refuse(socket, command, "not-allowed", detail)
        if self.roster.watcher_of(socket) is not None:
            self._tell_truth_to(socket, now_us)
        return self._flush(now_us)

    # -- what can be seen from outside ------------------------------------------------------------

    def snapshot(self) -> RoomSnapshot:
        """Return what must outlive the process."""
        timeline = self.playback.timeline
        return RoomSnapshot(
            self.channel_id,
            self.projection,
            timeline.position_us,
            timeline.rate,
            timeline.at_us,
            self.roster.users,
        )

    def view(self, now_us: int) -> RoomView:
        """Return the room as people look at it from outside."""
        held_since_us = self.playback.held_since_us
        waited_for = self.roster.waited_for if held_since_us is not None else []
        return RoomView(
            channel_id=self.channel_id,
            play_state=self.playback.state.value,
            position_us=self.position_at(now_us),
            projection=self.projection,
            watchers=tuple(
                WatcherView.of(w, self.playback.timeline, now_us)
                for w in self.roster.watchers.values()
            ),
            waiting_for=tuple(Waiting.of(w, held_since_us or 0, now_us) for w in waited_for),
            talking=tuple(self.call.talking),
            call_pending=bool(self.call.pending),
            connections=len(self.roster.sockets),
            rate=self.playback.timeline.rate,
            cause=CauseView(*self.because) if self.because else None,
        )

    # -- an outsider's commands -------------------------------------------------------------------

    def _problem(self, command: Order) -> str | None:
        """Return why an outsider's command is in vain."""
        if type(command) is commands.Say:
            return None if self.roster.sockets else "Nobody is connected to this room."
        if type(command) is commands.Project:
            return None
        if self.projection is None:
            return "Nothing is projected in this room."
        if type(command) is commands.Play and not self.roster.anyone_is_present:
            return "Nobody is in this room; it plays for watchers only."
        return None

    def _obey(self, actor: User, command: Order, now_us: int) -> None:
        match command:
            case commands.Play():
                self._play(actor, now_us)
            case commands.Pause(position_us):
                self._pause(actor, position_us, now_us)
            case commands.Seek(position_us):
                self._seek(actor, position_us, now_us)
            case commands.Say(code, fields):
                self._tell(events.Said(actor, code, fields))
            case commands.Project(record):
                if record.record_id != self._record_id:
                    self._project(actor, command, now_us)
                if not self.roster.watchers:
                    self._empty_since_us = now_us

    # -- commands ---------------------------------------------------------------------------------

    def _on_whats_on(self, socket: Socket, command: commands.WhatsOn, now_us: int) -> None:
        if self.projection is None:
            return
        if self._now_playing is None or self._now_playing.projection is not self.projection:
            self._now_playing = events.NowPlaying(self.projection)
        self._tell(self._now_playing, to=socket.conn)

    def _on_join(self, socket: Socket, command: commands.Join, now_us: int) -> None:
        if command.user.id != socket.account:
            detail = f"This socket speaks for {socket.account!r}, not for {command.user.id!r}."
            self._refuse(socket, command, "foreign-id", detail)
            return
        missed = self._missed(socket, command, now_us)
        self._join(socket, command.user, command.share, now_us, missed)

    def _missed(self, socket: Socket, command: commands.Join, now_us: int) -> list[Entry] | None:
        """Return what a new v2 socket has not heard of; None if not all of that is known.

        That is told once: it may be a thousand times as long as the question.
        """
        if not socket.is_v2 or socket.is_caught_up or command.journal != self.journal.name:
            return None
        socket.is_caught_up = True
        return self.journal.since(command.seq, now_us)

    def _on_bye(self, socket: Socket, command: commands.Bye, now_us: int) -> None:
        watcher = self.roster.watcher_of(socket)
        socket.bye_us, socket.stranger_since_us = now_us, None
        if watcher is None:
            self.roster.former.pop(socket.account, None)
            return
        self._lose(watcher, socket, now_us)
        if watcher.sockets:
            self._settle(now_us)
        else:
            self._leave(watcher, now_us)

    def _on_heartbeat(self, socket: Socket, command: commands.Heartbeat, now_us: int) -> None:
        socket.speaks = True
        watcher = self.roster.watcher_of(socket)
        if watcher is None:
            self._on_stray_heartbeat(socket, now_us)
        else:
            watcher.speaks = True
            # First how long it takes to start: its being ready may be what starts the room.
            self._note_picture(socket, command, now_us)
            is_ready = not command.is_pending and socket.has_seen(command.revision)
            self._report(watcher, socket, is_ready, now_us)

    def _note_picture(self, socket: Socket, command: commands.Heartbeat, now_us: int) -> None:
        if command.start_latency_us is not None:
            socket.start_latency_us = command.start_latency_us
        if command.position_us is not None:
            self.roster.watchers[socket.account].drift = Drift.measured(
                self.playback.timeline, command.position_us, command.at_us, now_us
            )

    def _on_stray_heartbeat(self, socket: Socket, now_us: int) -> None:
        """Let it be a while: a player beats while it resolves a link, and after its bye."""
        since_us = socket.stranger_since_us
        if since_us is None:
            socket.stranger_since_us = since_us = now_us
        long_here = now_us - since_us >= self.policy.stranger_after_us
        if (socket.account in self.roster.former or long_here) and not self._is_quiet(
            socket, now_us
        ):
            socket.stranger_since_us = now_us
            self._tell(events.WhoAreYou(), to=socket.conn)

    def _on_buffering(self, socket: Socket, command: commands.Buffering, now_us: int) -> None:
        watcher = self._actor(socket, command, now_us)
        if watcher is not None:
            self._report(watcher, socket, not command.is_buffering, now_us)

    def _on_project(self, socket: Socket, command: commands.Project, now_us: int) -> None:
        if self._actor(socket, command, now_us) is not None:
            self._share(socket, command, now_us)
            if self.playback.state is not PlayState.PAUSED:
                self._tell_truth_to(socket, now_us)

    def _on_play(self, socket: Socket, command: commands.Play, now_us: int) -> None:
        watcher = self._projecting_actor(socket, command, now_us)
        if watcher is not None:
            watcher.arriving = False
            self._play(watcher.user, now_us)

    def _on_pause(self, socket: Socket, command: commands.Pause, now_us: int) -> None:
        watcher = self._projecting_actor(socket, command, now_us)
        if watcher is None:
            return
        if watcher.arriving and len(self.roster.present) > 1:
            detail = "A newcomer that is still loading does not pause the others."
            self._refuse(socket, command, "still-loading", detail)
            return
        position_us = self._pause_position(watcher, command.position_us, now_us)
        self._pause(watcher.user, position_us, now_us, actor=socket)

    def _on_seek(self, socket: Socket, command: commands.Seek, now_us: int) -> None:
        watcher = self._projecting_actor(socket, command, now_us)
        if watcher is not None:
            watcher.arriving = False
            self._seek(watcher.user, command.position_us, now_us, actor=socket)

    def _on_finish(self, socket: Socket, command: commands.Finish, now_us: int) -> None:
        watcher = self._projecting_actor(socket, command, now_us)
        if watcher is None:
            return
        quiet_us = now_us - (self._projected_us or 0)
        if watcher.excused and not all(other.excused for other in self.roster.present):
            detail = "You are not where the room is: what ends for you goes on for the others."
            self._refuse(socket, command, "still-loading", detail)
        elif self.playback.state is PlayState.PAUSED:
            self._refuse(socket, command, "paused", "The room is paused; no video can end in it.")
        elif self._projected_us is not None and quiet_us < self.policy.finish_quiet_us:
            detail = "The video began or ended a moment ago; this end is taken for a late one."
            self._refuse(socket, command, "too-soon", detail)
        else:
            self._projected_us = now_us
            self._prepare_if_far(0, now_us)
            self._move(Cause.FINISH, now_us, 0, by=watcher.user)
            self._save_progress(now_us)
            self._tell_truth(now_us)

    def _on_call(self, socket: Socket, command: commands.Call, now_us: int) -> None:
        watcher = self._actor(socket, command, now_us)
        if watcher is None:
            return
        if command.action is CallAction.CALL:
            others = {other.id for other in self.roster.present} - {watcher.id}
            outcome: CallAction | None = self.call.call(watcher.id, others)
        elif command.action is CallAction.REJECT:
            if watcher.id not in self.call.pending:
                self._refuse(socket, command, "no-call", "Nobody is calling you.")
                return
            outcome = self.call.reject(watcher.id)
        else:
            accepts = command.action is CallAction.ACCEPT
            outcome = self.call.accept() if accepts else self.call.cancel()
            if outcome is None:
                self._refuse(socket, command, "no-call", "There is no call.")
                return
        if outcome is not None:
            self._tell(events.CallSaid(outcome))

    def _on_talk(self, socket: Socket, command: commands.Talk, now_us: int) -> None:
        watcher = self._actor(socket, command, now_us)
        if watcher is None:
            return
        if command.talking:
            self.call.talking[watcher.id] = None
        else:
            self.call.talking.pop(watcher.id, None)
        self._tell(events.Talked(watcher.user, command.talking))

    def _on_say(self, socket: Socket, command: commands.Say, now_us: int) -> None:
        watcher = self._actor(socket, command, now_us)
        if watcher is not None:
            self._tell(events.Said(watcher.user, command.code, command.fields))

    _handlers: ClassVar[dict[type, Callable[["Room", Socket, Any, int], None]]] = {
        commands.WhatsOn: _on_whats_on,
        commands.Join: _on_join,
        commands.Bye: _on_bye,
        commands.Heartbeat: _on_heartbeat,
        commands.Buffering: _on_buffering,
        commands.Project: _on_project,
        commands.Play: _on_play,
        commands.Pause: _on_pause,
        commands.Seek: _on_seek,
        commands.Finish: _on_finish,
        commands.Call: _on_call,
        commands.Talk: _on_talk,
        commands.Say: _on_say,
    }

    def _restore(self, snapshot: RoomSnapshot, now_us: int) -> None:
        self.projection = snapshot.projection
        self.playback.move(Cause.EMPTY, True, now_us, snapshot.position_us)
        for user in snapshot.watchers:
            watcher = self.roster.add(user, now_us)
            watcher.away_since_us, watcher.left_record_id = now_us, self._record_id
        if snapshot.watchers:
            self._empty_since_us = None
