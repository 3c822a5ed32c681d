"""The player in the browser, in a room with others: its picture does what theirs do.

`tests/data/film.webm` shows its seconds for a minute and a half, with a beep at each.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PATIENCE_MS, PHONE, Visit, Visitor, make_admin
from tests.end_to_end.kit import SECOND_US, Patient15, new_channel, status
from tests.servers import Site, running_site

DATA = Path(__file__).parents[1] / "data"
EVIL = "<img src=x onerror=\"document.title='taken'\">"
UNREACHABLE = ["ERR_CONNECTION_REFUSED", "WebSocket", "Failed to fetch"]
_FOLDERS = {"PLUGINS__GALLERY__LOCAL_FOLDERS": json.dumps([str(DATA)])}
_CLOSE_S = 0.15


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("cinema") / "data", **_FOLDERS) as site:
        make_admin(site)
        yield site


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
    await page.get_by_role("textbox", name="Name").fill(name)
    await page.get_by_role("button", name="Watch", exact=True).click()
    await expect(page.locator("#people")).to_contain_text(f"{name} (you)")
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


async def until_in_step(page: Page, bob: Patient15) -> None:
    """Wait until the page is where the room is, by what the server says to Bob."""
    for _ in range(30):
        said = await status(bob, play_status="playing")
        at = await page.evaluate("document.querySelector('video').currentTime")
        if abs(at - said["position"] / SECOND_US) < _CLOSE_S:
            return
    raise AssertionError(f"the page is at {at} s, the room at {said['position']} µs")


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


@pytest_asyncio.fixture(loop_scope="session")
async def ann(visit: Visit, cinema: Site) -> Visitor:
    return await visit(cinema)


# -- together -------------------------------------------------------------------------------------


async def test_an_invitation_leads_to_the_room(ann: Visitor) -> None:
    channel = new_channel(ann.site)
    await ann.go(f"/?channel={channel}")
    await ann.page.get_by_role("link", name="Watch in the browser").click()
    await ann.page.get_by_role("textbox", name="Name").fill("Ann")
    await ann.page.get_by_role("button", name="Watch", exact=True).click()

    await expect(ann.page.locator("#people")).to_contain_text("Ann (you)")
    await expect(ann.page.locator("#notice")).to_contain_text("Nothing is on yet")


async def test_the_picture_does_what_somebody_else_presses(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await bob.play()
        await until(page, "!video.paused && video.currentTime > 1")
        await expect(page.locator("#state")).to_contain_text("Playing")
        await expect(page.locator("#reason")).to_have_text("Bob pressed play")
        await until_in_step(page, bob)

        await bob.seek(40 * SECOND_US)
        await until(page, "video.currentTime > 40 && !video.paused")
        await until_in_step(page, bob)

        await bob.pause(45 * SECOND_US)
        await until(page, "video.paused && Math.abs(video.currentTime - 45) < 0.03")
        await expect(page.locator("#reason")).to_have_text("Bob paused")


async def test_the_others_hear_what_is_pressed_on_the_page(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await press(page, "Play")
        assert (await bob.expect("play"))["sender"]["name"] == "Ann"
        await until(page, "video.currentTime > 1")

        await press(page, "Pause")
        paused = await bob.expect("pause")
        await until(page, "video.paused")
        at = await page.evaluate("document.querySelector('video').currentTime")
        assert abs(paused["position"] / SECOND_US - at) < 0.03

        await page.locator("body").press("ArrowRight")
        await page.locator("body").press("ArrowRight")
        sought = await bob.expect("seek")
        assert abs(sought["position"] / SECOND_US - at - 10) < 0.1
        await until(page, f"Math.abs(video.currentTime - {at} - 10) < 0.1")

        await page.get_by_role("slider", name="Position").fill("70")
        sought = await bob.expect("seek", where=lambda m: m["position"] > 60 * SECOND_US)
        assert sought["position"] == 70 * SECOND_US
        await page.locator("body").press("k")
        await bob.expect("play")


async def test_who_comes_late_is_in_step(visit: Visit, cinema: Site) -> None:
    channel = new_channel(cinema)
    async with bob_in(cinema, channel, share=film(cinema, channel)) as bob:
        await bob.seek(20 * SECOND_US)
        ann = await visit(cinema)
        page = await come_in(ann, channel)
        await until(page, "video.readyState >= 3 && Math.abs(video.currentTime - 20) < 0.1")
        await bob.play()
        await until(page, "!video.paused && video.currentTime > 21")
        await until_in_step(page, bob)


async def test_who_reloads_is_the_same_and_in_step(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await bob.play()
        await until(page, "video.currentTime > 1")
        before = await name_of(page)

        await page.reload()
        await expect(page.locator("#people")).to_contain_text("Ann (you)")
        await status(bob, ready_ids=[before, "bob"])
        await bob.play()

        await until(page, "!video.paused")
        await until_in_step(page, bob)
        assert await name_of(page) == before


# What Playwright asks of a page counts as a click, so the browser has to be told to refuse.
_UNASKED = """
    const play = HTMLMediaElement.prototype.play;
    let isAllowed = false;
    addEventListener("click", (event) => (isAllowed ||= event.isTrusted), true);
    HTMLMediaElement.prototype.play = function () {
      if (isAllowed) return play.call(this);
      return Promise.reject(new DOMException("Nobody has clicked.", "NotAllowedError"));
    };
"""


async def test_a_browser_that_plays_nothing_unasked_shows_one_button(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await ann.context.add_init_script(_UNASKED)
        await page.reload()
        await until(page, "video.readyState >= 3")
        await bob.play()
        await expect(page.locator("#notice")).to_contain_text("plays nothing before you allow it")
        await status(bob, play_status="playing")
        await press(page, "Watch along")

        await until(page, "!video.paused")
        await expect(page.locator("#notice")).to_be_hidden()
        await until_in_step(page, bob)


async def test_after_a_restart_of_the_server_the_page_is_back(visit: Visit, tmp_path: Path) -> None:
    with running_site(tmp_path / "data", **_FOLDERS) as site:
        ann = await visit(site)
        ann.allowed += UNREACHABLE
        page = await come_in(ann, channel := new_channel(site))
        site.stop()
        await expect(page.locator("#notice")).to_contain_text("The connection is lost")

        site.start(
            "--port",
            str(urlsplit(site.url).port),
            environ={f"BUNGA_{key}": value for key, value in _FOLDERS.items()},
        )
        await expect(page.locator("#notice")).to_contain_text("Nothing is on yet")
        async with bob_in(site, channel, share=film(site, channel)) as bob:
            await expect(page.locator("#people")).to_contain_text("Bob")
            await until(page, "video.readyState >= 3")
            await bob.play()
            await until(page, "video.currentTime > 0.5")
            await until_in_step(page, bob)


async def test_the_page_tells_whom_the_room_waits_for(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await bob.play()
        await until(page, "video.currentTime > 0.5")
        await bob.set_buffering(True)
        await expect(page.locator("#reason")).to_contain_text("for Bob (")
        await until(page, "video.paused")

        await bob.set_buffering(False)
        await until(page, "!video.paused")
        await until_in_step(page, bob)


async def test_the_panel_tells_how_well_it_is_in_step(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await page.locator("#sync summary").click()
        await expect(page.locator("#sync-offset")).to_have_text("at rest")
        await bob.play()
        await expect(page.locator("#sync-offset")).to_contain_text("ms")
        await expect(page.locator("#sync-bound")).to_contain_text("±")
        await expect(page.locator("#sync-line")).to_have_attribute("points", _A_LINE)
        await expect(page.locator("#people")).to_contain_text(" ms")


_A_LINE = re.compile(r"\d+\.\d,\d+\.\d \d")


# -- what is on -----------------------------------------------------------------------------------


async def test_a_video_is_put_on_by_its_address(ann: Visitor) -> None:
    ann.allowed += ["Failed to load resource"]
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    async with bob_in(ann.site, channel) as bob:
        await press(page, "Put on a video")
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
        await expect(page.locator("#notice")).to_contain_text("This video is a file on")
        await status(bob, ready_ids=[await name_of(page), "bob"])
        await bob.project({**local, "record_id": "2", "source": "bili_video", "path": "BV1"})
        await expect(page.locator("#notice")).to_contain_text("Nothing here knows where")
        await bob.play()
        await status(bob, play_status="playing")


# -- what people say ------------------------------------------------------------------------------


async def test_what_is_said_flies_over_the_picture(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await bob.say(EVIL)
        await expect(page.locator("#lines")).to_contain_text(EVIL)
        await expect(page.locator("#over .danmaku")).to_have_text(EVIL)

        await page.get_by_role("textbox", name="Say something").fill("Hello k")
        await page.get_by_role("textbox", name="Say something").press("Enter")
        said = await bob.expect("danmaku", where=lambda m: m["message"] != EVIL)
        assert (said["message"], said["sender"]["name"]) == ("Hello k", "Ann")
        await press(page, "🎉")
        assert (await bob.expect("popmoji"))["popmoji_code"] == "🎉"
        await expect(page.locator("#over .popmoji")).to_have_text("🎉")
        assert await page.title() != "taken"


async def test_a_name_can_be_changed(ann: Visitor) -> None:
    async with watching(ann) as (page, _):
        await press(page, "Your name")
        await page.get_by_role("textbox", name="Name").fill("Anna")
        await press(page, "Watch")
        await expect(page.locator("#people")).to_contain_text("Anna (you)")


# -- who may not come in --------------------------------------------------------------------------


async def test_a_closed_channel_says_so(ann: Visitor) -> None:
    ann.allowed += ["403 (Forbidden)"]
    ann.site.create_channel("closed", allow_new_client=False)
    await ann.go("/watch/closed")
    await ann.page.get_by_role("textbox", name="Name").fill("Ann")
    await press(ann.page, "Watch")
    await expect(ann.page.locator("#notice")).to_contain_text("takes in nobody new")


async def test_a_channel_that_is_not_there_says_so(ann: Visitor) -> None:
    ann.allowed += ["404 (Not Found)"]
    await ann.go("/watch/nowhere")
    await expect(ann.page.get_by_role("heading")).to_have_text("This invitation leads nowhere.")


# -- for everybody --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_it(
    visit: Visit, cinema: Site, size: tuple[int, int], scheme: str
) -> None:
    ann = await visit(cinema, size=size, scheme=scheme)
    channel = new_channel(cinema)
    await ann.go(f"/watch/{channel}")
    await ann.axe()
    page = await come_in(ann, channel)
    async with bob_in(cinema, channel, share=film(cinema, channel)) as bob:
        await until(page, "video.readyState >= 3")
        await bob.say("Hello")
        await expect(page.locator("#lines")).to_contain_text("Hello")
        for panel in await page.locator("summary").all():
            await panel.click()
        await ann.fits()
        await ann.axe()
        await press(page, "Put on a video")
        await ann.axe()


async def test_the_keys_do_nothing_while_one_writes(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await page.get_by_role("textbox", name="Say something").press_sequentially("mk f")
        assert not await page.evaluate("document.querySelector('video').muted")
        await page.locator("body").press("Escape")
        await page.locator("#lines").focus()
        await page.keyboard.press("m")
        assert await page.evaluate("document.querySelector('video').muted")
        await page.keyboard.press(" ")
        await bob.expect("play")
