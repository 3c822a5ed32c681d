"""Take the pictures of the documentation from the real pages: `python -m scripts.screenshots`.

A server with a film club on it runs for that, and the system's Chromium looks at it. `--only NAME`
renews some of the pictures, `--port` is what stands in the addresses on them.
"""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.async_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Page,
    StorageState,
    async_playwright,
    expect,
)

from bunga_cli.client import Player
from scripts.demo import ADMIN, MAIN, PASSWORD, alist, furnish, people
from scripts.pictures import take
from tests.servers import Site, running_site

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FILM = Path(__file__).with_name("harbour.webm")
HOST = "bunga.home"
DESKTOP, PHONE, SMALL = (1280, 800), (390, 780), (900, 640)
_FONTS = (
    """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>/usr/share/fonts</dir><dir>/usr/local/share/fonts</dir><dir prefix="xdg">fonts</dir>
<cachedir>{folder}/cache</cachedir>
"""
    + "".join(
        f"""<match target="pattern"><test qual="any" name="family"><string>{name}</string></test>
<edit name="family" mode="prepend" binding="strong">
<string>Inter</string><string>Noto Sans CJK SC</string></edit></match>
"""
        for name in ("system-ui", "sans-serif")
    )
    + "</fontconfig>\n"
)
# Where colour emojis may be, if the system has none.
_OWN_FONTS = {name: os.environ[name] for name in ("XDG_DATA_HOME",) if name in os.environ}
_WATCHED_S = 14
"""So long a room is looked at before its picture is taken: lines need some values."""
_WAITED_S = 6
"""Less than the room waits for somebody."""
_MOST_BYTES = 1_500_000

Step = Callable[[Page], Awaitable[None]]


async def _nothing(_page: Page) -> None:
    """Do nothing before the picture is taken."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: of which page, and how it is looked at.

    `before` is done on the page first; after `rest_s` the picture is taken.
    """

    name: str
    path: str
    size: tuple[int, int] = DESKTOP
    scheme: Literal["light", "dark"] = "light"
    locale: str = "en-US"
    before: Step = _nothing
    is_stranger: bool = False
    rest_s: float = 0


async def _found_out(page: Page) -> None:
    """Wait for what comes after the page."""
    await expect(page.locator("main .skeleton")).to_have_count(0)


async def _test_plugin(page: Page) -> None:
    await expect(page.locator("#health .checks")).to_be_visible()


async def _open_first_log(page: Page) -> None:
    await page.locator("main table a").first.click()
    await expect(page.get_by_role("link", name="Download")).to_be_visible()


SHOTS = (
    Shot("homepage", "/", is_stranger=True),
    Shot("homepage-phone", "/", PHONE, "dark", is_stranger=True),
    Shot("invitation", f"/?channel={MAIN}", scheme="dark", is_stranger=True),
    Shot("invitation-phone", f"/?channel={MAIN}", PHONE, is_stranger=True, locale="zh-CN"),
    Shot("sign-in", "/console", SMALL, "dark", is_stranger=True),
    Shot("overview", "/console", before=_found_out),
    Shot("overview-phone", "/console", PHONE, "dark", before=_found_out),
    Shot("overview-chinese", "/console", scheme="dark", locale="zh-CN", before=_found_out),
    Shot("channels", "/console/channels"),
    Shot("channel", f"/console/channels/{MAIN}"),
    Shot("members", f"/console/channels/{MAIN}/members", scheme="dark"),
    Shot("channel-integrations", f"/console/channels/{MAIN}/integrations"),
    Shot("room", f"/console/channels/{MAIN}/room", scheme="dark", rest_s=_WATCHED_S),
    Shot("integrations", "/console/integrations", before=_found_out),
    Shot("integration", "/console/integrations/alist", before=_test_plugin),
    Shot("settings", "/console/settings?search=wait", scheme="dark"),
    Shot("security", "/console/security"),
    Shot("tokens", "/console/security/tokens", scheme="dark"),
    Shot("accounts", "/console/security/accounts"),
    Shot("sign-out", "/console/security/sign-out"),
    Shot("audit", "/console/security/audit"),
    Shot("logs", "/console/logs", scheme="dark"),
    Shot("player-log", "/console/logs/clients", before=_open_first_log),
)


def _watch(name: str, said: str, subtitle: str) -> Step:
    """Return the steps of somebody who comes in, begins the film, and says something."""
    lines = FilePayload(
        name="Harbour.srt",
        mimeType="text/plain",
        buffer=f"1\n00:00:00,000 --> 00:01:00,000\n{subtitle}\n".encode(),
    )

    async def watch(page: Page) -> None:
        await page.locator("#name").fill(name)
        await page.locator("#me-form [data-tone=primary]").click()
        await expect(page.locator("#people")).to_contain_text(name)
        await page.locator("[data-opens=put-on]").click()
        await page.locator("#gallery-form input").fill("Harbour")
        await page.keyboard.press("Enter")
        for _ in range(2):  # the film, and its one part
            await page.locator("#gallery-list .watch-row").click()
        await page.wait_for_function("() => document.querySelector('video').readyState >= 3")
        await page.locator("#subtitle-file").set_input_files(lines)
        await page.locator("#sync summary").click()
        await page.locator("#play").click()
        await page.wait_for_function("() => document.querySelector('video').currentTime > 12")
        await page.locator("#sparks button").nth(0).click()
        await page.locator("video").click(position={"x": 200, "y": 60})
        await page.keyboard.press("Escape")
        await page.locator("#say").fill(said)
        await page.keyboard.press("Enter")
        await page.locator("#say").blur()

    return watch


PLAYERS = (
    Shot(
        "player",
        "/watch/sunday",
        (1280, 1120),
        "dark",
        before=_watch("Ann", "Look at that sky!", "The last boat goes at nine."),
        is_stranger=True,
        rest_s=2,
    ),
    Shot(
        "player-phone",
        "/watch/friday",
        (390, 844),
        locale="zh-CN",
        before=_watch("小林", "真美啊", "最后一班船九点开。"),
        is_stranger=True,
        rest_s=2,
    ),
)
"""Somebody watches along in the browser."""
WAITING = (Shot("room-phone", f"/console/channels/{MAIN}/room", PHONE, rest_s=_WAITED_S),)
"""Of a room that waits for somebody."""


class Studio:
    """A browser, and the server it looks at."""

    def __init__(self, browser: Browser, url: str, folder: Path, only: set[str]) -> None:
        self._browser, self._url, self._folder, self._only = browser, url, folder, only
        self._workshop: Page | None = None
        self._session: StorageState | None = None

    async def first_run(self, link: str) -> None:
        """Make the admin, as on the picture."""
        context = await self._context(Shot("first-run", link, SMALL))
        page = await context.new_page()
        await page.goto(link)
        await page.get_by_label("Name").fill(ADMIN)
        await self._take(page, "first-run")
        for label in ("Password", "The password again"):
            await page.get_by_label(label, exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Make the first admin").click()
        await expect(page.locator("h1")).to_have_text("Overview")
        self._session = await context.storage_state()
        await context.close()

    async def shoot(self, shot: Shot) -> None:
        """Take a picture, if it is wanted."""
        if self._only and shot.name not in self._only:
            return
        context = await self._context(shot)
        page = await context.new_page()
        await page.goto(f"{self._url}{shot.path}")
        await shot.before(page)
        await asyncio.sleep(shot.rest_s)
        await self._take(page, shot.name)
        await context.close()

    async def _context(self, shot: Shot) -> BrowserContext:
        width, height = shot.size
        return await self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=shot.scheme,
            locale=shot.locale,
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
            storage_state=None if shot.is_stranger else self._session,
        )

    async def _take(self, page: Page, name: str) -> None:
        if self._workshop is None:
            self._workshop = await self._browser.new_page()
        size = await take(page, self._workshop, self._folder / f"{name}.png")
        sys.stdout.write(f"{name}.png: {size // 1000} KB\n")


@asynccontextmanager
async def studio(url: str, folder: Path, only: set[str], fonts: Path) -> AsyncIterator[Studio]:
    """Run a browser that finds the server under a name, and writes with Inter where it can."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        sys.exit("Error: chromium is needed to take pictures.")
    await asyncio.to_thread(fonts.write_text, _FONTS.replace("{folder}", str(fonts.parent)))
    flags = [
        "--no-sandbox",
        f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
        f"--unsafely-treat-insecure-origin-as-secure={url}",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=found, args=flags, env={"FONTCONFIG_FILE": str(fonts), **_OWN_FONTS}
        )
        yield Studio(browser, url, folder, only)
        await browser.close()


async def _printed_link(site: Site) -> str:
    """Return the link of the first run, as it is printed."""
    stderr = site.process and site.process.stderr
    while stderr and (line := await asyncio.to_thread(stderr.readline)):
        if "/console/first-run?" in line:
            return line.strip()
    raise RuntimeError("the server printed no link")


async def photograph(port: int, folder: Path, only: set[str]) -> None:
    """Take all pictures that are wanted."""
    with TemporaryDirectory(prefix="bunga-demo-") as place:
        films = Path(place) / "films"
        films.mkdir()
        url = f"http://{HOST}:{port}"
        with running_site(
            Path(place) / "bunga-data", "--port", str(port), LIMITS__MAX_CONNECTIONS="2000"
        ) as site:
            async with (
                alist() as library,
                studio(url, folder, only, Path(place) / "fonts.conf") as camera,
            ):
                path = (await _printed_link(site)).partition("/console")[2]
                await camera.first_run(f"{url}/console{path}")
                await asyncio.to_thread(shutil.copy, FILM, films / "Harbour.webm")
                await asyncio.to_thread(furnish, site, films, library.url)
                async with people(site) as there:
                    await _shoot_all(camera, there)


async def _shoot_all(camera: Studio, there: Mapping[str, Player]) -> None:
    for shot in (*SHOTS, *PLAYERS):
        await camera.shoot(shot)
    await there["Mia"].set_buffering(True)
    for shot in WAITING:
        await camera.shoot(shot)


def main() -> None:
    """Take the pictures, and say how large they are together."""
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of pictures")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--folder", type=Path, default=IMAGES)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(photograph(args.port, args.folder, {*args.only}))
    total = sum(file.stat().st_size for file in args.folder.glob("*.png"))
    sys.stdout.write(f"{total // 1000} KB in all\n")
    if total > _MOST_BYTES:
        sys.exit(f"Error: that is more than {_MOST_BYTES // 1000} KB.")


if __name__ == "__main__":
    main()
