"""What survives the end of the server's process, whichever way it ends."""

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bunga_cli.client import Client
from tests.end_to_end.kit import FILM, SECOND_US, new_channel, pair, status
from tests.servers import Site


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """A site whose server a test may kill."""
    site = Site(tmp_path / "data")
    site.start()
    yield site
    site.stop()
    assert "Traceback" not in site.log, site.log


async def test_a_killed_server_loses_less_than_a_second_of_the_position(own_site: Site) -> None:
    channel = new_channel(own_site)
    async with pair(own_site, channel) as (ann, _bob):
        await ann.seek(1000 * SECOND_US)
        await ann.play()
        last = await status(ann, play_status="playing", ready_ids=["ann", "bob"])
        played_from = time.monotonic()
        await asyncio.sleep(3.3)
        await asyncio.to_thread(own_site.kill)
        played_us = round((time.monotonic() - played_from) * SECOND_US)
    own_site.start()

    async with Client.register(
        own_site.register_url(channel), username="ann", password="pw"
    ) as back:
        now = await status(back)
        lost_us = last["position"] + played_us - now["position"]
        assert now["play_status"] == "paused"
        assert -SECOND_US / 4 < lost_us < SECOND_US


async def test_members_projection_and_progress_survive_a_kill(own_site: Site) -> None:
    channel = new_channel(own_site)
    async with pair(own_site, channel) as (ann, bob):
        await ann.seek(70 * SECOND_US)
        await bob.pause(77 * SECOND_US)
        await status(ann, position=77 * SECOND_US)
        await asyncio.sleep(0.8)
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
        await asyncio.sleep(0.8)
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

        again = await status(ann, timeout_s=15, watcher_ids=["ann", "bob"])
        assert again["position"] == 500 * SECOND_US
        await ann.play()
        await status(ann, play_status="playing", timeout_s=15)


async def test_a_stopped_server_says_that_it_restarts(own_site: Site) -> None:
    channel = new_channel(own_site)
    async with Client.register(
        own_site.register_url(channel), username="ann", password="pw"
    ) as ann:
        await status(ann)
        assert own_site.process is not None
        own_site.process.send_signal(signal.SIGTERM)

        assert (await ann.wait_closed()).close_code == 1012
