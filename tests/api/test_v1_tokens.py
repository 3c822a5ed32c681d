"""`/api/v1/tokens` and `/api/v1/secret`, and what revoking does to REST."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from bunga_cli.auth.tokens import Subject
from bunga_cli.clock import utc_now
from bunga_cli.store.rows import StandingRow
from tests.api.site import PASSWORD, Site

TOKENS = "/api/v1/tokens"
DAY_US = 86_400_000_000


@pytest.fixture
async def owner(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    """Whoever may open the Unix socket."""
    async with site.client(is_local=True) as client:
        yield client


async def issued(owner: httpx2.AsyncClient, **wanted: object) -> dict[str, str]:
    answer = await owner.post(TOKENS, json=wanted)
    assert answer.status_code == 201, answer.text
    found: dict[str, str] = answer.json()
    return found


async def status_of(site: Site, token: str, path: str = "/api/v1/rooms") -> tuple[int, str | None]:
    """Return how a request with a token is answered: the status, and the code of a refusal."""
    async with site.client(token) as client:
        answer = await client.get(path)
    return answer.status_code, answer.json().get("error", {}).get("code")


async def test_an_access_token_is_for_an_account_which_becomes_a_member(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    wanted = {"account": "ann", "channel_id": "demo", "create_account": True, "name": "phone"}
    token = await issued(owner, kind="access", expires_us=DAY_US, **wanted)

    claims = site.context.tokens.read(token.pop("token"), "access")
    assert (claims.jti, claims.channel_id) == (token["id"], "demo")
    assert claims.expires_at - claims.issued_at == timedelta(days=1)
    assert await site.context.store.accounts.is_member("demo", claims.account_id)
    [row] = (await owner.get(TOKENS)).json()["tokens"]
    assert row == token
    assert row == {
        "id": claims.jti,
        "kind": "access",
        "name": "phone",
        "account": "ann",
        "channel_id": "demo",
        "scopes": [],
        "created_at": claims.issued_at.isoformat().replace("+00:00", "Z"),
        "expires_at": claims.expires_at.isoformat().replace("+00:00", "Z"),
        "last_used_at": None,
        "revoked_at": None,
        "state": "valid",
    }


async def test_an_api_token_is_shown_once(owner: httpx2.AsyncClient) -> None:
    token = await issued(owner, kind="api", scopes=["admin", "rooms:read"], name="bot")
    assert token.pop("token").startswith("bunga_")
    assert token["scopes"] == ["rooms:read", "admin"]
    assert token["expires_at"] is None
    assert (await owner.get(TOKENS)).json() == {"tokens": [token]}


@pytest.mark.parametrize(
    ("wanted", "status", "said"),
    [
        ({"kind": "access"}, 400, "for an account"),
        ({"kind": "refresh", "account": "nobody"}, 404, "no account 'nobody'"),
        ({"kind": "access", "account": "ann", "channel_id": "nowhere"}, 404, "no channel"),
        ({"kind": "access", "account": "ann", "scopes": ["admin"]}, 400, "Scopes are for API"),
        ({"kind": "access", "account": "admin", "create_account": True}, 400, "reserved"),
        ({"kind": "api"}, 400, "at least one scope"),
        ({"kind": "api", "scopes": ["everything"]}, 400, "scopes.0"),
        ({"kind": "api", "scopes": ["admin"], "account": "nobody"}, 404, "no account"),
        ({"kind": "session", "account": "ann"}, 400, "kind"),
        ({"kind": "access", "account": "ann", "expires_us": 0}, 400, "expires_us"),
    ],
)
async def test_a_token_that_cannot_be_is_refused(
    site: Site, owner: httpx2.AsyncClient, wanted: object, status: int, said: str
) -> None:
    await site.token_of("ann")
    answer = await owner.post(TOKENS, json=wanted)
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert (await owner.get(TOKENS)).json() == {"tokens": []}


async def test_a_refresh_token_for_one_channel_buys_access_to_that_one_and_is_revoked_with_it(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    token = await issued(
        owner, kind="refresh", account="ann", channel_id="demo", create_account=True
    )
    bought = await owner.post("/api/token/refresh/", data={"refresh": token["token"]})
    access = bought.json()["access"]
    claims = site.context.tokens.read(access, "access")
    assert (claims.channel_id, claims.refresh_jti) == ("demo", token["id"])

    answer = await owner.post(f"{TOKENS}/revoke", json={"id": token["id"]})
    assert answer.json() == {"revoked": 1, "closed": 1}
    assert site.hub.told[-1] == ("token revoked", token["id"])
    again = await owner.post("/api/token/refresh/", data={"refresh": token["token"]})
    verified = await owner.post("/api/token/verify/", data={"token": access})
    assert [again.status_code, verified.status_code] == [401, 401]
    assert again.json() == {"detail": "Token is revoked", "code": "token_not_valid"}


@pytest.mark.parametrize("door", ["refresh", "login", "register"])
async def test_a_token_asked_for_before_a_revocation_is_revoked_though_it_is_issued_a_second_later(
    site: Site, owner: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    old = await site.token_of("ann", "demo")
    tokens, accounts = site.context.tokens, site.context.store.accounts
    claims, standing = tokens.read(old), accounts.standing
    late = utc_now() + timedelta(seconds=5)

    async def overtaken(*asked: Any) -> StandingRow | None:
        found = await standing(*asked)
        monkeypatch.setattr(accounts, "standing", standing)
        await site.context.store.tokens.revoke_all(claims.account_id)
        monkeypatch.setattr("bunga_cli.auth.tokens.utc_now", lambda: late)
        return found

    monkeypatch.setattr(accounts, "standing", overtaken)
    login = {"username": "ann", "password": PASSWORD}
    asked = {
        "refresh": (
            "token/refresh/",
            {"refresh": tokens.issue("refresh", Subject(claims.user_id))},
        ),
        "login": ("token/", login),
        "register": ("channels/demo/register/", login),
    }
    path, data = asked[door]
    answer = (await owner.post(f"/api/{path}", data=data)).json()

    for token in answer.get("token", answer).values():
        verified = await owner.post("/api/token/verify/", data={"token": token})
        assert verified.json()["detail"] == "Token is revoked"


async def test_any_token_of_a_player_can_be_revoked_by_its_id(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    token = await site.token_of("boss", is_admin=True)
    jti = site.context.tokens.read(token).jti
    before = await status_of(site, token)
    assert (await owner.post(f"{TOKENS}/revoke", json={"id": jti})).status_code == 200
    assert before == (200, None)
    assert await status_of(site, token) == (401, "token_invalid")


async def test_all_tokens_of_an_account_are_revoked_and_a_new_one_is_good_at_once(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    token = await site.token_of("boss", is_admin=True)
    api = await issued(owner, kind="api", scopes=["admin"], account="boss")
    answer = await owner.post(f"{TOKENS}/revoke", json={"account": "boss"})
    login = await owner.post("/api/token/", data={"username": "boss", "password": PASSWORD})

    assert answer.json() == {"revoked": None, "closed": 2}
    assert await status_of(site, token) == (401, "token_invalid")
    assert await status_of(site, api["token"]) == (401, "token_invalid")
    assert await status_of(site, login.json()["access"]) == (200, None)


async def test_all_tokens_of_the_site_are_revoked(site: Site, owner: httpx2.AsyncClient) -> None:
    tokens = [await site.token_of(name, is_admin=True) for name in ("one", "two")]
    hand_made = await issued(owner, kind="access", account="one")
    api = await issued(owner, kind="api", scopes=["rooms:read"])
    await owner.post(f"{TOKENS}/revoke", json={"all": True})

    for token in (*tokens, hand_made["token"], api["token"]):
        assert await status_of(site, token) == (401, "token_invalid")
    states = [token["state"] for token in (await owner.get(TOKENS)).json()["tokens"]]
    assert states == ["revoked", "revoked"]
    assert site.hub.told[-1] == ("tokens revoked", "None")


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({}, 400),
        ({"id": "x", "all": True}, 400),
        ({"all": False}, 400),
        ({"id": "tok_0123456789"}, 404),
        ({"id": "x"}, 404),
        ({"account": "nobody"}, 404),
    ],
)
async def test_what_cannot_be_revoked_is_said(
    owner: httpx2.AsyncClient, what: object, status: int
) -> None:
    answer = await owner.post(f"{TOKENS}/revoke", json=what)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


async def inspected(owner: httpx2.AsyncClient, token: str) -> dict[str, object]:
    found: dict[str, object] = (await owner.post(f"{TOKENS}/inspect", json={"token": token})).json()
    return found


async def test_a_good_token_is_inspected_to_the_last_claim(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    token = await issued(
        owner, kind="access", account="ann", create_account=True, channel_id="demo"
    )
    found = await inspected(owner, f" {token['token']}\n")
    assert (found["valid"], found["problem"]) == (True, None)
    assert (found["id"], found["kind"], found["account"]) == (token["id"], "access", "ann")
    assert (found["channel_id"], found["expires_at"]) == ("demo", token["expires_at"])
    claims = found["claims"]
    assert isinstance(claims, dict)
    assert claims["jti"] == token["id"]


async def test_why_a_token_is_no_good_is_said(site: Site, owner: httpx2.AsyncClient) -> None:
    tokens, store = site.context.tokens, site.context.store
    ids = {}
    for name in ("ann", "banned", "revoked"):
        await site.token_of(name)
        account = await store.accounts.by_name(name)
        assert account is not None
        ids[name] = account.id
    await store.exclusions.add(ids["banned"], None, None)
    revoked = tokens.issue("access", Subject(ids["revoked"]))
    await store.tokens.revoke_all(ids["revoked"])
    api = await issued(owner, kind="api", scopes=["rooms:read"])
    await owner.post(f"{TOKENS}/revoke", json={"id": api["id"]})

    problems = {
        "abc": "The token is not one of this site.",
        "bunga_abc": "The token is not one of this site.",
        api["token"]: "The token is revoked.",
        tokens.issue(
            "access", Subject(ids["ann"]), now=datetime(2020, 1, 1, tzinfo=UTC)
        ): "The token is expired.",
        tokens.issue("access", Subject(99)): "Its account does not exist any more.",
        tokens.issue("access", Subject(ids["banned"])): "Its account is banned.",
        revoked: "The token was revoked.",
    }
    for token, problem in problems.items():
        found = await inspected(owner, token)
        assert (found["valid"], found["problem"]) == (False, problem)


async def test_after_a_rotation_old_tokens_work_and_new_ones_are_signed_anew(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    old = await site.token_of("boss", is_admin=True)
    before = site.context.tokens.keyring
    answer = await owner.post("/api/v1/secret/rotate", json={})
    keyring = site.context.tokens.keyring

    until = datetime.fromisoformat(answer.json()["overlap_until"])
    assert timedelta(days=89) < until - utc_now() <= timedelta(days=90)
    assert [before.current, *keyring.believed()] == [
        before.current,
        keyring.current,
        before.current,
    ]
    assert await status_of(site, old) == (200, None)


async def test_after_a_rotation_without_overlap_only_api_tokens_go_on(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    old = await site.token_of("boss", is_admin=True)
    api = await issued(owner, kind="api", scopes=["rooms:read"])
    answer = await owner.post("/api/v1/secret/rotate", json={"overlap_us": 0})
    assert answer.json() == {"overlap_until": None, "closed": 2}
    assert await status_of(site, old) == (401, "token_invalid")
    assert await status_of(site, api["token"]) == (200, None)
    new = site.context.tokens.issue("access", Subject(1))
    assert await status_of(site, new) == (200, None)
