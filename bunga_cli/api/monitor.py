"""`/api/monitor/`: the original's look into its rooms."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import BaseModel

from bunga_cli.api.access import ADMIN_ONLY
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.errors import ApiError
from bunga_cli.api.noting import NotedRoute, in_vain
from bunga_cli.api.rooms import view_of
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.sync.values import Projection, User
from bunga_cli.sync.views import RoomView

router = APIRouter(
    prefix="/api/monitor",
    tags=["monitor"],
    dependencies=[ADMIN_ONLY],
    route_class=NotedRoute,
)

_STATUS = {"seeking": "SEEKING_DURING_PLAYBACK"}


class MonitoredUser(BaseModel):
    """A watcher."""

    id: str
    name: str
    color_hue: int

    @classmethod
    def of(cls, user: User) -> "MonitoredUser":
        """Return a watcher as the original shows it."""
        return cls(id=user.id, name=user.name, color_hue=user.color_hue)


class MonitoredProjection(BaseModel):
    """What is being watched, and who shared it."""

    record_id: str
    title: str
    source: str
    sharer_id: str
    sharer_name: str

    @classmethod
    def of(cls, projection: Projection) -> "MonitoredProjection":
        """Return a projection as the original shows it."""
        record, sharer = projection.record, projection.sharer
        return cls(
            record_id=record.record_id,
            title=record.title,
            source=record.source,
            sharer_id=sharer.id,
            sharer_name=sharer.name,
        )


class MonitoredPlayStatus(BaseModel):
    """Whether the room plays, and where it is."""

    playing: bool
    position_seconds: float


class MonitoredRoom(BaseModel):
    """A room as the original shows it."""

    channel_id: str
    channel_status: str
    current_projection: MonitoredProjection | None
    watcher_list: list[MonitoredUser]
    watcher_count: int
    ready_watchers: list[str]
    talking_watchers: list[str]
    has_pending_call: bool
    play_status: MonitoredPlayStatus

    @classmethod
    def of(cls, room: RoomView) -> "MonitoredRoom":
        """Return a room as the original shows it."""
        shared = room.projection
        users = [watcher.user for watcher in room.watchers]
        return cls(
            channel_id=room.channel_id,
            channel_status=_STATUS.get(room.play_state, room.play_state.upper()),
            current_projection=MonitoredProjection.of(shared) if shared else None,
            watcher_list=[MonitoredUser.of(user) for user in users],
            watcher_count=len(users),
            ready_watchers=[w.user.id for w in room.watchers if w.state == "ready"],
            talking_watchers=list(room.talking),
            has_pending_call=room.call_pending,
            play_status=MonitoredPlayStatus(
                playing=room.play_state == "playing", position_seconds=room.position_us / 1_000_000
            ),
        )


@router.get("/logs")
async def read_logs(context: Context) -> dict[str, list[str]]:
    """Return the server's last log lines."""
    return {"logs": context.logs.lines()}


@router.get(f"/{CHANNEL_ID}/cache")
async def read_room(channel_id: str, context: Context) -> MonitoredRoom:
    """Return a channel's room."""
    await _require_channel(channel_id, context)
    return MonitoredRoom.of(view_of(channel_id, context))


@router.post(f"/{CHANNEL_ID}/reset")
async def reset(channel_id: str, context: Context, request: Request) -> dict[str, str]:
    """Empty a channel's room; its clients leave the player."""
    await _require_channel(channel_id, context)
    if not await context.hub.reset(channel_id):
        in_vain(request)
    return {"message": "Channel state has been reset"}


async def _require_channel(channel_id: str, context: AppContext) -> None:
    if await context.store.channels.get(channel_id) is None:
        raise ApiError(HTTPStatus.NOT_FOUND, {"error": "channel not found"})
