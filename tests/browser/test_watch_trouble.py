"""What happens to people's computers and networks: the page is back in step by itself."""

import asyncio
from urllib.parse import urlsplit

from playwright.async_api import expect

from benchmarks.proxy import Cable, Link, delaying_proxy
from tests.browser.conftest import Visit, Visitor
from tests.browser.test_watch import UNREACHABLE
from tests.browser.watch_kit import (
    bob_in,
    film,
    name_of,
    until,
    until_in_step,
    watching,
)
from tests.end_to_end.kit import new_channel, status
from tests.servers import Site

OFFLINE_S = 20


async def test_after_twenty_seconds_offline_it_is_in_step_and_nothing_was_missed(
    visit: Visit, cinema: Site
) -> None:
    ann, cable, channel = await visit(cinema), Cable(), new_channel(cinema)
    ann.allowed += [*UNREACHABLE, "an address outside the server: http://127.0.0.1"]
    async with delaying_proxy(urlsplit(cinema.url).port or 0, Link(delay_ms=10), cable) as near:
        page = ann.page
        await page.goto(f"http://127.0.0.1:{near}/watch/{channel}")
        await page.get_by_role("textbox", name="Name").fill("Ann")
        await page.get_by_role("button", name="Watch", exact=True).click()
        await expect(page.locator("#people")).to_contain_text("Ann (you)")
        async with bob_in(cinema, channel, share=film(cinema, channel)) as bob:
            await until(page, "video.readyState >= 3")
            await status(bob, ready_ids=[await name_of(page), "bob"])
            await bob.play()
            await until(page, "video.currentTime > 1")

            cable.cut()
            await expect(page.locator("#notice")).to_contain_text("The connection is lost")
            await until(page, "video.paused")
            await bob.say("Where is Ann?")
            await asyncio.sleep(OFFLINE_S)
            cable.mend()

            await expect(page.locator("#notice")).to_be_hidden()
            await expect(page.locator("#lines").get_by_text("Where is Ann?")).to_have_count(1)
            await bob.play()
            await until(page, "!video.paused")
            await until_in_step(page, cinema)


_SLEEP = """() => {
  const right = performance.now.bind(performance);
  performance.now = () => right() - 60_000;
}"""


async def test_after_a_sleep_of_the_computer_it_measures_the_time_anew(ann: Visitor) -> None:
    """A sleep stops one of a browser's clocks and not the other."""
    async with watching(ann) as (page, bob):
        await bob.play()
        await until(page, "video.currentTime > 1")
        await page.evaluate(_SLEEP)
        await until_in_step(page, ann.site)


_HIDE = """(isHidden) => {
  Object.defineProperty(document, "hidden", { get: () => isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_a_page_that_nobody_sees_goes_on(ann: Visitor) -> None:
    async with watching(ann) as (page, bob):
        await page.evaluate(_HIDE, True)
        await bob.play()
        await until(page, "!video.paused && video.currentTime > 1")
        await until_in_step(page, ann.site)

        await bob.seek(60_000_000)
        await until(page, "!video.paused && video.currentTime > 60")
        await page.evaluate(_HIDE, False)
        await until_in_step(page, ann.site)


async def test_what_stood_still_for_a_while_is_back_in_step(ann: Visitor) -> None:
    """A page whose script could not run, as in a computer that has too much to do."""
    async with watching(ann) as (page, bob):
        await bob.play()
        await until(page, "video.currentTime > 1")
        await page.evaluate(
            "() => { const end = performance.now() + 2_500; while (performance.now() < end); }"
        )
        await until_in_step(page, ann.site)
