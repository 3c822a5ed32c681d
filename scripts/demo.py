"""A server with a film club on it: channels, people who watch, and what surrounds them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx2

from bunga_cli.client import Player, Player14, Player15
from scripts.pictures import Picture
from tests.plugins.alist.standin import AList, picture
from tests.servers import Site

ADMIN, PASSWORD = "olga", "correct horse 9"
SECOND_US: Final = 1_000_000
MAIN = "film-night"
CHANNELS: Final = {
    MAIN: "Film night",
    "sunday": "Sunday matinée",
    "friday": "周五电影",
    "family": "Grandma and the kids",
    "language-club": "Language club",
    "silent-films": "Silent films",
}
GONE: Final = ("Tom", "Yuki", "林", "Paul")
"""Members who are not there now."""
_SETTINGS = {
    "site.name": "Film club",
    "sync.max_wait": "15s",
    "http.allow_hosts": "127.0.0.1",
}
_KEYS = {"app_id": "0123456789abcdef" * 2, "app_certificate": "fedcba9876543210" * 2}
_SIDE = 32
_BLUE_AND_WHITE = bytes((31, 111, 235, 255, 255, 255))
_TRIANGLE = bytes(
    y < _SIDE * 0.8 and abs(2 * x - _SIDE) < y - _SIDE * 0.2
    for y in range(_SIDE)
    for x in range(_SIDE)
)
_LOGO = Picture(_SIDE, _SIDE, _BLUE_AND_WHITE, _TRIANGLE).png()
_PLAYER_LOG = """\
20:31:07.112 INFO  app: Bunga Player 1.5.2 on Linux
20:31:07.640 INFO  connection: joined channel film-night
20:31:09.002 WARN  mpv: audio device lost, using the default one
20:31:15.377 ERROR mpv: cannot open https://films.example.org/sintel.mkv
Traceback:
  #0 VideoPlayer.open (player.dart:214)
  #1 Session.project (session.dart:88)
20:31:16.020 INFO  connection: asked for another address
20:31:17.500 INFO  mpv: playing, 1920x818, h264
"""


def film(title: str) -> dict[str, Any]:
    """Return the record of a video."""
    key = title.lower().replace(" ", "-")
    return {
        "record_id": key,
        "title": title,
        "thumb_url": None,
        "source": "alist",
        "path": f"/films/{key}.mkv",
    }


class Control:
    """The server's API, through the socket in its data folder."""

    def __init__(self, site: Site) -> None:
        transport = httpx2.HTTPTransport(uds=str(site.data / "bunga.sock"))
        self._client = httpx2.Client(transport=transport, base_url="http://local", timeout=60)

    def send(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return what the server answers. Raises if it refuses."""
        answer = self._client.request(method, f"/api/v1/{path}", json=body)
        answer.raise_for_status()
        answered: dict[str, Any] = answer.json() if answer.content else {}
        return answered


@asynccontextmanager
async def alist() -> AsyncIterator[AList]:
    """Run something that answers like AList, with a user for a channel."""
    async with AList() as server:
        server.passwords = {"filmclub": "right"}
        server.logo = "/logo.png"
        server.instead[server.logo] = picture(_LOGO)
        yield server


def furnish(site: Site, films: Path, alist_url: str) -> None:
    """Set up channels, members, plugins, tokens and logs."""
    control = Control(site)
    for channel, name in CHANNELS.items():
        control.send("POST", "channels", {"id": channel, "name": name})
    control.send("PATCH", "channels/family", {"allow_new_client": False})
    control.send("PATCH", f"channels/{MAIN}", {"max_wait_us": 15 * SECOND_US, "shows_room": True})
    control.send("PATCH", "settings", _SETTINGS)
    for title in ("Sintel", "Tears of Steel", "Spring"):
        (films / f"{title}.mkv").touch()
    control.send("PATCH", "plugins/gallery/settings", {"local_folders": [str(films)]})
    control.send("PATCH", "plugins/agora/settings", _KEYS)
    control.send("PATCH", "plugins/alist/settings", {"host": alist_url})
    login = {"username": "filmclub", "password": "right"}
    control.send("PATCH", f"channels/{MAIN}/plugins/alist", login)
    for name, scope in (("film bot", "rooms:control"), ("dashboard", "rooms:read")):
        control.send("POST", "tokens", {"kind": "api", "name": name, "scopes": [scope]})
    for name in GONE:
        answer = site.register(MAIN, name)
    access = answer["token"]["access"]
    httpx2.post(
        f"{site.url}/api/client-logs",
        headers={"Authorization": f"Bearer {access}"},
        data={"channel_id": MAIN},
        files={"file": ("player.log", _PLAYER_LOG)},
    ).raise_for_status()
    httpx2.post(
        f"{site.url}/console/sign-in",
        headers={"Origin": site.url},
        data={"username": ADMIN, "password": "a guess"},
    )


@asynccontextmanager
async def people(site: Site) -> AsyncIterator[dict[str, Player]]:
    """Have people watch in some rooms; Mia is one who can be made to wait for."""
    async with AsyncExitStack() as stack:
        there: dict[str, Player] = {}
        for name, title in (("Ann", "Sintel"), ("小林", ""), ("Mia", ""), ("José", "")):
            there[name] = await _enter(stack, site, MAIN, name, title)
        there["Bob"] = await _enter(stack, site, MAIN, "Bob", kind=Player14)
        for name, title in (("Grace", "Tears of Steel"), ("Hana", "")):
            await _enter(stack, site, "sunday", name, title)
        await _enter(stack, site, "friday", "小明", "Spring")
        control = Control(site)
        for channel, position_us in ((MAIN, 754 * SECOND_US), ("sunday", 1_905 * SECOND_US)):
            control.send("POST", f"rooms/{channel}/seek", {"position_us": position_us})
        control.send("POST", f"rooms/{MAIN}/play")
        await there["Ann"].say("Popcorn is ready")
        await there["小林"].say("快开始吧")
        await there["José"].send({"code": "talk-status", "status": "start"})
        reporting = [
            asyncio.create_task(_report(control, there[name], step))
            for name, step in (("Ann", 40_000), ("小林", 90_000), ("José", -60_000))
        ]
        yield there
        for task in reporting:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _enter(
    stack: AsyncExitStack,
    site: Site,
    channel: str,
    name: str,
    title: str = "",
    kind: type[Player] = Player15,
) -> Player:
    """Let somebody in; whoever has a film brings it along."""
    player = await stack.enter_async_context(
        kind.register(site.register_url(channel), username=name, password="a-password")  # noqa: S106
    )
    await player.expect("channel-status")
    hue = sum(map(ord, name)) * 37 % 360
    await player.join(name=name, color_hue=hue, share=film(title) if title else None)
    if isinstance(player, Player15):
        await player.start_heartbeat()
    else:
        await player.set_buffering(True)
        await player.set_buffering(False)
    return player


async def _report(control: Control, player: Player, step_us: int) -> None:
    """Tell where a player's picture is: a little off, as it is with real ones."""
    for number in range(10_000):
        room = await asyncio.to_thread(control.send, "GET", f"rooms/{MAIN}")
        position = room["position_us"] + step_us * (number * 7 % 5 - 2) // 2
        await player.send({"code": "client-status", "is_pending": False, "position": position})
        await asyncio.sleep(1)
