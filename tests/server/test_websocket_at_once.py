"""Frames that are sent ahead of what the loop would write later, over real sockets."""

import asyncio
import socket
from dataclasses import dataclass, field

import pytest

from bunga_cli.server.delivery import text_frame
from tests.server.wire_kit import EchoSeat, Peer, Wire, seated, serving

pytestmark = pytest.mark.usefixtures("quiet")

NOW = text_frame(b"now")


@dataclass
class Glance:
    """What has arrived at a socket already while the server is still in its handler."""

    own: socket.socket
    seen: list[bytes] = field(default_factory=list)

    def take(self) -> None:
        try:
            self.seen.append(self.own.recv(1 << 16, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            self.seen.append(b"")


async def stalled(wire: Wire) -> tuple[Peer, EchoSeat]:
    """Return a peer that did not read, so that frames wait in the server's own memory."""
    peer = await wire.open()
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    seat = await seated(wire)
    while seat.connection._transport.get_write_buffer_size() < 10_000:
        seat.connection.send(text_frame(b"x" * 30_000))
        await asyncio.sleep(0)
    return peer, seat


async def test_it_has_left_before_the_handler_returns() -> None:
    async with serving() as wire:
        peer = await wire.open()
        seat = await seated(wire)
        glance = Glance(peer.writer.get_extra_info("socket").dup())

        seat.connection.send_at_once(NOW)
        glance.take()

        assert glance.seen == [NOW]
        assert (await peer.frame())[1] == b"now"
        glance.own.close()


async def test_it_leaves_once() -> None:
    async with serving() as wire:
        peer = await wire.open()
        seat = await seated(wire)
        for _ in range(3):
            seat.connection.send_at_once(NOW)
        seat.connection.send(text_frame(b"end"))

        assert [(await peer.frame())[1] for _ in range(4)] == [b"now", b"now", b"now", b"end"]


async def test_frames_stay_whole_whatever_they_are_mixed_with() -> None:
    async with serving() as wire:
        peer = await wire.open()
        seat = await seated(wire)
        sent = 0
        for number in range(200):
            seat.connection.send(text_frame(b"y" * (number * 17 % 300)))
            seat.connection.send_at_once(NOW)
            sent += 2
            if number % 7 == 0:
                await asyncio.sleep(0)

        got = [(await peer.frame())[1] for _ in range(sent)]
        assert got.count(b"now") == 200
        others = [payload for payload in got if payload != b"now"]
        assert [len(payload) for payload in others] == [n * 17 % 300 for n in range(200)]


async def test_it_breaks_no_frame_that_is_half_written() -> None:
    async with serving() as wire:
        peer, seat = await stalled(wire)
        seat.connection.send_at_once(NOW)
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]

        while (payload := (await peer.frame())[1]) != b"now":
            assert payload == b"x" * 30_000


async def test_what_the_socket_does_not_take_follows_later() -> None:
    async with serving() as wire:
        peer = await wire.open()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        seat = await seated(wire)
        big = text_frame(b"z" * 900_000)
        for _ in range(20):  # the kernel takes a part of one of them
            if seat.connection._transport.get_write_buffer_size():
                break
            seat.connection.send_at_once(big)
        seat.connection.send(text_frame(b"end"))
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]

        while (payload := (await peer.frame())[1]) != b"end":
            assert payload == b"z" * 900_000


async def test_nothing_is_sent_at_once_after_our_close_frame() -> None:
    async with serving() as wire:
        peer = await wire.open()
        seat = await seated(wire)
        seat.connection.close(4003, "as ordered")
        seat.connection.send_at_once(NOW)

        assert await peer.close_code() == 4003
        await peer.leave()


async def test_a_peer_that_is_gone_is_the_loops_to_find() -> None:
    async with serving() as wire:
        peer = await wire.open()
        seat = await seated(wire)
        peer.writer.transport.abort()
        for _ in range(5):
            seat.connection.send_at_once(NOW)
            await asyncio.sleep(0)

        await wire.until_empty()

        assert seat.lost_count == 1
