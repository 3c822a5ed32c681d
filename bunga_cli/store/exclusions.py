"""Who may not come in: bans, and kicks, which are over after a while."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from bunga_cli.clock import utc_now
from bunga_cli.errors import NotFound
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.rows import ExclusionRow, value_of, value_or_none
from bunga_cli.store.schema import exclusions as table
from bunga_cli.store.standing import holds

_COLUMNS = [table.c[name] for name in ExclusionRow.__slots__]
# The whole site before one channel, what is for good before what will be over.
_GRAVEST_FIRST = (table.c.channel_id.is_not(None), table.c.until.is_not(None), table.c.id)


class Exclusions:
    """The exclusions of a site. An account has at most one ban and one kick for each place."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def add(
        self, account_id: int, channel_id: str | None, until: datetime | None, reason: str = ""
    ) -> ExclusionRow:
        """Keep an account out of a channel, or (None) of the site, in place of an earlier one.

        Raises NotFound if the account or the channel was removed meanwhile.
        """
        row = ExclusionRow(account_id, channel_id, until, reason, utc_now())
        same_kind = table.c.until.is_(None) if until is None else table.c.until.is_not(None)
        values = {name: getattr(row, name) for name in ExclusionRow.__slots__}
        try:
            async with self._database.begin() as connection:
                await connection.execute(
                    delete(table).where(_exactly(account_id, channel_id), same_kind)
                )
                await connection.execute(insert(table).values(values))
        except IntegrityError as error:
            raise NotFound(
                f"There is no channel {channel_id!r}, or no account {account_id}."
            ) from error
        return row

    @unbroken
    async def lift(self, account_id: int, channel_id: str | None) -> list[ExclusionRow]:
        """End a ban and a kick for one place, and return those that still held."""
        query = delete(table).where(_exactly(account_id, channel_id)).returning(*_COLUMNS)
        async with self._database.begin() as connection:
            rows = [value_of(ExclusionRow, row) for row in await connection.execute(query)]
        return [row for row in rows if row.until is None or row.until > utc_now()]

    @unbroken
    async def of_account(self, account_id: int) -> list[ExclusionRow]:
        """Return what holds against an account, the gravest first."""
        return await self._all(table.c.account_id == account_id)

    @unbroken
    async def of_channel(self, channel_id: str) -> list[ExclusionRow]:
        """Return who may not come into a channel, the gravest first; the site's bans as well."""
        return await self._all(or_(table.c.channel_id.is_(None), table.c.channel_id == channel_id))

    @unbroken
    async def at_door(self, account_id: int, channel_id: str) -> ExclusionRow | None:
        """Return the gravest of what keeps an account out of a channel, or None."""
        here = or_(table.c.channel_id.is_(None), table.c.channel_id == channel_id)
        query = _in_force(and_(table.c.account_id == account_id, here)).limit(1)
        async with self._database.read() as connection:
            return value_or_none(ExclusionRow, (await connection.execute(query)).one_or_none())

    async def _all(self, condition: ColumnElement[bool]) -> list[ExclusionRow]:
        async with self._database.read() as connection:
            rows = await connection.execute(_in_force(condition))
            return [value_of(ExclusionRow, row) for row in rows]

    @unbroken
    async def purge(self, now: datetime) -> None:
        """Forget what is over."""
        async with self._database.begin() as connection:
            await connection.execute(delete(table).where(table.c.until <= now))


def _exactly(account_id: int, channel_id: str | None) -> ColumnElement[bool]:
    where = table.c.channel_id
    place = where.is_(None) if channel_id is None else where == channel_id
    return and_(table.c.account_id == account_id, place)


def _in_force(condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(condition, holds(utc_now())).order_by(*_GRAVEST_FIRST)
