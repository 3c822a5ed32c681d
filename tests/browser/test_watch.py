"""The player in the browser, in a room with others: its picture does what theirs do."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import expect

from tests.browser.conftest import FILM_FOLDERS, Visit, Visitor
from tests.browser.watch_kit import (
    EVIL,
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
from tests.servers import Site, running_site

UNREACHABLE = ["ERR_CONNECTION_REFUSED", "WebSocket", "Failed to fetch"]


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
        await until_in_step(page, ann.site)

        await bob.seek(40 * SECOND_US)
        await until(page, "video.currentTime > 40 && !video.paused")
        await until_in_step(page, ann.site)

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


_PAUSES_AHEAD = """() => {
    const video = document.querySelector("video");
    const at = video.currentTime;
    video.pause();
    video.currentTime += 20;
    document.querySelector("#play").click();
    return at;
}"""


async def test_who_is_not_in_step_pauses_where_the_others_are(ann: Visitor) -> None:
    """A page that rests ahead of the room, as one does that has come in a moment ago."""
    async with watching(ann) as (page, bob):
        await bob.play()
        await until(page, "video.currentTime > 1")
        await until_in_step(page, ann.site)
        at = await page.evaluate(_PAUSES_AHEAD)
        assert (await bob.expect("pause"))["position"] < (at + 10) * SECOND_US
        await until(page, f"video.paused && !video.seeking && video.currentTime < {at} + 10")


async def test_who_comes_late_is_in_step(visit: Visit, cinema: Site) -> None:
    channel = new_channel(cinema)
    async with bob_in(cinema, channel, share=film(cinema, channel)) as bob:
        await bob.seek(20 * SECOND_US)
        ann = await visit(cinema)
        page = await come_in(ann, channel)
        await until(page, "video.readyState >= 3 && Math.abs(video.currentTime - 20) < 0.1")
        await bob.play()
        await until(page, "!video.paused && video.currentTime > 21")
        await until_in_step(page, ann.site)


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
        await until_in_step(page, ann.site)
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
        await until_in_step(page, ann.site)


async def test_after_a_restart_of_the_server_the_page_is_back(visit: Visit, tmp_path: Path) -> None:
    with running_site(tmp_path / "data", **FILM_FOLDERS) as site:
        ann = await visit(site)
        ann.allowed += UNREACHABLE
        page = await come_in(ann, channel := new_channel(site))
        site.stop()
        await expect(page.locator("#notice")).to_contain_text("The connection is lost")

        site.start(
            "--port",
            str(urlsplit(site.url).port),
            environ={f"BUNGA_{key}": value for key, value in FILM_FOLDERS.items()},
        )
        await expect(page.locator("#notice")).to_contain_text("Nothing is on yet")
        await expect(page.locator("#reason")).to_have_text("The server was restarted")
        async with bob_in(site, channel, share=film(site, channel)) as bob:
            await expect(page.locator("#people")).to_contain_text("Bob")
            await until(page, "video.readyState >= 3")
            await bob.play()
            await until(page, "video.currentTime > 0.5")
            await until_in_step(page, site)


async def test_the_page_tells_whom_the_room_waits_for(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await bob.play()
        await until(page, "video.currentTime > 0.5")
        await bob.set_buffering(True)
        await expect(page.locator("#reason")).to_contain_text("for Bob (")
        await until(page, "video.paused")

        await bob.set_buffering(False)
        await until(page, "!video.paused")
        await until_in_step(page, ann.site)


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


RULES = f"""
from bunga_cli.plugin import *

@hookimpl
def bunga_authorise(request):
    return Verdict(False, {f"No seeking. {EVIL}"!r}) if request.action == "seek" else None
"""


async def test_a_plugin_that_forbids_something_says_why(visit: Visit, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "plugins"
    folder.mkdir(parents=True)
    (folder / "rules.py").write_text(RULES)
    with running_site(tmp_path / "data", **FILM_FOLDERS) as site:
        ann = await visit(site)
        async with watching(ann) as (page, _):
            await page.locator("body").press("ArrowRight")
            await expect(page.get_by_role("log")).to_contain_text(f"No seeking. {EVIL}")
            assert await page.title() != "taken"
        ann.allowed += UNREACHABLE
