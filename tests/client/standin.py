"""A server without rooms: it registers anybody and lets a test speak on the sockets by hand."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from bunga_cli.protocol.v2 import SUBPROTOCOL

Message = dict[str, Any]

PATIENCE_S = 60.0


class Visit:
    """One socket that a client opened."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self.over = asyncio.Event()

    @property
    def query(self) -> dict[str, str]:
        return dict(self._socket.query_params)

    async def heard(self, code: str, timeout_s: float = PATIENCE_S) -> Message:
        """Return the client's next message with this code."""
        async with asyncio.timeout(timeout_s):
            while True:
                message: Message = await self._socket.receive_json()
                if message["code"] == code:
                    return message

    async def next(self, timeout_s: float = PATIENCE_S) -> Message:
        """Return the client's next event, a message or its close."""
        async with asyncio.timeout(timeout_s):
            return dict(await self._socket.receive())

    async def say(self, code: str, **fields: object) -> None:
        await self._socket.send_json({"code": code, "sender": {"id": "server"}, **fields})

    async def say_text(self, text: str) -> None:
        await self._socket.send_text(text)

    async def close(self, code: int, reason: str = "") -> None:
        await self._socket.close(code, reason)
        self.over.set()


class StandIn:
    """What a test sees and decides of the server."""

    def __init__(self) -> None:
        self.url = ""
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.refusal: Response | None = None
        self.no_renewal: Response | None = None
        self.visits: asyncio.Queue[Visit] = asyncio.Queue()
        self.seen: list[Visit] = []

    async def visit(self, timeout_s: float = PATIENCE_S) -> Visit:
        """Return the next socket that a client opens."""
        async with asyncio.timeout(timeout_s):
            return await self.visits.get()

    async def _register(self, request: Request) -> Response:
        await self._note(request)
        token = {"access": "access-1", "refresh": "refresh-1"}
        channel = {"channel_id": "a/b c", "name": "Test", "allow_new_client": True}
        return self.refusal or JSONResponse({"token": token, "channel": channel}, 201)

    async def _refresh(self, request: Request) -> Response:
        await self._note(request)
        return self.no_renewal or self.refusal or JSONResponse({"access": "access-2"})

    async def _note(self, request: Request) -> None:
        path = request.scope["raw_path"].decode()
        async with request.form() as form:
            self.forms.append((path, {key: str(value) for key, value in form.items()}))

    async def _chat(self, socket: WebSocket) -> None:
        offered = socket.scope["subprotocols"]
        await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        visit = Visit(socket)
        self.seen.append(visit)
        self.visits.put_nowait(visit)
        await visit.over.wait()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/channels/{id:path}/register/", self._register, methods=["POST"]),
                Route("/api/token/refresh/", self._refresh, methods=["POST"]),
                WebSocketRoute("/chat/", self._chat),
            ]
        )


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals stay pytest's


@asynccontextmanager
async def serving_app(app: Starlette) -> AsyncIterator[int]:
    """Serve an app on a free port of this machine and yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


@asynccontextmanager
async def running_stand_in() -> AsyncIterator[StandIn]:
    """Serve a StandIn and let go of its visitors at the end."""
    stand_in = StandIn()
    async with serving_app(stand_in.app()) as port:
        stand_in.url = f"http://127.0.0.1:{port}/api/channels/a%2Fb%20c/register/"
        yield stand_in
        for visit in stand_in.seen:
            visit.over.set()
