"""A room driven at random, with everything that must always hold checked after every step."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bunga_cli.sync import commands as c
from bunga_cli.sync.commands import CallAction, Command, Order
from bunga_cli.sync.effects import Declined, Effect, PutAway, SaveProgress, Tell
from bunga_cli.sync.leads import MOST_START_US, MOST_STOP_US
from bunga_cli.sync.policy import OnJoin, Policy
from bunga_cli.sync.readiness import Socket
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import MAX_POSITION_US, ConnId, User, VideoRecord
from bunga_cli.sync.views import RoomView
from tests.properties.observer import (
    WaitingBook,
    keep_others_waiting,
    media_may_move,
    media_moves,
    somebody_is_there,
)
from tests.properties.replicas import Audience, check_modern, check_new, check_old

SECOND = 1_000_000
ACCOUNTS = ("ann", "bob", "cyn")
RECORDS = [VideoRecord(name, name, None, "http", f"/{name}") for name in ("film", "series")]
BOUNDED = settings(max_examples=120, stateful_step_count=40)

positions = st.sampled_from([0, 1, 9 * SECOND, 11 * SECOND, 3600 * SECOND, MAX_POSITION_US])
shares = st.builds(c.Project, record=st.sampled_from(RECORDS), position_us=positions)
picks = st.integers(0, 7)
moments = st.sampled_from([1, 300_000, SECOND, 2 * SECOND, 3 * SECOND, 4_999_999, 5 * SECOND])
stretches = st.sampled_from([7 * SECOND, 19 * SECOND, 21 * SECOND, 61 * SECOND, 301 * SECOND])
acts: st.SearchStrategy[Command] = st.one_of(
    st.builds(c.Play),
    st.builds(c.Seek, position_us=positions),
    st.builds(c.Pause, position_us=st.none() | positions),
    shares,
    st.builds(c.Finish),
    st.builds(c.Bye),
    st.builds(c.WhatsOn),
    st.builds(c.Call, action=st.sampled_from(CallAction)),
    st.builds(c.Talk, talking=st.booleans()),
    st.just(c.Say("danmaku", (("message", "hi"),))),
)

orders: st.SearchStrategy[Order] = st.one_of(
    st.builds(c.Play),
    st.builds(c.Seek, position_us=positions),
    st.builds(c.Pause, position_us=st.none() | positions),
    shares,
    st.just(c.Say("danmaku", (("message", "hi"),))),
)
ADMIN = User("admin", "Admin", 0)


def someone(account: str) -> User:
    return User(account, account.title(), 120)


class RoomMachine(RuleBasedStateMachine):
    """Several sockets of three accounts in one room; some of them beat, some do not."""

    def __init__(self) -> None:
        super().__init__()
        self.now_us = 1_000 * SECOND
        self.conns = 0
        self.sockets: dict[ConnId, str] = {}
        self.beats: dict[ConnId, bool] = {}
        self.store: dict[str, int] = {}
        self.policy = Policy(max_wait_us=SECOND)
        self.room = Room("den", self.policy, self.now_us)
        self._start_watching_the_room()

    def _start_watching_the_room(self) -> None:
        self.audience = Audience(self._delay_us)
        self.book = WaitingBook()
        self.view, self.seen_us = self.room.view(self.now_us), self.now_us
        self.timeline = self.room.playback.timeline
        self.moves = False
        self.budget_us = self.policy.max_wait_us

    # -- what happens -----------------------------------------------------------------------------

    @initialize(
        crowd=st.lists(
            st.tuples(st.sampled_from(ACCOUNTS), st.booleans(), st.booleans()), max_size=4
        ),
        on_join=st.sampled_from(OnJoin),
        max_wait_us=st.sampled_from([SECOND, 20 * SECOND]),
    )
    def some_people_come_to_watch(
        self, crowd: list[tuple[str, bool, bool]], on_join: OnJoin, max_wait_us: int
    ) -> None:
        self.somebody_changes_the_policy(on_join, max_wait_us)
        for account, is_pending, is_v2 in crowd:
            self.a_socket_opens(account, is_v2)
            self._join(self.conns, account)
            self.a_player_beats(len(self.sockets) - 1, is_pending)
        if crowd:
            self._say(ConnId(1), c.Project(RECORDS[0]))
            self._say(ConnId(1), c.Play())

    @precondition(lambda self: len(self.sockets) < 6)
    @rule(account=st.sampled_from(ACCOUNTS), is_v2=st.booleans())
    def a_socket_opens(self, account: str, is_v2: bool) -> None:
        self.conns += 1
        conn = ConnId(self.conns)
        self.sockets[conn] = account
        self.audience.open(conn, is_v2)
        self._do(lambda: self.room.open(conn, account, self.now_us, is_v2=is_v2))

    @precondition(lambda self: self.sockets)
    @rule(pick=picks)
    def a_socket_is_lost(self, pick: int) -> None:
        conn = self._socket(pick)
        self.sockets.pop(conn)
        self.beats.pop(conn, None)
        self.audience.close(conn)
        self._do(lambda: self.room.close(conn, self.now_us))

    @precondition(lambda self: self.sockets)
    @rule(pick=picks, account=st.none() | st.sampled_from(ACCOUNTS), share=st.none() | shares)
    def somebody_joins(self, pick: int, account: str | None, share: c.Project | None) -> None:
        conn = self._socket(pick)
        self._join(conn, account or self.sockets[conn], share)

    @precondition(lambda self: self.sockets)
    @rule(pick=picks, command=acts)
    def somebody_acts(self, pick: int, command: Command) -> None:
        self._say(self._socket(pick), command)

    @precondition(lambda self: self.sockets)
    @rule(pick=picks, is_pending=st.booleans())
    def a_player_beats(self, pick: int, is_pending: bool) -> None:
        conn = self._socket(pick)
        self.beats[conn] = is_pending
        self._say(conn, c.Heartbeat(is_pending))

    @precondition(lambda self: self.view.play_state in ("playing", "waiting") and self.sockets)
    @rule(pick=picks, other=picks, is_pending=st.booleans(), position_us=positions)
    def somebody_stumbles_over_a_seek(
        self, pick: int, other: int, is_pending: bool, position_us: int
    ) -> None:
        """Rare by chance alone: readiness changes while the seek cools down."""
        self._say(self._socket(pick), c.Seek(position_us))
        self.time_passes(SECOND)
        self.a_player_beats(other, is_pending)
        self.time_passes(2 * SECOND)

    @precondition(lambda self: self.beats)
    @rule(pick=picks)
    def a_player_falls_silent(self, pick: int) -> None:
        del self.beats[sorted(self.beats)[pick % len(self.beats)]]

    @precondition(lambda self: self.sockets)
    @rule(pick=picks, is_buffering=st.booleans())
    def an_old_player_reports(self, pick: int, is_buffering: bool) -> None:
        self._say(self._socket(pick), c.Buffering(is_buffering))

    @precondition(lambda self: self.sockets)
    @rule(pick=picks, round_trip_us=st.sampled_from([0, 20_000, 100_000, 300_000, 3 * SECOND]))
    def somebody_is_found_to_be_far_away(self, pick: int, round_trip_us: int) -> None:
        self.room.measure(self._socket(pick), round_trip_us)

    @rule(duration_us=moments | stretches)
    def time_passes(self, duration_us: int) -> None:
        """The players that beat do so once a second; the room is polled when it wants to be."""
        until_us = self.now_us + duration_us
        while self.now_us < until_us:
            self._pass_punctually(min(until_us, self.now_us + SECOND))
            for conn, is_pending in self.beats.items():
                self._say(conn, c.Heartbeat(is_pending))

    @rule(duration_us=moments | stretches)
    def the_server_hangs(self, duration_us: int) -> None:
        self.now_us += duration_us
        self._poll()

    @rule(on_join=st.sampled_from(OnJoin), max_wait_us=st.sampled_from([0, SECOND, 20 * SECOND]))
    def somebody_changes_the_policy(self, on_join: OnJoin, max_wait_us: int) -> None:
        self.policy = replace(self.policy, on_join=on_join, max_wait_us=max_wait_us)
        self.budget_us = max(self.budget_us, max_wait_us)
        self._do(lambda: self.room.set_policy(self.policy, self.now_us))

    @rule(order=orders)
    def an_admin_commands(self, order: Order) -> None:
        before = self.view.projection
        effects = self._do(
            lambda: self.room.command(ADMIN, order, self.now_us),
            may_jump=isinstance(order, c.Pause | c.Seek | c.Project),
        )
        refusals = [effect for effect in effects if isinstance(effect, Declined)]
        if isinstance(order, c.Play | c.Pause | c.Seek) and before is None:
            assert refusals, "a command without a video was not declined"

    @rule(account=st.sampled_from(ACCOUNTS))
    def an_admin_expels(self, account: str) -> None:
        self._do(lambda: self.room.expel(account, self.now_us))
        assert account not in self.room.roster.watchers

    @rule()
    def an_admin_resets_the_room(self) -> None:
        self._do(lambda: self.room.reset(self.now_us), may_jump=True)

    @rule(uptime_us=st.sampled_from([0, 5 * SECOND, 10**12]))
    def the_server_starts_again(self, uptime_us: int) -> None:
        snapshot, position_us = self.room.snapshot(), self.room.position_at(self.now_us)
        snapshot = replace(snapshot, position_us=position_us, rate=0, at_us=0)
        self.now_us = uptime_us
        self.sockets.clear()
        self.beats.clear()
        progress = dict(self.store)
        self.room = Room("den", self.policy, self.now_us, progress=progress, snapshot=snapshot)
        self._start_watching_the_room()
        assert self.view.projection == snapshot.projection
        assert (self.view.position_us, self.view.play_state) == (position_us, "paused")
        assert tuple(watcher.user for watcher in self.view.watchers) == snapshot.watchers

    # -- how it is done ---------------------------------------------------------------------------

    def _socket(self, pick: int) -> ConnId:
        return sorted(self.sockets)[pick % len(self.sockets)]

    def _join(self, conn: int, account: str, share: c.Project | None = None) -> None:
        self._say(ConnId(conn), c.Join(someone(account), share))

    def _pass_punctually(self, until_us: int) -> None:
        while (due_us := self.room.next_deadline_us) is not None and due_us <= until_us:
            self.now_us = max(due_us, self.now_us)
            self._poll()
        self.now_us = until_us

    def _poll(self) -> None:
        """Poll as often as the room asks; one deadline may bring on another, but not for ever."""
        for _ in range(1 + len(ACCOUNTS)):
            self._do(lambda: self.room.poll(self.now_us))
            due_us = self.room.next_deadline_us
            if due_us is None or due_us > self.now_us:
                return
        raise AssertionError("the room asks to be polled for ever")

    def _say(self, conn: ConnId, command: Command) -> None:
        silence_is_an_answer = self._may_be_silent(conn, command)
        names_a_position = isinstance(command, c.Pause | c.Seek | c.Project | c.Finish | c.Join)
        effects = self._do(
            lambda: self.room.handle(conn, command, self.now_us), conn, names_a_position
        )
        is_told = any(
            conn in self.audience.reached_by(effect)
            for effect in effects
            if isinstance(effect, Tell)
        )
        assert is_told or silence_is_an_answer, f"no answer: {command}"

    def _may_be_silent(self, conn: ConnId, command: Command) -> bool:
        if isinstance(command, c.WhatsOn):
            return self.view.projection is None
        if isinstance(command, c.Buffering):
            return self.sockets[conn] in self.room.roster.watchers
        if isinstance(command, c.Call) and command.action is CallAction.REJECT:
            return self.view.call_pending
        return isinstance(command, c.Bye | c.Heartbeat)

    def _do(
        self,
        call: Callable[[], list[Effect]],
        actor: ConnId | None = None,
        may_jump: bool = False,
    ) -> list[Effect]:
        """Call the room, and check everything that must always hold."""
        before, before_us = self.view, self.timeline.position_at(self.now_us)
        rests_us = self.timeline.settled_at(self.now_us)
        delays = {conn: self._delay_us(conn) for conn in self.audience.old if conn in self._here}
        self._note_the_waiting()
        effects = call()
        self.audience.hear(effects, self.now_us, actor)
        for conn, delay_us in delays.items():
            if conn in self._here and self._delay_us(conn) != delay_us:
                self.audience.old[conn].is_elsewhere = True
        self.view, self.seen_us = self.room.view(self.now_us), self.now_us
        self.moves = media_moves(self.view, self.moves)
        self.timeline = self.room.playback.timeline
        self._remember(effects)
        put_away = any(isinstance(effect, PutAway) for effect in effects)
        if not may_jump and not put_away:
            here_us = self.timeline.position_at(self.now_us)
            assert here_us == before_us, "the position jumped by itself"
        if before.projection not in (None, self.view.projection):
            later_us = self._saved_us(before) - rests_us
            assert 0 <= later_us <= MOST_STOP_US, "a record's progress was lost"
        self._check_the_room()
        return effects

    @property
    def _here(self) -> dict[ConnId, Socket]:
        return self.room.roster.sockets

    def _delay_us(self, conn: ConnId) -> int:
        return self.room.roster.sockets[conn].delay.one_way_us

    def _note_the_waiting(self) -> None:
        """A wait that goes on because nobody polls is the server's fault, not the watcher's."""
        due_us = self.room.next_deadline_us
        until_us = self.now_us if due_us is None else min(self.now_us, due_us)
        self.book.note(keep_others_waiting(self.view), self.seen_us, until_us)

    def _remember(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, SaveProgress):
                self.store[effect.record_id] = effect.position_us

    def _saved_us(self, view: RoomView) -> int:
        assert view.projection is not None
        return self.store.get(view.projection.record.record_id, 0)

    # -- what must hold ---------------------------------------------------------------------------

    def _check_the_room(self) -> None:
        view = self.view
        assert view.position_us == self.timeline.settled_at(self.now_us) >= 0
        assert self.timeline.rate == self.moves
        assert self.timeline.at_us - self.now_us <= (MOST_START_US if self.moves else MOST_STOP_US)
        if somebody_is_there(view):
            if view.play_state in ("playing", "waiting"):
                assert media_may_move(view) is (view.play_state == "playing")
            assert bool(view.waiting_for) is (view.play_state != "paused" and not self.moves)
        kept_us = self.book.worst_us(self.policy.wait_window_us, self.now_us)
        assert kept_us <= self.budget_us, "somebody kept the others waiting for too long"
        parked = self._parked()
        self.audience.mark_resting({*parked})
        for conn, old in self.audience.old.items():
            heard_us = self.now_us + self._delay_us(conn)
            check_new(self.audience.new[conn], view, self.timeline, heard_us)
            check_old(old, view, self.timeline, heard_us)
        for conn, modern in self.audience.modern.items():
            check_modern(modern, view, parked.get(conn), self.now_us)

    def _parked(self) -> dict[ConnId, int]:
        """Name the sockets that are shown a place ahead on purpose, because they cannot keep up."""
        watchers = self.room.roster.watchers.values()
        parked = [(w.parked_at_us, w.sockets) for w in watchers if w.parked_at_us is not None]
        return {conn: at_us for at_us, sockets in parked for conn in sockets}

    def teardown(self) -> None:
        """After some quiet seconds every socket has heard from the room within the last one."""
        self.time_passes(3 * SECOND)
        for replica in self.audience.new.values():
            assert replica.status is not None
            assert self.now_us - replica.told_us <= self.policy.heartbeat_us


TestRoom = RoomMachine.TestCase
TestRoom.settings = BOUNDED
