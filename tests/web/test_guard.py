"""What holds for every route of the console, those included that somebody adds later."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from bunga_cli.web import console
from tests.api.site import Site
from tests.web.kit import HERE, cookie_of, csrf_token, make_admin, sign_in

ROUTES = sorted(
    (method, re.sub(r"\{[^}]*\}", "1", route.path))
    for route in console.routes()
    for method in (route.methods or set()) - {"HEAD"}
)
READS = [path for method, path in ROUTES if method == "GET"]
CHANGES = [path for method, path in ROUTES if method == "POST"]


@pytest.fixture
async def admin(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    await make_admin(site)
    async with site.client() as client:
        await sign_in(client)
        yield client


def test_the_console_has_routes_of_both_kinds() -> None:
    assert len(READS) > 5
    assert len(CHANGES) > 5
    assert {method for method, _ in ROUTES} == {"GET", "POST"}


@pytest.mark.parametrize("path", READS)
async def test_nothing_is_shown_without_a_session(stranger: httpx2.AsyncClient, path: str) -> None:
    answer = await stranger.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in?next=")
    assert not answer.text


@pytest.mark.parametrize("path", CHANGES)
async def test_nothing_is_changed_without_a_session(
    stranger: httpx2.AsyncClient, path: str
) -> None:
    answer = await stranger.post(path, data={"name": "x"}, headers=HERE)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole"


@pytest.mark.parametrize("path", READS)
async def test_no_token_opens_the_console(site: Site, path: str) -> None:
    for token in (await site.token_of("ann", "demo"), await site.token_of("boss", is_admin=True)):
        cookie = {"Cookie": f"bunga_session={token}"}
        async with site.client(token) as client:
            assert (await client.get(path, headers=cookie)).status_code == 303


@pytest.mark.parametrize("path", CHANGES)
async def test_a_form_without_this_sessions_token_changes_nothing(
    site: Site, admin: httpx2.AsyncClient, path: str
) -> None:
    old = await csrf_token(admin, site)
    await sign_in(admin)  # what the session before knew is stale now
    for form in ({}, {"csrf_token": ""}, {"csrf_token": "é"}, {"csrf_token": old}):
        answer = await admin.post(path, data=form, headers=HERE)
        assert answer.status_code == 403, form
        assert "nothing was changed" in answer.text
    stale = await admin.post(path, headers=HERE | {"X-CSRF-Token": old})
    assert stale.status_code == 403


@pytest.mark.parametrize("path", CHANGES)
async def test_no_other_page_changes_anything(
    site: Site, admin: httpx2.AsyncClient, path: str
) -> None:
    form = {"csrf_token": await csrf_token(admin, site)}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = await admin.post(path, data=form, headers=headers)
        assert answer.status_code == 403, headers


@pytest.mark.parametrize("path", [path for path in READS if not path.endswith("/stream")])
async def test_no_page_can_be_framed_or_kept(admin: httpx2.AsyncClient, path: str) -> None:
    async with admin.stream("GET", path, headers={"Accept": "text/html"}) as answer:
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_script_without_a_session_is_sent_to_the_sign_in(
    stranger: httpx2.AsyncClient,
) -> None:
    answer = await stranger.get("/console/channels", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/console/sign-in?next=%2Fconsole%2Fchannels&ended=1"


@pytest.mark.parametrize(
    ("page_url", "where"),
    [
        ("http://bunga.test/console/logs?search=a#top", "%2Fconsole%2Flogs%3Fsearch%3Da"),
        ("http://evil.example/console/logs", "%2Fconsole"),
        ("http://bunga.test/elsewhere", "%2Fconsole"),
        ("http://[", "%2Fconsole"),
        ("", "%2Fconsole"),
    ],
)
async def test_after_signing_in_again_a_script_is_back_on_its_page(
    stranger: httpx2.AsyncClient, page_url: str, where: str
) -> None:
    headers = HERE | {"HX-Request": "true", "HX-Current-URL": page_url}
    answer = await stranger.post("/console/channels/new", headers=headers)
    assert answer.headers["hx-redirect"] == f"/console/sign-in?next={where}&ended=1"


async def test_a_stream_without_a_session_is_refused(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/console", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 401


async def test_a_proxy_may_ask_under_another_name(site: Site, admin: httpx2.AsyncClient) -> None:
    await site.context.live_settings.set({"server.public_url": "http://bunga.example"})
    form = {"csrf_token": await csrf_token(admin, site)}
    headers = {"Origin": "http://bunga.example", "Host": "127.0.0.1:8000"}
    answer = await admin.post("/console/channels/new", data={**form, "name": "N"}, headers=headers)
    assert answer.status_code == 303
    headers["Origin"] = "http://bunga.example.evil"
    answer = await admin.post("/console/channels/new", data={**form, "name": "N"}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
@pytest.mark.parametrize("path", ["/console/channels/new", "/console/sign-out"])
async def test_only_forms_are_read(admin: httpx2.AsyncClient, path: str, kind: str) -> None:
    body = b'{"csrf_token": "\\ud800"}'
    answer = await admin.post(path, content=body, headers=HERE | {"Content-Type": kind})
    assert answer.status_code in (400, 415)
    assert "reload the page" in answer.text


@pytest.mark.parametrize("charset", ["utf-7", "undefined"])
async def test_a_form_that_is_no_text_is_refused(
    admin: httpx2.AsyncClient, stranger: httpx2.AsyncClient, charset: str
) -> None:
    form = (
        b'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n'
        b"+2AA-\r\n--x--\r\n"  # half of a character, in UTF-7
    )
    kind = {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    for client, path in ((admin, "/console/channels/new"), (stranger, "/console/sign-in")):
        answer = await client.post(path, content=form, headers=HERE | kind)
        assert answer.status_code == 400


async def test_a_field_without_a_place_on_a_page_is_refused(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    form = {"csrf_token": await csrf_token(admin, site), "id": ""}
    answer = await admin.post("/console/security/tokens/revoke", data=form, headers=HERE)
    assert answer.status_code == 400
    assert "That did not work" in answer.text


async def test_the_public_address_counts_with_its_scheme(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    form = {"csrf_token": await csrf_token(admin, site), "name": "N"}
    await site.context.live_settings.set({"server.public_url": "https://bunga.test"})
    for scheme, status in (("http", 403), ("https", 303)):
        origin = {"Origin": f"{scheme}://bunga.test"}
        answer = await admin.post("/console/channels/new", data=form, headers=origin)
        assert answer.status_code == status


async def test_a_notice_is_for_https_where_the_site_is_and_for_notices_alone(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    form = {"csrf_token": await csrf_token(admin, site), "name": "N"}
    for url, is_secure in (("http://bunga.test", False), ("https://bunga.test", True)):
        await site.context.live_settings.set({"server.public_url": url})
        answer = await admin.post("/console/channels/new", data=form, headers={"Origin": url})
        assert ("secure" in cookie_of(answer, "bunga_notice")) is is_secure
    signed_elsewhere = f"bunga_notice={form['csrf_token']}.csrf"
    session = f"bunga_session={admin.cookies['bunga_session']}"
    page = await admin.get("/console", headers={"Cookie": f"{session}; {signed_elsewhere}"})
    assert page.status_code == 200
    assert ">csrf<" not in page.text
