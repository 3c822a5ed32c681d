"""What the player in the browser opens: addresses, streams, and files of the own disk."""

import asyncio
import re
import shutil
import zlib
from pathlib import Path
from typing import Any

from playwright.async_api import FilePayload, Page, Route, expect

from tests.browser.conftest import DATA, Visit, Visitor
from tests.browser.watch_kit import (
    bob_in,
    come_in,
    film,
    name_of,
    press,
    until,
    until_in_step,
    watching,
)
from tests.end_to_end.kit import SECOND_US, new_channel, status

LENGTH_S = 90
FILM = DATA / "film.webm"


async def test_a_video_is_put_on_by_its_address(ann: Visitor) -> None:
    ann.allowed += ["Failed to load resource"]
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    async with bob_in(ann.site, channel) as bob:
        await press(page, "Put on a video")
        await page.get_by_role("tab", name="Address").click()
        await page.get_by_label("Address of the video").fill("ftp://films.example/x")
        await press(page, "Put it on")
        await expect(page.locator("#url-error")).to_be_visible()

        address = f"{ann.site.url}/static/icon.svg?name=Big%20film"
        await page.get_by_label("Address of the video").fill(address)
        await press(page, "Put it on")

        shown = await bob.expect("start-projection")
        assert (shown["sender"]["name"], shown["video_record"]["path"]) == ("Ann", address)
        await expect(page.get_by_role("heading", name="icon.svg")).to_be_visible()
        await expect(page.locator("#notice")).to_contain_text("cannot play this video")


async def test_what_cannot_be_opened_here_keeps_nobody_waiting(ann: Visitor) -> None:
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    local = {**film(ann.site, channel), "source": "local", "path": "x.mkv"}
    async with bob_in(ann.site, channel, share=local) as bob:
        await expect(page.locator("#notice")).to_contain_text("opens from their own disk: x.mkv")
        await status(bob, ready_ids=[await name_of(page), "bob"])
        await bob.project({**local, "record_id": "2", "source": "bili_video", "path": "BV1"})
        await expect(page.locator("#notice")).to_contain_text("Nothing here knows where")
        await bob.play()
        await status(bob, play_status="playing")


async def _stream(route: Route) -> None:
    await route.fulfill(path=DATA / "stream" / route.request.url.rpartition("/")[2])


async def test_a_stream_is_played(ann: Visitor) -> None:
    await ann.context.route("**/stream/*", _stream)
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    assert "hls" not in await _loaded(page)
    record = {"source": "link", "path": f"{ann.site.url}/stream/list.m3u8"}
    async with bob_in(ann.site, channel, share={**film(ann.site, channel), **record}) as bob:
        await until(page, "video.readyState >= 3 && Math.abs(video.duration - 20) < 0.5")
        assert "hls" in await _loaded(page)
        await bob.play()
        await until(page, "video.currentTime > 1")
        await bob.seek(16 * SECOND_US)
        await until(page, "video.currentTime > 16.5 && !video.paused")
        await until_in_step(page, ann.site)

        await bob.project({**film(ann.site, channel), "record_id": "other"})
        await until(page, "video.readyState >= 3 && video.duration > 60")


async def _loaded(page: Page) -> str:
    """Return the addresses of all that the page has fetched."""
    script = "performance.getEntriesByType('resource').map((entry) => entry.name).join()"
    return str(await page.evaluate(script))


async def test_where_the_first_place_fails_the_next_is_tried(ann: Visitor) -> None:
    async def answer(route: Route) -> None:
        found = await (await route.fetch()).json()
        broken: dict[str, Any] = {
            "url": f"{ann.site.url}/static/icon.svg",
            "headers": {},
            "mime": None,
        }
        await route.fulfill(json={"urls": [broken, *found["urls"], *found["urls"]]})

    await ann.context.route("**/resolve", answer)
    async with watching(ann) as (page, bob):
        source = page.get_by_role("combobox", name="Where the video comes from")
        await expect(source).to_have_value("1")
        await source.select_option("Source 3 of 3")
        await until(page, "video.readyState >= 3")
        await status(bob, ready_ids=[await name_of(page), "bob"])
        await bob.play()
        await until(page, "video.currentTime > 0.5")


async def test_a_stream_that_is_not_there_says_so(ann: Visitor) -> None:
    ann.allowed += ["404 (Not Found)"]
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    record = {"source": "link", "path": f"{ann.site.url}/stream/none.m3u8"}
    async with bob_in(ann.site, channel, share={**film(ann.site, channel), **record}) as bob:
        await expect(page.locator("#notice")).to_contain_text("cannot play this video")
        await status(bob, ready_ids=[await name_of(page), "bob"])


# -- files of the own disk ------------------------------------------------------------------------


async def share_file(page: Page) -> None:
    await press(page, "Put on a video")
    await page.get_by_role("tab", name="Own file").click()
    await page.get_by_label("File", exact=True).set_input_files(FILM)
    await press(page, "Put it on")


async def pick(page: Page, file: Path | FilePayload, button: str = "Pick the file") -> None:
    async with page.expect_file_chooser() as chooser:
        await press(page, button)
    await (await chooser.value).set_files(file)


async def test_a_file_is_watched_together_without_being_uploaded(
    ann: Visitor, visit: Visit
) -> None:
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    async with bob_in(ann.site, channel) as bob:
        await share_file(page)
        shown = (await bob.expect("start-projection"))["video_record"]
        content = await asyncio.to_thread(FILM.read_bytes)
        assert shown["record_id"] == f"local-{_base_36(zlib.crc32(content))}"
        assert shown["path"].startswith(f"size={len(content)},ms=9")
        assert (shown["title"], shown["path"].rpartition("/")[2]) == ("film", "film.webm")
        await until(page, "video.readyState >= 3")

        mia = (await visit(ann.site)).page
        await mia.goto(page.url)
        await mia.get_by_role("textbox", name="Name").fill("Mia")
        await press(mia, "Watch")
        await expect(mia.locator("#notice")).to_contain_text("from their own disk: film.webm")
        await pick(mia, FILM)
        await until(mia, "video.readyState >= 3")
        await bob.play()
        for each in (page, mia):
            await until(each, "video.currentTime > 1")
            await until_in_step(each, ann.site)

        await page.reload()
        await expect(page.locator("#notice")).to_contain_text("from their own disk: film.webm")
        await share_file(page)
        await until(page, "video.readyState >= 3")
        await expect(page.locator("#notice")).to_be_hidden()


def _base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


async def test_another_file_is_told_apart(ann: Visitor) -> None:
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    content = await asyncio.to_thread(FILM.read_bytes)
    crc = _base_36(zlib.crc32(content))
    local = {"record_id": f"local-{crc}", "source": "local", "path": "size=9,ms=7200000/film.webm"}
    async with bob_in(ann.site, channel, share={**film(ann.site, channel), **local}):
        other = FilePayload(name="x.webm", mimeType="video/webm", buffer=content + b" ")
        await pick(page, other)
        dialog = page.get_by_role("dialog", name="This is another file")
        await expect(dialog.get_by_role("listitem")).to_have_text(
            [
                re.compile("another size: 121 KB here, 9 B there"),
                re.compile("another length: 1:30 here, 2:00:00 there"),
                "What is in it is not the same.",
            ]
        )
        await ann.axe()
        await pick(page, FILM, "Pick another one")
        await expect(dialog.get_by_role("listitem")).to_have_count(2)
        await press(page, "Watch this one")
        await until(page, "video.readyState >= 3")
        await expect(page.locator("#notice")).to_be_hidden()


async def test_what_is_no_video_is_not_put_on(ann: Visitor) -> None:
    page = await come_in(ann, new_channel(ann.site))
    await press(page, "Put on a video")
    await page.get_by_role("tab", name="Own file").click()
    await press(page, "Put it on")
    await expect(page.locator("#file-state")).to_have_text("Choose a file first.")
    text = FilePayload(name="x.mp4", mimeType="video/mp4", buffer=b"no film")
    await page.get_by_label("File", exact=True).set_input_files(text)
    await press(page, "Put it on")
    await expect(page.locator("#file-state")).to_have_text("This browser cannot play this file.")
    await expect(page.locator("#title")).to_have_text("Nothing is on")


async def test_the_end_of_a_file_that_is_shorter_ends_nobody_elses_film(ann: Visitor) -> None:
    channel = new_channel(ann.site)
    sent: list[str] = []
    ann.page.on("websocket", lambda ws: ws.on("framesent", lambda text: sent.append(str(text))))
    page = await come_in(ann, channel)
    local = {"record_id": "local-1", "source": "local", "path": "size=9,ms=7200000/film.webm"}
    async with bob_in(ann.site, channel, share={**film(ann.site, channel), **local}) as bob:
        await pick(page, FILM)
        await press(page, "Watch this one")
        await until(page, "video.readyState >= 3")
        await bob.seek((LENGTH_S - 2) * SECOND_US)
        await until(page, f"video.currentTime > {LENGTH_S} - 3")
        await bob.play()
        await until(page, "video.ended")
        await bob.expect("channel-status", where=_is_past_the_end, timeout_s=30)
        assert any("client-status" in text for text in sent)
        assert not any("play-finished" in text for text in sent)


def _is_past_the_end(told: dict[str, Any]) -> bool:
    return bool(told["position"] > (LENGTH_S + 2) * SECOND_US)


_UNREADABLE = """() => {
  const { arrayBuffer } = Blob.prototype;
  window.readable = () => (Blob.prototype.arrayBuffer = arrayBuffer);
  Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException("Gone.", "NotReadableError"));
}"""


async def test_a_file_that_cannot_be_read_is_told_of(ann: Visitor, tmp_path: Path) -> None:
    ann.allowed.append("Failed to load resource")
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    moved = tmp_path / "film.webm"
    await asyncio.to_thread(shutil.copy, FILM, moved)
    await press(page, "Put on a video")
    await page.get_by_role("tab", name="Own file").click()
    await page.get_by_label("File", exact=True).set_input_files(moved)
    await asyncio.to_thread(moved.unlink)
    await press(page, "Put it on")
    await expect(page.locator("#file-state")).to_contain_text("This file cannot be read.")

    local = {"record_id": "local-1", "source": "local", "path": "film.webm"}
    await page.reload()
    async with bob_in(ann.site, channel, share={**film(ann.site, channel), **local}):
        await page.evaluate(_UNREADABLE)
        await pick(page, FILM)
        await expect(page.locator("#notice")).to_contain_text("This file cannot be read.")
        await page.evaluate("void readable()")
        await pick(page, FILM)
        await press(page, "Watch this one")
        await until(page, "video.readyState >= 3")
        await expect(page.locator("#notice")).to_be_hidden()


_NEVER_LOADS = """
    const create = document.createElement.bind(document);
    document.createElement = (name) => {
      const element = create(name);
      if (name === "video") Object.defineProperty(element, "src", { set() {} });
      return element;
    };
"""


async def test_a_file_whose_length_does_not_come_is_told_of(ann: Visitor) -> None:
    await ann.context.add_init_script(_NEVER_LOADS)
    page = await come_in(ann, new_channel(ann.site))
    await share_file(page)
    await expect(page.locator("#file-state")).to_have_text("Reading the file…")
    await expect(page.locator("#file-state")).to_contain_text("This file cannot be read.")
