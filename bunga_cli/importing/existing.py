"""What a site has already."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select

from bunga_cli.data_folder import DataFolder
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.revision import check, copied
from bunga_cli.store.rows import AccountRow, value_of
from bunga_cli.store.schema import (
    accounts,
    channel_plugin_settings,
    channels,
    client_logs,
    members,
    records,
    subtitles,
)


@dataclass(frozen=True, slots=True)
class Record:
    """A record's number and position."""

    id: int
    position_us: int


@dataclass(frozen=True, slots=True)
class Existing:
    """The rows that those of the original are held against."""

    accounts: tuple[AccountRow, ...] = ()
    channels: frozenset[str] = frozenset()
    members: frozenset[tuple[str, int]] = frozenset()
    plugin_values: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    records: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    highest_record_id: int = 0
    files: frozenset[str] = frozenset()


@asynccontextmanager
async def opened(data: DataFolder, *, for_writing: bool) -> AsyncIterator[Database]:
    """Open the database of a data folder; nobody else uses it. A copy, unless it is for writing."""
    check(data.database)
    if for_writing:
        async with _open(data.database) as database:
            yield database
        return
    with tempfile.TemporaryDirectory() as folder:
        async with _open(copied(data.database, Path(folder))) as database:
            yield database


@asynccontextmanager
async def _open(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    try:
        yield database
    finally:
        await database.close()


@unbroken
async def read_existing(database: Database) -> Existing:
    """Return what there is."""

    async def all_of(query: Select[Any]) -> list[Any]:
        async with database.read() as connection:
            return [*await connection.execute(query)]

    return Existing(
        accounts=tuple(value_of(AccountRow, row) for row in await all_of(select(accounts))),
        channels=frozenset(row.id for row in await all_of(select(channels.c.id))),
        members=frozenset(
            (row.channel_id, row.account_id) for row in await all_of(select(members))
        ),
        plugin_values={
            (row.channel_id, row.plugin): row[2]
            for row in await all_of(select(channel_plugin_settings))
        },
        records={
            (row.channel_id, row.record_id): Record(row.id, row.position_us)
            for row in await all_of(select(records))
        },
        highest_record_id=(await all_of(select(func.coalesce(func.max(records.c.id), 0))))[0][0],
        files=frozenset(
            row.file
            for row in [
                *await all_of(select(subtitles.c.file)),
                *await all_of(select(client_logs.c.file)),
            ]
        ),
    )
