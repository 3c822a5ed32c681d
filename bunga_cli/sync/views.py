"""A room as people look at it from outside: the console, the CLI, the REST API."""

from dataclasses import dataclass

from bunga_cli.sync.readiness import Watcher
from bunga_cli.sync.timeline import Timeline
from bunga_cli.sync.values import Projection, User


@dataclass(frozen=True, slots=True)
class WatcherView:
    """One watcher. `state` is `ready`, `buffering`, `excused` or `away` (connection lost).

    `since_us` is how long ago that began, `generation` what its player speaks: `1.4`,
    `1.5` or `2`.
    `rtt_us` is how long a ping and its answer take, `drift_us` how far its picture is ahead of the
    room's; None where that is not known. All in microseconds.
    """

    user: User
    state: str
    connections: int
    since_us: int = 0
    generation: str = "1.4"
    rtt_us: int | None = None
    drift_us: int | None = None

    @classmethod
    def of(cls, watcher: Watcher, timeline: Timeline, now_us: int) -> "WatcherView":
        """Return what there is to see of a watcher in a room that is there."""
        since_us = max(watcher.joined_us, watcher.readiness_since_us, watcher.away_since_us or 0)
        return cls(
            watcher.user,
            watcher.standing,
            len(watcher.sockets),
            since_us=now_us - since_us,
            generation=watcher.generation,
            drift_us=watcher.drift_at(timeline, now_us),
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A watcher whom the room waits for, and for how long already, in microseconds."""

    id: str
    for_us: int

    @classmethod
    def of(cls, watcher: Watcher, held_since_us: int, now_us: int) -> "Waiting":
        """Return since when a room that is held up since `held_since_us` waits for `watcher`."""
        return cls(watcher.id, now_us - watcher.waited_for_since(held_since_us))


@dataclass(frozen=True, slots=True)
class CauseView:
    """What led to the state of now, and whose doing it was; None where it was nobody's."""

    what: str
    who: User | None


@dataclass(frozen=True, slots=True)
class RoomView:
    """A live room at one moment. `play_state` is `paused`, `waiting`, `playing` or `seeking`.

    `rate` is 0 while the media rests and 1 while it moves.
    """

    channel_id: str
    play_state: str
    position_us: int
    projection: Projection | None
    watchers: tuple[WatcherView, ...]
    waiting_for: tuple[Waiting, ...]
    talking: tuple[str, ...]
    call_pending: bool
    connections: int
    rate: int = 0
    cause: CauseView | None = None
