"""`/api/v1/secret`: what signs all tokens of players."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from bunga_cli.api.context import Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.v1.schema import StrictBody
from bunga_cli.units import DAY

router = APIRouter(prefix="/secret", tags=["v1 tokens"], route_class=NotedRoute)


class Rotation(StrictBody):
    """How long tokens that were signed before are good, 0: not at all.

    Null or left out: as long as a refresh token lives, so that no player notices.
    """

    overlap_us: Annotated[int, Field(ge=0, le=3_650 * DAY)] | None = None


class Rotated(BaseModel):
    """Until when older tokens are good; null: not any more. And how many sockets were closed."""

    overlap_until: datetime | None
    closed: int


@router.post("/rotate")
async def rotate(rotation: Rotation, context: Context) -> Rotated:
    """Sign with a new secret from now on. API tokens do not depend on it."""
    until, closed = await context.token_office.rotate_secret(rotation.overlap_us)
    return Rotated(overlap_until=until, closed=closed)
