"""Rooms to look at, alive or not."""

from bunga_cli.api.context import AppContext
from bunga_cli.sync.views import RoomView


def view_of(channel_id: str, context: AppContext) -> RoomView:
    """Return a channel's room. One that is not alive has nothing in it: it was put away."""
    return context.hub.room(channel_id) or RoomView(
        channel_id=channel_id,
        play_state="paused",
        position_us=0,
        projection=None,
        watchers=(),
        waiting_for=(),
        talking=(),
        call_pending=False,
        connections=0,
    )
