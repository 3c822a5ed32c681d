"""Subtitles: uploaded for a record, opened by whoever was given the address."""

from http import HTTPStatus
from pathlib import PurePosixPath

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import FileResponse, Response

from bunga_cli.api.access import Account
from bunga_cli.api.channels import existing_channel
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.errors import no_permission, not_found
from bunga_cli.api.uploads import (
    documented_upload,
    kept_file,
    new_subtitle_name,
    received_upload,
    subtitle_path,
)
from bunga_cli.api.urls import absolute_url
from bunga_cli.paths import CHANNEL_ID, FILE, RECORD_ID
from bunga_cli.store.rows import AccountRow, RecordRow, SubtitleRow

router = APIRouter(tags=["players"])

MAX_NAME_LENGTH = 200
MOST_LISTED = 50


class Subtitle(BaseModel):
    """An uploaded subtitle; `file` is the address it can be fetched from."""

    id: int
    uploader: str
    name: str
    file: str
    record: int


class Subtitles(BaseModel):
    """The subtitles of a record, the newest last."""

    subtitles: list[Subtitle]


@router.get(f"/api/channels/{CHANNEL_ID}/records/{RECORD_ID}/subtitles")
async def list_subtitles(
    channel_id: str, record_id: str, request: Request, context: Context, account: Account
) -> Subtitles:
    """Return the latest subtitles that were kept for a record of the channel."""
    await existing_channel(channel_id, context)
    await _require_member(account, channel_id, context)
    record = await context.store.uploads.record(channel_id, record_id)
    rows = await context.store.uploads.subtitles(record.id) if record else []
    return Subtitles(
        subtitles=[
            _subtitle(row, absolute_url(request, context, "media", "subtitles", row.file))
            for row in rows[-MOST_LISTED:]
        ]
    )


@router.post(
    f"/api/channels/{CHANNEL_ID}/records/{RECORD_ID}/subtitle",
    status_code=HTTPStatus.CREATED,
    openapi_extra=documented_upload(),
)
async def upload_subtitle(
    channel_id: str, record_id: str, request: Request, context: Context, account: Account
) -> Subtitle:
    """Keep a subtitle (multipart, `file`) for a record that was projected in the channel."""
    await existing_channel(channel_id, context)
    await _require_member(account, channel_id, context)
    async with received_upload(request, context.settings().limits.subtitle_max_bytes) as upload:
        record = await _projected_record(channel_id, record_id, context)
        file = new_subtitle_name(upload.name)
        async with kept_file(upload, subtitle_path(context.media, file)):
            row = await context.store.uploads.add_subtitle(
                record.id, account.id, _name_of(upload.name), file
            )
    return _subtitle(row, absolute_url(request, context, "media", "subtitles", file))


@router.head(f"/media/subtitles/{FILE}", include_in_schema=False)
@router.get(f"/media/subtitles/{FILE}", response_class=FileResponse)
async def read_subtitle(file: str, context: Context) -> Response:
    """Return a subtitle's bytes. Its name is its secret: players fetch it without a token."""
    row = await context.store.uploads.subtitle_by_file(file)
    path = subtitle_path(context.media, file)
    if row is None or not path.is_file():
        raise not_found("Subtitle")
    name = row.name + path.suffix
    return FileResponse(path, media_type="application/octet-stream", filename=name)


async def _require_member(account: AccountRow, channel_id: str, context: AppContext) -> None:
    if account.is_admin or await context.store.accounts.is_member(channel_id, account.id):
        return
    raise no_permission()


async def _projected_record(channel_id: str, record_id: str, context: AppContext) -> RecordRow:
    """Return a record that was projected, or is on screen and not stored yet."""
    row = await context.store.uploads.record(channel_id, record_id)
    room = context.hub.room(channel_id)
    if row is None and room and room.projection:
        record = room.projection.record
        if record.record_id == record_id:
            row = await context.store.uploads.ensure_record(channel_id, record)
    if row is None:
        raise not_found("VideoRecord")
    return row


def _name_of(uploaded_name: str) -> str:
    return PurePosixPath(uploaded_name).stem[:MAX_NAME_LENGTH] or "subtitle"


def _subtitle(row: SubtitleRow, url: str) -> Subtitle:
    return Subtitle(id=row.id, uploader=row.uploader, name=row.name, file=url, record=row.record_pk)
