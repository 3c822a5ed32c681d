"""Backups of a site in use: who watches notices nothing, and what was kept is a whole site."""

import asyncio
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect

from bunga_cli.backup.reading import verify
from tests.end_to_end.kit import FILM, SECOND_US, new_channel, pair, status, until_stored_at
from tests.servers import Site, running_site

KILLS = 8
SUBTITLE = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """A site of this test alone."""
    with running_site(tmp_path / "data") as site:
        yield site


async def backup(site: Site, target: Path) -> None:
    await asyncio.to_thread(site.bunga, "backup", str(target), "--force")


def upload_subtitle(site: Site, channel: str, token: str) -> str:
    """Upload a subtitle for the film and return its path."""
    answer = httpx2.post(
        f"{site.url}/api/channels/{channel}/records/{FILM['record_id']}/subtitle",
        files={"file": ("hello.srt", SUBTITLE)},
        headers={"Authorization": f"Bearer {token}"},
    )
    answer.raise_for_status()
    return str(answer.json()["file"]).removeprefix(site.url)


async def first_status(site: Site, channel: str, token: str) -> dict[str, Any]:
    """Connect with a token as it is, without registering, and return the room's status."""
    async with connect(site.chat_url(token, channel), proxy=None) as socket:
        async for frame in socket:
            message: dict[str, Any] = json.loads(frame)
            if message["code"] == "channel-status":
                return message
    raise AssertionError("The socket was closed.")


async def test_two_who_watch_notice_nothing_and_a_restored_site_knows_them(
    own_site: Site, tmp_path: Path
) -> None:
    target = tmp_path / "site.tar.gz"
    channel = new_channel(own_site, legacy_compensation=False)  # all are told where the room is
    async with pair(own_site, channel) as (ann, bob):
        subtitle = await asyncio.to_thread(
            upload_subtitle, own_site, channel, ann.account.access_token
        )
        await ann.seek(1000 * SECOND_US)
        started = time.monotonic()
        await ann.play()
        before = await status(bob, play_status="playing", ready_ids=["ann", "bob"])
        for _ in range(3):
            await backup(own_site, target)
        await bob.expect("channel-status", where=lambda m: m["position"] > before["position"])
        told = [f.message for f in bob.received if f.message["code"] == "channel-status"]
        meanwhile = told[told.index(before) :]
        played_us = (time.monotonic() - started) * SECOND_US
        assert {message["play_status"] for message in meanwhile} == {"playing"}
        assert 0 < meanwhile[-1]["position"] - before["position"] < played_us

        await bob.pause(77 * SECOND_US)
        await until_stored_at(own_site, channel, 77 * SECOND_US)
        await backup(own_site, target)
        await ann.seek(500 * SECOND_US)  # which the backup cannot know
        token = bob.account.access_token

    restored = tmp_path / "restored"
    await asyncio.to_thread(Site(restored).bunga, "restore", str(target))
    with running_site(restored) as site:
        found = await first_status(site, channel, token)
        assert (found["position"], found["play_status"]) == (77 * SECOND_US, "paused")
        assert found["watcher_ids"] == ["ann", "bob"]
        served = await asyncio.to_thread(httpx2.get, f"{site.url}{subtitle}")
        assert served.content == SUBTITLE


def test_a_backup_command_that_is_killed_leaves_the_old_file_or_a_new_one(
    own_site: Site, tmp_path: Path
) -> None:
    (own_site.data / "media" / "big.bin").write_bytes(random.Random(1).randbytes(8_000_000))
    target = tmp_path / "kept" / "site.tar.gz"
    target.parent.mkdir()
    started = time.monotonic()
    own_site.bunga("backup", str(target))
    takes_s = time.monotonic() - started
    rng = random.Random(2)
    for _ in range(KILLS):
        command = [sys.executable, "-m", "bunga_cli", "backup", str(target), "--force"]
        with subprocess.Popen(
            [*command, "--data", str(own_site.data)], stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(rng.uniform(takes_s / 3, takes_s))
            process.kill()
        assert process.returncode in (-signal.SIGKILL, 0)
        verify(target, 10**9, lambda _share: None)

    own_site.bunga("backup", str(target), "--force")
    assert list(target.parent.iterdir()) == [target]
