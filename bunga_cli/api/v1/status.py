"""`/api/v1/status`: how much the server has to do, and what it uses."""

import platform
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from bunga_cli import __version__
from bunga_cli.api.context import Context
from bunga_cli.api.status import Point

router = APIRouter(prefix="/status", tags=["v1 status"])


class Moment(BaseModel):
    """The server about one moment. `cpu_percent` is of one core, `memory_bytes` what is resident.

    `watchers`, `rooms` and `connections` are those of then; rates are averages since `since`.
    """

    since: datetime
    at: datetime
    rooms: int
    watchers: int
    connections: int
    messages_in_per_s: float
    messages_out_per_s: float
    cpu_percent: float
    memory_bytes: int

    @classmethod
    def of(cls, point: Point) -> "Moment":
        """Return a moment as shown."""
        return cls(
            since=point.since,
            at=point.at,
            rooms=point.load.rooms,
            watchers=point.load.watchers,
            connections=point.load.connections,
            messages_in_per_s=round(point.messages_in_per_s, 1),
            messages_out_per_s=round(point.messages_out_per_s, 1),
            cpu_percent=round(point.cpu_percent, 1),
            memory_bytes=point.memory_bytes,
        )


class Status(Moment):
    """The server now; rates are averages of the last 10 s.

    `messages_in` and `messages_out` are the messages of rooms since the start; one that goes to
    five sockets is five out. `max_open_files` null: there is no limit.
    """

    version: str
    python: str
    started_at: datetime
    uptime_s: int
    messages_in: int
    messages_out: int
    open_files: int
    max_open_files: int | None


class History(BaseModel):
    """The last minute, the oldest second first."""

    moments: list[Moment]


@router.get("")
async def show_status(context: Context) -> Status:
    """Return how the server is doing."""
    files, point = await context.status.open_files(), context.status.now()
    return Status(
        **Moment.of(point).model_dump(),
        version=__version__,
        python=platform.python_version(),
        started_at=context.started_at,
        uptime_s=context.status.uptime_s,
        messages_in=point.load.received,
        messages_out=point.load.sent,
        open_files=files.count,
        max_open_files=files.limit,
    )


@router.get("/history")
async def show_history(context: Context) -> History:
    """Return the last minute, second by second."""
    return History(moments=[Moment.of(point) for point in context.status.history.points()])
