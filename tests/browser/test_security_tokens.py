"""The pages of API tokens in a real browser, each change through to its effect."""

import re
from http import HTTPStatus
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.security_kit import (
    EVIL,
    SECURITY,
    ask_api,
    asks,
    audit,
    new_name,
    press,
    row,
)
from tests.end_to_end.kit import new_channel


def scope_box(page: Page, scope: str) -> Locator:
    return page.get_by_role("checkbox", name=re.compile(f"^{scope}"))


async def make_token(page: Page, name: str, *scopes: str, **fields: str) -> None:
    await page.goto(page.url.split("/console")[0] + f"{SECURITY}/tokens/new")
    await page.get_by_label("Name").fill(name)
    for scope in scopes:
        await scope_box(page, scope).check()
    for field, text in fields.items():
        control = page.locator(f"[name={field}]")
        await (control.select_option(text) if field == "channel_id" else control.fill(text))
    await press(page, "Make the token")


async def test_a_token_works_until_it_is_revoked_and_is_shown_once(admin: Visitor) -> None:
    name, page, site = f"{EVIL} {uuid4().hex[:6]}", admin.page, admin.site
    await admin.go(f"{SECURITY}/tokens")
    await make_token(page, name, "Look at rooms", expires="90d")
    token = await page.get_by_role("textbox", name="Token").input_value()
    assert token.startswith("bunga_")
    await expect(page).to_have_url(f"{site.url}{SECURITY}/tokens")
    assert token not in str(await admin.context.cookies())
    assert ask_api(site, token) == HTTPStatus.OK
    assert ask_api(site, token, "/api/v1/settings") == HTTPStatus.FORBIDDEN

    await page.reload()
    assert token not in await page.content()
    await expect(row(page, name)).to_contain_text("Look at rooms")
    await expect(row(page, name)).to_contain_text("good")
    await expect(row(page, name)).not_to_contain_text("never")
    assert await page.locator("main img").count() == 0
    await page.go_back()
    await page.go_forward()
    assert token not in await page.content()

    dialog = await asks(page, f"Revoke: {name}")
    await press(dialog, "Revoke")
    await expect(row(page, name)).to_contain_text("revoked")
    assert ask_api(site, token) == HTTPStatus.UNAUTHORIZED
    noted = audit(site, name)
    assert "tokens.issue" in noted
    assert token not in audit(site, "")


async def test_a_token_for_one_channel_is_good_for_no_other(admin: Visitor) -> None:
    site, page = admin.site, admin.page
    channel, other = new_channel(site), new_channel(site)
    await admin.go("/console")
    await make_token(page, new_name("token"), "Steer rooms", channel_id=channel)
    token = await page.get_by_role("textbox", name="Token").input_value()
    assert ask_api(site, token, f"/api/v1/rooms/{channel}") == HTTPStatus.OK
    assert ask_api(site, token, f"/api/v1/rooms/{other}") in (
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
    )


async def test_a_channel_that_is_gone_meanwhile_is_said_beside_its_field(admin: Visitor) -> None:
    admin.allowed.append("422 (Unprocessable")
    page, channel = admin.page, new_channel(admin.site)
    await admin.go(f"{SECURITY}/tokens/new")
    await page.get_by_label("Only for the channel").select_option(channel)
    await scope_box(page, "Everything").check()
    admin.site.bunga("channels", "delete", channel, "--yes")
    await press(page, "Make the token")
    await expect(page.locator(".field-error")).to_contain_text("There is no channel")


@pytest.mark.parametrize(
    ("scopes", "fields", "problem"),
    [
        ((), {}, "Choose what it is good for."),
        (("Everything",), {"expires": "soon"}, "Must be a duration"),
        (("Everything",), {"expires": "0s"}, "of no use"),
    ],
)
async def test_what_is_wrong_with_a_token_is_said_beside_its_field(
    admin: Visitor, scopes: tuple[str, ...], fields: dict[str, str], problem: str
) -> None:
    admin.allowed.append("422 (Unprocessable")
    await admin.go("/console")
    await make_token(admin.page, "kept", *scopes, **fields)
    await expect(admin.page.locator(".field-error")).to_contain_text(problem)
    await expect(admin.page.get_by_label("Name")).to_have_value("kept")
    for scope in scopes:
        await expect(scope_box(admin.page, scope)).to_be_checked()
