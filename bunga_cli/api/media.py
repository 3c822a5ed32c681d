"""`/api/channels/{id}/resolve`: where a player can open a record, as far as a plugin knows."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from pydantic import BaseModel

from bunga_cli.api.channels import existing_channel
from bunga_cli.api.context import Context
from bunga_cli.api.urls import completed_url
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.plugin.providers import Channel, Record
from bunga_cli.plugin.routes import MemberOnly

router = APIRouter(tags=["players"])


class RecordToResolve(BaseModel):
    """A video's identity, as `start-projection` has it."""

    record_id: str
    title: str = ""
    thumb_url: str | None = None
    source: str
    path: str


class ResolvedUrl(BaseModel):
    """An address, with the request headers that it must be asked with."""

    url: str
    headers: Mapping[str, str]
    mime: str | None


class Resolved(BaseModel):
    """Where a video can be opened, the best first; nothing if no plugin knows."""

    urls: list[ResolvedUrl]


@router.post(f"/api/channels/{CHANNEL_ID}/resolve", dependencies=[MemberOnly])
async def resolve(
    channel_id: str, record: RecordToResolve, request: Request, context: Context
) -> Resolved:
    """Return addresses that a player can open, for a member of the channel."""
    row = await existing_channel(channel_id, context)
    urls = await context.plugins.resolve(Channel(row.id, row.name), Record(**record.model_dump()))
    return Resolved(
        urls=[
            ResolvedUrl(
                url=completed_url(media.url, request, context),
                headers=media.headers,
                mime=media.mime,
            )
            for media in urls
        ]
    )
