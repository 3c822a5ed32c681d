"""`/api/v1/rooms`: the rooms as they are, and what an admin may do in them."""

from hashlib import sha256
from typing import Annotated
from urllib.parse import unquote, urlsplit

from fastapi import APIRouter, Depends, Request
from pydantic import Field, StringConstraints, field_validator, model_validator

from bunga_cli.api.access import V1Caller
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.noting import NotedRoute, in_vain
from bunga_cli.api.rooms import view_of
from bunga_cli.api.v1.channels import existing_channel
from bunga_cli.api.v1.room_models import LISTED_EVENTS, SHOWN_EVENTS, Room, Rooms
from bunga_cli.api.v1.schema import StrictBody
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.sync.commands import Order, Pause, Play, Project, Say, Seek
from bunga_cli.sync.values import MAX_POSITION_US, User, VideoRecord

router = APIRouter(prefix="/rooms", tags=["v1 rooms"], route_class=NotedRoute)

ADMIN = "admin"
"""By what id an admin appears among the watchers."""
_LINK = "link"
"""What players call the source of an address on the web, and begin the ids of such records with."""

Position = Annotated[int, Field(ge=0, le=MAX_POSITION_US)]
Offset = Annotated[int, Field(ge=-MAX_POSITION_US, le=MAX_POSITION_US)]


class Sought(StrictBody):
    """Where to go: to a position, or by an offset from where the room is. In microseconds."""

    position_us: Position | None = None
    offset_us: Offset | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> "Sought":
        if (self.position_us is None) is (self.offset_us is None):
            raise ValueError("give position_us or offset_us, one of them")
        return self

    def target_us(self, here_us: int) -> int:
        """Return the position that is meant, from where the room is; never outside a video."""
        if self.position_us is not None:
            return self.position_us
        return min(MAX_POSITION_US, max(0, here_us + (self.offset_us or 0)))


class Projected(StrictBody):
    """A video to show: an address that players can open."""

    url: Annotated[str, StringConstraints(strip_whitespace=True, max_length=8192)]
    title: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1024)]
        | None
    ) = None
    position_us: Position = 0

    @field_validator("url")
    @classmethod
    def _can_be_opened(cls, url: str) -> str:
        parts = urlsplit(url)
        is_one_word = url.isprintable() and " " not in url
        if parts.scheme not in ("http", "https") or not parts.hostname or not is_one_word:
            raise ValueError("this is not the address of a video, such as https://host/film.mp4")
        return url

    def command(self) -> Project:
        """Return the command, with the record that a player would make of this address."""
        title = self.title or _last_part(self.url)
        record_id = f"{_LINK}-{sha256(self.url.encode()).hexdigest()[:16]}"
        return Project(VideoRecord(record_id, title, None, _LINK, self.url), self.position_us)


class Said(StrictBody):
    """A line of text for everybody's screen."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


async def _actor(caller: V1Caller) -> User:
    return User(ADMIN, caller.name, 0)


Actor = Annotated[User, Depends(_actor)]
"""The admin who asks, as the watchers see them."""


@router.get("")
async def list_rooms(context: Context) -> Rooms:
    """Return the rooms that are alive now."""
    hub = context.hub
    rooms = (Room.of(view, hub.events(view.channel_id, LISTED_EVENTS)) for view in hub.rooms())
    return Rooms(rooms=[*rooms])


@router.get(f"/{CHANNEL_ID}")
async def show_room(channel_id: str, context: Context) -> Room:
    """Return a channel's room, alive or not."""
    await existing_channel(channel_id, context)
    return room_now(channel_id, context)


@router.post(f"/{CHANNEL_ID}/play")
async def play(channel_id: str, context: Context, actor: Actor) -> Room:
    """Let a room play as soon as everybody is ready, and return what it is then."""
    return await _do(channel_id, context, actor, Play())


@router.post(f"/{CHANNEL_ID}/pause")
async def pause(channel_id: str, context: Context, actor: Actor) -> Room:
    """Pause a room where it is, and return what it is then."""
    return await _do(channel_id, context, actor, Pause())


@router.post(f"/{CHANNEL_ID}/seek")
async def seek(channel_id: str, where: Sought, context: Context, actor: Actor) -> Room:
    """Let a room go to another place in its video, and return what it is then."""
    await existing_channel(channel_id, context)
    here_us = view_of(channel_id, context).position_us
    return await _do(channel_id, context, actor, Seek(where.target_us(here_us)))


@router.post(f"/{CHANNEL_ID}/project")
async def project(channel_id: str, video: Projected, context: Context, actor: Actor) -> Room:
    """Show a room another video, from where the channel stopped it, and return what it is then."""
    return await _do(channel_id, context, actor, video.command())


@router.post(f"/{CHANNEL_ID}/say")
async def say(channel_id: str, said: Said, context: Context, actor: Actor) -> Room:
    """Let a line fly over everybody's picture, and return what the room is then."""
    command = Say("danmaku", (("message", said.text),))
    return await _do(channel_id, context, actor, command)


@router.post(f"/{CHANNEL_ID}/reset")
async def reset(channel_id: str, context: Context, request: Request) -> Room:
    """Empty a channel's room and return what it is then; its clients leave the player."""
    await existing_channel(channel_id, context)
    if not await context.hub.reset(channel_id):
        in_vain(request)
    return room_now(channel_id, context)


def room_now(channel_id: str, context: AppContext) -> Room:
    """Return a channel's room as shown, alive or not."""
    return Room.of(view_of(channel_id, context), context.hub.events(channel_id, SHOWN_EVENTS))


async def _do(channel_id: str, context: AppContext, actor: User, command: Order) -> Room:
    await existing_channel(channel_id, context)
    await context.hub.command(channel_id, actor, command)
    return room_now(channel_id, context)


def _last_part(url: str) -> str:
    """Return what a player would call the video at an address."""
    parts = urlsplit(url)
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc
