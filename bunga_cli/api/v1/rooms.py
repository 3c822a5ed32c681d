"""`/api/v1/rooms`."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from bunga_cli.api.context import Context
from bunga_cli.api.rooms import view_of
from bunga_cli.api.v1.channels import existing_channel
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.sync.views import RoomView, WatcherView

router = APIRouter(prefix="/rooms", tags=["v1 rooms"])


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
    """Somebody in the room. `state`: `ready`, `buffering`, `excused` or `away`."""

    state: str
    connections: int

    @classmethod
    def of(cls, view: WatcherView) -> "Watcher":
        """Return a watcher as shown."""
        user = view.user
        return cls(
            id=user.id,
            name=user.name,
            color_hue=user.color_hue,
            state=view.state,
            connections=view.connections,
        )


class WaitedFor(BaseModel):
    """Somebody the room waits for, and for how long already, in microseconds."""

    id: str
    for_us: int


class Room(BaseModel):
    """A channel's session now. `play_state`: `paused`, `waiting`, `playing` or `seeking`."""

    channel_id: str
    play_state: str
    position_us: int
    record: Record | None
    sharer: Person | None
    watchers: list[Watcher]
    waiting_for: list[WaitedFor]
    talking: list[str]
    call_pending: bool
    connections: int

    @classmethod
    def of(cls, view: RoomView) -> "Room":
        """Return a room as shown."""
        shared = view.projection
        return cls(
            channel_id=view.channel_id,
            play_state=view.play_state,
            position_us=view.position_us,
            record=Record.model_validate(shared.record) if shared else None,
            sharer=Person.model_validate(shared.sharer) if shared else None,
            watchers=[Watcher.of(watcher) for watcher in view.watchers],
            waiting_for=[WaitedFor(id=w.id, for_us=w.for_us) for w in view.waiting_for],
            talking=list(view.talking),
            call_pending=view.call_pending,
            connections=view.connections,
        )


class Rooms(BaseModel):
    """The live rooms."""

    rooms: list[Room]


@router.get("")
async def list_rooms(context: Context) -> Rooms:
    """Return the rooms that are alive now."""
    return Rooms(rooms=[Room.of(view) for view in context.hub.rooms()])


@router.get(f"/{CHANNEL_ID}")
async def show_room(channel_id: str, context: Context) -> Room:
    """Return a channel's room, alive or not."""
    await existing_channel(channel_id, context)
    return Room.of(view_of(channel_id, context))


@router.post(f"/{CHANNEL_ID}/reset")
async def reset(channel_id: str, context: Context) -> Room:
    """Empty a channel's room and return what it is then; its clients leave the player."""
    await existing_channel(channel_id, context)
    await context.hub.reset(channel_id)
    return Room.of(view_of(channel_id, context))
