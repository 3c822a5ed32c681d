"""Rooms of ours that anybody may enter, over real sockets, at the time of the loop they are in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bunga_cli.server.endpoint import Endpoint
from bunga_cli.server.http import HttpProtocol
from bunga_cli.server.limits import TokenBucket
from bunga_cli.server.live_room import LiveRoom
from bunga_cli.server.seat import RoomSeat
from bunga_cli.server.websocket import Connection
from bunga_cli.settings import Settings
from bunga_cli.sync.policy import Policy
from bunga_cli.sync.room import Room
from tests.server.wire_kit import listening
from tests.virtual_time import virtual_us


class OpenDoor:
    """Takes the token for the account's name."""

    def __init__(self) -> None:
        self._rooms: dict[str, LiveRoom] = {}

    async def admit(
        self, token: str | None, channel_id: str | None, connection: Connection
    ) -> RoomSeat:
        live = self._room(channel_id or "")
        live.open(connection, token or "")
        limits = Settings().limits
        bucket = TokenBucket(limits.frames_per_second, limits.frame_burst)
        return RoomSeat(live, connection.id, bucket, virtual_us, lambda: None)

    def stop(self) -> None:
        for live in self._rooms.values():
            live.stop()

    def _room(self, channel_id: str) -> LiveRoom:
        if channel_id not in self._rooms:
            room = Room(channel_id, Policy(), virtual_us())
            self._rooms[channel_id] = LiveRoom(room, virtual_us)
        return self._rooms[channel_id]


@asynccontextmanager
async def serving_rooms(path: Path) -> AsyncIterator[None]:
    """Let anybody in on a Unix socket."""
    door = OpenDoor()
    async with listening(Endpoint(door, clock=virtual_us), HttpProtocol, path):
        yield
        door.stop()
