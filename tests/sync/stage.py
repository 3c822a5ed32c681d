"""A stage for one room: people with sockets, virtual time, an ear for what each socket hears."""

from dataclasses import replace
from typing import TypeVar

from bunga_cli.sync.commands import (
    Buffering,
    Bye,
    Command,
    Heartbeat,
    Join,
    Order,
    Pause,
    Play,
    Project,
)
from bunga_cli.sync.effects import Effect, SaveProgress, Tell
from bunga_cli.sync.events import FROM_2, UP_TO_1_5, Event, Joined, Left, PlayAt, State, Status
from bunga_cli.sync.policy import SECOND_US, Policy
from bunga_cli.sync.room import Room
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import ConnId, User, VideoRecord

E = TypeVar("E", bound=Event)


def us(seconds: float) -> int:
    """Return seconds as microseconds."""
    return round(seconds * SECOND_US)


def user(name: str) -> User:
    """Return the person who has the account `name`."""
    return User(name, name.title(), len(name) * 10)


def record(record_id: str) -> VideoRecord:
    """Return a video."""
    return VideoRecord(record_id, record_id.title(), None, "alist", f"/{record_id}.mkv")


def share(record_id: str, at_s: float = 0) -> Project:
    """Return the wish to project a video from `at_s` seconds on."""
    return Project(record(record_id), us(at_s))


class Stage:
    """One room and its people. A socket is called as its account, unless `account` says otherwise.

    Time passes in `advance` alone. There the room is polled whenever it asked for it, and the
    sockets in `beats` (1.5 and v2 players: name to is_pending) send their heartbeat on every full
    second.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        progress: dict[str, int] | None = None,
        snapshot: RoomSnapshot | None = None,
        at_s: float = 1000,
    ) -> None:
        self.now_us = us(at_s)
        self.progress = {} if progress is None else progress
        self.room = Room(
            "lobby", policy or Policy(), self.now_us, progress=self.progress, snapshot=snapshot
        )
        self.conns: dict[str, ConnId] = {}
        self.accounts: dict[str, str] = {}
        self.beats: dict[str, bool] = {}
        self.modern: set[str] = set()
        """The sockets that speak v2."""
        self.effects: list[Effect] = []
        self._heard: dict[str, list[Event]] = {}
        self._moments: dict[str, list[tuple[int, Tell]]] = {}
        self._revisions: dict[str, int] = {}
        self._opened = 0

    # -- what people do ---------------------------------------------------------------------------

    def open(self, name: str, account: str | None = None, *, is_v2: bool = False) -> None:
        """Open a socket."""
        self._opened += 1
        (self.modern.add if is_v2 else self.modern.discard)(name)
        self.conns[name] = ConnId(self._opened)
        self.accounts[name] = account or name
        self._heard[name], self._moments[name] = [], []
        self._take(self.room.open(self.conns[name], account or name, self.now_us, is_v2=is_v2))

    def close(self, name: str) -> None:
        """Lose a socket."""
        conn = self.conns.pop(name)
        self.beats.pop(name, None)
        self._take(self.room.close(conn, self.now_us))

    def say(self, name: str, command: Command) -> None:
        """Let a socket send a command."""
        self._take(self.room.handle(self.conns[name], command, self.now_us))

    def join(self, name: str, sharing: Project | None = None) -> None:
        """Let an open socket join."""
        self.say(name, Join(user(self.accounts[name]), sharing))

    def enter(self, *names: str, sharing: Project | None = None) -> None:
        """Let 1.5 players open a socket, join and be ready, beating from then on."""
        for name in names:
            self.open(name)
            self.join(name, sharing)
            self.beat(name)

    def enter_modern(self, *names: str) -> None:
        """Let v2 players open a socket, join and be ready, beating from then on."""
        for name in names:
            self.open(name, is_v2=True)
            self.join(name)
            self.beat(name)

    def enter_old(self, *names: str) -> None:
        """Let 1.4 players open a socket, join, and report that they are ready."""
        for name in names:
            self.open(name)
            self.join(name)
            self.say(name, Buffering(is_buffering=True))
            self.say(name, Buffering(is_buffering=False))

    def measure(self, name: str, *round_trips_s: float) -> None:
        """Let pings to a socket take so long."""
        for seconds in round_trips_s:
            self.room.measure(self.conns[name], us(seconds))

    def ready(self, name: str, start_s: float | None = None) -> None:
        """Let a v2 player say that it is ready, by the newest state that it was told."""
        latency_us = None if start_s is None else us(start_s)
        self.say(name, Heartbeat(False, 0, None, self._revisions[name], latency_us))

    def beat(self, name: str, *, pending: bool = False) -> None:
        """Send a 1.5 heartbeat now and on every full second from now on."""
        self.beats[name] = pending
        self.say(name, Heartbeat(pending))

    def buffer(self, name: str) -> None:
        """Report buffering, from now on."""
        self.beat(name, pending=True)

    def fall_silent(self, name: str) -> None:
        """Send no more heartbeats; the socket stays open."""
        del self.beats[name]

    def leave(self, name: str) -> None:
        """Say bye and stop beating."""
        self.beats.pop(name, None)
        self.say(name, Bye())

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        until_us = self.now_us + us(seconds)
        next_beat_us = self.now_us - self.now_us % SECOND_US + SECOND_US
        while True:
            deadline_us = self.room.next_deadline_us
            at_us = min(until_us, next_beat_us, until_us if deadline_us is None else deadline_us)
            self.now_us = max(self.now_us, at_us)
            if deadline_us is not None and deadline_us <= self.now_us:
                self.poll()
            if self.now_us == next_beat_us:
                next_beat_us += SECOND_US
                for name, pending in self.beats.items():
                    self.say(name, Heartbeat(pending))
            if self.now_us == until_us:
                return

    def poll(self) -> None:
        """Do what is due; a room that is due again at once would keep its server spinning."""
        self._take(self.room.poll(self.now_us))
        deadline_us = self.room.next_deadline_us
        assert deadline_us is None or deadline_us > self.now_us, "the room is due again at once"

    def set_policy(self, **numbers: object) -> None:
        """Change some numbers of the room."""
        policy = replace(self.room.policy, **numbers)  # type: ignore[arg-type]
        self._take(self.room.set_policy(policy, self.now_us))

    def reset(self) -> None:
        """Reset the room, as an admin does."""
        self._take(self.room.reset(self.now_us))

    def order(self, actor: User, order: Order) -> None:
        """Let somebody who is not in the room ask something of it."""
        self._take(self.room.command(actor, order, self.now_us))

    def expel(self, account: str) -> None:
        """Let an account leave."""
        self._take(self.room.expel(account, self.now_us))

    # -- what can be seen -------------------------------------------------------------------------

    @property
    def state(self) -> str:
        """The play state."""
        return self.room.view(self.now_us).play_state

    @property
    def position_us(self) -> int:
        """The position in the media."""
        return self.room.position_at(self.now_us)

    @property
    def status(self) -> Status:
        """The truth as a socket that only looks on hears it: the last one told to all."""
        told = [e.event for e in self.effects if isinstance(e, Tell) and e.to is None]
        return [event for event in told if isinstance(event, Status)][-1]

    @property
    def timeline(self) -> Timeline:
        """The position as a function of the time."""
        return self.room.playback.timeline

    def last_state(self, name: str) -> State:
        """Return the last whole truth that a v2 socket heard."""
        return self.heard(name, State)[-1]

    @property
    def watchers(self) -> dict[str, str]:
        """Each watcher's state by id."""
        return {w.user.id: w.state for w in self.room.view(self.now_us).watchers}

    @property
    def waiting_for(self) -> list[str]:
        """Whom the room waits for."""
        return [waiting.id for waiting in self.room.view(self.now_us).waiting_for]

    @property
    def saved(self) -> list[SaveProgress]:
        """What progress was saved."""
        return [effect for effect in self.effects if isinstance(effect, SaveProgress)]

    def heard(self, name: str, kind: type[E]) -> list[E]:
        """Return what a socket heard of one kind since `forget`."""
        return [event for event in self._heard[name] if isinstance(event, kind)]

    def told(self, name: str) -> list[tuple[int, Tell]]:
        """Return all that a socket was told since `forget`, and when."""
        return self._moments[name]

    def heard_all(self, name: str) -> list[Event]:
        """Return all that a socket heard since `forget`, in order."""
        return self._heard[name]

    def forget(self) -> None:
        """Forget what was heard and what happened."""
        self.effects.clear()
        for heard in self._heard.values():
            heard.clear()
        for told in self._moments.values():
            told.clear()

    # -- delivering -------------------------------------------------------------------------------

    def _take(self, effects: list[Effect]) -> None:
        self.effects += effects
        for effect in effects:
            if isinstance(effect, Tell):
                self._deliver(effect)

    def _deliver(self, tell: Tell) -> None:
        for name, conn in self.conns.items():
            is_meant = tell.to is None and conn not in tell.but
            is_meant = is_meant and (tell.among is None or conn in tell.among)
            if tell.to == conn or (is_meant and self._is_told(name, type(tell.event))):
                self._heard[name].append(tell.event)
                self._moments[name].append((self.now_us, tell))
                if isinstance(tell.event, State):
                    self._revisions[name] = tell.event.revision

    def _is_told(self, name: str, kind: type[Event]) -> bool:
        return kind not in (UP_TO_1_5 if name in self.modern else FROM_2)


def playing(*names: str, policy: Policy | None = None) -> Stage:
    """Return a room in which 1.5 players watch `film`, playing since just now, at 60 s."""
    stage = Stage(policy)
    stage.enter(*names)
    stage.say(names[0], share("film", 60))
    stage.say(names[0], Play())
    assert stage.state == "playing"
    stage.forget()
    return stage


def modern(*names: str, policy: Policy | None = None) -> Stage:
    """Return a room in which v2 players have loaded `film`, paused at 60 s."""
    stage = Stage(policy)
    stage.enter_modern(*names)
    stage.say(names[0], share("film", 60))
    for name in names:
        stage.ready(name)
    stage.forget()
    return stage


def waiting(*names: str) -> Stage:
    """Return such a room, waiting for the last of `names`."""
    stage = playing(*names)
    stage.buffer(names[-1])
    stage.forget()
    return stage


def paused(*names: str) -> Stage:
    """Return such a room, paused at 60 s."""
    stage = playing(*names)
    stage.say(names[0], Pause(us(60)))
    stage.forget()
    return stage


def last_truths(stage: Stage, name: str) -> tuple[Status, PlayAt]:
    """Return the last status and play-at that a socket heard."""
    return stage.heard(name, Status)[-1], stage.heard(name, PlayAt)[-1]


def news(stage: Stage, name: str) -> list[Event]:
    """Return the comings and goings that a socket heard of."""
    return [event for event in stage.heard_all(name) if isinstance(event, Joined | Left)]


def play_states(stage: Stage, name: str) -> set[str]:
    """Return all play states that a socket was told."""
    return {status.play_status for status in stage.heard(name, Status)}
