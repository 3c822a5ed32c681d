"""Writes a plan into a database: all of it or nothing."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Executable, bindparam, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bunga_cli.importing.plan import Plan
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.schema import (
    accounts,
    channel_plugin_settings,
    channels,
    client_logs,
    exclusions,
    members,
    records,
    subtitles,
)

_AT_ONCE = 1_000

_SET_POSITION = (
    update(records).where(records.c.id == bindparam("of")).values(position_us=bindparam("us"))
)
# SQLite keeps the highest number that a table ever gave; there is no row before the first.
_KEEP_SEQUENCE = (
    text("UPDATE sqlite_sequence SET seq = max(seq, :highest) WHERE name = 'accounts'"),
    text(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'accounts', :highest"
        " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'accounts')"
    ),
)

_Step = tuple[Executable, list[dict[str, Any]]]


@unbroken
async def write(
    database: Database, plan: Plan, mark: int, on_progress: Callable[[float], None]
) -> None:
    """Write a plan, and `mark` where `read_mark` of `unfinished.py` finds it."""
    steps = [*_steps(plan)]
    async with database.begin() as connection:
        for number, (query, rows) in enumerate(steps):
            await connection.execute(query, rows)
            on_progress((number + 1) / len(steps))
        await _keep_sequence(connection, plan.highest_account_id)
        await connection.execute(text(f"PRAGMA user_version = {mark:d}"))


def _steps(plan: Plan) -> Iterator[_Step]:
    yield from _in_parts(insert(channels), plan.channels)
    yield from _in_parts(insert(accounts), plan.accounts)
    yield from _in_parts(insert(exclusions), plan.exclusions)
    yield from _in_parts(insert(members), plan.members)
    yield from _in_parts(insert(channel_plugin_settings), plan.channel_plugin_settings)
    yield from _in_parts(insert(records), plan.records)
    yield from _in_parts(_SET_POSITION, [{"of": pk, "us": us} for pk, us in plan.positions])
    yield from _in_parts(insert(subtitles), plan.subtitles)
    yield from _in_parts(insert(client_logs), plan.client_logs)


def _in_parts(query: Executable, rows: Sequence[dict[str, Any]]) -> Iterator[_Step]:
    left = iter(rows)
    while part := [*islice(left, _AT_ONCE)]:
        yield query, part


async def _keep_sequence(connection: AsyncConnection, highest: int) -> None:
    """Have no number given to a new account that an old token may bear."""
    for query in _KEEP_SEQUENCE:
        await connection.execute(query, {"highest": highest})
