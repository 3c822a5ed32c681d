"""A server of another make: just enough of the protocol for a benchmark to measure it."""

import asyncio
import json
from collections import defaultdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

STATUS = {"code": "channel-status", "play_status": "paused", "position": 0}


class OtherServer:
    """Rooms in which everybody hears everything, and a heartbeat ten times a second."""

    def __init__(self) -> None:
        self.registered = 0
        self.codes: list[str] = []
        self._rooms: dict[str, list[WebSocket]] = defaultdict(list)

    def app(self) -> Starlette:
        register = Route("/api/channels/{id}/register/", self._register, methods=["POST"])
        return Starlette(routes=[register, WebSocketRoute("/chat/", self._chat)])

    async def _register(self, _request: Request) -> JSONResponse:
        self.registered += 1
        return JSONResponse({"token": {"access": "a", "refresh": "r"}}, 201)

    async def _chat(self, socket: WebSocket) -> None:
        await socket.accept()
        room = self._rooms[socket.query_params["channel_id"]]
        room.append(socket)
        beating = asyncio.create_task(self._beat(socket))
        try:
            while True:
                await self._handle(json.loads(await socket.receive_text()), socket, room)
        except WebSocketDisconnect:
            beating.cancel()
            room.remove(socket)

    async def _handle(
        self, message: dict[str, object], socket: WebSocket, room: list[WebSocket]
    ) -> None:
        code = str(message["code"])
        self.codes.append(code)
        if code == "whats-on":
            await socket.send_json({"code": "now-playing"})
        elif code == "join-in":
            await socket.send_json({"code": "here-are", "padding": "x" * 200})
        elif code == "danmaku":
            for other in list(room):
                await other.send_json(message)

    async def _beat(self, socket: WebSocket) -> None:
        while True:
            await socket.send_json(STATUS)
            await asyncio.sleep(0.1)
