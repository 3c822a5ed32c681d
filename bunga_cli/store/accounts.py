"""Accounts, and which channels they are members of."""

from sqlalchemy import ColumnElement, and_, bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from bunga_cli.clock import utc_now
from bunga_cli.errors import Conflict, NotFound
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.rows import AccountRow, SeatRow, value_of, value_or_none
from bunga_cli.store.schema import accounts, channels, members

# Asked once per connection, by everybody at once after a restart: one query, compiled once.
_SEAT = (
    select(
        accounts.c.username,
        accounts.c.is_admin,
        channels.c.id.is_not(None).label("channel_exists"),
        members.c.account_id.is_not(None).label("is_member"),
    )
    .select_from(accounts)
    .outerjoin(channels, channels.c.id == bindparam("channel_id"))
    .outerjoin(
        members,
        and_(members.c.channel_id == channels.c.id, members.c.account_id == accounts.c.id),
    )
    .where(accounts.c.id == bindparam("account_id"))
)


class Accounts:
    """The accounts of a site."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def create(
        self, username: str, password_hash: str, *, is_admin: bool = False
    ) -> AccountRow:
        """Make an account and return it. Raises Conflict if the name is taken."""
        query = (
            insert(accounts)
            .values(
                username=username,
                password_hash=password_hash,
                is_admin=is_admin,
                created_at=utc_now(),
            )
            .on_conflict_do_nothing(index_elements=[accounts.c.username])
            .returning(accounts)
        )
        async with self._database.begin() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise Conflict(f"There is an account {username!r} already: choose another name.")
        return value_of(AccountRow, row)

    @unbroken
    async def by_name(self, username: str) -> AccountRow | None:
        """Return the account of that name, or None."""
        return await self._one(accounts.c.username == username)

    @unbroken
    async def by_id(self, account_id: int) -> AccountRow | None:
        """Return the account of that number, or None."""
        return await self._one(accounts.c.id == account_id)

    @unbroken
    async def admins(self) -> list[AccountRow]:
        """Return the accounts of admins, sorted by name."""
        query = select(accounts).where(accounts.c.is_admin).order_by(accounts.c.username)
        async with self._database.read() as connection:
            return [value_of(AccountRow, row) for row in await connection.execute(query)]

    @unbroken
    async def set_password_hash(self, account_id: int, password_hash: str) -> None:
        """Replace the password's hash. Raises NotFound."""
        query = update(accounts).where(accounts.c.id == account_id)
        async with self._database.begin() as connection:
            result = await connection.execute(query.values(password_hash=password_hash))
        if not result.rowcount:
            raise _no_account(account_id)

    @unbroken
    async def delete(self, account_id: int) -> None:
        """Remove an account and its memberships; its uploads stay. Raises NotFound."""
        query = delete(accounts).where(accounts.c.id == account_id)
        async with self._database.begin() as connection:
            result = await connection.execute(query)
        if not result.rowcount:
            raise _no_account(account_id)

    @unbroken
    async def add_member(self, channel_id: str, account_id: int) -> bool:
        """Make an account a member; return whether it was not one before.

        Raises NotFound if the channel or the account was removed meanwhile.
        """
        query = (
            insert(members)
            .values(channel_id=channel_id, account_id=account_id, joined_at=utc_now())
            .on_conflict_do_nothing()
        )
        try:
            async with self._database.begin() as connection:
                return bool((await connection.execute(query)).rowcount)
        except IntegrityError as error:
            raise NotFound(
                f"There is no channel {channel_id!r}, or no account {account_id}."
            ) from error

    @unbroken
    async def is_member(self, channel_id: str, account_id: int) -> bool:
        """Return whether the account is a member of the channel."""
        query = select(members.c.account_id).where(
            members.c.channel_id == channel_id, members.c.account_id == account_id
        )
        async with self._database.read() as connection:
            return await connection.scalar(query) is not None

    @unbroken
    async def seat(self, account_id: int, channel_id: str) -> SeatRow | None:
        """Return what decides whether the account may watch there; None: no such account."""
        asked = {"account_id": account_id, "channel_id": channel_id}
        async with self._database.read() as connection:
            return value_or_none(SeatRow, (await connection.execute(_SEAT, asked)).one_or_none())

    async def _one(self, condition: ColumnElement[bool]) -> AccountRow | None:
        query = select(accounts).where(condition)
        async with self._database.read() as connection:
            return value_or_none(AccountRow, (await connection.execute(query)).one_or_none())


def _no_account(account_id: int) -> NotFound:
    return NotFound(f"There is no account {account_id}.")
