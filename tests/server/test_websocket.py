"""WebSockets over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from bunga_cli.server.delivery import text_frame
from bunga_cli.server.limits import Limits
from tests.server.wire_kit import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    EchoSeat,
    Peer,
    Wire,
    client_frame,
    close_payload,
    lost,
    request_head,
    seated,
    serving,
    until,
)

pytestmark = pytest.mark.usefixtures("quiet")


def expect_logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    assert text in caplog.text
    caplog.clear()


# Coming in


async def test_a_standard_client_gets_its_messages_echoed_in_order() -> None:
    async with serving() as wire, connect(wire.url) as client:
        for number in range(300):
            await client.send(f"number {number} 🎬")
        answers = [await client.recv() for _ in range(300)]

    assert answers == [f"number {number} 🎬" for number in range(300)]


async def test_the_door_learns_token_channel_and_peer() -> None:
    async with serving() as wire:
        peer = await wire.open("/chat?token=abc&channel_id=a%2Fb")
        seat = await seated(wire)
        port = peer.writer.get_extra_info("sockname")[1]

        assert wire.door.visits == [("abc", "a/b")]
        assert seat.connection.peer == f"127.0.0.1:{port}"


async def test_a_websocket_works_over_a_unix_socket(tmp_path: Path) -> None:
    async with serving(unix=tmp_path / "s") as wire:
        peer = await wire.open()

        assert await peer.echo("hello") == "hello"
        assert wire.door.seats[0].connection.peer == "local"


async def test_bytes_in_one_packet_with_the_handshake_are_not_lost() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(request_head() + client_frame(b"one") + client_frame(b"two")[:5])
        await peer.head()
        peer.send(client_frame(b"two")[5:])

        assert [await peer.frame() for _ in range(2)] == [(TEXT, b"one"), (TEXT, b"two")]


async def test_another_path_is_not_found_and_the_socket_closed() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(request_head("/chatter"))

        assert (await peer.head()).startswith(b"HTTP/1.1 404 ")
        await peer.gone()


async def test_a_bad_handshake_is_refused_and_the_socket_closed() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(request_head().replace(b"Version: 13", b"Version: 7"))

        assert (await peer.head()).startswith(b"HTTP/1.1 400 ")
        await peer.gone()


async def test_a_refused_client_can_read_why() -> None:
    async with serving() as wire, connect(f"{wire.url}&token=x".replace("=t", "=refused")) as peer:
        with pytest.raises(ConnectionClosed) as closed:
            await peer.recv()

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4003, ("not for you" * 20)[:123])
    assert wire.door.seats == []


async def test_a_door_that_fails_closes_with_1011_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as wire:
        peer = await wire.open("/chat/?token=broken")

        assert await peer.close_code() == 1011
    expect_logged(caplog, "RuntimeError: as ordered")


async def test_an_admission_that_takes_too_long_is_cancelled_with_1013() -> None:
    async with serving(Limits(handshake_timeout_s=0.05)) as wire:
        peer = await wire.open("/chat/?token=patient")

        assert await peer.close_code() == 1013
        assert (wire.door.cancelled, wire.door.seats) == (1, [])


async def test_messages_sent_before_the_admission_are_delivered_after_it() -> None:
    async with serving() as wire:
        peer = await wire.open("/chat/?token=patient")
        for number in range(100):
            peer.send(client_frame(b"%d" % number))
        await asyncio.sleep(0.02)
        wire.door.opened.set()

        assert [(await peer.frame())[1] for _ in range(100)] == [b"%d" % n for n in range(100)]


async def test_a_flood_before_the_admission_is_bounded_and_not_lost() -> None:
    flood = client_frame(b"x" * 10_000) * 90
    async with serving() as wire:
        peer = await wire.open("/chat/?token=patient")
        peer.send(flood)
        await asyncio.sleep(0.05)
        (connection,) = wire.endpoint.connections
        assert len(connection._stream._rest) < 400_000
        wire.door.opened.set()

        for _ in range(90):
            assert len((await peer.frame())[1]) == 10_000


async def test_a_peer_that_leaves_during_its_admission_cancels_it() -> None:
    async with serving() as wire:
        peer = await wire.open("/chat/?token=patient")
        await until(lambda: wire.door.visits)
        await peer.leave()
        await wire.until_empty()

        assert (wire.door.cancelled, wire.door.seats) == (1, [])


# Reading


async def test_a_binary_message_closes_with_1003() -> None:
    async with serving() as wire:
        peer = await wire.open()
        peer.send(client_frame(b"\x00\x01", BINARY))

        assert await peer.close_code() == 1003
        await peer.gone()


async def test_a_close_frame_survives_the_body_that_it_answers() -> None:
    async with serving() as wire:
        peer = await wire.open()
        peer.send(client_frame(b"x" * 5_000_000))

        assert await peer.close_code() == 1009
        await peer.writer.drain()


async def test_a_message_that_fails_closes_its_connection_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as wire:
        one, other = await wire.open(), await wire.open()
        one.send(client_frame(b"crash") + client_frame(b"never delivered"))

        assert await one.close_code() == 1011
        await one.gone()
        assert await other.echo("still here") == "still here"
        assert wire.door.seats[0].messages == [b"crash"]
    expect_logged(caplog, "RuntimeError: as ordered")


@pytest.mark.parametrize(("kind", "answer"), [(TEXT, TEXT), (PING, PONG)])
async def test_a_flood_of_frames_waits_for_its_turn_while_others_are_read(
    kind: int, answer: int
) -> None:
    async with serving(Limits(frames_per_turn=10, turn_s=3600)) as wire:
        flooder, other = await wire.open(), await wire.open()
        seat = await seated(wire, 2)
        flooder.send(b"".join(client_frame(b"%d" % number, kind) for number in range(25)))
        answers = [await flooder.frame() for _ in range(10)]

        assert await other.echo("hello") == "hello"
        assert answers == [(answer, b"%d" % number) for number in range(10)]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(flooder.frame(), 0.05)
        for taken in (*wire.door.seats, seat):
            taken.connection.abort()


async def test_frames_that_waited_for_their_turn_are_read_in_order() -> None:
    async with serving(Limits(frames_per_turn=10, turn_s=0.01)) as wire:
        peer = await wire.open()
        peer.send(b"".join(client_frame(b"%d" % number) for number in range(95)))

        assert [await peer.frame() for _ in range(95)] == [(TEXT, b"%d" % n) for n in range(95)]


async def test_a_flooder_that_waits_for_its_turn_can_be_sent_away() -> None:
    async with serving(Limits(frames_per_turn=10, turn_s=3600, close_timeout_s=0.05)) as wire:
        peer = await wire.open()
        seat = await seated(wire)
        peer.send(client_frame(b"x") * 25)
        await until(lambda: len(seat.messages) >= 10)
        seat.connection.close(1013, "as ordered")

        assert await peer.close_code() == 1013
        assert await lost(seat) == 1
        assert len(seat.messages) == 10


# Writing


async def test_nothing_is_sent_after_our_close_frame() -> None:
    async with serving() as wire:
        peer = await wire.open()
        peer.send(client_frame(b"close") + client_frame(b"more"))

        assert await peer.frame() == (CLOSE, close_payload(4003, "as ordered"))
        peer.send(client_frame(close_payload(4003), CLOSE))
        assert await peer.reader.read() == b""
        assert wire.door.seats[0].messages == [b"close"]


async def deaf_peer(wire: Wire) -> tuple[Peer, EchoSeat]:
    """Return a peer that does not read."""
    peer = await wire.open()
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
    return peer, await seated(wire)


async def block(seat: EchoSeat) -> None:
    """Send so much that the kernel takes no more."""
    while seat.connection.is_open:
        seat.connection.send(text_frame(b"x" * 60_000))
        if seat.connection._stall_timer:
            break
        await asyncio.sleep(0)


async def test_a_reader_that_never_reads_is_closed_at_its_bound() -> None:
    async with serving() as wire:
        _, seat = await deaf_peer(wire)
        most = 0
        while seat.connection.is_open:
            seat.connection.send(text_frame(b"x" * 60_000))
            most = max(most, seat.connection._transport.get_write_buffer_size())

        assert most < (1 << 20) + 70_000
        assert await lost(seat) == 1


async def test_a_reader_that_comes_back_too_late_reads_1013() -> None:
    async with serving() as wire:
        peer, seat = await deaf_peer(wire)
        while seat.connection.is_open:
            seat.connection.send(text_frame(b"x" * 60_000))
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]

        assert await peer.close_code() == 1013


async def test_a_reader_that_blocks_for_too_long_is_closed() -> None:
    async with serving(Limits(max_blocked_s=1)) as wire:
        _, seat = await deaf_peer(wire)
        await block(seat)
        assert seat.connection.is_open

        assert await lost(seat) == 1


async def test_heartbeats_are_skipped_while_the_peer_does_not_read() -> None:
    async with serving() as wire:
        peer, seat = await deaf_peer(wire)
        await block(seat)
        held = seat.connection._transport.get_write_buffer_size()
        for _ in range(1000):
            seat.connection.send_heartbeat(text_frame(b"beat"))
        assert seat.connection._transport.get_write_buffer_size() <= held

        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
        while seat.connection._stall_timer:
            await peer.frame()
        seat.connection.send_heartbeat(text_frame(b"beat"))
        while (await peer.frame())[1] != b"beat":
            pass


async def test_pongs_that_nobody_reads_are_bounded_too() -> None:
    async with serving(Limits(max_buffer_bytes=100_000, turn_s=0)) as wire:
        peer, seat = await deaf_peer(wire)
        pings = client_frame(b"x" * 125, PING) * 100
        while seat.connection.is_open:
            peer.send(pings)
            await asyncio.sleep(0)

        assert await lost(seat) == 1


# Ending


async def test_a_seat_is_told_once_that_its_socket_is_gone() -> None:
    async with serving() as wire:
        peer = await wire.open()
        seat = await seated(wire)
        peer.send(client_frame(close_payload(1000), CLOSE))
        await peer.leave()

        assert await lost(seat) == 1
        seat.connection.send(text_frame(b"into the void"))
        seat.connection.close(1000, "again")


async def test_nothing_is_delivered_after_an_abort() -> None:
    async with serving() as wire:
        peer = await wire.open()
        peer.send(client_frame(b"abort") + client_frame(b"more"))
        await peer.gone()

        assert await lost(wire.door.seats[0]) == 1
        assert wire.door.seats[0].messages == [b"abort"]


async def test_a_socket_that_is_reset_is_lost() -> None:
    async with serving() as wire:
        peer = await wire.open()
        seat = await seated(wire)
        peer.writer.transport.abort()

        assert await lost(seat) == 1


async def test_a_peer_that_ends_its_stream_without_a_close_frame_is_lost() -> None:
    async with serving() as wire:
        peer = await wire.open()
        seat = await seated(wire)
        peer.writer.write_eof()

        assert await lost(seat) == 1
        await peer.gone()


async def test_a_peer_that_neither_reads_nor_sends_any_more_is_lost() -> None:
    async with serving(Limits(close_timeout_s=0.05)) as wire:
        peer, seat = await deaf_peer(wire)
        await block(seat)
        peer.writer.write_eof()

        assert await lost(seat) == 1


async def test_a_peer_that_does_not_answer_our_close_frame_is_cut_off() -> None:
    async with serving(Limits(close_timeout_s=0.05)) as wire:
        peer = await wire.open()
        peer.send(client_frame(b"close"))
        assert await peer.close_code() == 4003

        await peer.gone()
        assert await lost(wire.door.seats[0]) == 1


# The end of the server


@pytest.fixture
async def crowd() -> AsyncIterator[tuple[Wire, list[Peer]]]:
    async with serving() as wire:
        yield wire, [await wire.open() for _ in range(50)]


async def test_draining_sends_everybody_away_with_1012(crowd: tuple[Wire, list[Peer]]) -> None:
    wire, peers = crowd
    await seated(wire, len(peers))

    await wire.endpoint.drain()

    assert [await peer.close_code() for peer in peers] == [1012] * len(peers)


async def test_draining_takes_its_time(crowd: tuple[Wire, list[Peer]]) -> None:
    wire, peers = crowd
    draining = asyncio.create_task(wire.endpoint.drain())
    await asyncio.sleep(0.015)

    open_now = sum(connection.is_open for connection in wire.endpoint.connections)

    assert 0 < open_now < len(peers)
    await draining
    assert not any(connection.is_open for connection in wire.endpoint.connections)


async def test_a_draining_server_lets_nobody_in(crowd: tuple[Wire, list[Peer]]) -> None:
    wire, _ = crowd
    await wire.endpoint.drain()
    peer = await wire.connect()
    peer.send(request_head())

    assert (await peer.head()).startswith(b"HTTP/1.1 503 ")


async def test_uvicorn_finds_the_connections_and_can_end_them(
    crowd: tuple[Wire, list[Peer]],
) -> None:
    wire, peers = crowd
    assert len(wire.state.connections) == len(peers)

    for connection in list(wire.state.connections):
        connection.shutdown()

    assert [await peer.close_code() for peer in peers] == [1012] * len(peers)
