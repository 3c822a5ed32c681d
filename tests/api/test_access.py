"""Who may ask for what."""

import httpx2
import pytest

from tests.api.site import Site

ADMIN_ONLY = [
    ("GET", "/api/site"),
    ("PUT", "/api/site"),
    ("GET", "/api/channels/"),
    ("DELETE", "/api/channels/demo/"),
    ("GET", "/api/monitor/logs"),
    ("GET", "/api/monitor/demo/cache"),
    ("POST", "/api/monitor/demo/reset"),
    ("GET", "/api/client-logs/"),
    ("GET", "/api/client-logs/1/download/"),
    ("GET", "/api/v1/channels"),
    ("POST", "/api/v1/channels"),
    ("DELETE", "/api/v1/channels/demo"),
    ("GET", "/api/v1/rooms"),
    ("POST", "/api/v1/rooms/demo/reset"),
    ("GET", "/api/v1/admins"),
    ("POST", "/api/v1/admins"),
]


async def test_a_member_may_not_administer(member: httpx2.AsyncClient) -> None:
    answers = [await member.request(method, path) for method, path in ADMIN_ONLY]
    assert [answer.status_code for answer in answers] == [403] * len(ADMIN_ONLY)


async def test_a_stranger_may_not_administer(stranger: httpx2.AsyncClient) -> None:
    answers = [await stranger.request(method, path) for method, path in ADMIN_ONLY]
    expected = [401 if path.startswith("/api/v1/") else 403 for _, path in ADMIN_ONLY]
    assert [answer.status_code for answer in answers] == expected


async def test_every_route_of_v1_is_for_admins(stranger: httpx2.AsyncClient) -> None:
    schema = (await stranger.get("/api/openapi.json")).json()
    routes = [
        (method.upper(), path.replace("{channel_id}", "demo"))
        for path, methods in schema["paths"].items()
        for method in methods
        if path.startswith("/api/v1/")
    ]
    answers = [await stranger.request(method, path) for method, path in routes]
    assert routes
    assert {answer.status_code for answer in answers} == {401}


@pytest.mark.parametrize("path", ["/api/site", "/api/v1/channels", "/api/v1/admins"])
async def test_the_unix_socket_is_an_admin(site: Site, path: str) -> None:
    async with site.client(is_local=True) as owner:
        assert (await owner.get(path)).status_code == 200


async def test_nobody_becomes_local_by_a_header(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/api/v1/rooms", headers={"bunga.local": "True"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Bearer a b", "bad_authorization_header"),
        ("Bearer", "bad_authorization_header"),
        ("Bearer x", "token_invalid"),
        ("bearer x", "token_invalid"),
    ],
)
async def test_a_bad_header_is_named(stranger: httpx2.AsyncClient, header: str, code: str) -> None:
    legacy = await stranger.get("/api/site", headers={"Authorization": header})
    ours = await stranger.get("/api/v1/rooms", headers={"Authorization": header})
    assert (legacy.status_code, legacy.json()["code"]) == (403, code)
    assert (ours.status_code, ours.json()["error"]["code"]) == (401, code)


async def test_the_token_of_a_removed_account_is_refused(site: Site) -> None:
    token = await site.token_of("ann", is_admin=True)
    account = await site.context.store.accounts.by_name("ann")
    assert account is not None
    await site.context.store.accounts.delete(account.id)
    async with site.client(token) as client:
        answer = await client.get("/api/site")
    assert (answer.status_code, answer.json()["code"]) == (403, "user_not_found")
