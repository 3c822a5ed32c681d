from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bunga_cli.clock import utc_now
from bunga_cli.store import Store
from bunga_cli.store.audit import KEPT_ROWS
from bunga_cli.store.rows import AuditEntry, AuditRow

CREATED = AuditEntry("ann", "console", "192.0.2.7", "channels.create", "lobby", {"name": "Lobby"})
RENAMED = replace(CREATED, action="channels.change", details={"name": "Кино 🎬", "closed": "yes"})
SET = AuditEntry("bot", "api", "2001:db8::1", "settings.change", "sync.max_wait", {})


async def fill(store: Store, *entries: AuditEntry) -> list[AuditRow]:
    return [await store.audit.add(entry) for entry in entries]


async def actions(store: Store, search: str = "", action_prefix: str = "") -> list[str]:
    return [row.action for row in await store.audit.list(search, action_prefix)]


async def test_what_was_done_is_read_as_it_was_written(store: Store) -> None:
    [row] = await fill(store, RENAMED)
    assert await store.audit.list() == [row]
    assert (row.actor, row.via, row.address) == ("ann", "console", "192.0.2.7")
    assert (row.action, row.subject) == ("channels.change", "lobby")
    assert row.details == {"name": "Кино 🎬", "closed": "yes"}
    assert utc_now() - row.at < timedelta(minutes=1)


async def test_the_last_change_comes_first_and_a_list_goes_on_where_one_ended(
    store: Store,
) -> None:
    rows = await fill(store, CREATED, RENAMED, SET)
    assert await store.audit.list() == rows[::-1]
    first = await store.audit.list(limit=2)
    assert first == [rows[2], rows[1]]
    assert await store.audit.list(before_id=first[-1].id, limit=2) == [rows[0]]
    assert await store.audit.list(before_id=rows[0].id) == []


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ANN", ["channels.change", "channels.create"]),
        ("max_wait", ["settings.change"]),
        ("db8::", ["settings.change"]),
        (".change", ["settings.change", "channels.change"]),
        ("Кино", ["channels.change"]),
        ("🎬", ["channels.change"]),
        ("maxxwait", []),
        ("%", []),
        ("closed", []),
    ],
)
async def test_a_text_is_found_wherever_it_stands(
    store: Store, search: str, found: list[str]
) -> None:
    """A detail is found by its value: its name is ours, and the same in every row."""
    await fill(store, CREATED, RENAMED, SET)
    assert await actions(store, search) == found


async def test_actions_are_found_by_how_they_begin(store: Store) -> None:
    await fill(store, CREATED, RENAMED, SET)
    assert await actions(store, action_prefix="channels.") == ["channels.change", "channels.create"]
    assert await actions(store, action_prefix="change") == []
    assert await actions(store, action_prefix="channels%") == []
    assert await actions(store, "кино", action_prefix="channels.") == []
    assert await actions(store, "lobby", "channels.cr") == ["channels.create"]


async def test_what_was_done_is_known_when_whom_it_was_done_to_is_gone(store: Store) -> None:
    [row] = await fill(store, CREATED)
    await store.channels.delete("lobby")
    assert await store.audit.list() == [row]


async def test_only_the_ways_there_are_can_be_written_down(store: Store) -> None:
    with pytest.raises(IntegrityError, match="ck_audit_via"):
        await store.audit.add(replace(CREATED, via="magic"))


async def test_only_the_last_changes_are_kept(store: Store) -> None:
    rows = await fill(store, CREATED, RENAMED, SET)
    await store.purge(utc_now())
    assert await store.audit.list() == rows[::-1]
    await store.audit.purge(keep=2)
    assert await store.audit.list() == [rows[2], rows[1]]
    await store.audit.purge(keep=0)
    assert await store.audit.list() == []


@pytest.mark.parametrize("action", ["sign_in.failed", "rooms.reset"])
async def test_what_is_easily_done_often_does_not_wash_away_what_was_changed(
    store: Store, action: str
) -> None:
    often = replace(SET, action=action)
    rows = await fill(store, CREATED, often, often, often)
    await store.audit.purge(keep=2)
    assert await store.audit.list() == [rows[3], rows[2], rows[0]]


async def test_a_start_forgets_the_oldest_of_too_many(store: Store) -> None:
    too_many = KEPT_ROWS + 1
    await store.audit.add(RENAMED)
    async with store._database.begin() as connection:
        await connection.exec_driver_sql(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO audit SELECT i, at, actor, via, address, 'filler', '', '{}'"
            " FROM n, audit WHERE audit.id = 1",
            (too_many,),
        )
    await store.purge(utc_now())
    assert await actions(store, action_prefix="channels") == []
    [last] = await store.audit.list(limit=1)
    [second] = await store.audit.list(before_id=3)
    assert (last.id, second.id) == (too_many, 2)
