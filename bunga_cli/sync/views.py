"""A room as people look at it from outside: the console, the CLI, the REST API."""

from dataclasses import dataclass

from bunga_cli.sync.values import Projection, User


@dataclass(frozen=True, slots=True)
class WatcherView:
    """One watcher. `state` is `ready`, `buffering`, `excused` or `away` (connection lost)."""

    user: User
    state: str
    connections: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A watcher whom the room waits for, and for how long already, in microseconds."""

    id: str
    for_us: int


@dataclass(frozen=True, slots=True)
class RoomView:
    """A live room at one moment. `play_state` is `paused`, `waiting`, `playing` or `seeking`."""

    channel_id: str
    play_state: str
    position_us: int
    projection: Projection | None
    watchers: tuple[WatcherView, ...]
    waiting_for: tuple[Waiting, ...]
    talking: tuple[str, ...]
    call_pending: bool
    connections: int
