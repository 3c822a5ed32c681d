"""What survives the end of the server's process, whichever way it ends."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.target import free_port
from bunga_cli.client import Client
from bunga_cli.clock import monotonic_us
from tests.end_to_end.kit import (
    FILM,
    SECOND_US,
    new_channel,
    pair,
    status,
    stored,
    until_stored,
    until_stored_at,
)
from tests.servers import Site

LAST_ALIVE = "SELECT max(heartbeat_us) FROM beats"


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """A site whose server a test may kill, and start again on the same port."""
    site = Site(tmp_path / "data")
    site.start("--port", str(free_port()))
    yield site
    site.stop()
    assert "Traceback" not in site.log, site.log


async def test_a_room_of_a_killed_server_stands_where_that_was_last_seen_alive(
    own_site: Site,
) -> None:
    channel = new_channel(own_site, legacy_compensation=False)  # all are told where the room is
    async with pair(own_site, channel) as (ann, _bob):
        await ann.seek(1000 * SECOND_US)
        await ann.play()
        await status(ann, play_status="playing", ready_ids=["ann", "bob"])
        in_3_s_us = monotonic_us() + 3 * SECOND_US
        await until_stored(lambda alive_us: bool(alive_us > in_3_s_us), own_site, LAST_ALIVE)
        await asyncio.to_thread(own_site.kill)
    last_alive_us = stored(own_site, LAST_ALIVE)
    # The frame that was the quickest tells best when the film would have begun at 0.
    began_us = min(
        frame.at_us - frame.message["position"]
        for frame in ann.received
        if frame.message.get("play_status") == "playing"
    )
    own_site.start()

    async with Client.register(
        own_site.register_url(channel), username="ann", password="pw"
    ) as back:
        now = await status(back)
        assert now["play_status"] == "paused"
        assert 0 <= now["position"] - (last_alive_us - began_us) < SECOND_US


async def test_members_projection_and_progress_survive_a_kill(own_site: Site) -> None:
    channel = new_channel(own_site)
    async with pair(own_site, channel) as (ann, bob):
        await ann.seek(70 * SECOND_US)
        await bob.pause(77 * SECOND_US)
        await until_stored_at(own_site, channel, 77 * SECOND_US)
        await asyncio.to_thread(own_site.kill)
    own_site.start()

    async with Client.register(
        own_site.register_url(channel), username="bob", password="pw"
    ) as bob_again:
        await bob_again.whats_on()
        assert (await bob_again.expect("now-playing"))["record"] == FILM
        # Opening a socket is enough for a known watcher to be back, after a restart as well.
        known = await status(bob_again)
        assert known["watcher_ids"] == ["ann", "bob"]
        await bob_again.play()
        assert (await bob_again.expect("play"))["sender"]["name"] == "Bob"


async def test_the_room_of_a_killed_server_forgets_those_who_do_not_come_back(
    own_site: Site,
) -> None:
    channel = new_channel(own_site)
    async with pair(own_site, channel) as (ann, _bob):
        await ann.seek(70 * SECOND_US)
        await until_stored_at(own_site, channel, 70 * SECOND_US)
        await asyncio.to_thread(own_site.kill)
    own_site.start(environ={"BUNGA_SYNC__RECONNECT_GRACE": "1s"})

    async with Client.register(
        own_site.register_url(channel), username="eve", password="pw"
    ) as eve:
        assert (await status(eve, watcher_ids=[]))["position"] == 70 * SECOND_US


async def test_players_of_a_restarted_server_come_back_and_go_on(own_site: Site) -> None:
    channel = new_channel(own_site)
    url = own_site.url
    async with pair(own_site, channel) as (ann, bob):
        await ann.seek(500 * SECOND_US)
        await bob.expect("seek")
        assert await asyncio.to_thread(own_site.stop) == 0
        port = url.rpartition(":")[2]
        await asyncio.to_thread(own_site.start, "--port", port)
        ann.skip()

        again = await status(ann, watcher_ids=["ann", "bob"])
        assert again["position"] == 500 * SECOND_US
        await ann.play()
        await status(ann, play_status="playing")


async def test_a_stopped_server_says_that_it_restarts(own_site: Site) -> None:
    channel = new_channel(own_site)
    async with Client.register(
        own_site.register_url(channel), username="ann", password="pw"
    ) as ann:
        await status(ann)
        assert own_site.process is not None
        own_site.process.send_signal(signal.SIGTERM)

        assert (await ann.wait_closed()).close_code == 1012
