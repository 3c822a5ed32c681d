"""Sending files of the local folders, whole or in ranges."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from email.utils import formatdate
from http import HTTPStatus
from secrets import token_hex

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bunga_gallery.local import LocalLinker
from bunga_gallery.opening import OpenFile
from bunga_gallery.ranges import Part, Unsatisfiable, parts_of

CHUNK_BYTES = 256 * 1024

_NS = 1_000_000_000

_log = logging.getLogger(__name__)


async def send_file(linker: LocalLinker, token: str, request: Request) -> Response:
    """Answer a request for a file. Raises NotFound, Forbidden, PluginFailure."""
    stored, file = await linker.open(token)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private",
        "Content-Type": stored.mime,
        "ETag": _etag(file),
        "Last-Modified": formatdate(file.modified_ns // _NS, usegmt=True),
    }
    if request.method == "HEAD":
        file.close()
        return Response(headers={**headers, "Content-Length": str(file.size)})
    try:
        return _FileResponse(file, headers, _wanted(request, headers, file.size))
    except Unsatisfiable:
        file.close()
        unsatisfied = {"Content-Range": f"bytes */{file.size}"}
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=unsatisfied)


def _wanted(request: Request, headers: dict[str, str], size: int) -> list[Part]:
    """Return the parts to send; none means all."""
    condition = request.headers.get("if-range")
    if condition not in (None, headers["ETag"], headers["Last-Modified"]):
        return []
    return parts_of(request.headers.get("range", ""), size)


def _etag(file: OpenFile) -> str:
    state = f"{file.modified_ns}-{file.size}".encode()
    return f'"{hashlib.sha256(state).hexdigest()[:32]}"'


class _BrokenOff(Exception):
    """Report why a file cannot be read on."""


class _FileResponse(Response):
    """A file, or parts of it, read as fast as the client takes it."""

    def __init__(self, file: OpenFile, headers: dict[str, str], parts: list[Part]) -> None:
        self._file = file
        self._pieces: list[bytes | Part] = [*parts] or [Part(0, file.size)]
        status = HTTPStatus.PARTIAL_CONTENT if parts else HTTPStatus.OK
        if len(parts) == 1:
            headers = {**headers, "Content-Range": _content_range(parts[0], file.size)}
        if len(parts) > 1:
            boundary = token_hex(16)
            self._pieces = [*_multipart(boundary, headers["Content-Type"], parts, file.size)]
            headers = {**headers, "Content-Type": f"multipart/byteranges; boundary={boundary}"}
        length = sum(map(_size, self._pieces))
        super().__init__(status_code=status, headers={**headers, "Content-Length": str(length)})

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, until all is sent or the client goes."""
        gone = asyncio.create_task(_until_gone(receive))
        try:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            async for chunk in self._chunks():
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except _BrokenOff as error:  # the server ends the connection after this
            _log.warning("A local file was not sent to its end: %s", error)
        except OSError:
            pass  # the client is gone
        finally:
            gone.cancel()
            self._file.close()

    async def _chunks(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            at = piece.start
            while at < piece.end:
                chunk = await self._read(at, min(CHUNK_BYTES, piece.end - at))
                at += len(chunk)
                yield chunk

    async def _read(self, at: int, size: int) -> bytes:
        try:
            chunk = await self._file.read(at, size)
        except TimeoutError as error:  # an OSError too, since Python 3.11
            raise _BrokenOff("the disk does not answer.") from error
        except OSError as error:
            raise _BrokenOff(f"{error.strerror or error}.") from error
        if not chunk:
            raise _BrokenOff("it is shorter than it was.")
        return chunk


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _multipart(boundary: str, mime: str, parts: list[Part], size: int) -> list[bytes | Part]:
    pieces: list[bytes | Part] = []
    for part in parts:
        head = f"--{boundary}\r\nContent-Type: {mime}\r\n"
        pieces.append(f"{head}Content-Range: {_content_range(part, size)}\r\n\r\n".encode())
        pieces += [part, b"\r\n"]
    return [*pieces, f"--{boundary}--\r\n".encode()]


def _content_range(part: Part, size: int) -> str:
    return f"bytes {part.start}-{part.end - 1}/{size}"


def _size(piece: bytes | Part) -> int:
    return len(piece) if isinstance(piece, bytes) else piece.end - piece.start
