"""What the tests of the player in the browser share: a cinema, Ann at the page, Bob on 1.5.

`tests/data/film.webm` shows its seconds for a minute and a half, with a beep at each.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from playwright.async_api import Page, expect

from tests.browser.conftest import PATIENCE_MS, Visitor
from tests.end_to_end.kit import SECOND_US, Patient15, new_channel, status
from tests.servers import Site

EVIL = "<img src=x onerror=\"document.title='taken'\">"
_CLOSE_S = 0.15
_AGAIN_S = 0.5


def film(site: Site, channel: str) -> dict[str, Any]:
    """Return the record of the film in the gallery."""
    token = site.register(channel, "librarian")["token"]["access"]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(base_url=site.url, headers=headers, timeout=60) as client:
        found = client.get("/api/gallery/search/", params={"keyword": "film"}).json()
        [media] = found["This server"]["results"]
        key = media["key"]
        [episode] = client.get(f"/api/gallery/{key}/", params={"linker": "local"}).json()[
            "episodes"
        ]
    path = f"local/{key}/{episode['id']}"
    return {
        "record_id": "film",
        "title": "Film",
        "thumb_url": None,
        "source": "gallery",
        "path": path,
    }


@asynccontextmanager
async def bob_in(site: Site, channel: str, **share: Any) -> AsyncIterator[Patient15]:
    """Bob, on 1.5, has joined and is ready."""
    url = site.register_url(channel)
    async with Patient15.register(url, username="bob", password="pw") as bob:
        await bob.join(name="Bob", color_hue=200, **share)
        await bob.start_heartbeat()
        yield bob


async def come_in(visitor: Visitor, channel: str, name: str = "Ann") -> Page:
    page = visitor.page
    await visitor.go(f"/watch/{channel}")
    await page.locator("#name").fill(name)
    await page.locator("#me-form [data-tone=primary]").click()
    await expect(page.locator("#people")).to_contain_text(name)
    return page


@asynccontextmanager
async def watching(visitor: Visitor) -> AsyncIterator[tuple[Page, Patient15]]:
    """Ann, in the browser, and Bob, on 1.5, are ready for the film."""
    channel = new_channel(visitor.site)
    page = await come_in(visitor, channel)
    async with bob_in(visitor.site, channel, share=film(visitor.site, channel)) as bob:
        await expect(page.get_by_role("heading", name="Film")).to_be_visible()
        await until(page, "video.readyState >= 3")
        username = await name_of(page)
        await status(bob, ready_ids=[username, "bob"])
        yield page, bob


async def name_of(page: Page) -> str:
    return str(await page.evaluate("JSON.parse(localStorage['bunga.identity']).username"))


async def until(page: Page, condition: str) -> None:
    """Wait until something is true of the page's video."""
    script = f"() => {{ const video = document.querySelector('video'); return {condition}; }}"
    await page.wait_for_function(script, timeout=PATIENCE_MS, polling=50)


async def until_in_step(page: Page, site: Site) -> None:
    """Wait until the page is where its room is, by what the server says to an admin.

    Bob is told of places around it. All look at the clock of this machine, and may take their time.
    """
    transport = httpx2.AsyncHTTPTransport(uds=str(site.data / "bunga.sock"))
    path = f"/api/v1/rooms/{page.url.rpartition('/')[2]}"
    async with httpx2.AsyncClient(transport=transport, base_url="http://local") as control:
        for _ in range(60):
            asked_s = time.time()
            room = (await control.get(path, timeout=60)).json()
            took_s = time.time() - asked_s
            at, seen_ms = await page.evaluate(_WHERE)
            off_s = at - room["position_us"] / SECOND_US - (seen_ms / 1000 - asked_s - took_s / 2)
            if abs(off_s) < _CLOSE_S and took_s < _CLOSE_S:
                return
            await asyncio.sleep(_AGAIN_S)
    raise AssertionError(f"the page is {off_s} s ahead of the room")


_WHERE = "[document.querySelector('video').currentTime, Date.now()]"


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()
