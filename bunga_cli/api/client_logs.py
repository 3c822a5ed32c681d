"""`/api/client-logs/`: what players saw, sent by them, read by admins."""

import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import FileResponse, Response

from bunga_cli.api.access import ADMIN_ONLY, Account, AnyCaller
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.errors import no_permission, not_found
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.uploads import (
    documented_upload,
    kept_file,
    log_path,
    new_log_name,
    received_upload,
)
from bunga_cli.api.urls import absolute_url
from bunga_cli.paths import LOG_ID
from bunga_cli.store.rows import ClientLogRow

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]

router = APIRouter(prefix="/api/client-logs", tags=["client logs"], route_class=NotedRoute)


class ClientLog(BaseModel):
    """A log; `file` is the address where an admin can download it."""

    id: int
    channel_id: str
    uploader: str
    created_at: datetime
    file: str
    download_filename: str


@router.post("", status_code=HTTPStatus.CREATED, openapi_extra=documented_upload("channel_id"))
async def upload_log(
    request: Request, context: Context, account: Account, caller: AnyCaller
) -> ClientLog:
    """Keep a log (multipart, `file` and `channel_id`).

    Of any account, member or not, as a log may tell why one cannot come in; but of none that is
    kept out of the channel, and by no token that is for another.
    """
    limit = context.settings().limits.client_log_max_bytes
    async with received_upload(request, limit, required=["channel_id"]) as upload:
        file, channel_id = new_log_name(), str(upload.fields["channel_id"])
        if not caller.may_enter(channel_id) or await context.store.exclusions.at_door(
            account.id, channel_id
        ):
            raise no_permission()
        async with kept_file(upload, log_path(context.media, file)):
            row = await context.store.uploads.add_log(
                channel_id, account.id, file, upload.size_bytes
            )
    return _client_log(row, request, context)


@router.get("", dependencies=[ADMIN_ONLY])
async def list_logs(
    request: Request, context: Context, limit: Limit = 100, offset: Offset = 0
) -> list[ClientLog]:
    """Return logs, the newest first."""
    rows = await context.store.uploads.logs(limit=limit, offset=offset)
    return [_client_log(row, request, context) for row in rows]


@router.get(f"/{LOG_ID}", dependencies=[ADMIN_ONLY])
async def retrieve_log(log_id: int, request: Request, context: Context) -> ClientLog:
    """Return what is known of a log."""
    return _client_log(await _existing(log_id, context), request, context)


@router.get(f"/{LOG_ID}/download", dependencies=[ADMIN_ONLY], response_class=FileResponse)
async def download_log(log_id: int, context: Context) -> Response:
    """Return a log's bytes."""
    row = await _existing(log_id, context)
    path = log_path(context.media, row.file)
    if not path.is_file():
        raise not_found("ClientLog")
    return FileResponse(path, media_type="application/octet-stream", filename=_filename(row))


@router.delete(
    f"/{LOG_ID}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    dependencies=[ADMIN_ONLY],
)
async def delete_log(log_id: int, context: Context) -> None:
    """Delete a log."""
    await _existing(log_id, context)
    file = await context.store.uploads.delete_log(log_id)
    log_path(context.media, file).unlink(missing_ok=True)


async def _existing(log_id: int, context: AppContext) -> ClientLogRow:
    row = await context.store.uploads.log(log_id)
    if row is None:
        raise not_found("ClientLog")
    return row


def _client_log(row: ClientLogRow, request: Request, context: AppContext) -> ClientLog:
    return ClientLog(
        id=row.id,
        channel_id=row.channel_id,
        uploader=row.uploader,
        created_at=row.created_at,
        file=absolute_url(request, context, "api", "client-logs", str(row.id), "download", ""),
        download_filename=_filename(row),
    )


def _filename(row: ClientLogRow) -> str:
    """Return a name for a person's own disk: who, where, when, in letters that every disk takes."""
    whose = re.sub(r"[^\w.-]", "_", f"{row.channel_id}_{row.uploader}")
    return f"{whose}_{row.created_at:%Y%m%d_%H%M%S}.log"
