"""`/api/channels/`: the original's administration of channels."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, StringConstraints

from bunga_cli.api.access import ADMIN_ONLY
from bunga_cli.api.channel_ids import MAX_NAME_LENGTH, ChannelId
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.errors import bad_request, not_found
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.uploads import unlink_subtitles
from bunga_cli.errors import Conflict
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.plugin.bodies import Body, Fields, Text, checked, documented, read_fields
from bunga_cli.store.channels import ChannelChanges
from bunga_cli.store.rows import ChannelRow

router = APIRouter(
    prefix="/api/channels",
    tags=["channels"],
    dependencies=[ADMIN_ONLY],
    route_class=NotedRoute,
)


class Channel(BaseModel):
    """A channel as the original shows it."""

    channel_id: str
    name: str
    allow_new_client: bool

    @classmethod
    def of(cls, row: ChannelRow) -> "Channel":
        """Return a stored channel as the original shows it."""
        return cls(channel_id=row.id, name=row.name, allow_new_client=row.allow_new_client)


class WholeChannel(Body):
    """A channel to create, or to put in another's place."""

    channel_id: ChannelId
    name: Annotated[Text, StringConstraints(max_length=MAX_NAME_LENGTH)]
    allow_new_client: bool = True


class PartOfChannel(Body):
    """What is to change of a channel. The defaults are never read: only what was said counts."""

    channel_id: ChannelId = ""
    name: Annotated[Text, StringConstraints(max_length=MAX_NAME_LENGTH)] = ""
    allow_new_client: bool = True


@router.get("")
async def list_channels(context: Context) -> list[Channel]:
    """Return all channels."""
    return [Channel.of(row) for row in await context.store.channels.list()]


@router.post("", status_code=HTTPStatus.CREATED, openapi_extra=documented(WholeChannel))
async def create_channel(request: Request, context: Context) -> Channel:
    """Make a channel."""
    wanted = checked(WholeChannel, _whole(await read_fields(request)))
    try:
        row = await context.store.channels.create(
            wanted.channel_id, wanted.name, allow_new_client=wanted.allow_new_client
        )
    except Conflict as error:
        sentence = "channel with this channel id already exists."
        raise bad_request(channel_id=sentence) from error
    return Channel.of(row)


@router.get(f"/{CHANNEL_ID}")
async def retrieve_channel(channel_id: str, context: Context) -> Channel:
    """Return one channel."""
    return Channel.of(await existing_channel(channel_id, context))


@router.put(f"/{CHANNEL_ID}", openapi_extra=documented(WholeChannel))
async def replace_channel(channel_id: str, request: Request, context: Context) -> Channel:
    """Change a channel; its name must be given, its id cannot be changed."""
    await existing_channel(channel_id, context)
    wanted = checked(WholeChannel, _whole(await read_fields(request)))
    return await _change(channel_id, wanted, context)


@router.patch(f"/{CHANNEL_ID}", openapi_extra=documented(PartOfChannel))
async def change_channel(channel_id: str, request: Request, context: Context) -> Channel:
    """Change what is given of a channel; its id cannot be changed."""
    await existing_channel(channel_id, context)
    wanted = checked(PartOfChannel, (await read_fields(request)).values)
    return await _change(channel_id, wanted, context)


@router.delete(f"/{CHANNEL_ID}", status_code=HTTPStatus.NO_CONTENT, response_class=Response)
async def delete_channel(channel_id: str, context: Context) -> None:
    """Delete a channel with its members, records and subtitles, and close its connections."""
    await existing_channel(channel_id, context)
    await remove_channel(channel_id, context)


async def existing_channel(channel_id: str, context: AppContext) -> ChannelRow:
    """Return a channel. Raises ApiError if there is none."""
    row = await context.store.channels.get(channel_id)
    if row is None:
        raise not_found("Channel")
    return row


async def update_channel(
    channel_id: str, changes: ChannelChanges, context: AppContext
) -> ChannelRow:
    """Change a channel and let its live room know. Raises NotFound."""
    row = await context.store.channels.update(channel_id, **changes)
    await context.hub.channel_changed(channel_id)
    return row


async def remove_channel(channel_id: str, context: AppContext) -> None:
    """Delete a channel, close its connections, unlink its files. Raises NotFound."""
    files = await context.store.channels.delete(channel_id)
    context.plugins.services.forget_channel(channel_id)
    await context.hub.channel_deleted(channel_id)
    unlink_subtitles(context.media, files)


def _whole(fields: Fields) -> dict[str, object]:
    # An unticked box is not part of a form.
    unsaid = {"allow_new_client": False} if fields.is_form else {}
    return {**unsaid, **fields.values}


async def _change(
    channel_id: str, wanted: WholeChannel | PartOfChannel, context: AppContext
) -> Channel:
    said = wanted.model_dump(exclude_unset=True)
    if said.pop("channel_id", channel_id) != channel_id:
        raise bad_request(channel_id="A channel's id cannot be changed.")
    changes = ChannelChanges(**said)  # type: ignore[typeddict-item]  # the model has its keys
    return Channel.of(await update_channel(channel_id, changes, context))
