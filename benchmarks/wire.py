"""A WebSocket client that costs next to nothing, so that the server is what is measured.

It masks each frame once and sends it many times, reads the heads of frames and leaves their JSON
alone. That is not a client to build on: it does not even check the server's handshake key.
"""

import asyncio
import json
import secrets
import ssl
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar, cast

from bunga_cli.protocol.close_codes import ABNORMAL, NO_STATUS

TEXT = 0x81  # FIN and opcode, RFC 6455, 5.2
CLOSE = 0x88
PING = 0x89
PONG = 0x8A
# Linux has 28,232 ports per source address by default, and searches long once half are taken.
SOCKETS_PER_ADDRESS = 12_000
OPENING_AT_ONCE = 250

CONNECT_TIMEOUT_S = 15.0

S = TypeVar("S", bound="Socket")


@dataclass(frozen=True, slots=True)
class Seat:
    """One account's place in one room, its first place having the number 0."""

    number: int

    host: str
    port: int
    is_tls: bool
    target: str
    """Path and query of the WebSocket."""
    username: str


def frame(payload: bytes, head: int = TEXT) -> bytes:
    """Return a masked frame of at most 64 KiB."""
    mask = secrets.token_bytes(4)
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    key = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return bytes([head]) + length + mask + masked.to_bytes(size, "big")


def message(code: str, **fields: object) -> bytes:
    """Return a masked frame with one message in it."""
    return frame(json.dumps({"code": code, **fields}).encode())


def join_in(seat: Seat) -> bytes:
    """Return a masked `join-in`; the first of a room shares a video."""
    user = {"id": seat.username, "name": seat.username, "color_hue": 0}
    record = dict.fromkeys(("record_id", "title", "source", "path"), "load") | {"thumb_url": None}
    share = {"code": "start-projection", "video_record": record, "position": 0}
    return message("join-in", user=user, my_share=None if seat.number else share)


def no_greeting(_seat: Seat) -> bytes:
    """Stay a socket that has not joined."""
    return b""


class Socket(asyncio.Protocol):
    """One connection. A subclass says what to do with a text in `on_text`.

    `opened` is done when the first text came: only then has the server let this client in.
    """

    __slots__ = (
        "_is_upgraded",
        "_rest",
        "close_code",
        "greeting",
        "is_lost",
        "opened",
        "transport",
    )

    def __init__(self) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport
        self.is_lost = False
        self.close_code = ABNORMAL
        self._rest = b""
        self._is_upgraded = False
        self.greeting = b""

    def on_text(self, data: bytes, start: int, stop: int) -> None:
        """Take the text in `data[start:stop]`."""

    def send(self, frames: bytes) -> None:
        if not self.is_lost:
            self.transport.write(frames)

    # -- asyncio.Protocol --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        if not self.opened.done():
            why = exc or self._rest or f"close code {self.close_code}"
            self.opened.set_exception(ConnectionError(f"not let in: {why!r}"))

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
            self._rest = b""
        if self._is_upgraded:
            self._rest = self._walk(data)
        else:
            self._shake_hands(data)

    def _shake_hands(self, data: bytes) -> None:
        head, end, frames = data.partition(b"\r\n\r\n")
        if not end:
            self._rest = data
        elif head.startswith(b"HTTP/1.1 101"):
            self._is_upgraded = True
            if self.greeting:  # not with the request: some servers drop what follows it
                self.send(self.greeting)
            self._rest = self._walk(frames)
        else:
            self._rest = data
            self.transport.abort()

    def _walk(self, data: bytes) -> bytes:
        """Handle every whole frame and return what is left."""
        at, end = 0, len(data)
        while end - at >= 2:
            head, size = data[at], data[at + 1]
            start = at + 2
            if size >= 126:
                start += 2 if size == 126 else 8
                size = int.from_bytes(data[at + 2 : start], "big")
            if start + size > end:
                break
            at = start + size
            if head == TEXT:
                if not self.opened.done():
                    self.opened.set_result(None)
                self.on_text(data, start, at)
            else:
                self._control(head, data[start:at])
        return data[at:]

    def _control(self, head: int, payload: bytes) -> None:
        if head == PING:
            self.transport.write(frame(payload, PONG))
        elif head == CLOSE:
            self.is_lost = True
            self.close_code = int.from_bytes(payload[:2], "big") or NO_STATUS


class Crowd:
    """All sockets of this process: opened at a steady rate, cut at the end of the block."""

    def __init__(self, per_second: float) -> None:
        self.sockets: list[Socket] = []
        self._per_second = per_second
        self._slots = asyncio.Semaphore(OPENING_AT_ONCE)

    @property
    def lost(self) -> int:
        """Return how many connections ended though nobody here closed them."""
        return sum(self.close_codes().values())

    def close_codes(self) -> Counter[int]:
        """Return how often a connection ended so, by its close code."""
        return Counter(socket.close_code for socket in self.sockets if socket.is_lost)

    async def open(
        self,
        seats: Sequence[Seat],
        kind: Callable[[], S],
        greeting: Callable[[Seat], bytes] = join_in,
    ) -> list[S]:
        """Return one socket per seat, greeted and let in, in the order of the seats.

        Raises ConnectionError if not all could be opened.
        """
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        opening: list[asyncio.Task[S]] = []
        for number, seat in enumerate(seats):
            await asyncio.sleep(started_at + number / self._per_second - loop.time())
            await self._slots.acquire()
            opening.append(asyncio.create_task(self._open(seat, kind(), greeting(seat))))
        await asyncio.wait(opening)
        failed = [error for task in opening if (error := task.exception())]
        if failed:
            raise ConnectionError(
                f"{len(failed)} of {len(seats)} sockets did not open: {failed[0]!r}"
            )
        return [task.result() for task in opening]

    async def _open(self, seat: Seat, socket: S, greeting: bytes) -> S:
        socket.greeting = greeting
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._connect(seat, socket)
                socket.send(_upgrade(seat))
                await socket.opened
        finally:
            self._slots.release()
        return socket

    async def _connect(self, seat: Seat, socket: Socket) -> None:
        await asyncio.get_running_loop().create_connection(
            lambda: socket,
            seat.host,
            seat.port,
            ssl=ssl.create_default_context() if seat.is_tls else None,
            local_addr=self._source_address(seat.host),
        )
        self.sockets.append(socket)

    def _source_address(self, host: str) -> tuple[str, int] | None:
        """Return where to connect from: ports of one address are fewer than sockets may be."""
        extra = len(self.sockets) // SOCKETS_PER_ADDRESS
        return (f"127.0.0.{1 + extra}", 0) if extra and host == "127.0.0.1" else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        for socket in self.sockets:
            socket.transport.abort()
        await asyncio.sleep(0.1)  # a transport is closed by the loop, later


def _upgrade(seat: Seat) -> bytes:
    return (
        f"GET {seat.target} HTTP/1.1\r\n"
        f"Host: {seat.host}:{seat.port}\r\n"
        "Connection: Upgrade\r\n"
        "Upgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {b64encode(secrets.token_bytes(16)).decode()}\r\n\r\n"
    ).encode()
