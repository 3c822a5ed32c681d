"""Who may use the player in the browser, and that everybody can."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import EVERY_LOOK, Visit, Visitor
from tests.browser.watch_kit import (
    bob_in,
    come_in,
    film,
    press,
    until,
    watching,
)
from tests.end_to_end.kit import new_channel
from tests.servers import Site


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


@pytest.mark.parametrize(("size", "scheme", "locale"), EVERY_LOOK)
async def test_everybody_can_use_it(
    visit: Visit, cinema: Site, size: tuple[int, int], scheme: str, locale: str
) -> None:
    ann = await visit(cinema, size=size, scheme=scheme, locale=locale)
    channel = new_channel(cinema)
    await ann.go(f"/watch/{channel}")
    await ann.axe()
    page = await come_in(ann, channel)
    record = {**film(cinema, channel), "title": "A-film-of-one-word-that-has-no-end" * 5}
    async with bob_in(cinema, channel, share=record) as bob:
        await until(page, "video.readyState >= 3")
        await bob.say("Hello")
        await expect(page.locator("#lines")).to_contain_text("Hello")
        await page.locator("#sync summary").click()
        await page.locator("#sparks button").first.click()
        await ann.fits()
        await ann.axe()
        for opens, dialog in _DIALOGS.items():
            await page.evaluate("(opens) => document.querySelector(opens).click()", opens)
            await expect(page.locator(dialog)).to_be_visible()
            await ann.fits()
            await ann.axe()
            await page.locator(dialog).locator("[data-closes]").first.click()


_DIALOGS = {
    "[data-opens=put-on]": "#put-on",
    "[data-opens=subtitles]": "#subtitles",
    "[data-opens=keys]": "#keys",
    "#change-me": "#me",
}


async def test_the_shelves_are_for_the_keyboard_too(ann: Visitor) -> None:
    page = await come_in(ann, new_channel(ann.site))
    await page.get_by_role("button", name="Put on a video").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("tab", name="Gallery").focus()
    for name in ("Own file", "Address", "Gallery"):
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("tab", name=name)).to_be_focused()
        await expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#put-on")).to_be_hidden()


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
