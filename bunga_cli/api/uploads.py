"""Files that clients send: taken in up to a limit, and kept under names of our own."""

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from fastapi import Request
from starlette.datastructures import UploadFile

from bunga_cli.api.errors import bad_request
from bunga_cli.plugin.bodies import BodyTooLarge, limited

_MIB = 1024 * 1024
# Room for the other fields, and for what separates them.
_AROUND_FILE_BYTES = 64 * 1024

_SUBTITLE_TYPES = frozenset({".srt", ".ass", ".ssa", ".vtt", ".sub", ".sup", ".txt"})


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrived, and the fields beside it. Open as long as the request's form is."""

    name: str
    size_bytes: int
    content: BinaryIO
    fields: Mapping[str, object]


@asynccontextmanager
async def received_upload(
    request: Request, max_bytes: int, required: Iterable[str] = ()
) -> AsyncIterator[Upload]:
    """Yield the file of a multipart form. Raises ApiError if it is missing, empty or too large.

    A body over the limit is not read to its end; a file is on disk from 1 MiB on.
    """
    try:
        request = limited(request, max_bytes + _AROUND_FILE_BYTES)
        async with request.form(max_files=1, max_fields=10, max_part_size=4096) as form:
            missing = {name: "This field is required." for name in required if not form.get(name)}
            file = form.get("file")
            problem = _problem_with(file, max_bytes)
            if missing or problem or not isinstance(file, UploadFile):
                raise bad_request(**missing, **problem)
            yield Upload(file.filename or "", file.size or 0, file.file, dict(form))
    except BodyTooLarge:
        raise bad_request(file=_too_large(max_bytes)) from None


def _problem_with(file: UploadFile | str | None, max_bytes: int) -> dict[str, str]:
    if file is None:
        return {"file": "No file was submitted."}
    if isinstance(file, str):
        return {"file": "The submitted data was not a file."}
    if not file.size:
        return {"file": "The submitted file is empty."}
    if file.size > max_bytes:
        return {"file": _too_large(max_bytes)}
    return {}


def _too_large(max_bytes: int) -> str:
    limit = f"{max_bytes} bytes" if max_bytes % _MIB else f"{max_bytes // _MIB}MB"
    return f"File size cannot exceed {limit}."


@asynccontextmanager
async def kept_file(upload: Upload, path: Path) -> AsyncIterator[None]:
    """Keep the upload at `path`, which nobody else has; take it away again if the body raises."""
    await asyncio.to_thread(_write, upload.content, path)
    try:
        yield
    except BaseException:
        await asyncio.to_thread(path.unlink)
        raise


def _write(content: BinaryIO, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def documented_upload(*fields: str) -> dict[str, Any]:
    """Return `openapi_extra` for a route that takes a file, and these texts beside it."""
    texts: dict[str, object] = {name: {"type": "string"} for name in fields}
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    schema = {
        "type": "object",
        "properties": {**texts, "file": file},
        "required": [*fields, "file"],
    }
    content = {"multipart/form-data": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def subtitle_path(media: Path, file: str) -> Path:
    """Return where a subtitle is, by the name that the store has for it."""
    return media / "subtitles" / file


def log_path(media: Path, file: str) -> Path:
    """Return where a client's log is, by the name that the store has for it."""
    return media / "logs" / file


def new_subtitle_name(uploaded_name: str) -> str:
    """Return a name that cannot be guessed, with the ending of the uploaded one if it is known."""
    ending = PurePosixPath(uploaded_name).suffix.lower()
    return secrets.token_urlsafe(16) + (ending if ending in _SUBTITLE_TYPES else ".bin")


def new_log_name() -> str:
    """Return a name that is nobody's yet."""
    return secrets.token_urlsafe(16) + ".log"


def unlink_subtitles(media: Path, files: Iterable[str]) -> None:
    """Remove the files of subtitles that are gone from the store."""
    for file in files:
        subtitle_path(media, file).unlink(missing_ok=True)
