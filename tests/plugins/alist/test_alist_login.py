"""Logging in: both ways, once for many, again when the token is no longer good."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bunga_alist.client import Account, hash_password
from bunga_alist.failures import AListError
from bunga_alist.sessions import REFUSAL_LIFETIME_S, TOKEN_LIFETIME_S, Sessions
from bunga_cli.plugin import HttpClient
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.alist.standin import (
    ALIST,
    ALIST_WITH_ROLES,
    OPENLIST,
    AList,
    Answer,
    Flavour,
    broken_off,
    hashed,
    html_page,
    no_answer,
    one_byte_at_a_time,
    redirect_to,
    refuse,
    server_error,
    token,
    truncated_json,
)

PLAIN = "/api/auth/login"
HASHED = "/api/auth/login/hash"


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def http_client() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.aclose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(http_client: HttpClient, clock: Clock) -> Sessions:
    return Sessions(http_client, clock)


@pytest.fixture
def ann(alist: AList) -> Account:
    return Account(alist.url, "ann", "right")


@pytest.mark.parametrize("flavour", [ALIST, ALIST_WITH_ROLES, OPENLIST])
async def test_every_kind_of_server_lets_its_user_in(
    http_client: HttpClient, flavour: Flavour
) -> None:
    async with AList(flavour) as alist:
        token = await Sessions(http_client).token(Account(alist.url, "ann", "right"))
        assert alist.tokens == {token: "ann"}
        assert alist.asked[0].fields == {"username": "ann", "password": "right"}


@pytest.mark.parametrize(
    "refusal",
    [refuse(400, "use the hash"), refuse(401, "no"), refuse(404, "no"), server_error, html_page],
)
async def test_a_server_that_refuses_the_plain_password_gets_the_hash(
    alist: AList, sessions: Sessions, ann: Account, refusal: Answer
) -> None:
    alist.instead[PLAIN] = refusal
    assert await sessions.token(ann) in alist.tokens
    assert alist.paths == [PLAIN, HASHED]
    assert alist.asked[1].fields == {"username": "ann", "password": hashed("right")}


async def test_the_first_refusal_is_told_where_there_is_no_hashed_way(
    alist: AList, sessions: Sessions
) -> None:
    alist.instead[HASHED] = html_page
    with pytest.raises(AListError, match="password is incorrect"):
        await sessions.token(Account(alist.url, "ann", "wrong"))


async def test_an_address_that_is_locked_out_is_not_tried_further(
    alist: AList, sessions: Sessions, ann: Account
) -> None:
    alist.instead[PLAIN] = refuse(429, "Too many unsuccessful sign-in attempts")
    with pytest.raises(AListError, match="Too many"):
        await sessions.token(ann)
    assert alist.paths == [PLAIN]


async def test_requests_at_the_same_time_share_one_login(
    alist: AList, sessions: Sessions, ann: Account
) -> None:
    tokens = await asyncio.gather(*(sessions.token(ann) for _ in range(10)))
    assert set(tokens) == set(alist.tokens)
    assert alist.logins == 1


async def test_a_login_goes_on_when_whoever_waited_for_it_gave_up(
    alist: AList, sessions: Sessions, ann: Account
) -> None:
    waiter = asyncio.ensure_future(sessions.token(ann))
    await asyncio.sleep(0)
    waiter.cancel()
    assert await sessions.token(ann) in alist.tokens
    assert alist.logins == 1


async def test_a_refused_login_is_not_repeated_for_a_while(
    alist: AList, sessions: Sessions, ann: Account, clock: Clock
) -> None:
    alist.passwords["ann"] = "another"
    for _ in range(3):
        with pytest.raises(AListError, match="password is incorrect"):
            await sessions.token(ann)
    assert alist.paths == [PLAIN, HASHED]
    alist.passwords["ann"] = "right"
    clock.now_s += REFUSAL_LIFETIME_S
    assert await sessions.token(ann) in alist.tokens


async def test_trouble_of_the_server_itself_is_not_held_against_the_account(
    alist: AList, sessions: Sessions, ann: Account
) -> None:
    alist.instead[PLAIN] = alist.instead[HASHED] = refuse(500, "database is locked")
    with pytest.raises(AListError, match="database is locked"):
        await sessions.token(ann)
    alist.instead.clear()
    assert await sessions.token(ann) in alist.tokens


async def test_a_server_that_was_down_is_asked_again_at_once(
    alist: AList, sessions: Sessions, ann: Account
) -> None:
    alist.instead[PLAIN] = broken_off
    with pytest.raises(AListError, match="does not answer"):
        await sessions.token(ann)
    del alist.instead[PLAIN]
    assert await sessions.token(ann) in alist.tokens


async def test_a_token_is_used_until_it_is_half_a_day_old(
    alist: AList, sessions: Sessions, ann: Account, clock: Clock
) -> None:
    first = await sessions.token(ann)
    clock.now_s += TOKEN_LIFETIME_S - 1
    assert await sessions.token(ann) == first
    clock.now_s += 1
    assert await sessions.token(ann) != first


async def test_a_token_that_is_refused_in_the_body_is_renewed_once(
    alist: AList, sessions: Sessions, ann: Account
) -> None:
    old = await sessions.token(ann)
    alist.expire_tokens()
    users = await asyncio.gather(*(sessions.run(ann, lambda a, t: a.me(t)) for _ in range(5)))
    assert {user.username for user in users} == {"ann"}
    assert old not in alist.tokens
    assert alist.logins == 2


async def test_a_server_that_refuses_new_tokens_too_is_not_asked_for_ever(
    alist: AList, sessions: Sessions, ann: Account
) -> None:
    alist.instead["/api/me"] = refuse(401, "token is invalidated")
    with pytest.raises(AListError, match="token is invalidated"):
        await sessions.run(ann, lambda a, t: a.me(t))
    assert alist.paths.count("/api/me") == 2


# -- what players get ------------------------------------------------------------------------------


async def test_players_get_host_and_token(harness: PluginHarness, alist: AList) -> None:
    service = (await harness.services())["alist"]
    assert service["host"] == alist.url
    assert service["token"] in alist.tokens


async def test_players_never_get_a_token_that_has_expired(
    harness: PluginHarness, alist: AList
) -> None:
    await harness.services()
    alist.expire_tokens()
    assert (await harness.services())["alist"]["token"] in alist.tokens


async def test_a_channel_without_an_account_gets_nothing(
    harness: PluginHarness, alist: AList
) -> None:
    assert await harness.services("a/b") == {"alist": None}
    assert alist.asked == []


async def test_a_site_without_a_host_gets_nothing(harness: PluginHarness) -> None:
    await harness.context.save_site_settings(host="")
    assert await harness.services() == {"alist": None}


@pytest.mark.parametrize(
    ("misbehaviour", "reason"),
    [
        (server_error, "HTTP status 500"),
        (html_page, "does not answer as AList does"),
        (truncated_json, "does not answer as AList does"),
        (broken_off, "does not answer"),
        (redirect_to("http://169.254.169.254/latest/meta-data"), "redirects to"),
        (redirect_to("http://169.254.169.254/latest/meta-data", 307), "redirects to"),
        (refuse(500, "no\n2026-11-22 ERROR forged \x1b[31m" + "A" * 1000), "no 2026-11-22 ERROR"),
        (token("日本"), "not understood"),
        (token("a\nb"), "not understood"),
        (token("x" * 5000), "not understood"),
        (refuse(200, "success, but without a token"), "not understood"),
    ],
)
async def test_a_server_that_misbehaves_is_a_failure_with_its_reason(
    harness: PluginHarness, alist: AList, misbehaviour: Answer, reason: str
) -> None:
    alist.instead.update({PLAIN: misbehaviour, HASHED: misbehaviour})
    with pytest.raises(AListError, match=reason) as failure:
        await harness.services()
    assert str(failure.value).isprintable()
    assert len(str(failure.value)) < 400


@pytest.mark.parametrize("channel_id", ["lobby", None])
async def test_a_password_that_is_set_again_is_tried_again_though_it_is_the_same(
    harness: PluginHarness, alist: AList, channel_id: str | None
) -> None:
    alist.passwords["ann"] = "another"
    for _ in range(3):
        with pytest.raises(AListError, match="password is incorrect"):
            await harness.services()
    assert alist.logins == 2
    alist.passwords["ann"] = "right"
    harness.hook("bunga_settings_changed", channel_id=channel_id)
    assert (await harness.services())["alist"]["token"] in alist.tokens


@pytest.mark.parametrize("status", [302, 307])
async def test_a_password_does_not_follow_to_another_port(
    harness: PluginHarness, alist: AList, status: int
) -> None:
    async with AList() as other:
        for path in (PLAIN, HASHED):
            alist.instead[path] = redirect_to(other.url + path, status)
        with pytest.raises(AListError, match=f"redirects to {other.url}"):
            await harness.services()
        assert (alist.paths, other.asked) == ([PLAIN], [])


@pytest.mark.parametrize("misbehaviour", [no_answer, one_byte_at_a_time])
async def test_a_server_that_takes_for_ever_is_given_up(
    harness: PluginHarness, alist: AList, impatient: None, misbehaviour: Answer
) -> None:
    alist.instead[PLAIN] = misbehaviour
    with pytest.raises(AListError, match="did not answer within"):
        await harness.services()
    assert alist.paths == [PLAIN]


async def test_a_server_that_is_not_there_is_a_failure(harness: PluginHarness) -> None:
    await harness.context.save_site_settings(host="http://127.0.0.1:9")
    with pytest.raises(AListError, match="does not answer"):
        await harness.services()


async def test_a_server_that_moved_is_told_where_it_is(
    harness: PluginHarness, alist: AList
) -> None:
    async with AList() as moved:
        alist.instead[PLAIN] = redirect_to(f"http://localhost:{moved.port}{PLAIN}")
        alist.instead[HASHED] = html_page
        with pytest.raises(AListError, match=f"redirects to http://localhost:{moved.port}"):
            await harness.services()


def test_the_hash_is_salted_with_the_name_of_the_project() -> None:
    digest = "0ee0be47182acad90a4307dd35cc06d901875e870b2637955a1188637ee56675"
    assert hash_password("password") == digest
