"""Plugins that do not let go: of the server's thread, of its process, of their own threads."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bunga_cli.client import Client
from tests.end_to_end.kit import FILM, PATIENCE_S, new_channel
from tests.servers import Site

HEAD = """
import asyncio, concurrent.futures, sys, threading, time
from fastapi import APIRouter
from bunga_cli.plugin import *
"""
SERVICE = """
class Stubborn:
    key = "KEY"
    async def issue(self, channel, account):
        BODY
@hookimpl
def bunga_services():
    return [Stubborn()]
"""


def service(key: str, body: str) -> str:
    return SERVICE.replace("KEY", key).replace("BODY", body)


EXITS = {
    "exits": service("exits", "sys.exit(3)"),
    "exits_in_a_task": service(
        "exits_in_a_task",
        "asyncio.get_running_loop().create_task(self.end())\n"
        "    async def end(self):\n"
        "        await asyncio.sleep(0.01)\n"
        "        sys.exit(4)",
    ),
    "exits_in_a_callback": service(
        "exits_in_a_callback", "asyncio.get_running_loop().call_soon(sys.exit, 5)"
    ),
    "interrupts": service("interrupts", "raise KeyboardInterrupt"),
}
BLOCKS = {
    "blocks": service("blocks", "time.sleep(1000)"),
    "blocks_too": service("blocks_too", "time.sleep(1000)"),
    "swallows": service(
        "swallows",
        "while True:\n            try: time.sleep(1000)\n            except: pass",
    ),
}
STAYS = {
    "is_imported_for_ever": "time.sleep(1000)",
    "swallows_cancellation": service(
        "swallows_cancellation",
        "while True:\n            try: await asyncio.sleep(1000)\n"
        "            except asyncio.CancelledError: pass",
    ),
    "waits_in_a_thread": service("waits_in_a_thread", "await asyncio.to_thread(time.sleep, 1000)"),
    "has_an_executor": (
        "executor = concurrent.futures.ThreadPoolExecutor(1)\n"
        + service(
            "has_an_executor",
            "threading.Thread(target=time.sleep, args=(1000,), daemon=False).start()\n"
            "        executor.submit(time.sleep, 1000)",
        )
    ),
    "hears_for_ever": "@hookimpl\ndef bunga_room_event(event):\n    time.sleep(1000)",
    "has_a_route": (
        "router = APIRouter()\n"
        "@router.get('/api/sleeps')\n"
        "def sleeps():\n"
        "    time.sleep(1000)\n"
        "@hookimpl\n"
        "def bunga_routes():\n"
        "    return router\n"
    ),
    "checks_for_ever": (
        "class Check:\n"
        "    name = 'all'\n"
        "    async def check(self):\n"
        "        while True:\n"
        "            try: await asyncio.sleep(1000)\n"
        "            except asyncio.CancelledError: pass\n"
        "@hookimpl\n"
        "def bunga_health_checks():\n"
        "    return [Check()]\n"
    ),
}


def site_with(folder: Path, plugins: dict[str, str]) -> Site:
    (folder / "data" / "plugins").mkdir(parents=True)
    for name, source in plugins.items():
        (folder / "data" / "plugins" / f"{name}.py").write_text(HEAD + source)
    return Site(folder / "data")


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    """Servers, which are killed if a test leaves them behind."""
    sites: list[Site] = []
    yield sites
    for site in sites:
        site.kill()


def start(sites: list[Site], folder: Path, plugins: dict[str, str]) -> Site:
    site = site_with(folder, plugins)
    sites.append(site)
    site.start()
    return site


def rows(site: Site) -> dict[str, Any]:
    transport = httpx2.HTTPTransport(uds=str(site.data / "bunga.sock"))
    with httpx2.Client(transport=transport, base_url="http://a", timeout=PATIENCE_S) as client:
        found = client.get("/api/v1/plugins").json()["plugins"]
    return {row["name"]: row for row in found}


def test_no_exit_of_a_plugin_is_the_servers(sites: list[Site], tmp_path: Path) -> None:
    site = start(sites, tmp_path, EXITS)
    for name in ("ann", "ben"):
        answer = site.register("lobby", name)
        assert [answer[name] for name in EXITS] == [None] * len(EXITS)
    found = rows(site)
    assert found["exits"]["reason"] == "service exits: SystemExit: 3"
    assert found["interrupts"]["reason"] == "service interrupts: KeyboardInterrupt"
    assert site.stop() == 0
    assert "A plugin raised SystemExit in the server's thread; the server goes on." in site.log


async def test_players_stay_while_plugins_block_and_each_blocks_once(
    sites: list[Site], tmp_path: Path
) -> None:
    site = start(sites, tmp_path, BLOCKS)
    channel = new_channel(site)
    async with Client.register(site.register_url(channel), username="ann", password="pw") as ann:
        await ann.join(name="Ann", share=FILM)
        await ann.expect("start-projection", timeout_s=PATIENCE_S)
    reasons = {name: row["reason"] for name, row in rows(site).items() if name in BLOCKS}
    for name in BLOCKS:
        hung = f"service {name}: It is switched off. It kept the whole server waiting for "
        assert reasons[name].startswith(hung)
    assert site.stop() == 0


async def test_the_server_ends_in_time_whatever_plugins_do(
    sites: list[Site], tmp_path: Path
) -> None:
    site = start(sites, tmp_path, STAYS)
    assert rows(site)["is_imported_for_ever"]["state"] in ("starting", "failed")
    async with Client.register(site.register_url("lobby"), username="ann", password="pw") as ann:
        await ann.join(name="Ann", share=FILM)
        await ann.say("that is an event")
        await ann.expect("danmaku", timeout_s=PATIENCE_S)

    def call() -> None:
        with suppress(httpx2.HTTPError):
            httpx2.get(f"{site.url}/api/sleeps", timeout=PATIENCE_S)

    calls = [threading.Thread(target=call) for _ in range(20)]
    for each in calls:
        each.start()
    listed = site.bunga("plugins", "list").stdout
    assert "all: failure" in listed
    began_s = time.monotonic()
    assert site.stop() == 0
    assert time.monotonic() - began_s < 30
    for each in calls:
        each.join(PATIENCE_S)
    assert "Traceback" not in site.log
    assert "did not end" in site.log
