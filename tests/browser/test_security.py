"""The pages of security in a real browser, each change through to its effect."""

import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Locator, Page, expect

from bunga_cli.client import Client, Refused
from tests.browser.conftest import ADMIN, DESKTOP, PASSWORD, PHONE, Visit, Visitor, make_admin
from tests.end_to_end.kit import clients, new_channel
from tests.servers import Site, running_site

EVIL = "<img src=x onerror=\"document.title='taken'\">"
SECURITY = "/console/security"
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


def new_name(beginning: str = "admin") -> str:
    return f"{beginning}-{uuid4().hex[:6]}"


def row(page: Page, text: str) -> Locator:
    return page.locator("tbody tr").filter(has_text=text)


async def press(where: Page | Locator, button: str) -> None:
    await where.get_by_role("button", name=button, exact=True).click()


async def asks(page: Page, link: str) -> Locator:
    """Follow a link that asks a question, and return the dialog that does."""
    await page.get_by_role("link", name=link, exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    return dialog


async def is_signed_in(visitor: Visitor) -> bool:
    answer = await visitor.context.request.get(f"{visitor.site.url}/console", max_redirects=0)
    return answer.status == HTTPStatus.OK


def ask_api(site: Site, token: str, path: str = "/api/v1/rooms") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(f"{site.url}{path}", headers=headers, timeout=60).status_code


def audit(site: Site, search: str) -> str:
    return site.bunga("audit", "list", "--search", search, "--json").stdout


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server for one test, which may end everybody's sessions."""
    with running_site(tmp_path_factory.mktemp("own") / "data") as site:
        make_admin(site)
        yield site


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


# -- API tokens -----------------------------------------------------------------------------------


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


# -- accounts -------------------------------------------------------------------------------------


async def open_account(visitor: Visitor, name: str) -> None:
    await visitor.go(f"{SECURITY}/accounts")
    await visitor.page.get_by_role("searchbox").fill(name)
    await expect(visitor.page.locator("tbody tr")).to_have_count(1)
    await visitor.page.get_by_role("link", name=name, exact=True).click()
    await expect(visitor.page.get_by_role("heading", level=1)).to_have_text(name)


async def closed(client: Client) -> int | None:
    """Return with which code the server closes a client's socket."""
    lost: Any = await client.wait_closed()
    assert isinstance(lost, Refused), lost
    return lost.close_code


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
    await page.get_by_role("searchbox").fill("channel 17")
    await expect(rows).to_have_count(1)
    await expect(page).to_have_url(f"{own.url}{SECURITY}/audit?search=channel%2017&kind=")
    await page.get_by_role("searchbox").fill("no such thing")
    await expect(page.get_by_text("Nothing like that was done.")).to_be_visible()
    await page.close()


# -- the look -------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_page_fits_and_can_be_read_by_all(
    visit: Visit, size: tuple[int, int], locale: str
) -> None:
    scheme = "dark" if locale == "zh-CN" else "light"
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
