"""Read from the running server, or from the database when none runs."""

import asyncio
from typing import TYPE_CHECKING, Any

from bunga_cli.cli import local_api, output
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import (
    DatabaseError,
    DataFolderError,
    NotFound,
    ServerUnreachable,
    SettingsError,
)
from bunga_cli.listening import register_url

if TYPE_CHECKING:
    from datetime import datetime

    from bunga_cli.store import Store
    from bunga_cli.store.rows import AccountRow, ChannelRow
    from bunga_cli.sync.snapshot import RoomSnapshot


def read(data: DataFolder, *path: str) -> dict[str, Any]:
    """Return what `GET /api/v1/<path>` answers, or would answer."""
    try:
        return local_api.call(data, "GET", *path)
    except ServerUnreachable:
        check_database(data)
    output.note(f"No server runs on {data.path}; this is what its database says.")
    return asyncio.run(_read_database(data, path))


def check_database(data: DataFolder) -> None:
    """Refuse what is not there, and what would have to be changed to be read."""
    if not data.database.exists():
        raise DataFolderError(
            f"There is no server data in {data.path};"
            f" `bunga{data.option} serve` makes it, --data names another folder."
        ) from None
    from bunga_cli.store.migrations import REVISIONS
    from bunga_cli.store.revision import check

    if check(data.database) != REVISIONS[-1]:
        raise DatabaseError(
            f"The database {data.database} was written by an older version:"
            " start the server once to upgrade it."
        ) from None


async def _read_database(data: DataFolder, path: tuple[str, ...]) -> dict[str, Any]:
    from bunga_cli.store import Store

    store = await Store.open(data.database)
    try:
        return await _answer(data, store, path)
    finally:
        await store.close()


async def _answer(data: DataFolder, store: "Store", path: tuple[str, ...]) -> dict[str, Any]:
    match path:
        case ("channels",):
            return {"channels": [await _channel(store, row) for row in await store.channels.list()]}
        case ("channels", channel_id):
            channel = await _channel(store, await _existing(store, channel_id))
            records, subtitles = await store.channels.contents(channel_id)
            address = _public_register_url(data, channel_id)
            return {
                **channel,
                "records": records,
                "subtitles": subtitles,
                "register_url": address,
            }
        case ("channels", channel_id, "members"):
            return await _members(store, channel_id)
        case ("rooms",):
            return {"rooms": [_stored(room) for room in await store.rooms.load_all()]}
        case ("rooms", channel_id):
            await _existing(store, channel_id)
            rooms = {room.channel_id: room for room in await store.rooms.load_all()}
            return _stored(rooms[channel_id]) if channel_id in rooms else _room(channel_id)
        case ("admins",):
            return {"admins": [_admin(row) for row in await store.accounts.admins()]}
    raise ValueError(path)


async def _existing(store: "Store", channel_id: str) -> "ChannelRow":
    row = await store.channels.get(channel_id)
    if row is None:
        raise NotFound(f"There is no channel {channel_id!r}: `bunga channels list` shows all.")
    return row


async def _members(store: "Store", channel_id: str) -> dict[str, Any]:
    from bunga_cli.api.v1.members import members_of
    from bunga_cli.auth.live import NoSockets
    from bunga_cli.auth.people import People

    members = await People(store, NoSockets()).members(channel_id)
    return members_of(members).model_dump(mode="json")


def _public_register_url(data: DataFolder, channel_id: str) -> str | None:
    """Return what players need if the settings say how the server is reached; else it must run."""
    from bunga_cli.settings.files import load_settings

    try:
        public_url = load_settings(data).settings.server.public_url
    except SettingsError:
        return None  # `bunga serve` will tell what is wrong with them.
    return register_url(public_url, channel_id) if public_url else None


async def _channel(store: "Store", row: "ChannelRow") -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "allow_new_client": row.allow_new_client,
        "on_join": row.on_join,
        "max_wait_us": row.max_wait_us,
        "reconnect_grace_us": row.reconnect_grace_us,
        "shows_room": row.shows_room,
        "legacy_compensation": row.legacy_compensation,
        "members": len(await store.channels.members(row.id)),
        "created_at": _iso(row.created_at),
    }


def _admin(row: "AccountRow") -> dict[str, object]:
    return {"id": row.id, "username": row.username, "created_at": _iso(row.created_at)}


def _iso(time: "datetime") -> str:
    return time.isoformat().replace("+00:00", "Z")


def _stored(room: "RoomSnapshot") -> dict[str, object]:
    """Return the room as the next server will find it."""
    from dataclasses import asdict

    found = {**_room(room.channel_id), "position_us": room.position_us}
    if room.projection:
        found["record"] = asdict(room.projection.record)
        found["sharer"] = asdict(room.projection.sharer)
    return found


def _room(channel_id: str) -> dict[str, object]:
    """Return a room with nothing in it."""
    return {
        "channel_id": channel_id,
        "play_state": "paused",
        "position_us": 0,
        "rate": 0,
        "cause": None,
        "record": None,
        "sharer": None,
        "watchers": [],
        "waiting_for": [],
        "talking": [],
        "call_pending": False,
        "connections": 0,
        "events": [],
    }
