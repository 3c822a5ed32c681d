"""What players of each generation believe, from nothing but what a room tells them.

A replica is a player reduced to the truth it was told: whether the media moves, and where it is.
After every call the players' belief and the room have to be the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bunga_cli.sync import events
from bunga_cli.sync.effects import Effect, PutAway, Tell
from bunga_cli.sync.events import Event
from bunga_cli.sync.squeeze import DEAD_ZONE_US, STEADY_AFTER_US
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import ConnId
from bunga_cli.sync.views import RoomView

USUALLY_LATE_US = 22_000
"""How much a word to 1.4 may be ahead, because it may come late."""


@dataclass
class Replica15:
    """A 1.5 player: the last `channel-status` is the truth."""

    status: events.Status | None = None
    told_us: int = 0
    is_told: bool = False
    """It has got a status just now."""
    is_resting: bool = False
    """It was shown a place ahead, because it cannot keep up."""

    def hear(self, event: Event, now_us: int) -> None:
        if isinstance(event, events.Status):
            self.status, self.told_us, self.is_told = event, now_us, True
        elif isinstance(event, events.WasReset):
            self.status = None

    def position_at(self, now_us: int) -> int:
        assert self.status is not None
        moves = self.status.play_status == "playing"
        return self.status.position_us + (now_us - self.told_us) * moves


@dataclass
class Replica14:
    """A 1.4 player: it follows `play-at` and `start-projection`, and what it does by itself.

    `play`, `pause` and `seek` of others only show it who did it.
    """

    plays: bool | None = None
    """None until it has been told."""
    position_us: int = 0
    told_us: int = 0
    record_id: str | None = None
    is_elsewhere: bool = False
    """It was found to be nearer or farther away than when it was told."""

    def hear(self, event: Event, now_us: int, did_it_itself: bool) -> None:
        match event:
            case events.PlayAt(is_play=plays, position_us=position_us):
                self._go(plays, position_us, now_us)
                self.is_elsewhere = False
            case events.Projected(projection=projection, position_us=position_us):
                known = projection.record.record_id == self.record_id
                self.record_id = projection.record.record_id
                self._go(bool(self.plays) and known, position_us, now_us)
            case events.Paused(position_us=position_us) if did_it_itself:
                self._go(False, position_us, now_us)
            case events.Sought(position_us=position_us) if did_it_itself:
                self._go(self.plays, position_us, now_us)
            case events.HereAre():
                self._go(False if self.plays else self.plays, self.position_at(now_us), now_us)
            case events.WasReset():
                self.plays = None
            case _:
                pass

    def position_at(self, now_us: int) -> int:
        return self.position_us + (now_us - self.told_us) * bool(self.plays)

    def _go(self, plays: bool | None, position_us: int, now_us: int) -> None:
        self.plays, self.position_us, self.told_us = plays, position_us, now_us


@dataclass
class ReplicaV2:
    """A v2 player: of all states it is told, in whatever order, the latest is the truth."""

    state: events.State | None = None

    def hear(self, event: Event) -> None:
        if not isinstance(event, events.State):
            return
        if self.state is None or event.revision >= self.state.revision:
            self.state = event


@dataclass
class Audience:
    """Every open socket, with both old generations behind it, or with v2.

    `delay_us` says how long the room believes that its word takes to a socket; so long it takes.
    """

    delay_us: Callable[[ConnId], int]
    old: dict[ConnId, Replica14] = field(default_factory=dict)
    new: dict[ConnId, Replica15] = field(default_factory=dict)
    modern: dict[ConnId, ReplicaV2] = field(default_factory=dict)

    def open(self, conn: ConnId, is_v2: bool = False) -> None:
        if is_v2:
            self.modern[conn] = ReplicaV2()
        else:
            self.old[conn], self.new[conn] = Replica14(), Replica15()

    def close(self, conn: ConnId) -> None:
        for replicas in (self.old, self.new, self.modern):
            replicas.pop(conn, None)

    def hear(self, effects: Iterable[Effect], now_us: int, actor: ConnId | None) -> None:
        """Deliver in order what a room wants told. `actor` is the socket that caused it."""
        for effect in effects:
            if isinstance(effect, Tell):
                for conn in self.reached_by(effect):
                    self._hear(conn, effect.event, now_us, actor)
            elif isinstance(effect, PutAway):
                self._forget()

    def _hear(self, conn: ConnId, event: Event, now_us: int, actor: ConnId | None) -> None:
        if conn in self.modern:
            assert type(event) not in events.UP_TO_1_5, f"v2 was told what is not for it: {event}"
            self.modern[conn].hear(event)
        else:
            assert type(event) not in events.FROM_2, f"1.5 was told what is not for it: {event}"
            heard_us = now_us + self.delay_us(conn)
            self.new[conn].hear(event, heard_us)
            self.old[conn].hear(event, heard_us, conn == actor)

    def mark_resting(self, parked: set[ConnId]) -> None:
        """Take note of who is `parked`, as far as it has heard of it: with its next status."""
        for conn, replica in self.new.items():
            if replica.is_told:
                replica.is_resting, replica.is_told = conn in parked, False

    def reached_by(self, tell: Tell) -> list[ConnId]:
        if tell.to is not None:
            assert tell.to in {*self.new, *self.modern}, f"told a socket that is not open: {tell}"
            return [tell.to]
        among = {*self.new} if tell.among is None else {*tell.among}
        old = [] if type(tell.event) in events.FROM_2 else [c for c in self.new if c in among]
        modern = [] if type(tell.event) in events.UP_TO_1_5 else [*self.modern]
        untold = {*self.new, *self.modern} - {*old, *modern}
        is_for_a_class = tell.among is not None
        assert is_for_a_class or not untold & {*tell.but}, f"spared for nothing: {tell}"
        return [conn for conn in (*old, *modern) if conn not in tell.but]

    def _forget(self) -> None:
        for conn in self.new:
            self.open(conn)


def check_new(replica: Replica15, view: RoomView, timeline: Timeline, heard_us: int) -> None:
    """Compare what a 1.5 player believes with the room, as of the moment at which it hears it.

    While the room plays steadily it is told on purpose what is not quite so.
    """
    if replica.status is None:
        return
    if replica.is_resting:
        assert replica.status.play_status == "pending"
        return
    expected = "playing" if _moves(timeline, heard_us) else "pending"
    assert replica.status.play_status == ("paused" if view.play_state == "paused" else expected)
    is_steady = timeline.rate and heard_us - timeline.at_us >= STEADY_AFTER_US
    off_us = abs(replica.position_at(heard_us) - timeline.settled_at(heard_us))
    assert off_us <= (DEAD_ZONE_US if is_steady else 0)


def _moves(timeline: Timeline, now_us: int) -> bool:
    """Say whether the media moves; what is about to stop is told to stop at once."""
    return bool(timeline.rate) and bool(timeline.rate_at(now_us))


def check_old(replica: Replica14, view: RoomView, timeline: Timeline, heard_us: int) -> None:
    """Compare what a 1.4 player believes with the room.

    Flips of readiness while a seek cools down are kept from it, and what it has never been told,
    or belongs to no video, it cannot know.
    """
    if replica.plays is None or view.projection is None or view.play_state == "seeking":
        return
    if replica.is_elsewhere and timeline.rate:
        return
    assert replica.plays is _moves(timeline, heard_us)
    off_us = replica.position_at(heard_us) - timeline.settled_at(heard_us)
    most_us = USUALLY_LATE_US if _moves(timeline, heard_us) else 0
    assert 0 <= off_us <= most_us, f"off by {off_us} us"


def check_modern(replica: ReplicaV2, view: RoomView, parked_us: int | None, now_us: int) -> None:
    """Compare what a v2 player believes with the room: it knows all, always."""
    state = replica.state
    assert state is not None
    assert state.timeline.settled_at(now_us) == view.position_us
    assert (state.timeline.rate, state.play_state) == (view.rate, view.play_state)
    assert [(w.user, w.state) for w in state.watchers] == [(w.user, w.state) for w in view.watchers]
    waited_for = [(waiting.id, now_us - waiting.for_us) for waiting in view.waiting_for]
    assert [(waiting.id, waiting.since_us) for waiting in state.waiting_for] == waited_for
    record = view.projection and view.projection.record
    assert state.record_id == (record and record.record_id)
    assert state.cause == (view.cause and (view.cause.what, view.cause.who))
    assert state.parked_us == parked_us
