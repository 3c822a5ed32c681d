"""What `/api/v1` says of rooms."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict

from bunga_cli.server.feed import Happening
from bunga_cli.sync.values import User
from bunga_cli.sync.views import RoomView, WatcherView

SHOWN_EVENTS = 20
"""How many of the last events a room is shown with."""
LISTED_EVENTS = 3
"""How many of them in a list of rooms, of which there may be thousands."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Shown(BaseModel):
    """Made from a value of the core that has the same attributes."""

    model_config = ConfigDict(from_attributes=True)


class Person(Shown):
    """Somebody, as the others see them."""

    id: str
    name: str
    color_hue: int


class Record(Shown):
    """A video."""

    record_id: str
    title: str
    thumb_url: str | None
    source: str
    path: str


class Watcher(Person):
    """Somebody in the room. `state`: `ready`, `buffering`, `excused` or `away`.

    `since_us`: how long ago that began. `generation`: what the player speaks, `1.4`, `1.5` or `2`.
    `rtt_us`: how long a ping and its answer take; `drift_us`: how far the picture is ahead of the
    room's; null where that is not known.
    """

    state: str
    since_us: int
    connections: int
    generation: str
    rtt_us: int | None
    drift_us: int | None

    @classmethod
    def of(cls, view: WatcherView) -> "Watcher":
        """Return a watcher as shown."""
        user = view.user
        return cls(
            id=user.id,
            name=user.name,
            color_hue=user.color_hue,
            state=view.state,
            since_us=view.since_us,
            connections=view.connections,
            generation=view.generation,
            rtt_us=view.rtt_us,
            drift_us=view.drift_us,
        )


class WaitedFor(BaseModel):
    """Somebody the room waits for, and for how long already, in microseconds."""

    id: str
    for_us: int


class Who(BaseModel):
    """Who did something."""

    id: str
    name: str

    @classmethod
    def of(cls, user: User | None) -> "Who | None":
        """Return somebody as shown; nobody is null."""
        return None if user is None else cls(id=user.id, name=user.name)


class Cause(BaseModel):
    """What led to the play state of now, and whose doing it was."""

    what: str
    who: Who | None


class Event(BaseModel):
    """What happened in a room, and where in the video the room was.

    `kind`: `joined`, `left`, `away`, `back`, `projected`, `played`, `paused`, `sought`, `finished`,
    `waited`, `excused`, `resumed`, `message`, `call`, `reset`, or `state`: then `text` is the new
    play state and `cause` what led to it. `lost`, without a channel, tells a listener that was too
    slow how many events it missed. Who `left` was sent out by an admin if `text` is `kicked`.
    """

    channel_id: str | None
    at: datetime
    kind: str
    who: Who | None = None
    position_us: int | None = None
    text: str | None = None
    cause: str | None = None

    @classmethod
    def of(cls, event: Happening) -> "Event":
        """Return an event as shown."""
        return cls(
            channel_id=event.channel_id,
            at=_EPOCH + timedelta(microseconds=event.at_us),
            kind=event.kind,
            who=Who.of(event.who),
            position_us=event.position_us,
            text=event.text,
            cause=event.cause,
        )

    @classmethod
    def lost(cls, count: int) -> "Event":
        """Return that a listener missed so many."""
        return cls(channel_id=None, at=datetime.now(UTC), kind="lost", text=str(count))


class Room(BaseModel):
    """A channel's session now. `play_state`: `paused`, `waiting`, `playing` or `seeking`.

    `rate` is 0 while the video rests, and 1 while it moves. `events` are the last ones.
    """

    channel_id: str
    play_state: str
    position_us: int
    rate: int
    cause: Cause | None
    record: Record | None
    sharer: Person | None
    watchers: list[Watcher]
    waiting_for: list[WaitedFor]
    talking: list[str]
    call_pending: bool
    connections: int
    events: list[Event]

    @classmethod
    def of(cls, view: RoomView, events: Sequence[Happening] = ()) -> "Room":
        """Return a room as shown."""
        shared, cause = view.projection, view.cause
        return cls(
            channel_id=view.channel_id,
            play_state=view.play_state,
            position_us=view.position_us,
            rate=view.rate,
            cause=Cause(what=cause.what, who=Who.of(cause.who)) if cause else None,
            record=Record.model_validate(shared.record) if shared else None,
            sharer=Person.model_validate(shared.sharer) if shared else None,
            watchers=[Watcher.of(watcher) for watcher in view.watchers],
            waiting_for=[WaitedFor(id=w.id, for_us=w.for_us) for w in view.waiting_for],
            talking=list(view.talking),
            call_pending=view.call_pending,
            connections=view.connections,
            events=[Event.of(event) for event in events],
        )


class Rooms(BaseModel):
    """The live rooms."""

    rooms: list[Room]
