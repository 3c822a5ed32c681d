"""Taking back all tokens while others are being issued."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from bunga_cli.errors import NotFound
from bunga_cli.store import Store
from bunga_cli.store.database import Database
from bunga_cli.store.rows import ApiTokenRow
from bunga_cli.store.tokens import TokenRecords

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


async def test_what_is_issued_while_a_revocation_waits_for_its_turn_is_revoked_by_it(
    path: Path,
) -> None:
    now, database = [NOW], await Database.open(path)
    tokens = TokenRecords(database)
    async with database.begin():
        revoking = asyncio.create_task(tokens.revoke_all(clock=lambda: now[0]))
        await asyncio.sleep(0)
        issued_at = now[0] = NOW + 3 * SECOND
    valid_from = await revoking
    await database.close()
    assert issued_at < valid_from


async def test_what_is_issued_until_a_revocation_is_committed_is_revoked_by_it(
    store: Store,
) -> None:
    ann = await store.accounts.create("ann", "hash")
    late = [NOW + timedelta(milliseconds=ms) for ms in (999, 1000, 1999, 2000, 2001, 2002)]
    moments = iter(late)

    valid_from = await store.tokens.revoke_all(ann.id, lambda: next(moments))

    found = await store.accounts.by_id(ann.id)
    assert found is not None
    assert valid_from == found.tokens_valid_from == NOW + 3 * SECOND
    assert next(moments, None) is None


async def test_a_password_is_not_replaced_without_the_tokens_being_revoked(
    store: Store, path: Path
) -> None:
    ann = await store.accounts.create("ann", "old")
    hers = ApiTokenRow("tok", "", ["rooms:read"], ann.id, "ann", None, NOW, None, None, None)
    await store.tokens.add_api(hers, "its hash")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER in_the_way BEFORE UPDATE ON api_tokens"
            " BEGIN SELECT RAISE(ABORT, 'as ordered'); END"
        )

    with pytest.raises(IntegrityError, match="as ordered"):
        await store.accounts.reset_password(ann.id, "new")

    assert await store.accounts.by_id(ann.id) == ann


async def test_the_tokens_of_an_account_that_is_gone_are_not_revoked_in_silence(
    store: Store,
) -> None:
    with pytest.raises(NotFound, match="7"):
        await store.tokens.revoke_all(7)
