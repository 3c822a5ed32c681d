"""The mechanics of a room: how it moves, what it says, how far it got.

`Mechanics` holds all of a room's state. Play state and timeline change in `_move` alone, by the
table in `moves`; everything said goes through `_tell` into the list of effects that the caller
will get.
"""

from bunga_cli.sync import commands, events, parking
from bunga_cli.sync.arrivals import Arrivals, is_reminder
from bunga_cli.sync.call import VoiceCall
from bunga_cli.sync.commands import Command
from bunga_cli.sync.effects import Effect, PutAway, SaveProgress, Tell
from bunga_cli.sync.journal import Journal
from bunga_cli.sync.leads import leads_of
from bunga_cli.sync.moves import Cause, PlayState
from bunga_cli.sync.playback import Playback
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.readiness import Socket, Watcher
from bunga_cli.sync.roster import Roster
from bunga_cli.sync.truth import Truth, whole_truth
from bunga_cli.sync.values import SERVER, ConnId, Projection, User

FAR_US = 2_000_000
"""Within so much everybody has loaded the video, who watches it."""


class Mechanics:
    """A room's state and the moves it can make."""

    def __init__(
        self, channel_id: str, policy: Policy, now_us: int, progress: dict[str, int]
    ) -> None:
        self.channel_id = channel_id
        self.policy = policy
        self.progress = progress
        self.roster = Roster(policy)
        self.playback = Playback(policy.seek_cooldown_us)
        self.call = VoiceCall()
        self.truth = Truth(now_us)
        self.journal = Journal(now_us)
        self.arrivals = Arrivals()
        self.arrivals.is_on = policy.legacy_compensation
        self.projection: Projection | None = None
        self.revision = 0
        """Rises with everything that a snapshot must hold."""
        self.because: tuple[Cause, User | None] | None = None
        """What led to the play state of now, and whose doing it was."""
        self._told_to_rest_at_us: int | None = None
        """Where all of 1.4 were told to rest; None if anyone was told to play since."""
        self._projected_us: int | None = None
        """When the record was projected or last ended."""
        self._empty_since_us: int | None = now_us
        self._out: list[Effect] = []

    def position_at(self, now_us: int) -> int:
        """Return the position in the media, in microseconds; of a stop to come, where that is."""
        return self.playback.timeline.settled_at(now_us)

    # -- moving -----------------------------------------------------------------------------------

    def _move(
        self, cause: Cause, now_us: int, position_us: int | None = None, by: User | None = None
    ) -> None:
        """Make one move of the table: the only place where state and timeline change."""
        before = self.playback.state
        leads = leads_of(self.roster)
        self.playback.move(cause, self._may_run, now_us, position_us, leads)
        self.arrivals.expect(self.playback.timeline, now_us)
        if cause is not Cause.READINESS or self.playback.state is not before:
            self.because = cause, by
        self.revision += 1
        if position_us is not None or self.playback.state is PlayState.PAUSED:
            for watcher in self.roster.watchers.values():
                parking.unpark(watcher, self.position_at(now_us))
        self._charge(now_us)

    def _settle(self, now_us: int, by: User | None = None) -> None:
        """Draw the conclusions from a change in readiness, that of `by`."""
        playback = self.playback
        if playback.state is not PlayState.PAUSED and playback.is_running is not self._may_run:
            self._move(Cause.READINESS, now_us, by=by)
            self._tell_truth(now_us, flips=playback.state is PlayState.SEEKING)
        self._charge(now_us)

    @property
    def _may_run(self) -> bool:
        """True if nobody has to be waited for. While nobody is there, all stays as it was."""
        if not self.roster.anyone_is_present:
            return self.playback.is_running
        return self.roster.everyone_is_ready

    def _charge(self, now_us: int) -> None:
        """Charge the waiting to those who keep somebody waiting."""
        waits = self.playback.held_since_us is not None and self.roster.anyone_is_ready
        for watcher in self.roster.watchers.values():
            gates = watcher.is_present and not watcher.is_ready and not watcher.excused
            watcher.ledger.charge(waits and gates, now_us)

    def _prepare(self, now_us: int) -> None:
        """Wait for those who can say that they have loaded another place, before the room runs."""
        if not self.truth.sockets and not any(w.is_v2 for w in self.roster.watchers.values()):
            return
        revision = self.truth.next_revision()
        for watcher in self.roster.watchers.values():
            was_ready = watcher.is_ready
            watcher.prepare(revision)
            if was_ready and not watcher.is_ready:
                watcher.readiness_since_us = now_us
                self._tell(events.ReadinessChanged(watcher.user, is_buffering=True))

    def _prepare_if_far(self, position_us: int | None, now_us: int) -> None:
        """Do so if the room is to go where nothing is loaded as yet."""
        if position_us is not None and abs(position_us - self.position_at(now_us)) > FAR_US:
            self._prepare(now_us)

    def _report(self, watcher: Watcher, socket: Socket, ready: bool, now_us: int) -> None:
        was_ready = watcher.is_ready
        watcher.hear(socket, ready)
        self._compare(watcher, socket, was_ready, now_us)

    def _lose(self, watcher: Watcher, socket: Socket, now_us: int) -> None:
        was_ready = watcher.is_ready
        watcher.lose(socket, now_us)
        watcher.left_record_id = self._record_id
        self._compare(watcher, socket, was_ready, now_us)

    def _compare(self, watcher: Watcher, socket: Socket, was_ready: bool, now_us: int) -> None:
        """Tell and settle what follows if `socket` changed its watcher's readiness."""
        if watcher.is_ready is was_ready:
            return
        watcher.readiness_since_us = now_us
        if watcher.is_ready and not watcher.is_v2:
            self.arrivals.unsettle(now_us)
        was_excused = watcher.excused
        if was_excused:
            parking.tend(watcher, self.position_at(now_us), self.policy)
        self._tell(events.ReadinessChanged(watcher.user, was_ready), but=socket)
        self._settle(now_us, by=watcher.user)
        if was_excused and watcher.is_ready:
            for own in watcher.sockets.values():
                self._tell_truth_to(own, now_us)

    # -- deeds ------------------------------------------------------------------------------------

    def _play(self, user: User, now_us: int) -> None:
        self._tell(events.Played(user))
        self._move(Cause.PLAY, now_us, by=user)
        self._tell_truth(now_us)

    def _pause(
        self, user: User, position_us: int | None, now_us: int, actor: Socket | None = None
    ) -> None:
        """Pause at a place, or (None) where all can stop together."""
        self._prepare_if_far(position_us, now_us)
        self._move(Cause.PAUSE, now_us, position_us, by=user)
        self._tell(events.Paused(user, self.position_at(now_us)))
        self._save_progress(now_us)
        self._tell_truth(now_us, actor=actor)

    def _seek(self, user: User, position_us: int, now_us: int, actor: Socket | None = None) -> None:
        self._tell(events.Sought(user, position_us))
        self._prepare(now_us)
        self._move(Cause.SEEK, now_us, position_us, by=user)
        is_held_there = self.playback.held_since_us is not None and bool(self.truth.sockets)
        self._tell_truth(now_us, actor=None if is_held_there else actor)

    def _pause_position(self, watcher: Watcher, position_us: int | None, now_us: int) -> int | None:
        """Return where to pause: what a parked player or a failed load says does not count."""
        is_failed_load = position_us == 0 and self.position_at(now_us) > self.policy.failed_load_us
        return None if is_failed_load or watcher.parked_at_us is not None else position_us

    # -- projection -------------------------------------------------------------------------------

    @property
    def _record_id(self) -> str | None:
        """What is projected."""
        return self.projection.record.record_id if self.projection else None

    def _share(self, socket: Socket, share: commands.Project | None, now_us: int) -> bool:
        """Project `share` and return True, or tell the socket what is on already."""
        current = self.projection
        if share is not None and share.record.record_id != self._record_id:
            self._project(self.roster.watchers[socket.account].user, share, now_us)
            return True
        if current is not None:
            parked_at_us = self.roster.watchers[socket.account].parked_at_us
            position_us = self.position_at(now_us) if parked_at_us is None else parked_at_us
            self._tell(events.Projected(current, position_us, SERVER), to=socket.conn)
        return False

    def _project(self, sharer: User, share: commands.Project, now_us: int) -> None:
        self._save_progress(now_us)
        self.projection = Projection(share.record, sharer)
        self._projected_us = now_us
        position_us = self.progress.get(share.record.record_id) or share.position_us
        for watcher in self.roster.watchers.values():
            parking.take_back(watcher)
        self._prepare(now_us)
        self._move(Cause.PROJECT, now_us, position_us, by=sharer)
        self._tell(events.Projected(self.projection, position_us, sharer))
        self._tell_truth(now_us)

    def _save_progress(self, now_us: int) -> None:
        if self.projection is None:
            return
        record_id, position_us = self.projection.record.record_id, self.position_at(now_us)
        if self.progress.get(record_id, 0) != position_us:
            self.progress[record_id] = position_us
            self._out.append(SaveProgress(record_id, position_us))

    def _put_away(self, now_us: int) -> None:
        self._save_progress(now_us)
        self.projection, self._projected_us, self._empty_since_us = None, None, None
        self.call = VoiceCall()
        self.roster.former.clear()
        self._move(Cause.EMPTY, now_us, 0)
        self._out.append(PutAway())

    # -- speaking ---------------------------------------------------------------------------------

    def _tell(
        self, event: events.Event, to: ConnId | None = None, but: Socket | None = None
    ) -> None:
        self._out.append(Tell(event, to, () if but is None else (but.conn,)))

    def _refuse(self, socket: Socket, command: Command, reason: str, detail: str) -> None:
        self._tell(events.Refused(reason, detail, command.code), to=socket.conn)
        self.truth.owe(socket)

    def _tell_truth(self, now_us: int, actor: Socket | None = None, flips: bool = False) -> None:
        """Tell all generations where the room is; 1.4's actor has done so already on its side.

        `flips` of readiness while a seek cools down are kept from 1.4, which would toggle at each.
        """
        self._tell_status(now_us)
        if not flips:
            but = () if actor is None or actor.is_v2 else (actor.conn,)
            self._tell_play_at(now_us, but)

    def _tell_play_at(self, now_us: int, but: tuple[ConnId, ...]) -> None:
        """Tell 1.4 where the room will be when it hears it.

        It goes by one word for long, which comes a little early or very late. One that rests seeks
        at each word, so nobody is told to rest who does, shortly before being told to start.
        """
        timeline = self.playback.timeline
        runs, rests_at_us = timeline.rate and timeline.rate_at(now_us), self._told_to_rest_at_us
        for delay, conns in self.arrivals.groups:
            if not (self.arrivals.is_expecting(delay) and rests_at_us == timeline.position_us):
                late_us = delay.usually_late_us if runs else 0
                play_at = self._play_at(now_us + delay.one_way_us + late_us)
                self._out.append(Tell(play_at, but=but, among=conns))
        self._told_to_rest_at_us = None if runs else timeline.position_us

    def _tell_truth_to(self, socket: Socket, now_us: int) -> None:
        if socket.is_v2:
            self.truth.owe(socket)
            return
        arrives_us = now_us + socket.delay.one_way_us
        status, watcher = self._status(arrives_us), self.roster.watcher_of(socket)
        if watcher is not None and watcher.parked_at_us is not None:
            status = _as_of(status, watcher.parked_at_us, "pending")
        self._tell(status, to=socket.conn)
        self._tell(self._play_at(arrives_us), to=socket.conn)

    def _tell_status(self, now_us: int, *, is_beat: bool = False) -> None:
        """Tell the old sockets where the room will be when they hear it."""
        parked = self.roster.parked()
        elsewhere = {s.conn: at_us for s, at_us in parked if not s.is_v2} if parked else {}
        but, status = tuple(elsewhere), self._status(now_us)
        for delay, conns in self.arrivals.groups:
            arrives_us = now_us + delay.one_way_us
            shift_us = 0
            if is_beat and self.playback.state is PlayState.PLAYING:
                shift_us = self.arrivals.squeeze_us(self.playback.timeline, delay, now_us)
            place_us = max(0, self.position_at(arrives_us) + shift_us)
            told = _as_of(status, place_us, self._play_status(arrives_us))
            self._out.append(Tell(told, but=but, among=conns))
        if is_beat and is_reminder(self.playback.timeline, now_us):
            self._tell_play_at(now_us, self.roster.left_behind())
        for conn, at_us in elsewhere.items():
            self._out.append(Tell(_as_of(status, at_us, "pending"), to=conn))
        self.truth.is_due = True

    def _announce(self, now_us: int) -> None:
        """Tell a start to those whom the word reaches when it happens."""
        for delay, conns in self.arrivals.take_due(self.playback.timeline, now_us):
            self._told_to_rest_at_us = None
            arrives_us = now_us + delay.one_way_us
            parked = [s.conn for s, _ in self.roster.parked() if not s.is_v2 and s.delay == delay]
            self._out.append(Tell(self._status(arrives_us), but=tuple(parked), among=conns))
            self._out.append(Tell(self._play_at(arrives_us), among=conns))

    def _tell_state(self, now_us: int) -> None:
        """Tell the v2 sockets the truth, if it changed or is due, when all else is said."""
        state = whole_truth(self.roster, self.playback, self.because, self._record_id, now_us)
        self._out += self.truth.news(state, self.roster.parked(), self.journal.seq)

    def _status(self, at_us: int) -> events.Status:
        """Return the truth of `at_us`, as 1.5 is told it."""
        watchers = [*self.roster.watchers.values()]
        held = self.playback.held_since_us is not None
        return events.Status(
            watcher_ids=tuple([w.user.id for w in watchers]),
            ready_ids=tuple([w.user.id for w in watchers if w.readiness is True]),
            waiting_for=tuple(w.id for w in self.roster.waited_for) if held else (),
            excused_ids=tuple([w.user.id for w in watchers if w.excused]),
            position_us=self.position_at(at_us),
            play_status=self._play_status(at_us),
        )

    def _play_status(self, at_us: int) -> str:
        timeline = self.playback.timeline
        if timeline.rate and timeline.rate_at(at_us):
            return "playing"
        return "pending" if timeline.rate or self.playback.held_since_us is not None else "paused"

    def _play_at(self, at_us: int) -> events.PlayAt:
        """Return the truth of `at_us`, as 1.4 is told it."""
        return events.PlayAt(self._play_status(at_us) == "playing", self.position_at(at_us))

    def _here_are(self) -> events.HereAre:
        buffering = tuple(w.id for w in self.roster.watchers.values() if not w.is_ready)
        name = self.journal.name if self.journal.is_kept else None
        return events.HereAre(self.roster.users, buffering, tuple(self.call.talking), name)


def _as_of(status: events.Status, position_us: int, play_status: str) -> events.Status:
    """Return `status` with another place and play status."""
    return events.Status(
        status.watcher_ids,
        status.ready_ids,
        status.waiting_for,
        status.excused_ids,
        position_us,
        play_status,
    )
