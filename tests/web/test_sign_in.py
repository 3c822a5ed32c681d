import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx2
import pytest

from bunga_cli.auth import sessions as sessions_module
from bunga_cli.clock import utc_now
from tests.api.site import PASSWORD, Site
from tests.web.kit import ADMIN, HERE, cookie_of, csrf_token, make_admin, sign_in

OPEN = "/console/channels"


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    await make_admin(site)
    async with site.client() as client:
        yield client


async def _is_in(browser: httpx2.AsyncClient) -> bool:
    answer = await browser.get(OPEN)
    assert answer.status_code in (200, 303)
    return answer.status_code == 200


# -- signing in ---------------------------------------------------------------------------------


async def test_an_admin_signs_in_and_gets_where_it_wanted(browser: httpx2.AsyncClient) -> None:
    first = await browser.get(OPEN)
    assert first.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fchannels"
    form = (await browser.get(first.headers["location"])).text
    assert 'name="next" value="/console/channels"' in form
    answer = await sign_in(browser, next=OPEN)
    assert (answer.status_code, answer.headers["location"]) == (303, OPEN)
    assert await _is_in(browser)


async def test_only_whose_session_has_ended_is_told_so(browser: httpx2.AsyncClient) -> None:
    said = "You were signed out. Sign in to go on."
    first = await browser.get(OPEN, follow_redirects=True)
    assert said not in first.text
    browser.cookies.set("bunga_session", "of a session that is over")
    again = await browser.get(OPEN, follow_redirects=True)
    assert said in again.text
    assert 'name="next" value="/console/channels"' in again.text


async def test_the_sessions_cookie_is_for_the_server_alone(browser: httpx2.AsyncClient) -> None:
    cookie = cookie_of(await sign_in(browser), "bunga_session")
    assert cookie["httponly"] == "True"
    assert cookie["samesite"] == "lax"
    assert cookie["path"] == "/"
    assert "secure" not in cookie


async def test_the_cookie_is_for_https_where_the_site_is(
    site: Site, browser: httpx2.AsyncClient
) -> None:
    await site.context.live_settings.set({"server.public_url": "https://bunga.test"})
    form = {"username": ADMIN, "password": PASSWORD}
    answer = await browser.post(
        "/console/sign-in", data=form, headers={"Origin": "https://bunga.test"}
    )
    assert cookie_of(answer, "bunga_session")["secure"] == "True"


async def test_where_the_cookie_would_be_lost_the_page_says_where_to_go(
    site: Site, browser: httpx2.AsyncClient
) -> None:
    await site.context.live_settings.set({"server.public_url": "https://b.example"})
    answer = await sign_in(browser)
    assert answer.status_code == 403
    assert "https://b.example/console" in answer.text


@pytest.mark.parametrize(
    ("name", "password"),
    [
        (ADMIN, "wrong"),
        (ADMIN, ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("ann", PASSWORD),
        ("ad\x00min", PASSWORD),
        ("\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), PASSWORD),
        ("x" * 10_000, PASSWORD),
    ],
)
async def test_nobody_else_gets_in(
    site: Site, browser: httpx2.AsyncClient, name: str, password: str
) -> None:
    await site.token_of("ann", "demo")
    answer = await sign_in(browser, name, password=password)
    assert answer.status_code == 422
    assert "No admin has this name and this password." in answer.text
    assert not await _is_in(browser)


async def test_a_password_is_never_in_a_page(browser: httpx2.AsyncClient) -> None:
    answer = await sign_in(browser, password="a secret that is wrong")
    assert "a secret that is wrong" not in answer.text


async def test_failures_are_in_the_audit_log(site: Site, browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, password="wrong")
    row = (await site.context.audit.list())[0]
    assert (row.action, row.subject) == ("sign_in.failed", ADMIN)
    assert "wrong" not in str(row)


async def test_whoever_guesses_has_to_wait(browser: httpx2.AsyncClient) -> None:
    answers = [await sign_in(browser, password="wrong") for _ in range(11)]
    assert answers[-1].status_code == 429
    assert "try again in a minute" in answers[-1].text
    assert (await sign_in(browser)).status_code == 429


@pytest.mark.parametrize("name", [ADMIN, "ann", "nobody"])
async def test_guessing_does_not_tell_who_is_an_admin(
    site: Site, browser: httpx2.AsyncClient, name: str
) -> None:
    await site.token_of("ann", "demo")
    for _ in range(5):
        await sign_in(browser, "nobody at all", password="wrong")
    answers = [(await sign_in(browser, name, password="wrong")).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]


async def test_an_address_may_not_try_all_names(site: Site, browser: httpx2.AsyncClient) -> None:
    for name in ("one", "two", "three"):
        await make_admin(site, name)
        for _ in range(10):
            assert (await sign_in(browser, name, password="wrong")).status_code == 422
    assert (await sign_in(browser)).status_code == 429


# -- where a form comes from --------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[x"},
        {"Origin": "http://bunga.test:81"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://bunga.test", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_no_other_page_signs_anybody_in(
    browser: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    form = {"username": ADMIN, "password": PASSWORD}
    answer = await browser.post("/console/sign-in", data=form, headers=headers)
    assert answer.status_code == 403
    assert "bunga_session" not in browser.cookies


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example/console",
        "//evil.example/console",
        "//[",
        "/console/../../evil",
        "/console//evil.example",
        "/console\\evil",
        "/consolevil",
        "/",
        "javascript:alert(1)",
        "/console/sign-in",
        "/console\r\nX: y",
    ],
)
async def test_signing_in_leads_nowhere_else(browser: httpx2.AsyncClient, where: str) -> None:
    location = (await sign_in(browser, next=where)).headers["location"]
    assert re.fullmatch(r"/console(/\.\./\.\./evil)?", location), location


async def test_what_is_no_address_is_no_place_to_go(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/console/sign-in?next=//[")
    assert (answer.status_code, 'value="/console"' in answer.text) == (200, True)


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/first-run"])
async def test_what_is_no_form_is_refused(browser: httpx2.AsyncClient, path: str) -> None:
    for kind, status in (("text/plain", 415), ("application/json", 400)):
        headers = HERE | {"Content-Type": kind}
        body = b'{"username": "\\ud800", "password": "\\ud800", "key": "\\ud800"}'
        assert (await browser.post(path, content=body, headers=headers)).status_code == status


# -- the end of a session -----------------------------------------------------------------------


async def test_signing_out_ends_the_session(site: Site, browser: httpx2.AsyncClient) -> None:
    await sign_in(browser)
    secret = browser.cookies["bunga_session"]
    token = {"csrf_token": await csrf_token(browser, site)}
    answer = await browser.post("/console/sign-out", data=token, headers=HERE)
    assert answer.headers["location"] == "/console/sign-in"
    browser.cookies.set("bunga_session", secret)
    assert not await _is_in(browser)


async def test_a_session_ends_when_it_was_not_used(
    open_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = open_site(console={"session_idle": "1h", "session_lifetime": "5h"})
    await make_admin(site)
    now = utc_now()
    async with site.client() as browser:
        await sign_in(browser)
        for minutes, is_in in ((50, True), (100, True), (165, False)):
            monkeypatch.setattr(
                sessions_module, "utc_now", lambda at=minutes: now + timedelta(minutes=at)
            )
            assert await _is_in(browser) is is_in


async def test_a_session_ends_even_if_it_is_used(
    open_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = open_site(console={"session_idle": "1h", "session_lifetime": "2h"})
    await make_admin(site)
    now = utc_now()
    async with site.client() as browser:
        await sign_in(browser)
        for minutes, is_in in ((55, True), (110, True), (121, False)):
            monkeypatch.setattr(
                sessions_module, "utc_now", lambda at=minutes: now + timedelta(minutes=at)
            )
            assert await _is_in(browser) is is_in


async def test_another_password_ends_the_session(site: Site, browser: httpx2.AsyncClient) -> None:
    await sign_in(browser)
    await site.context.people.reset_password(ADMIN, "another-pass-2")
    assert not await _is_in(browser)
    await sign_in(browser, password="another-pass-2")
    assert await _is_in(browser)


async def test_a_ban_ends_the_session(site: Site, browser: httpx2.AsyncClient) -> None:
    await sign_in(browser)
    await make_admin(site, "second")
    await site.context.people.ban(ADMIN, None, "")
    assert not await _is_in(browser)
    assert (await sign_in(browser)).status_code == 422


async def test_the_end_of_a_ban_does_not_sign_a_browser_in_again(
    site: Site, browser: httpx2.AsyncClient
) -> None:
    await sign_in(browser)
    await site.context.people.ban(ADMIN, "demo")
    assert await _is_in(browser)
    await site.context.people.ban(ADMIN)
    await site.context.people.unban(ADMIN)
    assert not await _is_in(browser)


async def test_signing_in_again_ends_the_session_before(
    site: Site, browser: httpx2.AsyncClient
) -> None:
    await sign_in(browser)
    before = browser.cookies["bunga_session"]
    await sign_in(browser)
    assert await _is_in(browser)
    assert await site.context.sessions.of(before) is None
    assert len(await site.context.sessions.list()) == 1


async def test_a_deleted_admin_is_out(site: Site, browser: httpx2.AsyncClient) -> None:
    await sign_in(browser)
    await site.context.people.delete(ADMIN)
    assert not await _is_in(browser)


@pytest.mark.parametrize("secret", ["", "x", "é", "a" * 5000, "../../x", "%00"])
async def test_no_other_cookie_opens_the_console(browser: httpx2.AsyncClient, secret: str) -> None:
    cookie = {"Cookie": f"bunga_session={secret}".encode()}
    answer = await browser.get(OPEN, headers=cookie)
    assert answer.status_code == 303


async def test_the_store_knows_no_cookies(site: Site, browser: httpx2.AsyncClient) -> None:
    await sign_in(browser)
    rows = await site.context.store.sessions.of_admins()
    assert browser.cookies["bunga_session"] not in str(rows)


# -- the first admin ----------------------------------------------------------------------------

FIRST = {"username": "first", "password": "correct horse", "again": "correct horse"}


@pytest.fixture
async def newcomer(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    async with site.client() as client:
        yield client


async def test_the_link_makes_the_first_admin_and_lets_in(
    site: Site, newcomer: httpx2.AsyncClient
) -> None:
    key = site.context.first_run.key
    assert (await newcomer.get(f"/console/first-run?key={key}")).status_code == 200
    answer = await newcomer.post("/console/first-run", data={"key": key, **FIRST}, headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert await _is_in(newcomer)
    assert [row.username for row in await site.context.store.accounts.admins()] == ["first"]
    actions = [row.action for row in await site.context.audit.list()]
    assert actions == ["sign_in.done", "admins.create"]


async def test_the_link_is_good_once(site: Site, newcomer: httpx2.AsyncClient) -> None:
    form = {"key": site.context.first_run.key, **FIRST}
    await newcomer.post("/console/first-run", data=form, headers=HERE)
    again = await newcomer.post(
        "/console/first-run", data={**form, "username": "second"}, headers=HERE
    )
    assert again.status_code == 403
    assert len(await site.context.store.accounts.admins()) == 1


async def test_a_used_link_leads_whoever_is_signed_in_to_the_console(
    site: Site, newcomer: httpx2.AsyncClient
) -> None:
    form = {"key": site.context.first_run.key, **FIRST}
    await newcomer.post("/console/first-run", data=form, headers=HERE)
    again = await newcomer.get(f"/console/first-run?key={form['key']}")
    assert (again.status_code, again.headers["location"]) == (303, "/console")
    newcomer.cookies.clear()
    assert (await newcomer.get(f"/console/first-run?key={form['key']}")).status_code == 403


@pytest.mark.parametrize("is_made_elsewhere", [True, False])
async def test_the_link_is_no_good_when_the_last_admin_is_gone(
    site: Site, newcomer: httpx2.AsyncClient, is_made_elsewhere: bool
) -> None:
    if is_made_elsewhere:
        await make_admin(site)
    else:
        await site.context.people.create_admin(ADMIN, PASSWORD)
    await site.context.people.delete(ADMIN)
    key = site.context.first_run.key
    assert (await newcomer.get(f"/console/first-run?key={key}")).status_code == 403
    form = {"key": key, **FIRST}
    answer = await newcomer.post("/console/first-run", data=form, headers=HERE)
    assert answer.status_code == 403
    assert not await site.context.store.accounts.admins()


@pytest.mark.parametrize("key", ["", "x", "é" * 10])
async def test_no_other_link_makes_an_admin(
    site: Site, newcomer: httpx2.AsyncClient, key: str
) -> None:
    assert (await newcomer.get("/console/first-run", params={"key": key})).status_code == 403
    answer = await newcomer.post("/console/first-run", data={"key": key, **FIRST}, headers=HERE)
    assert answer.status_code == 403
    assert not await site.context.store.accounts.admins()


async def test_looking_at_the_link_uses_nothing_up(
    site: Site, newcomer: httpx2.AsyncClient
) -> None:
    link = f"/console/first-run?key={site.context.first_run.key}"
    assert [(await newcomer.get(link)).status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"password": "short", "again": "short"}, "password", "at least"),
        ({"again": "another"}, "again", "not the same"),
        ({"username": ""}, "username", "must not be empty"),
        ({"username": "a" * 300}, "username", "at most"),
        ({"username": "server"}, "username", "is reserved: choose another one."),
        ({"username": "bo\x1bss"}, "username", "characters that cannot be seen"),
    ],
)
async def test_what_is_wrong_stands_beside_its_field(
    site: Site, newcomer: httpx2.AsyncClient, fields: dict[str, str], field: str, words: str
) -> None:
    form = {"key": site.context.first_run.key, **FIRST, **fields}
    answer = await newcomer.post("/console/first-run", data=form, headers=HERE)
    assert answer.status_code == 422
    start = answer.text.index(f'id="f-{field}-error"')
    assert words in answer.text[start : start + 1000].lower()
    assert form["password"] not in answer.text
    assert not await site.context.store.accounts.admins()


async def test_no_other_page_makes_the_first_admin(
    site: Site, newcomer: httpx2.AsyncClient
) -> None:
    form = {"key": site.context.first_run.key, **FIRST}
    answer = await newcomer.post(
        "/console/first-run", data=form, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert not await site.context.store.accounts.admins()


async def test_without_an_admin_the_sign_in_says_what_to_do(newcomer: httpx2.AsyncClient) -> None:
    assert "This server has no admin yet" in (await newcomer.get("/console/sign-in")).text
