"""`/healthz/seen`: what arrives here of a request, for `bunga doctor` to look at proxies with.

It tells nobody more than they know: their own request, and the version, which the API's
description bears as well. `instance` is another one for each process.
"""

import secrets
from collections.abc import Sequence

from fastapi import APIRouter, Request
from pydantic import BaseModel

from bunga_cli import __version__

router = APIRouter(tags=["site"])

_INSTANCE = secrets.token_hex(8)


class Seen(BaseModel):
    """A request as it arrived. `forwarded` names those headers of a proxy that came with it."""

    version: str
    instance: str
    scheme: str
    host: str
    client: str
    forwarded: Sequence[str]


@router.get("/healthz/seen")
async def seen(request: Request) -> Seen:
    """Return what arrived of this request."""
    return Seen(
        version=__version__,
        instance=_INSTANCE,
        scheme=request.url.scheme,
        host=request.headers.get("host", ""),
        client=request.client.host if request.client else "",
        forwarded=sorted({name for name in request.headers if name.startswith("x-forwarded-")}),
    )
