"""Which token is good for which route of `/api/v1`."""

from collections.abc import Iterator

import httpx2
import pytest
from fastapi.routing import APIRoute

from bunga_cli.api import v1
from bunga_cli.api.access import Needs
from bunga_cli.auth.api_tokens import SCOPES, Scope
from bunga_cli.auth.token_office import Order
from tests.api.site import Site

STREAMS = {"/api/v1/events", "/api/v1/rooms/demo/events", "/api/v1/rooms/demo/watch"}


def _routes() -> Iterator[tuple[str, str, Needs]]:
    """Yield method, path and needs of every route."""
    for router, dependency in v1.ROUTERS:
        assert isinstance(dependency.dependency, Needs)
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in sorted(route.methods or ()):
                yield method, f"{v1.router.prefix}{route.path}", dependency.dependency


def _asked(path: str) -> str:
    """Return a path of a route with something in its gaps."""
    gaps = {"channel_id": "demo", "name": "ann", "plugin": "x", "sign_in": "x", "key": "x"}
    gaps["session"] = "x"
    for name, value in gaps.items():
        path = path.replace(f"{{{name}:id}}", value)
    assert "{" not in path
    return path


ROUTES = [(method, _asked(path), needs) for method, path, needs in _routes()]


def scope_of(method: str, needs: Needs) -> Scope:
    """Return what scope a request needs."""
    return needs.read if method == "GET" else needs.write


async def api_token(site: Site, *scopes: Scope, channel_id: str | None = None) -> str:
    """Return an API token with these scopes."""
    order = Order("api", scopes=scopes, channel_id=channel_id)
    return (await site.context.token_office.issue(order))[1]


async def test_every_route_states_what_scope_it_needs(stranger: httpx2.AsyncClient) -> None:
    schema = (await stranger.get("/api/openapi.json")).json()["paths"]
    served = {
        (method.upper(), path)
        for path, methods in schema.items()
        for method in methods
        if path.startswith("/api/v1/")
    }
    assert len(served) > 40
    assert served == {(method, path.replace(":id}", "}")) for method, path, _ in _routes()}


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_token_may_do_what_its_scope_is_for_and_nothing_else(
    site: Site, scope: Scope
) -> None:
    """What it may not do is 403; what it may do fails otherwise, as the bodies are empty."""
    included: dict[Scope, set[Scope]] = {
        "rooms:read": {"rooms:read"},
        "rooms:control": {"rooms:read", "rooms:control"},
        "channels:write": {"rooms:read", "channels:write"},
        "admin": set(SCOPES),
    }
    asked = [(m, p, n) for m, p, n in ROUTES if p not in STREAMS and m != "DELETE"]
    async with site.client(await api_token(site, scope)) as bot:
        refused = [(await bot.request(m, p)).status_code == 403 for m, p, _ in asked]
    assert refused == [scope_of(m, n) not in included[scope] for m, _, n in asked]


async def test_a_refusal_names_the_scope_that_is_missing(site: Site) -> None:
    async with site.client(await api_token(site, "rooms:read")) as bot:
        answer = await bot.post("/api/v1/rooms/demo/reset")
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "code": "forbidden",
        "message": "This token may not do this: it lacks the scope rooms:control.",
    }


async def test_a_token_for_one_channel_is_good_for_that_channel_alone(site: Site) -> None:
    await site.context.store.channels.create("other", "Other")
    token = await api_token(site, "rooms:control", "channels:write", channel_id="demo")
    async with site.client(token) as bot:
        paths = ["/channels/demo", "/rooms/demo", "/channels/other", "/rooms/other", "/rooms"]
        answers = [await bot.get(f"/api/v1{path}") for path in paths]
    assert [answer.status_code for answer in answers] == [200, 200, 403, 403, 403]
    assert answers[2].json()["error"]["message"] == "This token is for the channel demo alone."


async def test_an_admins_token_for_one_channel_administers_that_channel_alone(site: Site) -> None:
    await site.token_of("boss", is_admin=True)
    order = Order("access", account="boss", channel_id="demo")
    _, token = await site.context.token_office.issue(order)
    async with site.client(token) as boss:
        ours = [await boss.get(f"/api/v1/{path}") for path in ("rooms/demo", "accounts")]
        theirs = await boss.get("/api/channels/")
    assert [answer.status_code for answer in (*ours, theirs)] == [200, 403, 403]


@pytest.mark.parametrize(("scope", "status"), [("admin", 200), ("channels:write", 403)])
async def test_an_api_token_is_good_for_the_originals_administration_if_it_is_an_admins(
    site: Site, scope: Scope, status: int
) -> None:
    async with site.client(await api_token(site, scope)) as bot:
        for path in ("/api/site", "/api/channels/"):
            assert (await bot.get(path)).status_code == status


async def test_an_api_token_uploads_nothing_as_it_is_nobody(site: Site) -> None:
    async with site.client(await api_token(site, "admin")) as bot:
        answer = await bot.post("/api/client-logs/", files={"file": b"x"})
    assert (answer.status_code, "credentials" in answer.json()["detail"]) == (403, True)


async def test_an_api_token_that_is_no_good_is_refused(
    site: Site, stranger: httpx2.AsyncClient
) -> None:
    store = site.context.store
    token = await api_token(site, "admin")
    [view] = await site.context.token_office.list()
    async with site.client(token) as bot:
        good = await bot.get("/api/v1/rooms")
        used = [row.last_used_at for row in await store.tokens.api_tokens(view.created_at)]
        await site.context.token_office.revoke(view.id)
        revoked = [await bot.get(path) for path in ("/api/v1/rooms", "/api/site")]
    headers = {"Authorization": "Bearer bunga_unknown"}
    unknown = await stranger.get("/api/v1/rooms", headers=headers)
    assert (good.status_code, used[0] is not None) == (200, True)
    assert [answer.status_code for answer in revoked] == [401, 403]
    assert revoked[0].json()["error"]["code"] == revoked[1].json()["code"] == "token_invalid"
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (401, "token_invalid")
