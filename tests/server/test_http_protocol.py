"""HTTP over real sockets: what differs from uvicorn's own protocol."""

import asyncio
import gc
import socket
from pathlib import Path

import pytest
from uvicorn.config import Config
from uvicorn.server import Server

from bunga_cli.server.endpoint import Endpoint
from bunga_cli.server.http import HttpProtocol
from bunga_cli.server.limits import Limits
from tests.server.wire_kit import (
    PATIENCE_S,
    EchoDoor,
    Peer,
    client_frame,
    http_app,
    request_head,
    serving,
    until,
)

GET = b"GET / HTTP/1.1\r\nHost: example\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: %d\r\n\r\n"
IMPATIENT = Limits(handshake_timeout_s=0.1)
"""For what hangs."""

pytestmark = pytest.mark.usefixtures("quiet")


async def answer(peer: Peer) -> tuple[int, bytes]:
    head = await peer.head()
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return int(head.split()[1]), await peer.reader.readexactly(length)


async def test_a_request_over_tcp_is_not_local_whatever_it_says() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(GET.replace(b"Host", b"bunga.local: True\r\nX-Forwarded-For: local\r\nHost"))

        assert await answer(peer) == (200, b"False")


async def test_a_request_over_the_unix_socket_is_local(tmp_path: Path) -> None:
    async with serving(unix=tmp_path / "s") as wire:
        peer = await wire.connect()
        peer.send(GET)

        assert await answer(peer) == (200, b"True")


async def test_a_head_that_trickles_is_cut_off() -> None:
    async with serving(of_http=IMPATIENT) as wire:
        peer = await wire.connect()
        peer.send(b"GET /")
        ended = asyncio.create_task(peer.gone())
        while not ended.done():
            peer.send(b"x")
            await asyncio.sleep(0.01)


async def test_a_peer_that_says_nothing_is_cut_off() -> None:
    async with serving(of_http=IMPATIENT) as wire:
        peer = await wire.connect()

        await peer.gone()


@pytest.mark.parametrize("start", [b"\r\n", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_the_second_head_on_a_connection_is_bounded_in_time_too(start: bytes) -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(GET)
        await answer(peer)
        wire.protocol.limits = IMPATIENT
        peer.send(start)

        await peer.gone()


async def test_a_pipelined_head_that_does_not_end_is_cut_off() -> None:
    async with serving(of_http=Limits(handshake_timeout_s=1)) as wire:
        peer = await wire.connect()
        peer.send(GET + GET[:20])
        await answer(peer)

        await peer.gone()


async def test_a_connection_outlives_the_time_for_a_head() -> None:
    async with serving(of_http=Limits(handshake_timeout_s=1)) as wire:
        web, chat = await wire.connect(), await wire.open()
        for _ in range(4):
            web.send(GET)
            assert await answer(web) == (200, b"False")
            await asyncio.sleep(0.3)

        assert await chat.echo("still here") == "still here"


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 70_000,
        b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 15_000,
        b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        request_head("/chat/", "X: " + "x" * 70_000),
    ],
    ids=["endless target", "endless header", "endless headers", "large header", "large handshake"],
)
async def test_a_head_over_64_kib_is_refused(head: bytes) -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(head)

        assert (await peer.reader.readline()).startswith(b"HTTP/1.1 431 ")
        await peer.gone()


async def test_a_body_may_be_larger_than_a_head() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000)

        assert (await answer(peer))[0] == 200


async def test_a_body_that_trickles_is_cut_off() -> None:
    async with serving(of_http=Limits(body_timeout_s=0.1)) as wire:
        peer = await wire.connect()
        peer.send(b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 1000000\r\n\r\n")
        ended = asyncio.create_task(peer.gone())
        while not ended.done():
            peer.send(b"x")
            await asyncio.sleep(0.01)


async def test_a_body_that_comes_after_its_answer_is_not_taken_for_a_head() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        for _ in range(2):
            peer.send(POST % 2_000_000)
            refusal = await answer(peer)
            for _ in range(20):
                peer.send(b"x" * 100_000)
            peer.send(GET)

            assert [refusal, await answer(peer)] == [(200, b"False")] * 2


async def test_a_connection_whose_answered_body_has_come_does_not_wait_forever() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(POST % 5)
        await answer(peer)
        [protocol] = wire.state.connections
        assert isinstance(protocol, HttpProtocol)
        peer.send(b"12")
        await until(lambda: protocol.timeout_keep_alive_task is None)
        peer.send(b"345")

        await until(lambda: protocol.timeout_keep_alive_task is not None)


async def test_a_body_that_goes_on_and_on_after_its_answer_is_cut_off() -> None:
    async with serving(of_http=Limits(max_drained_bytes=100_000)) as wire:
        peer = await wire.connect()
        peer.send(POST % 100_000_000)
        await answer(peer)
        peer.send(b"x" * 100_001)

        await peer.gone()


async def test_a_body_that_trickles_after_its_answer_is_cut_off() -> None:
    async with serving(of_http=Limits(body_timeout_s=0.1)) as wire:
        peer = await wire.connect()
        peer.send(POST % 10)
        await answer(peer)
        peer.send(b"x")

        await peer.gone()


async def test_a_whole_request_may_be_answered_late() -> None:
    async with serving(of_http=Limits(body_timeout_s=0.05)) as wire:
        peer = await wire.connect()
        peer.send(b"POST / HTTP/1.1\r\nHost: example\r\nContent-Length: 1\r\n\r\nx")
        assert (await answer(peer))[0] == 200
        await asyncio.sleep(0.1)
        peer.send(GET)
        assert (await answer(peer))[0] == 200


async def test_nonsense_is_answered_with_400() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(b"\x16\x03\x01 this is not HTTP\r\n\r\n")

        assert (await answer(peer))[0] == 400
        await peer.gone()


async def test_a_connection_that_served_http_can_become_a_websocket() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(GET)
        await answer(peer)
        peer.send(request_head() + client_frame(b"hello"))

        assert (await peer.head()).startswith(b"HTTP/1.1 101 ")
        assert (await peer.frame())[1] == b"hello"


async def test_the_http_side_of_a_websocket_is_freed_without_the_garbage_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        async with serving() as wire:
            await wire.open()

            assert not [thing for thing in gc.get_objects() if isinstance(thing, HttpProtocol)]
    finally:
        gc.enable()


async def test_a_handshake_behind_an_unanswered_request_is_not_accepted() -> None:
    async with serving() as wire:
        peer = await wire.connect()
        peer.send(GET + request_head())

        assert b"101 Switching" not in await peer.reader.read()
        assert wire.door.visits == []


async def test_a_whole_uvicorn_drains_and_ends() -> None:
    endpoint = Endpoint(EchoDoor())
    config = Config(http_app, http=HttpProtocol, ws=endpoint, log_config=None)  # type: ignore[arg-type]
    config.lifespan = "off"
    server = Server(config)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        serving_task = asyncio.create_task(server.serve(sockets=[sock]))
        await until(lambda: server.started)
        peer = Peer(*await asyncio.open_connection(*sock.getsockname()))
        peer.send(request_head())
        await peer.head()

        await endpoint.drain()
        server.should_exit = True

        assert await peer.close_code() == 1012
        await peer.leave()
        await asyncio.wait_for(serving_task, PATIENCE_S)
