"""The pages of accounts in a real browser, each change through to its effect."""

from http import HTTPStatus

import httpx2
import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visitor
from tests.browser.security_kit import EVIL, SECURITY, asks, audit, closed, new_name, press
from tests.end_to_end.kit import clients, new_channel


async def open_account(visitor: Visitor, name: str) -> None:
    await visitor.go(f"{SECURITY}/accounts")
    await visitor.page.get_by_role("searchbox").fill(name)
    await expect(visitor.page.locator("tbody tr")).to_have_count(1)
    await visitor.page.get_by_role("link", name=name, exact=True).click()
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text(name)


async def test_who_is_banned_loses_the_connection_until_the_ban_ends(admin: Visitor) -> None:
    site, page, name = admin.site, admin.page, new_name("mallory")
    channel = new_channel(site)
    async with clients(site, channel, name) as [mallory]:
        await open_account(admin, name)
        await expect(page.get_by_role("region", name="Connections")).to_contain_text(channel)
        dialog = await asks(page, "Ban from the site")
        await expect(dialog).to_contain_text("1 connection is closed at once.")
        await dialog.get_by_label("Reason").fill(f"rude {EVIL}")
        await press(dialog, "Ban")
        assert await closed(mallory) == 4003
    kept_out = page.get_by_role("region", name="Kept out")
    await expect(kept_out).to_contain_text(f"rude {EVIL}")
    refused = httpx2.post(
        site.register_url(channel), data={"username": name, "password": "pw"}, timeout=60
    )
    assert refused.status_code == HTTPStatus.FORBIDDEN

    dialog = await asks(page, "Let in: The whole site")
    await press(dialog, "Let in again")
    await expect(kept_out).to_have_count(0)
    async with clients(site, channel, name):
        noted = audit(site, name)
    assert "accounts.ban" in noted
    assert "accounts.unban" in noted


async def test_who_is_sent_out_may_be_let_in_sooner(admin: Visitor) -> None:
    site, page, name = admin.site, admin.page, new_name("guest")
    channel = new_channel(site)
    async with clients(site, channel, name) as [guest]:
        await open_account(admin, name)
        dialog = await asks(page, "Send out for ten minutes")
        await press(dialog, "Send out")
        assert await closed(guest) == 4003
    await expect(page.get_by_role("region", name="Kept out")).to_contain_text("in 10 minutes")
    dialog = await asks(page, f"Let in: {channel}")
    await press(dialog, "Let in again")
    await expect(page.get_by_role("region", name="Kept out")).to_have_count(0)
    async with clients(site, channel, name) as [guest]:
        await guest.join(name="Guest")


async def test_an_account_is_signed_out_everywhere_by_its_name(admin: Visitor) -> None:
    admin.allowed.append("422 (Unprocessable")
    site, page, name = admin.site, admin.page, new_name("lost")
    async with clients(site, new_channel(site), name) as [lost]:
        await admin.go(f"{SECURITY}/sign-out")
        await page.get_by_role("textbox", name="Account").fill("nobody at all")
        await press(page, "Sign out…")
        await expect(page.locator("#f-account-error")).to_be_visible()
        await page.get_by_role("textbox", name="Account").fill(name)
        await press(page, "Sign out…")
        await press(page.get_by_role("main"), "Sign out")
        assert await closed(lost) == 4001
    await expect(page.locator("main .alert").first).to_contain_text("is signed out everywhere")
    assert "tokens.revoke" in audit(site, name)


async def test_a_password_is_made_and_shown_once(admin: Visitor) -> None:
    site, page, name = admin.site, admin.page, new_name("forgetful")
    channel = new_channel(site)
    async with clients(site, channel, name) as [forgetful]:
        await open_account(admin, name)
        dialog = await asks(page, "Make another password")
        await press(dialog, "Make another password")
        password = await page.get_by_role("textbox", name="Password").input_value()
        assert await closed(forgetful) == 4001

    login = {"username": name, "password": password}
    answer = httpx2.post(site.register_url(channel), data=login, timeout=60)
    assert answer.status_code == HTTPStatus.OK, answer.text
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text(name)
    assert password not in await page.content()
    assert password not in audit(site, "")


async def test_an_account_is_deleted_once_its_name_is_typed(admin: Visitor) -> None:
    site, page, name = admin.site, admin.page, new_name("gone")
    async with clients(site, new_channel(site), name) as [gone]:
        await open_account(admin, name)
        dialog = await asks(page, "Delete the account")
        await dialog.get_by_label("Type").fill(name)
        await press(dialog, "Delete the account")
        assert await closed(gone) == 4001
    await expect(page.locator("main .alert").first).to_contain_text(f"{name} was deleted")
    await page.get_by_role("searchbox").fill(name)
    await expect(page.get_by_text("No account is called that.")).to_be_visible()


@pytest.mark.parametrize("name", [EVIL, "..", "a/b?c=d&e#f", "100%"])
async def test_an_account_may_be_called_anything(admin: Visitor, name: str) -> None:
    site, page = admin.site, admin.page
    site.register(new_channel(site), name)
    await open_account(admin, name)
    dialog = await asks(page, "Ban from the site")
    await press(dialog, "Ban")
    await expect(page.get_by_role("region", name="Kept out")).to_be_visible()
    dialog = await asks(page, "Let in: The whole site")
    await press(dialog, "Let in again")
    await expect(page.locator("main .alert").first).to_contain_text(name)
    assert await page.locator("main img").count() == 0
    assert await page.title() != "taken"
