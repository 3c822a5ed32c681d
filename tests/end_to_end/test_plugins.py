"""A server with a broken plugin of every kind in its data folder, and one that works."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from bunga_cli.client import Client
from tests.end_to_end.kit import FILM, new_channel, pair, status
from tests.servers import Site, running_site

HEAD = "import time\nfrom bunga_cli.plugin import *\n"

BROKEN = {
    "at_import": "raise RuntimeError('no luck')",
    "hangs_at_import": "import time\ntime.sleep(1000)",
    "exits": "import sys\nsys.exit(5)",
    "no_python": "def",
    "empty": "",
    "start_raises": "@hookimpl\ndef bunga_start(context):\n    raise RuntimeError('no luck')",
    "start_hangs": "@hookimpl\ndef bunga_start(context):\n    time.sleep(1000)",
    "wrong_type": "@hookimpl\ndef bunga_services():\n    return 5",
    "alist": "@hookimpl\ndef bunga_services():\n    return []",
    "asynchronous": "@hookimpl\nasync def bunga_authorise(request):\n    return Verdict(False)",
}
BROKEN_LATER = {
    "hears_badly": "@hookimpl\ndef bunga_room_event(event):\n    raise RuntimeError('no luck')",
    "hears_for_ever": "@hookimpl\ndef bunga_room_event(event):\n    time.sleep(1000)",
    "judges_badly": "@hookimpl\ndef bunga_authorise(request):\n    raise RuntimeError('no luck')",
    "judges_for_ever": "@hookimpl\ndef bunga_authorise(request):\n    time.sleep(1000)",
    "issues_for_ever": (
        "import asyncio\n"
        "class Slow:\n"
        "    key = 'slow'\n"
        "    async def issue(self, channel, account):\n"
        "        await asyncio.sleep(1000)\n"
        "@hookimpl\n"
        "def bunga_services():\n"
        "    return [Slow()]\n"
    ),
}
WORKING = """
class Greeting:
    key = "greeting"
    async def issue(self, channel, account):
        return Service({"text": f"hello {account.id}"})

heard = []

@hookimpl
def bunga_services():
    return [Greeting()]

@hookimpl(trylast=True)
def bunga_authorise(request):
    return Verdict(False, "No seeking.") if request.action == "seek" else None

@hookimpl
def bunga_room_event(event):
    heard.append(event.kind)

@hookimpl
def bunga_routes():
    from fastapi import APIRouter
    router = APIRouter()
    router.add_api_route("/api/heard", lambda: heard)
    return router
"""


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server that has them all."""
    data = tmp_path_factory.mktemp("zoo") / "data"
    folder = data / "plugins"
    folder.mkdir(parents=True)
    for name, source in {**BROKEN, **BROKEN_LATER, "works": WORKING}.items():
        (folder / f"{name}.py").write_text(source if "import" in name else HEAD + source)
    with running_site(data) as site:
        yield site


@asynccontextmanager
async def control(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.AsyncHTTPTransport(uds=str(site.data / "bunga.sock"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://local") as client:
        yield client


async def test_a_room_plays_on_among_broken_plugins(zoo: Site) -> None:
    async with pair(zoo, new_channel(zoo)) as (ann, bob):
        await ann.play()
        await status(bob, play_status="playing")

        await bob.seek(600_000_000)

        refused = await bob.expect("error")
        assert (refused["reason"], refused["detail"]) == ("not-allowed", "No seeking.")
        assert (await status(ann, play_status="playing"))["position"] < 60_000_000
        async with control(zoo) as client:
            heard = (await client.get("/api/heard")).json()
    assert heard[:3] == ["joined", "projected", "joined"]
    assert "played" in heard
    assert "sought" not in heard


async def test_a_player_that_registers_gets_what_works(zoo: Site) -> None:
    answer = zoo.register(new_channel(zoo), "cem")
    assert answer["greeting"] == {"text": "hello cem"}
    services = [answer[key] for key in ("slow", "voice_call", "bilibili", "alist")]
    assert services == [None, None, None, None]


async def test_every_broken_plugin_is_a_row_with_a_reason(zoo: Site) -> None:
    channel = new_channel(zoo)
    async with Client.register(zoo.register_url(channel), username="ann", password="pw") as ann:
        await ann.join(name="Ann", share=FILM)
        for _ in range(12):
            await ann.play()
        await ann.expect("play")
    async with control(zoo) as client:
        rows = (await client.get("/api/v1/plugins")).json()["plugins"]
    states = {row["name"]: row["state"] for row in rows if row["source"] != "bunga-server"}
    reasons = {row["name"]: row["reason"] for row in rows if row["source"] != "bunga-server"}
    assert states == {
        **dict.fromkeys(BROKEN, "failed"),
        **dict.fromkeys(BROKEN_LATER, "active"),
        "works": "active",
    }
    assert all(reasons[name] for name in BROKEN)
    assert "no luck" in reasons["hears_badly"]
    assert "switched off" in reasons["judges_badly"]
    assert "kept the whole server waiting" in reasons["judges_for_ever"]
    assert reasons["works"] == ""


def test_settings_of_plugins_outlive_a_restart(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        site.bunga("plugins", "set", "alist", "host", "http://127.0.0.1:1")
        site.bunga("channels", "set", "lobby", "plugins.alist.username", "ann")
        site.bunga("plugins", "disable", "agora")
        site.stop()
        site.start()
        info = site.bunga("plugins", "info", "alist").stdout
        listed = site.bunga("plugins", "list").stdout
    assert "http://127.0.0.1:1" in info
    assert "disabled" in listed
