"""The pages of admins and their browsers in a real browser, each change through to its effect."""

from http import HTTPStatus

import httpx2
from playwright.async_api import expect

from tests.browser.conftest import ADMIN, PASSWORD, Visit, Visitor, make_admin
from tests.browser.security_kit import (
    EVIL,
    SECURITY,
    asks,
    audit,
    is_signed_in,
    new_name,
    press,
    row,
)
from tests.servers import Site

# -- admins ---------------------------------------------------------------------------------------


async def test_an_admin_is_made_and_can_sign_in(admin: Visitor, visit: Visit) -> None:
    admin.allowed.append("422 (Unprocessable")
    name, page = new_name(), admin.page
    await admin.go(SECURITY)
    await page.get_by_role("link", name="New admin").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("The same again").fill("something else")
    await press(page, "Make the admin")
    await expect(page.locator(".field-error")).to_contain_text("not the same")

    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("The same again").fill(PASSWORD)
    await press(page, "Make the admin")

    await expect(page.locator("main .alert").first).to_contain_text(f"{name} is an admin now.")
    other = await visit()
    await other.sign_in(name)
    assert await is_signed_in(other)
    noted = audit(admin.site, name)
    assert "admins.create" in noted
    assert PASSWORD not in noted


async def test_a_name_that_is_taken_is_refused_beside_its_field(admin: Visitor) -> None:
    admin.allowed.append("422 (Unprocessable")
    page = admin.page
    await admin.go(f"{SECURITY}/admins/new")
    await page.get_by_label("Name").fill(ADMIN)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_label("The same again").fill(PASSWORD)
    await press(page, "Make the admin")
    await expect(page.locator("#f-username-error")).to_be_visible()
    await expect(page.get_by_label("Name")).to_have_value(ADMIN)
    await expect(page.get_by_label("Password")).to_have_value("")


async def test_another_password_ends_what_was_signed_in_with_the_old_one(
    admin: Visitor, visit: Visit
) -> None:
    name, page = new_name(), admin.page
    make_admin(admin.site, name)
    other = await visit()
    await other.sign_in(name)
    await admin.go(SECURITY)
    dialog = await asks(page, f"Change password: {name}")
    await expect(dialog).to_contain_text("1 browser is signed out of the console.")
    await dialog.get_by_label("New password").fill("quite another 1")
    await dialog.get_by_label("The same again").fill("quite another 1")
    await press(dialog, "Change the password")

    await expect(page.locator("main .alert").first).to_contain_text("another password now")
    assert not await is_signed_in(other)
    noted = audit(admin.site, name)
    assert "admins.passwd" in noted
    assert "quite another" not in noted


async def test_an_admin_is_deleted_once_the_name_is_typed(admin: Visitor, visit: Visit) -> None:
    admin.allowed.append("422 (Unprocessable")
    name, page = new_name(), admin.page
    make_admin(admin.site, name)
    other = await visit()
    await other.sign_in(name)
    await admin.go(SECURITY)
    dialog = await asks(page, f"Delete: {name}")
    await dialog.get_by_label("Type").fill("something")
    await press(dialog, "Delete the admin")
    await expect(page.locator("#f-confirm-error")).to_be_visible()
    await page.get_by_label("Type").fill(name)
    await press(page, "Delete the admin")

    await expect(page.locator("main .alert").first).to_contain_text(f"{name} was deleted")
    assert not await is_signed_in(other)


async def test_the_last_admin_may_go_and_is_told_what_that_means(visit: Visit, own: Site) -> None:
    visitor = await visit(own, signed_in=True)
    await visitor.go(SECURITY)
    dialog = await asks(visitor.page, f"Delete: {ADMIN}")
    await expect(dialog).to_contain_text("This is the last admin.")
    await expect(dialog).to_contain_text("bunga admins create")
    await dialog.get_by_label("Type").fill(ADMIN)
    await press(dialog, "Delete the admin")

    await expect(visitor.page).to_have_url(f"{own.url}/console/sign-in")
    await expect(visitor.page.locator("main")).to_contain_text("This server has no admin.")


# -- browsers -------------------------------------------------------------------------------------


async def test_a_browser_elsewhere_is_signed_out(admin: Visitor, visit: Visit) -> None:
    name, page = new_name(), admin.page
    make_admin(admin.site, name)
    other = await visit(user_agent=f"{EVIL} Firefox/140.0")
    await other.sign_in(name)
    await other.go("/console/channels/new")
    await admin.go(SECURITY)
    mine = row(page, "this browser")
    await expect(mine).to_have_count(1)
    await expect(mine).to_contain_text(ADMIN)
    theirs = row(page, name)
    await expect(theirs).to_contain_text("Firefox")
    assert await page.locator("main img").count() == 0

    await theirs.get_by_role("button").click()

    await expect(page.locator("main .alert").first).to_contain_text(f"{name} was signed out there.")
    await expect(row(page, name)).to_have_count(0)
    await other.page.get_by_label("Name", exact=True).fill("In vain")
    await press(other.page, "Make the channel")
    await expect(other.page).to_have_url(
        f"{other.site.url}/console/sign-in?next=%2Fconsole&ended=1"
    )
    assert "sessions.end" in audit(admin.site, name)


async def test_to_sign_out_here_leads_to_the_sign_in(visit: Visit) -> None:
    visitor = await visit(signed_in=True)
    await visitor.go(SECURITY)
    await row(visitor.page, "this browser").get_by_role("button").click()
    await expect(visitor.page).to_have_url(f"{visitor.site.url}/console/sign-in")
    assert not await is_signed_in(visitor)


async def test_failed_sign_ins_are_shown_without_what_may_be_a_password(
    visit: Visit, own: Site
) -> None:
    visitor = await visit(own, signed_in=True)
    for name in (ADMIN, "correct horse 9"):
        answer = httpx2.post(
            f"{own.url}/console/sign-in",
            data={"username": name, "password": "wrong horse 8"},
            headers={"Origin": own.url},
        )
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    await visitor.go(SECURITY)
    failures = visitor.page.get_by_role("region", name="Failed sign-ins")
    await expect(failures.locator("li")).to_have_count(2)
    await expect(failures.locator("li").nth(0)).to_contain_text("an unknown name")
    await expect(failures.locator("li").nth(1)).to_contain_text(ADMIN)
    await failures.get_by_role("link", name="All of them").click()
    await expect(visitor.page.locator("tbody tr")).to_have_count(2)
    assert "horse" not in await visitor.page.content()
    await visitor.page.close()
