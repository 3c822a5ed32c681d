"""The homepage and invitations in a real browser, and what every visitor may choose."""

import base64
import re
from urllib.parse import quote

import pytest
import zxingcpp
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import EVERY_LOOK, PHONE, Visit, Visitor
from tests.end_to_end.kit import new_channel, pair, status

EVIL = "<img src=x onerror=\"document.title='taken'\">"
AWAY = "http://bunga.example"

# -- the homepage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "scheme", "locale"), EVERY_LOOK)
async def test_the_homepage_can_be_read_by_all(
    visit: Visit, size: tuple[int, int], scheme: str, locale: str
) -> None:
    visitor = await visit(size=size, scheme=scheme, locale=locale)
    await visitor.go("/")
    await expect(visitor.page.locator("html")).to_have_attribute("lang", locale[:2])
    await expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()
    await visitor.fits()
    await visitor.axe()
    await visitor.page.locator("summary").click()
    await visitor.fits()
    await visitor.axe()


async def test_the_visitors_platform_comes_first_and_the_others_unfold(visit: Visit) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
    visitor = await visit(user_agent=agent)
    await visitor.go("/")
    page = visitor.page
    await expect(page.get_by_role("link", name="Bunga Player for Windows")).to_be_visible()
    linux = page.get_by_role("link", name="Linux")
    await expect(linux).to_be_hidden()

    await page.get_by_text("Other devices").click()

    await expect(linux).to_be_visible()


async def test_what_is_not_there_is_said_on_a_page_for_people(visit: Visit) -> None:
    visitor = await visit(size=PHONE)
    visitor.allowed.append("404 (")
    for path, heading in (
        ("/nothing", "There is nothing here."),
        ("/?channel=nothing", "This invitation leads nowhere."),
    ):
        await visitor.go(path)
        await expect(visitor.page.locator("h1")).to_have_text(heading)
        await visitor.fits()
        await visitor.axe()


# -- what a visitor chooses -----------------------------------------------------------------------


async def test_another_language_counts_at_once_and_from_then_on(visit: Visit) -> None:
    visitor = await visit()
    page, channel = visitor.page, new_channel(visitor.site)
    await visitor.go(f"/?channel={channel}")
    await page.get_by_role("button", name="中文").click()

    await expect(page.locator("html")).to_have_attribute("lang", "zh")
    await expect(page.get_by_text("邀请你加入")).to_be_visible()
    await expect(page.locator("h1")).to_have_text(channel)
    await visitor.go("/console")
    await expect(page.get_by_role("button", name="登录")).to_be_visible()

    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_other_colours_count_at_once_and_from_then_on(visit: Visit) -> None:
    visitor = await visit(scheme="light")
    page = visitor.page
    await visitor.go("/")
    light = await ground(page)
    await page.get_by_role("button", name="Dark").click()
    await expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    dark = await ground(page)
    assert dark != light

    await visitor.go("/console")
    assert await ground(page) == dark
    await page.get_by_role("button", name="As the device").click()
    await expect(page.locator("html[data-theme]")).to_have_count(0)
    assert await ground(page) == light


async def ground(page: Page) -> str:
    return str(await page.evaluate("getComputedStyle(document.body).backgroundColor"))


# -- invitations ----------------------------------------------------------------------------------


async def test_the_address_is_copied(visit: Visit) -> None:
    visitor = await visit(permissions=["clipboard-read", "clipboard-write"])
    page, channel = visitor.page, new_channel(visitor.site)
    await visitor.go(f"/?channel={channel}")
    await page.get_by_role("button", name="Copy").click()

    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == visitor.site.register_url(channel)


async def without_encryption(visitor: Visitor, channel: str) -> str:
    """Open an invitation on plain http and another machine, and return the player's address."""
    visitor.allowed.append(AWAY)

    async def answer(route: Route) -> None:
        at_home = route.request.url.replace(AWAY, visitor.site.url)
        await route.fulfill(response=await route.fetch(url=at_home))

    await visitor.page.route(f"{AWAY}/**", answer)
    await visitor.page.goto(f"{AWAY}/?channel={channel}")
    assert not await visitor.page.evaluate("isSecureContext")
    return str(await visitor.page.locator("#address").input_value())


async def test_the_address_is_copied_without_encryption_too(visit: Visit) -> None:
    visitor = await visit()
    page = visitor.page
    address = await without_encryption(visitor, new_channel(visitor.site))
    await page.get_by_role("button", name="Copy").click()

    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    await page.evaluate("document.body.append(document.createElement('textarea'))")
    pasted = page.locator("textarea").last
    await pasted.press("ControlOrMeta+v")
    await expect(pasted).to_have_value(address)


async def test_an_address_that_cannot_be_copied_is_selected(visit: Visit) -> None:
    visitor = await visit()
    page = visitor.page
    address = await without_encryption(visitor, new_channel(visitor.site))
    await page.evaluate("document.execCommand = () => false")
    await page.get_by_role("button", name="Copy").click()

    await expect(page.get_by_role("button", name="Selected: copy it now")).to_be_visible()
    selected = "(field) => field.value.slice(field.selectionStart, field.selectionEnd)"
    assert await page.locator("#address").evaluate(selected) == address


async def test_no_end_of_the_address_is_cut_off_on_a_phone(visit: Visit) -> None:
    visitor = await visit(size=PHONE)
    await visitor.go(f"/?channel={new_channel(visitor.site)}")
    field = visitor.page.locator("#address")
    is_whole = "(f) => f.scrollWidth <= f.clientWidth && f.scrollHeight <= f.clientHeight"
    assert await field.evaluate(is_whole)
    await visitor.fits()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phones_camera_reads_the_address(visit: Visit, scheme: str) -> None:
    visitor = await visit(scheme=scheme)
    channel = "film night/ä"
    if scheme == "light":
        visitor.site.create_channel(channel)
    await visitor.go(f"/?channel={quote(channel)}")
    code = visitor.page.get_by_role("img", name=re.compile("address as a code"))

    found = zxingcpp.read_barcodes(await picture(visitor.page, code))

    assert [one.text for one in found] == [visitor.site.register_url(channel)]


async def picture(page: Page, element: Locator) -> memoryview:
    """Return how bright an element is on the screen, by rows of pixels."""
    shot = base64.b64encode(await element.screenshot()).decode()
    width, height, pixels = await page.evaluate(
        """async (shot) => {
            const image = new Image();
            image.src = `data:image/png;base64,${shot}`;
            await image.decode();
            const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
            canvas.drawImage(image, 0, 0);
            const { data } = canvas.getImageData(0, 0, image.width, image.height);
            return [image.width, image.height, [...data.filter((_, place) => place % 4 === 1)]];
        }""",
        shot,
    )
    return memoryview(bytes(pixels)).cast("B", shape=[height, width])


async def test_who_watches_what_is_shown_only_where_the_channel_says_so(visit: Visit) -> None:
    visitor = await visit()
    site, page = visitor.site, visitor.page
    channel = new_channel(site)
    async with pair(site, channel) as (ann, _):
        await ann.play()
        await status(ann, play_status="playing")
        await visitor.go(f"/?channel={channel}")
        await expect(page.locator("h1")).to_have_text(channel)
        for secret in ("A film", "Ann", "Bob", "On now"):
            await expect(page.locator("main")).not_to_contain_text(secret)

        site.bunga("channels", "set", channel, "shows_room", "yes")
        await page.reload()

        now = page.get_by_role("region", name="On now")
        await expect(now).to_contain_text("A film")
        await expect(now).to_contain_text("Playing")
        await expect(now.get_by_role("listitem")).to_have_text(
            [re.compile("Ann"), re.compile("Bob")]
        )
        await visitor.axe()

    site.bunga("channels", "set", channel, "shows_room", "no")
    await page.reload()
    await expect(page.get_by_text("A film")).to_have_count(0)


@pytest.mark.parametrize(("size", "scheme", "locale"), EVERY_LOOK)
async def test_an_invitation_can_be_used_by_all(
    visit: Visit, size: tuple[int, int], scheme: str, locale: str
) -> None:
    visitor = await visit(size=size, scheme=scheme, locale=locale)
    channel = new_channel(visitor.site)
    visitor.site.bunga("channels", "set", channel, "shows_room", "yes")
    async with pair(visitor.site, channel):
        await visitor.go(f"/?channel={channel}")
        await expect(visitor.page.locator(".stage .bloom")).to_be_visible()
        await visitor.fits()
        await visitor.axe()


async def test_a_channel_may_be_called_anything(visit: Visit) -> None:
    visitor = await visit(size=PHONE)
    site = visitor.site
    channel = new_channel(site)
    for name in (EVIL, "w" * 100):
        site.bunga("channels", "set", channel, "name", name)
        await visitor.go(f"/?channel={channel}")
        await expect(visitor.page.locator("h1")).to_have_text(name)
        assert await visitor.page.title() != "taken"
        await visitor.fits()
