"""Pings over real sockets: who answers, who does not, and how far away that is."""

import pytest

from bunga_cli.server.limits import Limits
from tests.server.wire_kit import PING, PONG, client_frame, lost, seated, serving, until

pytestmark = pytest.mark.usefixtures("quiet")


async def test_a_ping_is_answered() -> None:
    async with serving() as wire:
        peer = await wire.open()
        peer.send(client_frame(b"are you there", PING))

        assert await peer.frame() == (PONG, b"are you there")


async def test_a_peer_that_answers_no_ping_is_lost() -> None:
    async with serving(Limits(ping_interval_s=0.05, ping_timeout_s=0.05)) as wire:
        peer = await wire.open()
        seat = await seated(wire)

        assert await peer.any_frame() == (PING, b"")
        assert await lost(seat) == 1


async def test_a_peer_that_answers_pings_stays() -> None:
    async with serving(Limits(ping_interval_s=0.2, ping_timeout_s=1)) as wire:
        peer = await wire.open()
        for _ in range(8):
            assert await peer.any_frame() == (PING, b"")
            peer.send(client_frame(b"", PONG))

        assert await peer.echo("still here") == "still here"


async def test_a_pong_tells_how_far_away_the_peer_is() -> None:
    async with serving(Limits(ping_interval_s=0.05, ping_timeout_s=5)) as wire:
        peer = await wire.open()
        [connection] = wire.endpoint.connections
        assert await peer.any_frame() == (PING, b"")
        before = connection.rtt_us

        peer.send(client_frame(b"", PONG))
        await until(lambda: connection.rtt_us is not None)

        assert before is None
        assert 0 < (connection.rtt_us or 0) < 5_000_000


async def test_a_pong_that_nobody_asked_for_measures_nothing() -> None:
    async with serving(Limits(ping_interval_s=1, ping_timeout_s=5)) as wire:
        peer = await wire.open()
        [connection] = wire.endpoint.connections
        peer.send(client_frame(b"", PONG))
        assert await peer.echo("one") == "one"
        assert await peer.any_frame() == (PING, b"")
        assert await peer.echo("two") == "two"

        assert connection.rtt_us is None
