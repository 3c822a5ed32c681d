"""Rooms to look at, alive or kept in the store."""

from bunga_cli.api.context import AppContext
from bunga_cli.sync.views import RoomView


async def view_of(channel_id: str, context: AppContext) -> RoomView:
    """Return a channel's room: the live one, else what is kept of it, else an empty one."""
    live = context.hub.room(channel_id)
    return live or await _kept(channel_id, context)


async def reset_room(channel_id: str, context: AppContext) -> None:
    """Empty a channel's room, whether it is alive or only kept in the store."""
    if not await context.hub.reset(channel_id):
        await context.store.rooms.remove(channel_id)


async def _kept(channel_id: str, context: AppContext) -> RoomView:
    snapshots = await context.store.rooms.load_all()
    snapshot = next((s for s in snapshots if s.channel_id == channel_id), None)
    return RoomView(
        channel_id=channel_id,
        play_state="paused",
        position_us=snapshot.position_us if snapshot else 0,
        projection=snapshot.projection if snapshot else None,
        watchers=(),
        waiting_for=(),
        talking=(),
        call_pending=False,
        connections=0,
    )
