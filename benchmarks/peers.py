"""Other servers of the same protocol, to see what the machine and the libraries are good for.

They speak as much of it as the benchmark hears: rooms, `join-in`, `whats-on`, `danmaku` and the
heartbeat, each message as long as ours. They have no room logic, validate nothing, know no accounts
and store nothing; everything they leave out counts in their favour. Each uses its library the
fastest way that its manual shows: no compression, one encoding per broadcast, uvloop.

    python -m benchmarks.peers websockets 9000
"""

import argparse
import asyncio
import gc
import json
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import suppress
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

import uvicorn
import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

HOST = "127.0.0.1"
BACKLOG = 2048  # uvicorn's default, for all
GC_THRESHOLDS = (5_000, 20, 100)  # as in our own server
SERVER = {"id": "server", "name": "server", "color_hue": 0}
REGISTRATION = json.dumps({"token": {"access": "a", "refresh": "r"}}).encode()

S = TypeVar("S")


def encoded(code: str, sender: object = SERVER, **fields: object) -> str:
    """Return a message of the server."""
    return json.dumps({"code": code, "sender": sender, **fields}, separators=(",", ":"))


RECORD = dict.fromkeys(("record_id", "title", "source", "path"), "load") | {"thumb_url": None}
NOW_PLAYING = encoded("now-playing", record=RECORD, sharer=SERVER)


class Room(Generic[S]):
    """The sockets of a room, and what is to be sent to whom."""

    def __init__(self) -> None:
        self.users: dict[S, dict[str, Any]] = {}

    def answer(self, socket: S, text: str | bytes) -> tuple[Collection[S], str]:
        """Take a message; return an answer and for whom it is."""
        message = json.loads(text)
        match message["code"]:
            case "whats-on":
                return (socket,), NOW_PLAYING
            case "danmaku":
                said = encoded("danmaku", self.users[socket], message=message["message"])
                return list(self.users), said
            case "join-in":
                self.users[socket] = message["user"]
                watchers = list(self.users.values())
                return (socket,), encoded("here-are", watchers=watchers, buffering=[], talking=[])
        return (), ""

    def status(self) -> str:
        """Return the heartbeat of a room in which everybody is ready."""
        ids = [user["id"] for user in self.users.values()]
        return encoded(
            "channel-status",
            watcher_ids=ids,
            ready_ids=ids,
            position=time.monotonic_ns() // 1_000,
            play_status="playing",
            waiting_for=[],
            excused_ids=[],
        )


class Rooms(Generic[S]):
    """All rooms by the id of their channel, each with its heartbeat."""

    def __init__(self, send: Callable[[Collection[S], str], Awaitable[None]]) -> None:
        self._send = send
        self._rooms: dict[str, Room[S]] = {}
        self._beating: list[asyncio.Task[None]] = []

    def enter(self, socket: S, query: str) -> Room[S]:
        """Return the socket's room, which beats from its first socket on."""
        room = self._rooms.setdefault(parse_qs(query)["channel_id"][0], Room())
        if len(self._rooms) > len(self._beating):
            self._beating.append(asyncio.create_task(self._beat(room)))
        room.users[socket] = {"id": "", "name": "", "color_hue": 0}
        return room

    async def _beat(self, room: Room[S]) -> None:
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            next_at += 1
            await asyncio.sleep(next_at - loop.time())
            await self._send(list(room.users), room.status())


# -- the asyncio server of websockets --


class Door(ServerConnection):
    """A connection that also registers: the library itself refuses requests with a body."""

    def data_received(self, data: bytes) -> None:
        if self.request is None and data.startswith(b"POST "):
            head = f"HTTP/1.1 201 Created\r\nContent-Length: {len(REGISTRATION)}\r\n"
            head += "Content-Type: application/json\r\nConnection: close\r\n\r\n"
            self.transport.write(head.encode() + REGISTRATION)
            self.transport.close()
        else:
            super().data_received(data)


async def serve_websockets(port: int) -> None:
    """Serve until cancelled; answers go out by `broadcast`, too, which costs less than `send`."""

    async def send(sockets: Collection[ServerConnection], text: str) -> None:
        broadcast(sockets, text)

    async def chat(socket: ServerConnection) -> None:
        assert socket.request is not None
        room = rooms.enter(socket, urlsplit(socket.request.path).query)
        with suppress(ConnectionClosed):
            async for text in socket:
                broadcast(*room.answer(socket, text))
        del room.users[socket]

    def healthz(socket: ServerConnection, request: Request) -> Response | None:
        return socket.respond(200, "ok\n") if request.path == "/healthz" else None

    rooms = Rooms(send)
    async with serve(
        chat,
        HOST,
        port,
        compression=None,
        process_request=healthz,
        create_connection=Door,
        backlog=BACKLOG,
    ) as server:
        await server.serve_forever()


# -- an ASGI application on uvicorn --

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]


class Application:
    """What uvicorn calls for each request and each socket."""

    def __init__(self) -> None:
        self._rooms: Rooms[Send] = Rooms(self._send)

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await self._chat(scope["query_string"].decode(), receive, send)
        else:
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": REGISTRATION})

    async def _chat(self, query: str, receive: Receive, send: Send) -> None:
        room = self._rooms.enter(send, query)
        try:
            while (event := await receive())["type"] == "websocket.receive":
                await self._send(*room.answer(send, event["text"]))
        finally:
            del room.users[send]

    @staticmethod
    async def _send(sockets: Collection[Send], text: str) -> None:
        event = {"type": "websocket.send", "text": text}
        for send in sockets:
            try:
                await send(event)
            except OSError:  # it has gone, and will be told
                continue


async def serve_uvicorn(port: int) -> None:
    """Serve until SIGTERM."""
    config = uvicorn.Config(
        Application(),
        HOST,
        port,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        http="httptools",
        lifespan="off",
        log_level="error",
        backlog=BACKLOG,
        timeout_graceful_shutdown=1,
    )
    await uvicorn.Server(config).serve()


SERVERS = {"websockets": serve_websockets, "uvicorn": serve_uvicorn}


def main() -> None:
    """Serve on a port of this machine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("name", choices=SERVERS)
    parser.add_argument("port", type=int)
    args = parser.parse_args()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, suppress(KeyboardInterrupt):
        runner.run(SERVERS[args.name](args.port))


if __name__ == "__main__":
    main()
