"""A network in between: messages take their time, and keep their order.

    async with delaying_proxy(port, Link(delay_ms=50, jitter_ms=5)) as near: …

What is sent to the port `near` arrives at `port` later, and the other way round. `Way` is the law
of that by itself, with the time as an argument, so that simulations obey the same one.

What is not delayed: the handshake of TCP, which this end of the proxy answers. Timers of an event
loop are late by up to a millisecond, and so is what they release.
"""

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random

_EOF = b""
_PACKED_WITHIN_S = 0.0005
"""What is sent so soon after something else goes in the same packet."""
_HELD_BYTES = 4 << 20
"""More than this is not read ahead of its time; the sender has to wait."""


@dataclass(frozen=True, slots=True)
class Link:
    """How long messages take, in milliseconds, each way.

    `delay_ms` is the least, `jitter_ms` the mean of what is added at random (exponentially). A
    share of `spike_share` of all messages takes longer than that by `spike_ms`. `asymmetry` makes
    the way there longer and the way back shorter by that part of the delay.
    """

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    spike_share: float = 0.0
    spike_ms: tuple[float, float] = (100.0, 400.0)
    asymmetry: float = 0.0
    seed: int = 1

    def ways(self, number: int = 0) -> tuple["Way", "Way"]:
        """Return the way there and the way back of one connection."""
        longer, shorter = 1 + self.asymmetry, 1 - self.asymmetry
        return (
            Way(self, self.delay_ms * longer, f"{self.seed}/{number}/there"),
            Way(self, self.delay_ms * shorter, f"{self.seed}/{number}/back"),
        )


class Way:
    """One direction of one connection. Times are in seconds, of any clock."""

    def __init__(self, link: Link, delay_ms: float, seed: str) -> None:
        self._link, self._delay_ms, self._random = link, delay_ms, Random(seed)
        self._last_s = 0.0
        self._packed_s = -_PACKED_WITHIN_S

    def release_s(self, now_s: float) -> float:
        """Return when what is sent now arrives: never before what was sent earlier."""
        if now_s - self._packed_s < _PACKED_WITHIN_S:
            return self._last_s
        self._packed_s = now_s
        delay_ms = self._delay_ms
        if self._link.jitter_ms:
            delay_ms += self._random.expovariate(1 / self._link.jitter_ms)
        if self._link.spike_share and self._random.random() < self._link.spike_share:
            delay_ms += self._random.uniform(*self._link.spike_ms)
        self._last_s = max(self._last_s, now_s + delay_ms / 1000)
        return self._last_s


class Cable:
    """What a test pulls out: nothing passes while it is cut, and nobody is told."""

    def __init__(self) -> None:
        self.is_cut = False
        self._ends: set[_End] = set()

    def cut(self) -> None:
        """Hold back everything from now on."""
        self.is_cut = True

    def mend(self) -> None:
        """Deliver what was held back, and go on."""
        self.is_cut = False
        for end in [*self._ends]:
            end.deliver()

    def attach(self, end: "_End") -> None:
        self._ends.add(end)

    def detach(self, end: "_End") -> None:
        self._ends.discard(end)


class _End(asyncio.Protocol):
    """One of the two sockets of a connection; what it receives goes out at the other one."""

    def __init__(self, way: Way, cable: Cable) -> None:
        self.other: _End | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the socket is gone."""
        self._way, self._cable = way, cable
        self._transport: asyncio.Transport | None = None
        self._queue: deque[tuple[float, bytes | None]] = deque()
        """What is on its way, until when; None for a lost connection."""
        self._held_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._is_eof_sent = self._is_eof_received = False
        cable.attach(self)

    # -- what the event loop says --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.other is not None:
            self.other.deliver()

    def data_received(self, data: bytes) -> None:
        self._held_bytes += len(data)
        if self._held_bytes > _HELD_BYTES and self._transport is not None:
            self._transport.pause_reading()
        self._queue_up(data)

    def eof_received(self) -> bool:
        self._queue_up(_EOF)
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        self.lost.set_result(None)
        self._queue_up(None)

    # -- what is released --

    def deliver(self) -> None:
        """Pass on what has been on its way for long enough."""
        self._disarm()
        other = self.other
        if self._cable.is_cut or other is None or not other.is_open:
            return
        while self._queue and self._queue[0][0] <= self._loop.time():
            _, data = self._queue.popleft()
            if data is None:
                other.close()
            elif data == _EOF:
                self._is_eof_received = True
                other.write_eof()
                self._close_if_done()
            else:
                self._held_bytes -= len(data)
                other.write(data)
        if self._held_bytes <= _HELD_BYTES and self._transport is not None:
            self._transport.resume_reading()
        self._arm()

    @property
    def is_open(self) -> bool:
        """False before it is connected, and afterwards."""
        return self._transport is not None

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def write_eof(self) -> None:
        self._is_eof_sent = True
        if self._transport is not None:
            with suppress(OSError):  # its other end is gone, and that is about to be told
                self._transport.write_eof()
        self._close_if_done()

    def close(self) -> None:
        self._cable.detach(self)
        self._disarm()
        if self._transport is not None:
            self._transport.close()

    def _close_if_done(self) -> None:
        if self._is_eof_sent and self._is_eof_received:
            self.close()

    def _queue_up(self, data: bytes | None) -> None:
        self._queue.append((self._way.release_s(self._loop.time()), data))
        if self._timer is None:
            self._arm()

    def _arm(self) -> None:
        if self._queue:
            self._timer = self._loop.call_at(self._queue[0][0], self.deliver)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


@asynccontextmanager
async def delaying_proxy(
    target_port: int, link: Link, cable: Cable | None = None
) -> AsyncIterator[int]:
    """Listen on a port of this machine for the length of a block; yield its number.

    Each connection gets ways of its own, numbered as they come. Cut `cable` to let nothing pass.
    """
    loop, cable = asyncio.get_running_loop(), cable or Cable()
    ends: list[_End] = []
    connecting: set[asyncio.Task[None]] = set()

    def accept() -> _End:
        there, back = link.ways(len(ends) // 2)
        near, far = _End(there, cable), _End(back, cable)
        near.other, far.other = far, near
        ends.extend((near, far))
        task = loop.create_task(_connect(near, far, target_port))
        connecting.add(task)
        task.add_done_callback(connecting.discard)
        return near

    server = await loop.create_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in [*connecting]:
            task.cancel()
        for end in ends:
            end.close()
        await asyncio.gather(*connecting, return_exceptions=True)
        await asyncio.gather(*(end.lost for end in ends if end.is_open))


async def _connect(near: _End, far: _End, port: int) -> None:
    try:
        await asyncio.get_running_loop().create_connection(lambda: far, "127.0.0.1", port)
    except OSError:
        near.close()
