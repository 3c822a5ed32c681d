"""Rooms full of modelled players, in virtual time.

Eight people share a room: six with 1.5 players, which beat once a second, each at its own moment
of the second, and two with 1.4 players, which speak only when something changes. Connections drop,
fall silent and come back, players run dry, people press keys. Everything is drawn from one seed.

Nothing is batched or thinned out: the room gets every heartbeat as a command of its own, beats
once a second itself and is polled at each of its deadlines, in the order of time. Only what people
and networks do is put on whole seconds, which no heartbeat of a player falls on.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random

from bunga_cli.sync import commands, events
from bunga_cli.sync.commands import Command
from bunga_cli.sync.effects import Effect, PutAway, Tell
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.values import ConnId, User, VideoRecord
from tests.properties.observer import WaitingBook, keep_others_waiting

SECOND = 1_000_000
READY, PENDING = commands.Heartbeat(False), commands.Heartbeat(True)
NEVER = 1 << 62


@dataclass
class Player:
    """A person with a player, at home behind a network that is what it is."""

    user: User
    beats: bool
    offset_us: int
    """When in the second it beats."""
    conn: ConnId | None = None
    is_dry: bool = False
    is_silent: bool = False


@dataclass
class Simulation:
    """One room and its people. `tally` counts what happened."""

    seed: int
    watchers: int = 8
    tally: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.policy = Policy()
        self.now_us = 0
        self.room = Room("den", self.policy, 0, phase_us=self.random.randrange(SECOND))
        self.players = [self._player(number) for number in range(self.watchers)]
        self.open: dict[ConnId, Player] = {}
        self.conns = count(1)
        self.turn = count()
        self.plans: list[tuple[int, int, Callable[[], None]]] = []
        self.beating: list[tuple[ConnId, int, Command]] = []
        self.book = WaitingBook()
        self.waiters: list[str] = []
        self.heard_us = 0
        self.rounds = 0
        self.believed_us, self.told_us, self.moves = 0, 0, False

    def _player(self, number: int) -> Player:
        name = f"watcher{number}"
        return Player(User(name, name, number * 40), number % 4 != 3, 100_000 * (number + 1))

    def run(self, seconds: int) -> Counter[str]:
        """Let `seconds` pass; AssertionError if the room broke one of its promises."""
        for number, player in enumerate(self.players):
            self._plan(number, partial(self._come, player))
            for trouble in (self._drop, self._run_dry, self._fall_silent, self._go_out):
                self._plan_trouble(player, trouble)
        self._plan(10, self._press_a_key)
        for second in range(seconds):
            self._pass_second(second * SECOND)
        return self.tally

    # -- time -------------------------------------------------------------------------------------

    def _pass_second(self, base_us: int) -> None:
        self._poll_until(base_us)
        while self.plans[0][0] <= base_us:
            heapq.heappop(self.plans)[2]()
        room, handle = self.room, self.room.handle
        for conn, offset_us, beat in self.beating:
            at_us = base_us + offset_us
            if (room.next_deadline_us or NEVER) <= at_us:
                self._poll_until(at_us)
            effects = handle(conn, beat, at_us)
            if effects:
                self.now_us = at_us
                self._hear(effects)
        self.tally["heartbeats"] += len(self.beating)

    def _poll_until(self, until_us: int) -> None:
        while (due_us := self.room.next_deadline_us) is not None and due_us <= until_us:
            self.rounds = self.rounds + 1 if due_us <= self.now_us else 0
            assert self.rounds <= self.watchers + 2, "the room asks to be polled for ever"
            self.now_us = max(due_us, self.now_us)
            self._hear(self.room.poll(due_us))
            self.tally["polls"] += 1
        self.now_us = until_us

    def _plan(self, after_s: float, action: Callable[[], None]) -> None:
        at_us = self.now_us - self.now_us % SECOND + max(1, round(after_s)) * SECOND
        heapq.heappush(self.plans, (at_us, next(self.turn), action))

    def _within(self, mean_s: float) -> float:
        return self.random.expovariate(1 / mean_s)

    # -- people and networks ----------------------------------------------------------------------

    def _plan_trouble(self, player: Player, trouble: Callable[[Player], None]) -> None:
        def strike() -> None:
            if player.conn is not None:
                trouble(player)
            self._plan(self._within(1200), strike)

        self._plan(self._within(1200), strike)

    def _come(self, player: Player) -> None:
        """Open a socket. 1.5 joins on every one; 1.4 does so only the first time."""
        if player.conn is not None:
            return
        is_first = player.user.id not in self.tally
        player.conn = conn = ConnId(next(self.conns))
        self.tally[player.user.id] += 1
        self.open[conn] = player
        player.is_dry = player.is_silent = False
        self._do(lambda: self.room.open(conn, player.user.id, self.now_us))
        if player.beats or is_first:
            self._say(player, commands.Join(player.user))
        if not player.beats:
            self._say(player, commands.Buffering(False))
        self._list_beats()

    def _drop(self, player: Player) -> None:
        self._hang_up(player)
        self._plan(self._within(12), lambda: self._come(player))

    def _hang_up(self, player: Player) -> None:
        conn, player.conn = player.conn, None
        if conn is not None:
            self.tally["drops"] += 1
            del self.open[conn]
            self._list_beats()
            self._do(lambda: self.room.close(conn, self.now_us))

    def _run_dry(self, player: Player) -> None:
        self._set_dry(player, True)
        self._plan(self._within(10), lambda: self._set_dry(player, False))

    def _set_dry(self, player: Player, is_dry: bool) -> None:
        player.is_dry = is_dry
        self._list_beats()
        if not player.beats:
            self._say(player, commands.Buffering(is_dry))

    def _fall_silent(self, player: Player) -> None:
        player.is_silent = True
        self._list_beats()
        self._plan(self._within(12), lambda: self._speak_again(player))

    def _speak_again(self, player: Player) -> None:
        player.is_silent = False
        self._list_beats()

    def _go_out(self, player: Player) -> None:
        self._say(player, commands.Bye())
        self._hang_up(player)
        self._plan(self._within(300), lambda: self._come(player))

    def _press_a_key(self) -> None:
        """Somebody plays what rests, and now and then pauses, seeks or changes what runs."""
        if self.open:
            player = self.random.choice([*self.open.values()])
            self._say(player, self._some_key())
        self._plan(self._within(60), self._press_a_key)

    def _some_key(self) -> Command:
        if self.room.projection is None or self.random.random() < 0.02:
            name = f"record{self.random.randrange(20)}"
            return commands.Project(VideoRecord(name, name, None, "http", "/"))
        if not self.moves:
            return commands.Play()
        here_us = self.room.position_at(self.now_us)
        seek = commands.Seek(max(0, here_us + self.random.randint(-60, 60) * SECOND))
        keys: list[Command] = [seek, seek, commands.Pause(here_us), commands.Pause()]
        return self.random.choice([*keys, commands.Play(), commands.WhatsOn(), commands.Finish()])

    # -- the room ---------------------------------------------------------------------------------

    def _list_beats(self) -> None:
        self.beating = [
            (conn, player.offset_us, PENDING if player.is_dry else READY)
            for conn, player in sorted(self.open.items(), key=lambda item: item[1].offset_us)
            if player.beats and not player.is_silent
        ]

    def _say(self, player: Player, command: Command) -> None:
        conn = player.conn
        if conn is not None:
            self.tally["commands"] += 1
            jumps = isinstance(command, commands.Project | commands.Pause | commands.Seek)
            jumps = jumps or isinstance(command, commands.Finish)
            self._do(lambda: self.room.handle(conn, command, self.now_us), jumps)

    def _do(self, call: Callable[[], list[Effect]], jumps: bool = False) -> None:
        effects = call()
        if jumps:
            self._believe(self.room.position_at(self.now_us), self.moves)
        self._hear(effects)

    def _hear(self, effects: list[Effect]) -> None:
        """Check what the room says, and answer as players do."""
        self.book.note(self.waiters, self.heard_us, self.now_us)
        self.heard_us = self.now_us
        for effect in effects:
            if isinstance(effect, Tell):
                self._hear_event(effect)
            elif isinstance(effect, PutAway):
                self._believe(0, False)
        self._watch_the_waiting()

    def _hear_event(self, tell: Tell) -> None:
        event = tell.event
        assert tell.to is None or tell.to in self.open, "told a socket that is not open"
        if isinstance(event, events.Status):
            if tell.to is None:
                self._hear_status(event)
        elif isinstance(event, events.PlayAt):
            told = (event.is_play, event.position_us)
            assert told == (self.moves, self._expected_us()), "the generations are told two truths"
        elif isinstance(event, events.WhoAreYou) and tell.to is not None:
            player = self.open[tell.to]
            self.tally["strangers"] += 1
            self._plan(1, lambda: self._say(player, commands.Join(player.user)))
        elif isinstance(event, events.Refused):
            self.tally[f"refused: {event.reason}"] += 1

    def _hear_status(self, status: events.Status) -> None:
        assert status.position_us == self._expected_us(), "the position jumped by itself"
        moves = status.play_status == "playing"
        unready = len(status.watcher_ids) > len(status.ready_ids) + len(status.excused_ids)
        assert not (moves and unready and self._somebody_buffers()), "plays without waiting"
        self.tally["excused"] += bool(status.excused_ids)
        self._believe(status.position_us, moves)

    def _somebody_buffers(self) -> bool:
        return any(watcher.state == "buffering" for watcher in self.room.view(self.now_us).watchers)

    def _expected_us(self) -> int:
        return self.believed_us + (self.now_us - self.told_us) * self.moves

    def _believe(self, position_us: int, moves: bool) -> None:
        if self.moves:
            self.tally["seconds played"] += (self.now_us - self.told_us) // SECOND
        self.believed_us, self.told_us, self.moves = position_us, self.now_us, moves

    def _watch_the_waiting(self) -> None:
        waited = bool(self.waiters)
        held = self.room.playback.held_since_us is not None
        self.waiters = keep_others_waiting(self.room.view(self.now_us)) if held else []
        if waited or held:
            kept_us = self.book.worst_us(self.policy.wait_window_us, self.now_us)
            assert kept_us <= self.policy.max_wait_us, "somebody kept the others waiting too long"
