"""Channels, and who is a member of them."""

import builtins
from collections.abc import Sequence
from dataclasses import asdict
from typing import TypedDict, Unpack

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from bunga_cli.clock import utc_now
from bunga_cli.errors import Conflict, NotFound
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.rows import ChannelRow, MemberRow, value_of, value_or_none
from bunga_cli.store.schema import accounts, channels, members, records, subtitles


class ChannelPolicies(TypedDict, total=False):
    """How a channel is run. None: as the site's settings say."""

    allow_new_client: bool
    on_join: str | None
    max_wait_us: int | None
    reconnect_grace_us: int | None
    shows_room: bool
    legacy_compensation: bool | None


class ChannelChanges(ChannelPolicies, total=False):
    """What of a channel can be changed; what is not named stays."""

    name: str


_DEFAULTS = ChannelPolicies(allow_new_client=True, on_join=None)


class Channels:
    """The channels of a site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def create(
        self, channel_id: str, name: str, **policies: Unpack[ChannelPolicies]
    ) -> ChannelRow:
        """Make a channel and return it. Raises Conflict if there is one of this id."""
        run: ChannelPolicies = {**_DEFAULTS, **policies}
        row = ChannelRow(id=channel_id, name=name, created_at=utc_now(), **run)
        query = (
            insert(channels)
            .values(asdict(row))
            .on_conflict_do_nothing(index_elements=[channels.c.id])
        )
        async with self._database.begin() as connection:
            if not (await connection.execute(query)).rowcount:
                raise Conflict(f"There is a channel {channel_id!r} already: choose another id.")
        return row

    @unbroken
    async def get(self, channel_id: str) -> ChannelRow | None:
        """Return the channel, or None."""
        query = select(channels).where(channels.c.id == channel_id)
        async with self._database.read() as connection:
            return value_or_none(ChannelRow, (await connection.execute(query)).one_or_none())

    @unbroken
    async def list(self) -> builtins.list[ChannelRow]:
        """Return all channels, sorted by id."""
        query = select(channels).order_by(channels.c.id)
        async with self._database.read() as connection:
            return [value_of(ChannelRow, row) for row in await connection.execute(query)]

    @unbroken
    async def names(self) -> dict[str, str]:
        """Return the names of all channels, by id."""
        query = select(channels.c.id, channels.c.name)
        async with self._database.read() as connection:
            return {row.id: row.name for row in await connection.execute(query)}

    @unbroken
    async def some(self, channel_ids: Sequence[str]) -> builtins.list[ChannelRow]:
        """Return those of these channels that there are, in this order."""
        query = select(channels).where(channels.c.id.in_(channel_ids))
        async with self._database.read() as connection:
            found = {row.id: value_of(ChannelRow, row) for row in await connection.execute(query)}
        return [found[channel_id] for channel_id in channel_ids if channel_id in found]

    @unbroken
    async def update(self, channel_id: str, **changes: Unpack[ChannelChanges]) -> ChannelRow:
        """Change what is named, and return the channel as it is now. Raises NotFound."""
        of_channel = channels.c.id == channel_id
        async with self._database.begin() as connection:
            if changes:
                await connection.execute(update(channels).where(of_channel).values(**changes))
            row = (await connection.execute(select(channels).where(of_channel))).one_or_none()
        if row is None:
            raise _no_channel(channel_id)
        return value_of(ChannelRow, row)

    @unbroken
    async def delete(self, channel_id: str) -> builtins.list[str]:
        """Remove a channel with its members, records, subtitles and room.

        Returns the media files of the subtitles, which nothing refers to any more.
        Raises NotFound.
        """
        files = (
            select(subtitles.c.file)
            .join(records, records.c.id == subtitles.c.record_pk)
            .where(records.c.channel_id == channel_id)
        )
        async with self._database.begin() as connection:
            orphans = list(await connection.scalars(files))
            query = delete(channels).where(channels.c.id == channel_id)
            if not (await connection.execute(query)).rowcount:
                raise _no_channel(channel_id)
        return orphans

    @unbroken
    async def contents(self, channel_id: str) -> tuple[int, int]:
        """Return how many records and how many subtitles belong to a channel."""
        here = records.c.channel_id == channel_id
        of_records = select(func.count()).select_from(records).where(here)
        joined = subtitles.join(records, records.c.id == subtitles.c.record_pk)
        of_subtitles = select(func.count()).select_from(joined).where(here)
        async with self._database.read() as connection:
            return (
                await connection.scalar(of_records) or 0,
                await connection.scalar(of_subtitles) or 0,
            )

    @unbroken
    async def member_counts(self) -> dict[str, int]:
        """Return how many members the channels have; those without any are left out."""
        query = select(members.c.channel_id, func.count().label("members")).group_by(
            members.c.channel_id
        )
        async with self._database.read() as connection:
            return {row.channel_id: row.members for row in await connection.execute(query)}

    @unbroken
    async def members(self, channel_id: str) -> builtins.list[MemberRow]:
        """Return the members of a channel, sorted by name."""
        query = (
            select(
                members.c.account_id,
                accounts.c.username,
                members.c.joined_at,
                accounts.c.is_admin,
                accounts.c.seen_as,
                accounts.c.seen_at,
            )
            .join(accounts, accounts.c.id == members.c.account_id)
            .where(members.c.channel_id == channel_id)
            .order_by(accounts.c.username)
        )
        async with self._database.read() as connection:
            return [value_of(MemberRow, row) for row in await connection.execute(query)]


def _no_channel(channel_id: str) -> NotFound:
    return NotFound(f"There is no channel {channel_id!r}: `bunga channels list` shows all.")
