"""Stylesheets, scripts and the like, read once; an address with their hash is good for ever."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    media_type: str
    version: str


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{name}/")
        elif not name.endswith(".md"):
            yield name, entry


def _read(name: str, file: Traversable) -> Asset:
    body = file.read_bytes()
    suffix = name[name.rindex(".") :]
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(body, kind, sha256(body).hexdigest()[:12])


ASSETS = {name: _read(name, file) for name, file in _walk(files(__package__) / "static")}


def asset_url(name: str) -> str:
    """Return the address of a file, which changes with its content."""
    return f"/static/{name}?v={ASSETS[name].version}"


async def serve_asset(request: Request) -> Response:
    """Answer with a file. Modules name each other without a hash: browsers ask again for those."""
    asset = ASSETS.get(request.path_params["name"])
    if asset is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    is_exact = request.query_params.get("v") == asset.version
    headers = {
        "Cache-Control": _FOR_EVER if is_exact else _ASK_AGAIN,
        "ETag": f'"{asset.version}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(asset.body, media_type=asset.media_type, headers=headers)
