from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bunga_cli.errors import NotFound
from bunga_cli.store import Store
from bunga_cli.store.rows import ApiTokenRow, IssuedTokenRow
from bunga_cli.store.tokens import SHOWN_AFTERWARDS

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)

BOT = ApiTokenRow(
    id="tok_1",
    name="bot",
    scopes=["rooms:read"],
    account_id=None,
    account=None,
    channel_id=None,
    created_at=NOW,
    expires_at=None,
    last_used_at=None,
    revoked_at=None,
)


def at(now: datetime) -> Callable[[], datetime]:
    """Return a clock that has stopped."""
    return lambda: now


async def issued(store: Store, jti: str = "j" * 32, kind: str = "access") -> IssuedTokenRow:
    """Keep a token of Ann's for the lobby."""
    ann = await store.accounts.by_name("ann") or await store.accounts.create("ann", "hash")
    row = IssuedTokenRow(jti, kind, "hers", ann.id, "ann", "lobby", NOW, NOW + DAY, revoked_at=None)
    await store.tokens.add_issued(row)
    return row


async def test_a_token_made_by_hand_is_read_as_it_was_written(store: Store) -> None:
    row = await issued(store)
    assert await store.tokens.issued() == [row]
    assert await store.tokens.issued(row.jti) == [row]
    assert await store.tokens.issued("other") == []


async def test_any_token_can_be_revoked_known_or_not(store: Store) -> None:
    row = await issued(store)
    for jti in (row.jti, "unknown", "unknown"):
        await store.tokens.revoke(jti, NOW, NOW + DAY)
    assert await store.tokens.issued() == [replace(row, revoked_at=NOW)]
    ann = await store.accounts.standing(row.account_id, "unknown")
    bought = await store.accounts.standing(row.account_id, "new", refresh_jti=row.jti)
    other = await store.accounts.standing(row.account_id, "another")
    assert [s.is_revoked for s in (ann, bought, other) if s] == [True, True, False]


async def test_tokens_of_one_account_are_revoked_without_the_others(store: Store) -> None:
    row = await issued(store)
    ben = await store.accounts.create("ben", "hash")
    hers = replace(BOT, id="tok_2", account_id=row.account_id, account="ann")
    await store.tokens.add_api(BOT, "hash 1")
    await store.tokens.add_api(hers, "hash 2")
    await store.tokens.revoke_all(row.account_id, at(NOW))

    valid_from = [
        account.tokens_valid_from
        for account in (
            await store.accounts.by_id(row.account_id),
            await store.accounts.by_id(ben.id),
        )
        if account
    ]
    assert valid_from == [NOW + SECOND, None]
    assert await store.tokens.api_tokens(NOW) == [BOT, replace(hers, revoked_at=NOW)]


async def test_all_tokens_of_the_site_are_revoked(store: Store) -> None:
    row = await issued(store)
    await store.tokens.add_api(BOT, "hash 1")
    await store.tokens.revoke_all(clock=at(NOW))
    ann = await store.accounts.by_id(row.account_id)
    assert ann is not None
    assert ann.tokens_valid_from == NOW + SECOND
    assert [token.revoked_at for token in await store.tokens.api_tokens(NOW)] == [NOW]


async def test_each_revocation_moves_on_by_a_second_and_none_moves_back(store: Store) -> None:
    row = await issued(store)
    ben = await store.accounts.create("ben", "hash")
    moments = [
        await store.tokens.revoke_all(row.account_id, at(NOW)),
        await store.tokens.revoke_all(row.account_id, at(NOW)),
        await store.tokens.revoke_all(row.account_id, at(NOW - DAY)),
        await store.tokens.revoke_all(ben.id, at(NOW)),
        await store.tokens.revoke_all(clock=at(NOW)),
    ]
    assert [(moment - NOW) / SECOND for moment in moments] == [1, 2, 3, 1, 4]
    found = [await store.accounts.by_id(number) for number in (row.account_id, ben.id)]
    assert {account.tokens_valid_from for account in found if account} == {moments[-1]}


async def test_all_tokens_of_a_site_without_accounts_are_revoked_in_vain(store: Store) -> None:
    assert await store.tokens.revoke_all(clock=at(NOW)) == NOW + SECOND


async def test_an_api_token_is_found_by_its_hash_and_its_id(store: Store) -> None:
    await store.tokens.add_api(BOT, "its hash")
    assert await store.tokens.api_by_hash("its hash", NOW) == BOT
    assert await store.tokens.api_by_id("tok_1", NOW) == BOT
    assert await store.tokens.api_by_hash("tok_1", NOW) is None
    assert await store.tokens.api_by_id("its hash", NOW) is None


async def test_the_use_of_an_api_token_is_noted_once_a_minute(store: Store) -> None:
    await store.tokens.add_api(BOT, "hash")
    noted = []
    for seconds in (0, 59, 60, 61):
        row = await store.tokens.api_by_id("tok_1", NOW)
        assert row is not None
        await store.tokens.note_use(row, NOW + timedelta(seconds=seconds))
        row = await store.tokens.api_by_id("tok_1", NOW)
        noted.append(row and row.last_used_at)
    minute = NOW + timedelta(minutes=1)
    assert noted == [NOW, NOW, minute, minute]


async def test_the_api_token_of_a_banned_account_says_so(store: Store) -> None:
    ann = await store.accounts.create("ann", "hash")
    await store.tokens.add_api(replace(BOT, account_id=ann.id), "hash")
    await store.exclusions.add(ann.id, None, None)
    row = await store.tokens.api_by_hash("hash", NOW)
    assert row is not None
    assert (row.account, row.is_banned) == ("ann", True)


async def test_a_revoked_api_token_stays_as_it_was_revoked_first(store: Store) -> None:
    await store.tokens.add_api(BOT, "hash")
    await store.tokens.revoke_api("tok_1", NOW)
    await store.tokens.revoke_api("tok_1", NOW + DAY)
    row = await store.tokens.api_by_id("tok_1", NOW)
    assert row is not None
    assert row.revoked_at == NOW


async def test_a_token_for_nobody_or_nowhere_is_refused(store: Store) -> None:
    row = await issued(store)
    with pytest.raises(NotFound):
        await store.tokens.add_issued(replace(row, jti="x", account_id=99))
    with pytest.raises(NotFound):
        await store.tokens.add_api(replace(BOT, channel_id="nowhere"), "hash")


async def test_tokens_go_with_their_account(store: Store) -> None:
    row = await issued(store)
    await store.tokens.add_api(replace(BOT, account_id=row.account_id), "hash")
    await store.accounts.delete(row.account_id)
    assert await store.tokens.issued() == []
    assert await store.tokens.api_tokens(NOW) == []


async def test_what_is_over_for_long_is_forgotten(store: Store) -> None:
    row = await issued(store)
    await store.tokens.revoke(row.jti, NOW, row.expires_at)
    await store.tokens.add_api(BOT, "hash 1")
    await store.tokens.add_api(replace(BOT, id="tok_2"), "hash 2")
    await store.tokens.revoke_api("tok_2", NOW)

    await store.purge(NOW + SHOWN_AFTERWARDS - timedelta(seconds=1))
    assert len(await store.tokens.issued()) == 1
    assert len(await store.tokens.api_tokens(NOW)) == 2
    await store.purge(NOW + DAY + SHOWN_AFTERWARDS)
    assert await store.tokens.issued() == []
    assert await store.tokens.api_tokens(NOW) == [BOT]
    ann = await store.accounts.standing(row.account_id, row.jti)
    assert ann is not None
    assert not ann.is_revoked
