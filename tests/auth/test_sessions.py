from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bunga_cli.auth.sessions import BrowserSessions
from bunga_cli.clock import utc_now
from bunga_cli.settings import ConsoleSettings
from bunga_cli.store import Store
from bunga_cli.store.rows import StandingRow

HOUR = timedelta(hours=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "bunga.db")
    yield store
    await store.close()


@pytest.fixture
async def ann(store: Store) -> StandingRow:
    account = await store.accounts.create("ann", "hash", is_admin=True)
    standing = await store.accounts.standing(account.id)
    assert standing
    return standing


@pytest.fixture
def sessions(store: Store) -> BrowserSessions:
    return BrowserSessions(store, ConsoleSettings)


async def unused_for(store: Store, idle: timedelta) -> None:
    [row] = await store.sessions.of_admins()
    await store.sessions.touch(row.id, utc_now() - idle)


async def test_to_ask_whether_a_session_is_open_is_no_use_of_it(
    store: Store, sessions: BrowserSessions, ann: StandingRow
) -> None:
    secret = await sessions.open(ann, "192.0.2.7", "Firefox")
    await unused_for(store, HOUR)
    [before] = await store.sessions.of_admins()

    assert await sessions.is_open(secret)

    assert await store.sessions.of_admins() == [before]
    assert await sessions.of(secret)
    assert await store.sessions.of_admins() != [before]


async def test_a_session_that_is_idle_closed_or_unknown_is_not_open(
    store: Store, sessions: BrowserSessions, ann: StandingRow
) -> None:
    secret = await sessions.open(ann, "192.0.2.7", "Firefox")
    await unused_for(store, 13 * HOUR)
    assert not await sessions.is_open(secret)
    await unused_for(store, HOUR)
    await sessions.close(secret)
    assert not await sessions.is_open(secret)
    assert not await sessions.is_open("")
