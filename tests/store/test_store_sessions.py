from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bunga_cli.errors import NotFound
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow, SessionRow
from bunga_cli.store.sessions import KEPT_UNUSED

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERS, HERS_TOO, HIS = "a" * 64, "b" * 64, "c" * 64


async def admin(store: Store, name: str = "ann") -> AccountRow:
    return await store.accounts.create(name, "hash", is_admin=True)


async def ids(store: Store) -> list[str]:
    """Return the sessions of admins that there are, the one used last first."""
    return [row.id for row in await store.sessions.of_admins()]


async def test_a_session_knows_its_account_and_where_it_began(store: Store) -> None:
    ann = await admin(store)
    await store.sessions.add(HERS, ann.id, "192.0.2.7", "Firefox ❤", NOON)
    assert await store.sessions.get(HERS) == SessionRow(
        id=HERS,
        account_id=ann.id,
        created_at=NOON,
        seen_at=NOON,
        address="192.0.2.7",
        agent="Firefox ❤",
        username="ann",
        is_admin=True,
    )
    assert await store.sessions.get(HIS) is None


async def test_a_session_tells_what_speaks_against_its_account(store: Store) -> None:
    ann = await admin(store)
    await store.sessions.add(HERS, ann.id, "", "", NOON)
    await store.exclusions.add(ann.id, "lobby", None)
    in_one_channel = await store.sessions.get(HERS)
    await store.exclusions.add(ann.id, None, None)
    valid_from = await store.tokens.revoke_all(ann.id)
    row = await store.sessions.get(HERS)
    assert row is not None
    assert in_one_channel is not None
    assert (in_one_channel.is_banned, in_one_channel.tokens_valid_from) == (False, None)
    assert (row.is_banned, row.tokens_valid_from) == (True, valid_from)


async def test_sessions_of_admins_are_listed_the_one_used_last_first(store: Store) -> None:
    ann, cleo = await admin(store), await admin(store, "cleo")
    ben = await store.accounts.create("ben", "hash")
    await store.sessions.add(HERS, ann.id, "", "", NOON)
    await store.sessions.add(HERS_TOO, cleo.id, "", "", NOON)
    await store.sessions.add(HIS, ben.id, "", "", NOON)
    await store.sessions.touch(HERS, NOON + MINUTE)
    await store.sessions.touch(HERS_TOO, NOON)
    assert await ids(store) == [HERS, HERS_TOO]
    found = await store.sessions.get(HIS)
    assert found is not None
    assert (found.username, found.is_admin) == ("ben", False)


async def test_a_use_changes_nothing_else_and_revives_nothing(store: Store) -> None:
    ann = await admin(store)
    await store.sessions.add(HERS, ann.id, "", "", NOON)
    before = await store.sessions.get(HERS)
    await store.sessions.touch(HERS, NOON + MINUTE)
    await store.sessions.touch(HIS, NOON + MINUTE)
    assert before is not None
    assert await store.sessions.get(HERS) == replace(before, seen_at=NOON + MINUTE)
    assert await store.sessions.get(HIS) is None


async def test_one_session_is_ended_without_the_others(store: Store) -> None:
    ann = await admin(store)
    for session_id in (HERS, HERS_TOO):
        await store.sessions.add(session_id, ann.id, "", "", NOON)
    assert await store.sessions.remove(HERS) is True
    assert await store.sessions.remove(HERS) is False
    assert await ids(store) == [HERS_TOO]


async def test_the_sessions_of_one_account_or_of_all_are_ended(store: Store) -> None:
    ann, cleo = await admin(store), await admin(store, "cleo")
    for session_id, account in ((HERS, ann), (HERS_TOO, ann), (HIS, cleo)):
        await store.sessions.add(session_id, account.id, "", "", NOON)
    assert await store.sessions.remove_of(ann.id) == 2
    assert await ids(store) == [HIS]
    assert await store.sessions.remove_of(None) == 1
    assert await store.sessions.remove_of(None) == 0
    assert await ids(store) == []


async def test_sessions_go_with_their_account(store: Store) -> None:
    ann = await admin(store)
    await store.sessions.add(HERS, ann.id, "", "", NOON)
    await store.accounts.delete(ann.id)
    assert await store.sessions.get(HERS) is None


async def test_a_session_of_nobody_is_refused(store: Store) -> None:
    with pytest.raises(NotFound, match="99"):
        await store.sessions.add(HERS, 99, "", "", NOON)


async def test_a_session_that_nobody_used_for_long_is_forgotten(store: Store) -> None:
    ann = await admin(store)
    await store.sessions.add(HERS, ann.id, "", "", NOON)
    await store.purge(NOON + KEPT_UNUSED)
    assert await ids(store) == [HERS]
    await store.purge(NOON + KEPT_UNUSED + MINUTE)
    assert await ids(store) == []
