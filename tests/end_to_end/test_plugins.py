"""A server with a broken plugin of every kind in its data folder, and one that works."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bunga_cli.client import Client
from tests.end_to_end.kit import FILM, PATIENCE_S, new_channel, pair, status
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
    heard.append((event.channel_id, event.kind))

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
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://local", timeout=PATIENCE_S
    ) as client:
        yield client


async def _heard_until(site: Site, channel: str, last: str) -> list[str]:
    """Return what the working plugin has heard of a channel, which it does in a thread."""
    async with control(site) as client, asyncio.timeout(PATIENCE_S):
        while True:
            heard = (await client.get("/api/heard")).json()
            kinds = [kind for of_channel, kind in heard if of_channel == channel]
            if last in kinds:
                return kinds
            await asyncio.sleep(0.02)


async def _rows_when_reported(site: Site, name: str) -> list[dict[str, Any]]:
    """Return all plugins when one has a reason, which may come from a thread."""
    async with control(site) as client, asyncio.timeout(PATIENCE_S):
        while True:
            rows: list[dict[str, Any]] = (await client.get("/api/v1/plugins")).json()["plugins"]
            if any(row["reason"] for row in rows if row["name"] == name):
                return rows
            await asyncio.sleep(0.02)


async def test_a_room_plays_on_among_broken_plugins(zoo: Site) -> None:
    channel = new_channel(zoo)
    async with pair(zoo, channel) as (ann, bob):
        await ann.play()
        await status(bob, play_status="playing")

        await bob.seek(600_000_000)

        refused = await bob.expect("error")
        assert (refused["reason"], refused["detail"]) == ("not-allowed", "No seeking.")
        assert (await status(ann, play_status="playing"))["position"] < 60_000_000
        await ann.say("that was all")
        heard = await _heard_until(zoo, channel, "message")
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
    rows = await _rows_when_reported(zoo, "hears_badly")
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


def _local_folders(site: Site) -> object:
    shown = json.loads(site.bunga("plugins", "info", "gallery", "--json").stdout)
    [folders] = [each["value"] for each in shown["settings"] if each["name"] == "local_folders"]
    return folders


def test_a_list_is_set_by_a_command_and_by_the_environment(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        command = ["plugins", "set", "gallery", "local_folders"]
        found = []
        for value in ("/one", "/one,/two", '["/one, too"]', "--default"):
            site.bunga(*command, value)
            found.append(_local_folders(site))
        refused = site.bunga("plugins", "set", "gallery", "max_files", "many", check=False)
        site.stop()
        site.start(environ={"BUNGA_PLUGINS__GALLERY__LOCAL_FOLDERS": "/three,/four"})
        found.append(_local_folders(site))
    assert found == [["/one"], ["/one", "/two"], ["/one, too"], [], ["/three", "/four"]]
    reason = "plugins.gallery.max_files: must be a whole number; it is 'many'."
    assert (refused.returncode, refused.stderr) == (1, f"Error: {reason}\n")


def test_a_key_of_agora_that_is_none_is_not_set_and_one_in_a_file_is_told(tmp_path: Path) -> None:
    config = tmp_path / "bunga.toml"
    config.write_text("[plugins.agora]\napp_id = 'abc'\n")
    with running_site(tmp_path / "data", "--config", str(config)) as site:
        answer = site.register("lobby", "ann")
        told = site.bunga("plugins", "check", "agora", check=False)
        refused = [
            site.bunga(*command, check=False)
            for command in (
                ("plugins", "set", "agora", "app_id", "abc"),
                ("plugins", "set", "agora", "app_certificate", "0" * 31),
                ("config", "set", "plugins.agora.app_id", "xyz"),
            )
        ]
        site.bunga("plugins", "set", "agora", "app_id", "0" * 32)
        site.bunga("plugins", "set", "agora", "app_certificate", "1" * 32)
        call = site.register("lobby", "ann")["voice_call"]
    assert answer["voice_call"] is None
    assert (told.returncode, "not 32 hexadecimal digits" in told.stdout) == (1, True)
    assert [done.returncode for done in refused] == [1, 1, 1]
    assert all("must be 32 hexadecimal digits" in done.stderr for done in refused)
    assert "0" * 31 not in refused[1].stderr
    assert call["key"] == "0" * 32


def test_a_local_folder_is_there_and_gone_at_once_and_a_check_names_what_is_wrong(
    tmp_path: Path,
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "Film.mp4").write_bytes(b"video")
    with running_site(tmp_path / "data") as site:
        token = site.register("lobby", "ann")["token"]["access"]
        found = []
        for folders in (str(videos), f"{videos},{tmp_path}/none", ""):
            site.bunga("plugins", "set", "gallery", "local_folders", folders)
            bearer = {"Authorization": f"Bearer {token}"}
            search = f"{site.url}/api/gallery/search/?keyword=film"
            finds = httpx2.get(search, headers=bearer, timeout=PATIENCE_S).json()
            found.append(len(finds["This server"]["results"]))
            if "none" in folders:
                checked = site.bunga("plugins", "check", "gallery").stdout
    assert found == [1, 1, 0]
    assert f"There is no folder {tmp_path}/none." in checked
