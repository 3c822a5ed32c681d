"""A server with nothing but the wire, an echo behind it, and peers that speak raw bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from bunga_cli.server.delivery import text_frame
from bunga_cli.server.endpoint import Endpoint
from bunga_cli.server.http import HttpProtocol
from bunga_cli.server.limits import Limits
from bunga_cli.server.websocket import Connection, Refused

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
MASK = b"\x11\x22\x33\x44"
PATIENCE_S = 60


async def until(condition: Callable[[], object]) -> None:
    """Return when something that the event loop brings about has come true."""
    while not condition():  # noqa: ASYNC110  the condition has no event of its own
        await asyncio.sleep(0.001)


def masked(payload: bytes) -> bytes:
    return bytes(byte ^ MASK[i % 4] for i, byte in enumerate(payload))


def client_frame(payload: bytes, opcode: int = TEXT, *, fin: bool = True, rsv: int = 0) -> bytes:
    """Return a frame as a browser would send it."""
    first = fin << 7 | rsv << 4 | opcode
    if len(payload) < 126:
        head = bytes((first, 0x80 | len(payload)))
    elif len(payload) < 65536:
        head = bytes((first, 0x80 | 126)) + len(payload).to_bytes(2, "big")
    else:
        head = bytes((first, 0x80 | 127)) + len(payload).to_bytes(8, "big")
    return head + MASK + masked(payload)


def close_payload(code: int, reason: str = "") -> bytes:
    return code.to_bytes(2, "big") + reason.encode()


@dataclass
class EchoSeat:
    """Sends every message back, or fails or closes when it is told to."""

    connection: Connection
    messages: list[bytes] = field(default_factory=list)
    lost_count: int = 0
    round_trips: list[int] = field(default_factory=list)

    def measured(self, round_trip_us: int) -> None:
        self.round_trips.append(round_trip_us)

    def received(self, payload: bytes) -> None:
        self.messages.append(payload)
        if payload == b"crash":
            raise RuntimeError("as ordered")
        if payload == b"close":
            self.connection.close(4003, "as ordered")
        if payload == b"abort":
            self.connection.abort()
        self.connection.send(text_frame(payload))

    def lost(self) -> None:
        self.lost_count += 1


@dataclass
class EchoDoor:
    """Admits everybody but those whose token asks for something else."""

    seats: list[EchoSeat] = field(default_factory=list)
    visits: list[tuple[str | None, str | None]] = field(default_factory=list)
    cancelled: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def admit(
        self, token: str | None, channel_id: str | None, connection: Connection
    ) -> EchoSeat:
        self.visits.append((token, channel_id))
        if token == "refused":
            raise Refused(4003, "not for you" * 20)
        if token == "broken":
            raise RuntimeError("as ordered")
        if token == "patient":
            await self._wait()
        self.seats.append(EchoSeat(connection))
        return self.seats[-1]

    async def _wait(self) -> None:
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def http_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the scope says of where the request came from."""
    body = str(scope["bunga.local"]).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Peer:
    """One raw connection to the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def frame(self) -> tuple[int, bytes]:
        """Return the opcode and the payload of the next frame that is not a ping.

        On a slow machine any connection lives long enough to be pinged.
        """
        while (frame := await self.any_frame())[0] == PING:
            pass
        return frame

    async def any_frame(self) -> tuple[int, bytes]:
        """Return the opcode and the payload of the next frame."""
        first, length = await self.reader.readexactly(2)
        if length == 126:
            length = int.from_bytes(await self.reader.readexactly(2), "big")
        elif length == 127:
            length = int.from_bytes(await self.reader.readexactly(8), "big")
        return first & 0x0F, await self.reader.readexactly(length)

    async def close_code(self) -> int:
        """Skip to the close frame and return its code."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")

    async def echo(self, text: str) -> str:
        self.send(client_frame(text.encode()))
        return (await self.frame())[1].decode()

    async def gone(self) -> None:
        """Return when the server has ended the stream."""
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    async def leave(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


def request_head(target: str = "/chat/?token=t&channel_id=lobby", *more: str) -> bytes:
    lines = (
        f"GET {target} HTTP/1.1",
        "Host: example",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *more,
    )
    return "\r\n".join((*lines, "", "")).encode()


@dataclass
class Wire:
    """A running server."""

    door: EchoDoor
    endpoint: Endpoint
    state: ServerState
    protocol: type[HttpProtocol]
    address: tuple[str, int] | Path
    peers: list[Peer] = field(default_factory=list)

    @property
    def url(self) -> str:
        assert isinstance(self.address, tuple)
        return f"ws://127.0.0.1:{self.address[1]}/chat/?token=t&channel_id=lobby"

    async def connect(self) -> Peer:
        """Return a peer that has said nothing yet."""
        if isinstance(self.address, Path):
            peer = Peer(*await asyncio.open_unix_connection(self.address))
        else:
            peer = Peer(*await asyncio.open_connection(*self.address))
        self.peers.append(peer)
        return peer

    async def open(self, target: str = "/chat/?token=t&channel_id=lobby") -> Peer:
        """Return a peer whose handshake was accepted."""
        peer = await self.connect()
        peer.send(request_head(target))
        assert (await peer.head()).startswith(b"HTTP/1.1 101 ")
        return peer

    async def until_empty(self) -> None:
        await until(lambda: not self.state.connections)


async def seated(wire: Wire, count: int = 1) -> EchoSeat:
    """Return the newest seat when so many are taken."""
    await until(lambda: len(wire.door.seats) >= count)
    return wire.door.seats[-1]


async def lost(seat: EchoSeat) -> int:
    """Return how often the seat was told that its socket is gone, once it was."""
    await until(lambda: seat.lost_count)
    await asyncio.sleep(0.01)
    return seat.lost_count


@asynccontextmanager
async def listening(
    endpoint: Endpoint, protocol: type[HttpProtocol], unix: Path | None = None
) -> AsyncIterator[tuple[ServerState, Any]]:
    """Serve on a free port of the loopback, or on a Unix socket; yield the state and the address.

    Nobody is sent away at the end.
    """
    config = Config(http_app, http=protocol, ws=endpoint, log_config=None)  # type: ignore[arg-type]
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET) as sock:
        sock.bind(str(unix) if unix else ("127.0.0.1", 0))
        server = await loop.create_server(lambda: protocol(config, state, {}, loop), sock=sock)
        try:
            yield state, unix or sock.getsockname()
        finally:
            server.close()
            endpoint.keepalive.stop()


@asynccontextmanager
async def serving(
    limits: Limits | None = None, *, of_http: Limits | None = None, unix: Path | None = None
) -> AsyncIterator[Wire]:
    """Run a server of echoes.

    `limits` are those of WebSockets; HTTP has its own, so that a test of what hangs in the one is
    in no hurry in the other.
    """
    door = EchoDoor()
    endpoint = Endpoint(door, limits or Limits())
    protocol = type("LimitedHttpProtocol", (HttpProtocol,), {"limits": of_http or Limits()})
    async with listening(endpoint, protocol, unix) as (state, address):
        wire = Wire(door, endpoint, state, protocol, address)
        try:
            yield wire
        finally:
            for peer in wire.peers:
                await peer.leave()
            await asyncio.wait_for(wire.until_empty(), PATIENCE_S)
