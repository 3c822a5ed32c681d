"""`/api/v1/channels`."""

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, StringConstraints, model_validator

from bunga_cli.api.channel_ids import MAX_NAME_LENGTH, ChannelId, new_channel_id
from bunga_cli.api.channels import remove_channel, update_channel
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.v1.schema import StrictBody
from bunga_cli.errors import NotFound
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.store.channels import ChannelChanges, ChannelPolicies
from bunga_cli.store.rows import ChannelRow
from bunga_cli.units import LARGEST

router = APIRouter(prefix="/channels", tags=["v1 channels"], route_class=NotedRoute)

OnJoin = Literal["pause", "continue"]
Patience = Annotated[int, Field(ge=0, le=LARGEST)]
"""A duration in microseconds."""
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_LENGTH)
]


class Channel(BaseModel):
    """A channel. `on_join` null: as the site's settings say; so are the two durations.

    So is `legacy_compensation`, whether 1.4 and 1.5 are compensated for their distance.
    `shows_room`: its invitation tells who watches what. `members` is their number.
    """

    id: str
    name: str
    allow_new_client: bool
    on_join: str | None
    max_wait_us: int | None
    reconnect_grace_us: int | None
    shows_room: bool
    legacy_compensation: bool | None
    members: int
    created_at: datetime


class Channels(BaseModel):
    """All channels."""

    channels: list[Channel]


class ChannelInFull(Channel):
    """A channel, and how much would go with it: of records that were watched, and of subtitles."""

    records: int
    subtitles: int


class ChannelPolicy(StrictBody):
    """How a channel is run. Null: as the site's settings say."""

    allow_new_client: bool = True
    on_join: OnJoin | None = None
    max_wait_us: Patience | None = None
    reconnect_grace_us: Patience | None = None
    shows_room: bool = False
    legacy_compensation: bool | None = None


class NewChannel(ChannelPolicy):
    """A channel to create. Without an id it gets a random one, which nobody guesses."""

    id: ChannelId | None = None
    name: Name


class ChannelPatch(ChannelPolicy):
    """What to change of a channel. The defaults are never read: what is left out stays."""

    name: Name = ""

    @model_validator(mode="after")
    def _says_something(self) -> "ChannelPatch":
        if not self.model_fields_set:
            raise ValueError(f"give at least one of {', '.join(ChannelPatch.model_fields)}")
        return self


@router.get("")
async def list_channels(context: Context) -> Channels:
    """Return all channels."""
    members = await context.store.channels.member_counts()
    rows = await context.store.channels.list()
    return Channels(channels=[_channel(row, members.get(row.id, 0)) for row in rows])


@router.post("", status_code=HTTPStatus.CREATED)
async def create_channel(new: NewChannel, context: Context) -> Channel:
    """Make a channel."""
    policies = ChannelPolicies(**new.model_dump(exclude={"id", "name"}))  # type: ignore[typeddict-item]  # the model has its keys
    row = await context.store.channels.create(new.id or new_channel_id(), new.name, **policies)
    return _channel(row, members=0)


@router.get(f"/{CHANNEL_ID}")
async def show_channel(channel_id: str, context: Context) -> ChannelInFull:
    """Return one channel."""
    row = await existing_channel(channel_id, context)
    channel = _channel(row, len(await context.store.channels.members(channel_id)))
    records, subtitles = await context.store.channels.contents(channel_id)
    return ChannelInFull(**channel.model_dump(), records=records, subtitles=subtitles)


@router.patch(f"/{CHANNEL_ID}")
async def change_channel(channel_id: str, patch: ChannelPatch, context: Context) -> Channel:
    """Change a channel, at once in its live room too."""
    said = patch.model_dump(exclude_unset=True)
    changes = ChannelChanges(**said)  # type: ignore[typeddict-item]  # the model has its keys
    row = await update_channel(channel_id, changes, context)
    return _channel(row, len(await context.store.channels.members(channel_id)))


@router.delete(f"/{CHANNEL_ID}", status_code=HTTPStatus.NO_CONTENT, response_class=Response)
async def delete_channel(channel_id: str, context: Context) -> None:
    """Delete a channel with all that belongs to it, and close its connections."""
    await remove_channel(channel_id, context)


async def existing_channel(channel_id: str, context: AppContext) -> ChannelRow:
    """Return a channel. Raises NotFound."""
    row = await context.store.channels.get(channel_id)
    if row is None:
        raise NotFound(f"There is no channel {channel_id!r}: `bunga channels list` shows all.")
    return row


def _channel(row: ChannelRow, members: int) -> Channel:
    return Channel(**asdict(row), members=members)
