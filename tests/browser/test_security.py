"""The pages that sign everybody out, the audit log, and the look of all pages of security."""

from contextlib import AsyncExitStack

import pytest
from playwright.async_api import expect

from tests.browser.conftest import ADMIN, DESKTOP, PHONE, TWO_LOOKS, Visit
from tests.browser.security_kit import (
    EVIL,
    SECURITY,
    asks,
    audit,
    closed,
    is_signed_in,
    new_name,
    press,
)
from tests.end_to_end.kit import clients, new_channel
from tests.servers import Site

PAGES = (
    SECURITY,
    f"{SECURITY}/admins/new",
    f"{SECURITY}/tokens",
    f"{SECURITY}/tokens/new",
    f"{SECURITY}/accounts",
    f"{SECURITY}/sign-out",
    f"{SECURITY}/sign-out/everybody",
    f"{SECURITY}/sign-out/rotate",
    f"{SECURITY}/audit",
)


# -- everybody, and the secret --------------------------------------------------------------------


async def test_everybody_is_signed_out_once_the_word_is_typed(visit: Visit, own: Site) -> None:
    visitor = await visit(own, signed_in=True)
    visitor.allowed.append("422 (Unprocessable")
    page = visitor.page
    async with clients(own, new_channel(own), "ann", "bob") as both:
        await visitor.go(f"{SECURITY}/sign-out")
        dialog = await asks(page, "Sign everybody out…")
        await expect(dialog).to_contain_text("2 connections are closed at once.")
        await expect(dialog).to_contain_text("you too")
        await dialog.get_by_label("Type").fill("me")
        await press(dialog, "Sign everybody out")
        await expect(page.locator("#f-confirm-error")).to_be_visible()
        await page.get_by_label("Type").fill("Everybody")
        await press(page, "Sign everybody out")

        assert [await closed(one) for one in both] == [4001, 4001]
    await expect(page).to_have_url(f"{own.url}/console/sign-in")
    assert not await is_signed_in(visitor)


async def test_a_renewed_secret_leaves_players_alone_for_as_long_as_is_wanted(
    visit: Visit, own: Site
) -> None:
    visitor = await visit(own, signed_in=True)
    visitor.allowed.append("422 (Unprocessable")
    page, before = visitor.page, own.secret.splitlines()[0]
    async with clients(own, new_channel(own), "ann") as [ann]:
        await visitor.go(f"{SECURITY}/sign-out")
        dialog = await asks(page, "Renew the secret…")
        await dialog.get_by_label("For how long").fill("a while")
        await press(dialog, "Renew the secret")
        await expect(page.locator("#f-overlap-error")).to_be_visible()
        await page.get_by_label("For how long").fill("30d")
        await press(page, "Renew the secret")

        await expect(page.get_by_text("Tokens that an earlier secret signed")).to_be_visible()
        await ann.join(name="Ann")
    signing, *older = own.secret.splitlines()
    assert signing != before
    assert [line.split()[0] for line in older] == [before]
    assert await is_signed_in(visitor)
    shown = await page.content() + audit(own, "")
    assert before not in shown
    assert signing not in shown
    await page.close()


async def test_a_secret_that_became_known_ends_at_once(visit: Visit, own: Site) -> None:
    visitor = await visit(own, signed_in=True)
    page, before = visitor.page, own.secret
    async with clients(own, new_channel(own), "ann") as [ann]:
        await visitor.go(f"{SECURITY}/sign-out")
        dialog = await asks(page, "Renew the secret…")
        await dialog.get_by_label("Older tokens end at once").check()
        await dialog.get_by_label("Type").fill("everybody")
        await press(dialog, "Renew the secret")
        assert await closed(ann) == 4001
    await expect(page.locator("main .alert").first).to_contain_text("closed: 1.")
    assert before.splitlines()[0] not in own.secret
    assert await is_signed_in(visitor)
    await page.close()


# -- the audit log --------------------------------------------------------------------------------


async def test_the_audit_log_is_searched_filtered_and_paged(visit: Visit, own: Site) -> None:
    visitor = await visit(own, signed_in=True)
    page, rows = visitor.page, visitor.page.locator("tbody tr")
    for number in range(60):
        own.create_channel(f"many-{number}", name=EVIL if number == 59 else f"Channel {number}")
    await visitor.go(f"{SECURITY}/audit")
    await expect(rows).to_have_count(50)
    await expect(rows.first).to_contain_text("made a channel")
    await expect(rows.first).to_contain_text("channels.create")
    await expect(rows.first).to_contain_text(EVIL)
    assert await page.locator("main img").count() == 0

    await page.get_by_role("link", name="Older").click()
    await expect(rows.first).to_contain_text("many-9")
    await page.get_by_role("link", name="Newer").click()
    await expect(rows.first).to_contain_text("many-59")

    await page.get_by_label("Kind").select_option("sign_in.done")
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text(ADMIN)
    await expect(rows.first).to_contain_text("127.0.0.1")
    await page.get_by_label("Kind").select_option("")
    await expect(rows).to_have_count(50)  # else what is typed next would break this off
    await page.get_by_role("searchbox").fill("channel 17")
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(f"{own.url}{SECURITY}/audit?search=channel%2017&kind=")
    await page.get_by_role("searchbox").fill("no such thing")
    await expect(page.get_by_text("Nothing like that was done.")).to_be_visible()
    await page.close()


# -- the look -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "scheme", "locale"), TWO_LOOKS)
async def test_every_page_fits_and_can_be_read_by_all(
    visit: Visit, size: tuple[int, int], scheme: str, locale: str
) -> None:
    visitor = await visit(size=size, locale=locale, scheme=scheme, signed_in=True)
    site, name = visitor.site, f"{new_name('somebody')}-{'with-a-long-name-' * 5}"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(clients(site, new_channel(site), name))
        site.bunga("tokens", "issue", "--scope", "admin", "--name", "x" * 100)
        accounts = f"{SECURITY}/accounts"
        for path in (*PAGES, f"{accounts}/one?name={name}", f"{accounts}/delete?name={name}"):
            await visitor.go(path)
            await expect(visitor.page.locator("html")).to_have_attribute("lang", locale[:2])
            await visitor.fits()
            await visitor.axe()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_question_fits_as_a_dialog(visit: Visit, size: tuple[int, int]) -> None:
    visitor = await visit(size=size, signed_in=True)
    for path, link in (
        (SECURITY, f"Change password: {ADMIN}"),
        (SECURITY, f"Delete: {ADMIN}"),
        (f"{SECURITY}/sign-out", "Sign everybody out…"),
        (f"{SECURITY}/sign-out", "Renew the secret…"),
    ):
        await visitor.go(path)
        dialog = await asks(visitor.page, link)
        await visitor.fits()
        await visitor.axe()
        await press(dialog, "Cancel")
        await expect(dialog).to_be_hidden()
