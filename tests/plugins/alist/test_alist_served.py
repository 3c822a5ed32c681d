"""The plugin in a real server, as players and the command line meet it."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.commands import run as run_bunga
from tests.plugins.alist.standin import PNG, AList, Answer, no_answer, picture, server_error
from tests.servers import Site, running_site

SLASHED = "film/night"


@pytest.fixture
async def served(alist: AList, tmp_path: Path) -> AsyncIterator[Site]:
    """A site with AList, and a channel that has an account there."""
    stack = running_site(tmp_path / "data", PLUGINS__ALIST__HOST=alist.url)
    site = await asyncio.to_thread(stack.__enter__)
    try:
        await asyncio.to_thread(site.create_channel, SLASHED)
        await _set_account(site, {"username": "ann", "password": "right"})
        yield site
    finally:
        await asyncio.to_thread(stack.__exit__, None, None, None)


async def _set_account(site: Site, account: dict[str, str]) -> None:
    transport = httpx2.AsyncHTTPTransport(uds=str(site.data / "bunga.sock"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://bunga") as owner:
        answer = await owner.put("/api/alist-account/film%2Fnight/", json=account)
        answer.raise_for_status()


async def _bunga(site: Site, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(run_bunga, ["--data", str(site.data), *arguments])


async def _in_thread(function: Callable[..., Any], *arguments: str) -> Any:
    """Call what would keep AList, which is in this thread, from answering."""
    return await asyncio.to_thread(function, *arguments)


async def test_players_and_owners_get_at_the_films(served: Site, alist: AList) -> None:
    alist.add_film("a film.mp4", thumb="/t.png")
    alist.instead["/t.png"] = picture()

    registered = await _in_thread(served.register_and_get, "alist", SLASHED, "watcher")
    assert registered["alist"]["host"] == alist.url
    assert registered["alist"]["token"] in alist.tokens

    film = {"path": "/films/a film.mp4"}
    async with httpx2.AsyncClient(
        base_url=f"{served.url}/api/channels/film%2Fnight", timeout=60
    ) as player:
        shown = await player.get("alist-thumbnail", params=film)
        assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")

        bearer = {"Authorization": f"Bearer {registered['token']['access']}"}
        record = {"record_id": "rec-1", "source": "alist", **film}
        resolved = await player.post("resolve", json=record, headers=bearer)
        address = f"{alist.url}/p/shared/films/a film.mp4"
        media = {"url": address, "headers": {}, "mime": "video/mp4"}
        assert resolved.json() == {"urls": [media]}

        browsed = await player.get("alist/browse", params={"path": "/films"}, headers=bearer)
        assert [entry["name"] for entry in browsed.json()["entries"]] == ["a film.mp4"]
        assert (await player.get("alist/browse")).status_code == 403
        stranger = await _in_thread(served.register, "lobby", "stranger")
        bearer = {"Authorization": f"Bearer {stranger['token']['access']}"}
        assert (await player.get("alist/browse", headers=bearer)).status_code == 403

    listed = await _bunga(served, "alist", "browse", SLASHED, "/films")
    assert (listed.returncode, listed.stdout.splitlines()[1].split()[:2]) == (0, ["a", "film.mp4"])


async def test_a_command_that_fails_says_why_in_one_line(served: Site) -> None:
    for channel, reason in (
        ("lobby", "AList is not set up for the channel lobby."),
        ("lobbi", "There is no channel 'lobbi'."),
    ):
        listed = await _bunga(served, "alist", "browse", channel, "/films")
        assert (listed.returncode, listed.stdout) == (1, "")
        assert listed.stderr == f"Error: {reason}\n"


async def test_a_refused_password_that_is_set_again_is_tried_at_once(
    served: Site, alist: AList
) -> None:
    alist.passwords["ann"] = "another"
    assert (await _in_thread(served.register, SLASHED, "watcher"))["alist"] is None
    alist.passwords["ann"] = "right"
    again = ("channels", "set", SLASHED, "plugins.alist.password", "right")
    assert (await _bunga(served, *again)).returncode == 0
    registered = await _in_thread(served.register_and_get, "alist", SLASHED, "watcher")
    assert registered["alist"]["token"] in alist.tokens


@pytest.mark.parametrize("misbehaviour", [no_answer, server_error])
async def test_whatever_alist_does_players_register(
    served: Site, alist: AList, misbehaviour: Answer
) -> None:
    alist.instead["/api/auth/login"] = alist.instead["/api/auth/login/hash"] = misbehaviour
    registered = await _in_thread(served.register, SLASHED, "watcher")
    assert registered["alist"] is None
    assert set(registered) >= {"token", "channel", "voice_call", "bilibili", "alist"}


async def test_only_admins_see_the_accounts(served: Site) -> None:
    registered = await _in_thread(served.register, SLASHED, "watcher")
    bearer = {"Authorization": f"Bearer {registered['token']['access']}"}
    async with httpx2.AsyncClient(base_url=served.url) as anybody:
        for path in ("/api/alist-account/", "/api/alist-host", "/api/alist/info?host=x"):
            anonymous, member = await anybody.get(path), await anybody.get(path, headers=bearer)
            assert anonymous.json() == {"detail": "Authentication credentials were not provided."}
            assert (anonymous.status_code, member.status_code) == (403, 403)
