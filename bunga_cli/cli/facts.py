"""Read from the running server, or from the database when none runs."""

import asyncio
from typing import TYPE_CHECKING, Any

from bunga_cli.cli import local_api, output
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import DataFolderError, NotFound, ServerUnreachable

if TYPE_CHECKING:
    from bunga_cli.store import Store
    from bunga_cli.store.rows import ChannelRow
    from bunga_cli.sync.snapshot import RoomSnapshot


def read(data: DataFolder, *path: str) -> dict[str, Any]:
    """Return what `GET /api/v1/<path>` answers, or would answer."""
    try:
        return local_api.call(data, "GET", *path)
    except ServerUnreachable:
        if not data.database.exists():
            raise DataFolderError(
                f"There is no site in {data.path}; `bunga serve` makes one, --data names another."
            ) from None
    output.note(f"No server runs on {data.path}; this is what its database says.")
    return asyncio.run(_read_database(data, path))


async def _read_database(data: DataFolder, path: tuple[str, ...]) -> dict[str, Any]:
    from bunga_cli.store import Store

    store = await Store.open(data.database)
    try:
        return await _answer(store, path)
    finally:
        await store.close()


async def _answer(store: "Store", path: tuple[str, ...]) -> dict[str, Any]:
    match path:
        case ("channels",):
            return {"channels": [await _channel(store, row) for row in await store.channels.list()]}
        case ("channels", channel_id):
            row = await store.channels.get(channel_id)
            if row is None:
                raise NotFound(f"There is no channel {channel_id}.")
            return await _channel(store, row)
        case ("rooms",):
            return {"rooms": [_room(room) for room in await store.rooms.load_all()]}
        case ("rooms", channel_id):
            rooms = {room.channel_id: room for room in await store.rooms.load_all()}
            if channel_id not in rooms:
                raise NotFound(f"Channel {channel_id} has no room.")
            return _room(rooms[channel_id])
    raise ValueError(path)


async def _channel(store: "Store", row: "ChannelRow") -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "allow_new_client": row.allow_new_client,
        "on_join": row.on_join,
        "members": len(await store.channels.members(row.id)),
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
    }


def _room(room: "RoomSnapshot") -> dict[str, object]:
    """Return the room as the next server will find it: paused, with nobody connected."""
    from dataclasses import asdict

    projection = room.projection
    return {
        "channel_id": room.channel_id,
        "play_state": "paused",
        "position_us": room.position_us,
        "record": asdict(projection.record) if projection else None,
        "sharer": asdict(projection.sharer) if projection else None,
        "watchers": [],
        "waiting_for": [],
        "talking": [],
        "call_pending": False,
        "connections": 0,
    }
