"""The console's door in a real browser: the first run, signing in and out, sessions that end."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import ADMIN, EVERY_LOOK, PASSWORD, PHONE, Visit, make_admin
from tests.end_to_end.kit import new_channel
from tests.servers import Site, running_site

TOO_MANY = 10
WRONG, FORBIDDEN, WAIT = "422 (", "403 (", "429 ("
"""How the browser tells of what a test provokes."""


async def sign_in(page: Page, name: str = ADMIN, password: str = PASSWORD) -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


async def is_at(page: Page, heading: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(heading)


# -- the first run --------------------------------------------------------------------------------


async def printed_link(site: Site) -> str:
    """Return what a person copies from the terminal."""
    assert site.process
    assert site.process.stderr
    for _ in range(20):
        line = await asyncio.to_thread(site.process.stderr.readline)
        if "/console/first-run?" in line:
            return line.strip()
    raise AssertionError("no link was printed")


async def test_whoever_opens_the_printed_link_becomes_the_first_admin(
    visit: Visit, tmp_path: Path
) -> None:
    with running_site(tmp_path / "data") as site:
        visitor, link = await visit(site, size=PHONE), await printed_link(site)
        visitor.allowed += [WRONG, FORBIDDEN]
        page = visitor.page

        await visitor.go("/console")
        await expect(page.get_by_text("This server has no admin yet.")).to_be_visible()

        await page.goto(link)
        await is_at(page, "Welcome")
        await visitor.fits()
        await visitor.axe()
        await expect(page.get_by_label("Name")).to_be_focused()
        await expect(page.get_by_text("At least 8 characters.")).to_be_visible()
        await page.get_by_label("Name").fill("ann")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_label("The password again").fill("another one 9")
        await page.get_by_role("button", name="Make the first admin").click()
        await expect(page.get_by_text("The two passwords are not the same.")).to_be_visible()
        await expect(page.get_by_label("The password again")).to_have_attribute(
            "aria-invalid", "true"
        )
        await visitor.axe()

        await expect(page.get_by_label("Name")).to_have_value("ann")
        for field in ("Password", "The password again"):
            await page.get_by_label(field, exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Make the first admin").click()
        await is_at(page, "Overview")

        late = await visit(site)
        late.allowed.append(FORBIDDEN)
        await late.page.goto(link)
        await expect(late.page.get_by_role("alert")).to_contain_text("This link does not work")
        await sign_in(late.page, "ann")
        await is_at(late.page, "Overview")
        for each in (visitor, late):
            await each.page.close()


# -- signing in -----------------------------------------------------------------------------------


async def test_signing_in_leads_to_where_one_wanted_to_go(visit: Visit) -> None:
    visitor = await visit()
    await visitor.go("/console/channels")
    await visitor.page.wait_for_url("**/console/sign-in?next=*")
    await sign_in(visitor.page)
    await visitor.page.wait_for_url("**/console/channels")
    await is_at(visitor.page, "Channels")


async def test_a_wrong_password_is_said_and_the_name_stays(visit: Visit) -> None:
    visitor = await visit()
    visitor.allowed.append(WRONG)
    await visitor.go("/console/sign-in")
    await sign_in(visitor.page, password="not this one")

    alert = visitor.page.get_by_role("alert")
    await expect(alert).to_have_text("No admin has this name and this password.")
    await expect(visitor.page.get_by_label("Name")).to_have_value(ADMIN)
    await expect(visitor.page.get_by_label("Password")).to_have_value("")
    await expect(visitor.page.get_by_label("Password")).to_be_focused()
    await visitor.axe()
    await sign_in(visitor.page)
    await is_at(visitor.page, "Overview")


async def test_whoever_guesses_is_told_to_wait(visit: Visit, tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as site:
        make_admin(site)
        visitor = await visit(site)
        visitor.allowed.append(WAIT)
        await visitor.go("/console/sign-in")
        for number in range(TOO_MANY):
            await visitor.context.request.post(
                f"{site.url}/console/sign-in",
                form={"username": ADMIN, "password": f"guess {number}"},
                headers={"Origin": site.url},
            )

        await sign_in(visitor.page)

        alert = visitor.page.get_by_role("alert")
        await expect(alert).to_have_text("Too many wrong passwords; try again in a minute.")
        await visitor.go("/console")
        await visitor.page.wait_for_url("**/console/sign-in?next=*")
        noted = site.bunga("audit", "list", "--search", "sign_in").stdout
        assert noted.count("sign_in.failed") == TOO_MANY
        await visitor.page.close()


async def test_the_keyboard_alone_is_enough_to_get_in_and_out(visit: Visit) -> None:
    visitor = await visit()
    page = visitor.page
    await visitor.go("/console/sign-in")

    await expect(page.get_by_label("Name")).to_be_focused()
    assert await has_visible_focus(page)
    await page.keyboard.type(ADMIN)
    await step(page, page.get_by_label("Password"))
    await page.keyboard.type(PASSWORD)
    await step(page, page.get_by_role("button", name="Sign in"))
    await page.keyboard.press("Enter")
    await is_at(page, "Overview")

    out = page.get_by_role("button", name="Sign out")
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await out.evaluate("button => button === document.activeElement"):
            break
    assert await has_visible_focus(page)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/sign-in")


async def step(page: Page, to: Locator) -> None:
    """Press Tab, and fail unless that leads to an element, and shows it."""
    await page.keyboard.press("Tab")
    await expect(to).to_be_focused()
    assert await has_visible_focus(page)


async def has_visible_focus(page: Page) -> bool:
    return bool(
        await page.evaluate(
            """() => {
                const style = getComputedStyle(document.activeElement);
                return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
                    || style.boxShadow !== "none";
            }"""
        )
    )


@pytest.mark.parametrize(("size", "scheme", "locale"), EVERY_LOOK)
async def test_the_sign_in_can_be_used_by_all(
    visit: Visit, size: tuple[int, int], scheme: str, locale: str
) -> None:
    visitor = await visit(size=size, scheme=scheme, locale=locale)
    await visitor.go("/console/sign-in")
    await expect(visitor.page.locator("html")).to_have_attribute("lang", locale[:2])
    await visitor.fits()
    await visitor.axe()


# -- the way out ----------------------------------------------------------------------------------


async def test_after_signing_out_the_back_button_shows_nothing(visit: Visit) -> None:
    visitor = await visit(signed_in=True)
    page, channel = visitor.page, new_channel(visitor.site)
    await visitor.go(f"/console/channels?search={channel}")
    await expect(page.locator("main")).to_contain_text(channel)

    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/console/sign-in")
    await page.go_back()

    await page.wait_for_url("**/console/sign-in?next=*")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert channel not in await page.content()
    names = {str(cookie.get("name")) for cookie in await visitor.context.cookies()}
    assert "bunga_session" not in names


async def test_who_signs_out_in_one_browser_stays_in_another(visit: Visit) -> None:
    one, other = await visit(signed_in=True), await visit(signed_in=True)
    await one.go("/console")
    await one.page.get_by_role("button", name="Sign out").click()
    await one.page.wait_for_url("**/console/sign-in")

    await other.go("/console/channels")

    await is_at(other.page, "Channels")


async def test_a_session_that_is_over_leads_to_the_sign_in_and_back(
    visit: Visit, house: Site
) -> None:
    make_admin(house, "brief")
    visitor = await visit()
    await visitor.sign_in("brief")
    await visitor.go("/console")
    await is_at(visitor.page, "Overview")

    house.bunga("tokens", "revoke", "--account", "brief", "--yes")
    visitor.allowed.append("401 (")  # what is live on the page is told, too
    await visitor.page.get_by_role("navigation").get_by_role("link", name="Channels").click()

    await visitor.page.wait_for_url("**/console/sign-in?next=*")
    await sign_in(visitor.page, "brief")
    await is_at(visitor.page, "Channels")


async def test_a_part_of_a_page_that_comes_too_late_leads_to_the_sign_in(visit: Visit) -> None:
    visitor = await visit(signed_in=True)
    visitor.allowed.append("401 (")
    await visitor.go("/console/channels")
    await visitor.context.clear_cookies(name="bunga_session")

    await visitor.page.get_by_role("searchbox").press_sequentially("film")

    await visitor.page.wait_for_url("**/console/sign-in?next=*")
