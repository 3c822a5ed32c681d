"""What happens to people's computers and networks: the page is back in step by itself."""

import asyncio
from urllib.parse import urlsplit

from playwright.async_api import Route, expect

from benchmarks.proxy import Cable, Link, delaying_proxy
from tests.browser.conftest import Visit, Visitor
from tests.browser.evening_kit import (
    HELD_FROM_S,
    assert_never_stopped,
    evening,
    move_to,
    shows,
    watch_for_stops,
)
from tests.browser.test_watch import UNREACHABLE
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


UNREACHED = "cannot be reached at the moment"


async def test_what_cannot_be_found_for_now_is_looked_for_again(ann: Visitor) -> None:
    ann.allowed += ["503 (Service Unavailable)", "ERR_FAILED"]
    left = ["busy", "gone"]

    async def answer(route: Route) -> None:
        match left.pop() if left else "":
            case "gone":
                await route.abort()
            case "busy":
                await route.fulfill(status=503, json={"detail": "Too busy."})
            case _:
                await route.continue_()

    await ann.context.route("**/resolve", answer)
    async with watching(ann) as (page, bob):
        assert not left
        await expect(page.locator("#notice")).to_be_hidden()
        await bob.play()
        await until(page, "video.currentTime > 0.5")
        await until_in_step(page, ann.site)


async def test_while_it_is_looked_for_nobody_waits(ann: Visitor) -> None:
    ann.allowed += ["503 (Service Unavailable)"]

    async def answer(route: Route) -> None:
        await route.fulfill(status=503, json={"detail": "Too busy."})

    await ann.context.route("**/resolve", answer)
    channel = new_channel(ann.site)
    page = await come_in(ann, channel)
    async with bob_in(ann.site, channel, share=film(ann.site, channel)) as bob:
        await expect(page.locator("#notice")).to_contain_text(UNREACHED)
        await status(bob, ready_ids=[await name_of(page), "bob"])
        await bob.play()
        await status(bob, play_status="playing")

        await ann.context.unroute("**/resolve")
        await page.evaluate("dispatchEvent(new Event('online'))")
        await until(page, "!video.paused")
        await until_in_step(page, ann.site)


async def test_what_does_not_come_any_more_is_found_anew(visit: Visit, cinema: Site) -> None:
    """As an address that was good for some time only."""
    async with evening(visit, cinema, "Ann", on_join="continue") as it:
        [ann] = it.pages
        it.films.hold_back("Bob")
        bob = await it.come("Bob")
        it.people["Bob"].allowed.append("Failed to load resource")
        await it.all_ready()
        await move_to(ann, HELD_FROM_S - 8)
        await press(ann, "Play")
        for page in it.pages:
            await until(page, f"!video.paused && video.currentTime > {HELD_FROM_S - 7}")
        await watch_for_stops(ann)

        it.films.turn_away("Bob")
        await expect(bob.locator("#notice")).to_contain_text(UNREACHED)
        await until(ann, f"video.currentTime > {HELD_FROM_S + 1}")
        await assert_never_stopped(ann)
        it.films.let_in("Bob")
        await expect(bob.locator("#notice")).to_be_hidden()
        await shows(bob, "playing")
        await it.all_in_step()
        await until(bob, f"video.currentTime > {HELD_FROM_S + 2}")
