"""Sending files of the local folders, whole or in ranges."""

import asyncio
import re

from fastapi import Request
from starlette.responses import FileResponse, Response

from bunga_cli.plugin import NotFound
from bunga_gallery.library import StoredFile
from bunga_gallery.local import LocalLinker

_BYTE_RANGES = re.compile(r"\s*bytes\s*=.*", re.IGNORECASE)


class _MediaResponse(FileResponse):
    """A file in pieces that are large enough for films."""

    chunk_size = 256 * 1024


async def send_file(linker: LocalLinker, token: str, request: Request) -> Response:
    """Answer a request for a file. Raises NotFound, Forbidden."""
    file = await linker.file(token)
    found = None if file is None else await asyncio.to_thread(StoredFile.stat, file)
    if file is None or found is None:
        raise NotFound("This file is not there any more.")
    _forget_strange_range(request)
    return _MediaResponse(
        file.path,
        media_type=file.mime,
        stat_result=found,
        headers={"Cache-Control": "private"},
    )


def _forget_strange_range(request: Request) -> None:
    """Leave out a `Range` without a meaning, as RFC 9110, 14.2 asks: not for GET, or not bytes."""
    wanted = request.headers.get("range", "")
    if request.method != "GET" or not _BYTE_RANGES.fullmatch(wanted):
        headers = request.scope["headers"]
        request.scope["headers"] = [pair for pair in headers if pair[0] != b"range"]
