"""The network in between that benchmarks put before a server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from benchmarks.proxy import Cable, Link, Way, delaying_proxy

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    """Serve what sends back what it gets; yield the port."""

    echoes: list[asyncio.Task[None]] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()
        await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        echoes.append(asyncio.create_task(echo(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*echoes)


@asynccontextmanager
async def echoing_behind(link: Link, cable: Cable | None = None) -> AsyncIterator[Streams]:
    """Connect to such a server through a network."""
    async with echoing() as port, delaying_proxy(port, link, cable) as near:
        reader, writer = await asyncio.open_connection("127.0.0.1", near)
        yield reader, writer
        writer.close()
        await writer.wait_closed()


def delays_ms(way: Way, number: int, every_s: float = 10.0) -> list[float]:
    """Return how long messages take that are sent with so much time between them."""
    return [
        (way.release_s(every_s * sent) - every_s * sent) * 1000 for sent in range(1, number + 1)
    ]


def test_a_message_takes_the_delay_and_what_is_added_at_random() -> None:
    there, _ = Link(delay_ms=50, jitter_ms=5).ways()
    taken = delays_ms(there, 4000)
    assert min(taken) >= 50
    assert sum(taken) / len(taken) == pytest.approx(55, abs=0.5)


def test_no_message_overtakes_another() -> None:
    there, _ = Link(delay_ms=10, jitter_ms=50, spike_share=0.1).ways()
    arrivals = [there.release_s(sent / 1000) for sent in range(2000)]
    assert all(first <= second for first, second in pairwise(arrivals))


def test_some_messages_take_much_longer() -> None:
    there, _ = Link(delay_ms=10, spike_share=0.05).ways()
    late = [taken for taken in delays_ms(there, 4000) if taken > 11]
    assert len(late) == pytest.approx(200, abs=50)
    assert 110 <= min(late) < max(late) <= 410


def test_one_way_may_be_longer_than_the_other() -> None:
    there, back = Link(delay_ms=50, asymmetry=0.2).ways()
    assert delays_ms(there, 1) == pytest.approx([60])
    assert delays_ms(back, 1) == pytest.approx([40])


def test_the_same_seed_makes_the_same_network() -> None:
    first, second, other = (
        delays_ms(Link(jitter_ms=10, seed=seed).ways()[0], 20) for seed in (1, 1, 2)
    )
    assert first == second != other


async def test_bytes_arrive_later_whole_and_in_order() -> None:
    sent = bytes(range(256)) * 4000
    async with echoing_behind(Link(delay_ms=40, jitter_ms=5)) as (reader, writer):
        began = asyncio.get_running_loop().time()
        writer.write(sent)
        async with asyncio.timeout(60):
            assert await reader.readexactly(len(sent)) == sent
        assert asyncio.get_running_loop().time() - began >= 0.08


async def test_more_than_is_held_at_once_arrives_as_well() -> None:
    sent = bytes(12 << 20)
    async with echoing_behind(Link(delay_ms=5)) as (reader, writer):
        writer.write(sent)
        async with asyncio.timeout(60):
            assert len(await reader.readexactly(len(sent))) == len(sent)


async def test_the_end_of_one_side_is_the_end_of_the_other() -> None:
    async with echoing_behind(Link(delay_ms=5)) as (reader, writer):
        writer.write(b"last words")
        writer.write_eof()
        async with asyncio.timeout(60):
            assert await reader.read() == b"last words"


async def test_nothing_passes_a_cut_cable_until_it_is_mended() -> None:
    cable = Cable()
    async with echoing_behind(Link(delay_ms=1), cable) as (reader, writer):
        cable.cut()
        writer.write(b"hello")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(5), 0.1)
        cable.mend()
        async with asyncio.timeout(60):
            assert await reader.readexactly(5) == b"hello"


async def test_a_server_that_is_not_there_hangs_up() -> None:
    async with echoing() as port:
        pass
    async with delaying_proxy(port, Link()) as near:
        reader, writer = await asyncio.open_connection("127.0.0.1", near)
        async with asyncio.timeout(60):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
