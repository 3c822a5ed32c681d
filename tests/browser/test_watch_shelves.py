"""Choosing what to put on in the browser's player: out of the gallery, out of AList."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import DATA, PHONE, Visit, Visitor
from tests.browser.watch_kit import EVIL, bob_in, come_in, press, until
from tests.end_to_end.kit import new_channel
from tests.plugins.alist.standin import AList, picture, server_error
from tests.servers import Site, running_site

FILM = DATA / "film.webm"


@dataclass
class Library:
    site: Site
    alist: AList

    async def channel(self) -> str:
        """Make a channel that has an account in AList."""
        channel = await asyncio.to_thread(new_channel, self.site)
        transport = httpx2.AsyncHTTPTransport(uds=str(self.site.data / "bunga.sock"))
        async with httpx2.AsyncClient(transport=transport, base_url="http://local") as owner:
            account = {"username": "ann", "password": "right"}
            answer = await owner.put(f"/api/alist-account/{channel}/", json=account, timeout=60)
            answer.raise_for_status()
        return channel


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Library]:
    """A server with a series and a film in its gallery, and with AList."""
    folder = tmp_path_factory.mktemp("films")
    for name in (
        "Harbour/Part 1.webm",
        "Harbour/Part 2.webm",
        f"A film {EVIL.replace('/', '')}.webm",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(FILM, folder / name)
    async with AList() as alist:
        alist.folders["/"] = [_folder("films"), _folder("empty")]
        alist.folders["/empty"] = []
        alist.folders["/films"] = [_folder("Old ones")]
        alist.folders["/films/Old ones"] = []
        alist.add_film("Harbour.webm", size=1_234_567_890)
        alist.add_film("notes.txt")
        stack = running_site(
            tmp_path_factory.mktemp("library") / "data",
            PLUGINS__GALLERY__LOCAL_FOLDERS=json.dumps([str(folder)]),
            PLUGINS__ALIST__HOST=alist.url,
        )
        site = await asyncio.to_thread(stack.__enter__)
        yield Library(site, alist)
        await asyncio.to_thread(stack.__exit__, None, None, None)


def _folder(name: str) -> dict[str, Any]:
    entry = {"name": name, "size": 0, "is_dir": True, "modified": "2024-05-17T08:18:19Z"}
    return {**entry, "sign": "", "thumb": "", "type": 1}


async def _film(route: Route) -> None:
    await route.fulfill(path=FILM)


async def open_shelf(page: Page, name: str) -> Locator:
    await press(page, "Put on a video")
    await page.get_by_role("tab", name=name).click()
    return page.get_by_role("tabpanel", name=name)


async def test_an_episode_of_the_gallery_is_put_on(visit: Visit, library: Library) -> None:
    ann = await visit(library.site)
    channel = await library.channel()
    page = await come_in(ann, channel)
    async with bob_in(library.site, channel) as bob:
        shelf = await open_shelf(page, "Gallery")
        await shelf.get_by_role("searchbox").fill("harbour")
        await page.keyboard.press("Enter")
        await shelf.get_by_role("button", name="Harbour").click()
        await expect(shelf.get_by_role("heading", name="Harbour")).to_be_focused()
        await expect(shelf.get_by_role("listitem")).to_have_count(2)
        await shelf.get_by_role("button", name="Back").click()
        await expect(shelf.get_by_role("button", name="Harbour")).to_be_focused()
        await page.keyboard.press("Enter")
        await shelf.get_by_role("button", name="Part 2").press("Enter")

        record = (await bob.expect("start-projection"))["video_record"]
        assert (record["source"], record["title"]) == ("gallery", "Harbour · Part 2")
        await expect(page.locator("#title")).to_have_text("Harbour · Part 2")
        await until(page, "video.readyState >= 3")


async def test_what_the_gallery_does_not_have_is_told(visit: Visit, library: Library) -> None:
    ann = await visit(library.site)
    page = await come_in(ann, await library.channel())
    shelf = await open_shelf(page, "Gallery")
    await shelf.get_by_role("searchbox").fill("nothing like that")
    await page.keyboard.press("Enter")
    await expect(shelf.get_by_role("status")).to_have_text("Nothing was found.")
    await shelf.get_by_role("searchbox").fill("a film")
    await page.keyboard.press("Enter")
    await expect(shelf.get_by_role("button", name="A film <img src=x")).to_be_visible()
    assert await page.title() != "taken"


async def test_a_file_of_alist_is_put_on(visit: Visit, library: Library) -> None:
    ann = await visit(library.site)
    ann.allowed += [f"an address outside the server: {library.alist.url}", "400 (Bad Request)"]
    await ann.context.route(f"{library.alist.url}/**", _film)
    channel = await library.channel()
    page = await come_in(ann, channel)
    async with bob_in(library.site, channel) as bob:
        shelf = await open_shelf(page, "AList")
        await shelf.get_by_role("button", name="films").click()
        crumbs = shelf.get_by_role("navigation", name="Folders").get_by_role("button")
        await expect(crumbs).to_have_text(["Top", "films"])
        await expect(crumbs.last).to_be_focused()
        names = shelf.get_by_role("listitem").locator("strong")
        await expect(names).to_have_text(["Old ones", "Harbour.webm"])
        await expect(shelf.get_by_role("listitem").last).to_contain_text("1.2 GB")
        await shelf.get_by_role("button", name="Old ones").click()
        await expect(shelf.get_by_role("status")).to_have_text("There is no video in this folder.")
        await crumbs.nth(1).click()
        await shelf.get_by_role("button", name="Harbour.webm").click()

        record = (await bob.expect("start-projection"))["video_record"]
        assert (record["source"], record["path"]) == ("alist", "/films/Harbour.webm")
        assert (record["title"], record["record_id"][:6]) == ("Harbour", "alist-")
        await until(page, "video.readyState >= 3")


async def test_alist_is_searched(visit: Visit, library: Library) -> None:
    ann = await visit(library.site)
    ann.allowed += ["400 (Bad Request)"]
    page = await come_in(ann, await library.channel())
    shelf = await open_shelf(page, "AList")
    await shelf.get_by_role("searchbox").fill("Harb")
    await page.keyboard.press("Enter")
    await expect(shelf.get_by_role("listitem")).to_have_text(["Harbour.webm7 B · in /films"])
    await shelf.get_by_role("searchbox").fill("zzz")
    await page.keyboard.press("Enter")
    await expect(shelf.get_by_role("status")).to_have_text("Nothing was found.")


async def test_a_picture_is_shown_where_there_is_one(visit: Visit, library: Library) -> None:
    ann = await visit(library.site)
    library.alist.folders["/seen"] = [{**_folder("Seen.webm"), "is_dir": False, "thumb": "/t.png"}]
    library.alist.folders["/"].append(_folder("seen"))
    content = (DATA.parents[1] / "docs" / "images" / "sign-in.png").read_bytes()
    library.alist.instead["/t.png"] = picture(content)
    page = await come_in(ann, await library.channel())
    shelf = await open_shelf(page, "AList")
    await shelf.get_by_role("button", name="seen").click()
    await expect(shelf.locator(".watch-thumb--seen")).to_have_count(1)


async def test_what_fails_says_why(visit: Visit, library: Library) -> None:
    ann = await visit(library.site)
    ann.allowed += ["status of 50"]
    page = await come_in(ann, await library.channel())
    library.alist.instead["/api/fs/list"] = server_error
    shelf = await open_shelf(page, "AList")
    await expect(shelf.get_by_role("status")).to_contain_text("This could not be fetched: ")
    del library.alist.instead["/api/fs/list"]
    await press(page, "Search")
    await expect(shelf.get_by_role("button", name="films")).to_be_visible()


async def test_where_there_is_no_alist_nobody_is_asked_for_it(ann: Visitor) -> None:
    page = await come_in(ann, new_channel(ann.site))
    await press(page, "Put on a video")
    await expect(page.get_by_role("tab", name="Gallery")).to_be_visible()
    await expect(page.get_by_role("tab", name="AList")).to_be_hidden()
    await page.get_by_role("tab", name="Gallery").press("ArrowLeft")
    await expect(page.get_by_role("tab", name="Address")).to_be_focused()
    await expect(page.get_by_label("Address of the video")).to_be_visible()


async def test_the_shelves_are_good_on_a_phone(visit: Visit, library: Library) -> None:
    ann = await visit(library.site, size=PHONE, scheme="dark")
    ann.allowed += ["400 (Bad Request)"]
    page = await come_in(ann, await library.channel())
    shelf = await open_shelf(page, "Gallery")
    await shelf.get_by_role("searchbox").fill("harbour")
    await page.keyboard.press("Enter")
    await shelf.get_by_role("button", name="Harbour").click()
    await ann.axe()
    for name in ("AList", "Own file", "Address"):
        await page.get_by_role("tab", name=name).click()
        await ann.axe()
        await ann.fits()
