"""Accounts, and which channels they are members of."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, func, not_, or_, select, true, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from bunga_cli.clock import utc_now
from bunga_cli.errors import Conflict, NotFound
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.revocation import revoke_until_now
from bunga_cli.store.rows import (
    AccountRow,
    AccountSummaryRow,
    MembershipRow,
    SeatRow,
    StandingRow,
    value_of,
    value_or_none,
)
from bunga_cli.store.schema import accounts, members
from bunga_cli.store.standing import SEAT, STANDING, exclusion_of, site_ban_of

_LISTED = ("id", "username", "is_admin", "created_at", "seen_as", "seen_at")
_SAW = (
    update(accounts)
    .where(accounts.c.username == bindparam("of_account"))
    .values(seen_as=bindparam("name"), seen_at=bindparam("at"))
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
    async def search(
        self, text: str = "", *, limit: int = 100, offset: int = 0
    ) -> tuple[Sequence[AccountSummaryRow], int]:
        """Return the accounts whose names contain `text`, sorted by name, and how many there are.

        What they were last seen as counts as well. Letters of the alphabet are the same in both
        cases.
        """
        names = (accounts.c.username, accounts.c.seen_as)
        has_text = (name.icontains(text, autoescape=True) for name in names)
        found = or_(*has_text) if text else true()
        of_account = members.c.account_id == accounts.c.id
        query = select(
            *(accounts.c[name] for name in _LISTED),
            select(func.count()).where(of_account).scalar_subquery().label("channels"),
            site_ban_of(accounts.c.id, utc_now()).label("is_banned"),
        ).where(found)
        query = query.order_by(accounts.c.username).limit(limit).offset(offset)
        count = select(func.count()).select_from(accounts).where(found)
        async with self._database.read() as connection:
            rows = [value_of(AccountSummaryRow, row) for row in await connection.execute(query)]
            return rows, await connection.scalar(count) or 0

    @unbroken
    async def saw(self, names: Mapping[str, str], at: datetime) -> None:
        """Store what accounts, by their names, are called in their rooms. Skip unknown ones."""
        values = [
            {"of_account": account, "name": _storable(name) or None, "at": at}
            for account, name in names.items()
        ]
        if values:
            async with self._database.begin() as connection:
                await connection.execute(_SAW, values)

    @unbroken
    async def seen_as(self, name: str) -> list[AccountRow]:
        """Return the accounts that were last seen under that name, sorted by their own.

        Letters of the alphabet are the same in both cases.
        """
        is_called_so = accounts.c.seen_as.collate("NOCASE") == name
        query = select(accounts).where(is_called_so).order_by(accounts.c.username)
        async with self._database.read() as connection:
            return [value_of(AccountRow, row) for row in await connection.execute(query)]

    @unbroken
    async def names_of(self, usernames: Collection[str]) -> dict[str, str]:
        """Return what those of these accounts that were ever seen were last called."""
        query = select(accounts.c.username, accounts.c.seen_as).where(
            accounts.c.username.in_(usernames), accounts.c.seen_as.is_not(None)
        )
        async with self._database.read() as connection:
            return {row.username: row.seen_as for row in await connection.execute(query)}

    @unbroken
    async def reset_password(
        self, account_id: int, password_hash: str, clock: Callable[[], datetime] = utc_now
    ) -> datetime:
        """Replace the password's hash, and take back all tokens as `TokenRecords.revoke_all` does.

        Either both is done or nothing. Raises NotFound.
        """
        return await revoke_until_now(self._database, clock, account_id, password_hash)

    @unbroken
    async def renew_password_hash(self, account_id: int, old_hash: str, new_hash: str) -> bool:
        """Replace the password's hash if it is still `old_hash`; return whether it was."""
        query = update(accounts).where(
            accounts.c.id == account_id, accounts.c.password_hash == old_hash
        )
        async with self._database.begin() as connection:
            return bool((await connection.execute(query.values(password_hash=new_hash))).rowcount)

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
        """Return whether the account is a member of the channel, and not kept out of it."""
        query = select(members.c.account_id).where(
            members.c.channel_id == channel_id,
            members.c.account_id == account_id,
            not_(exclusion_of(members.c.account_id, members.c.channel_id, utc_now())),
        )
        async with self._database.read() as connection:
            return await connection.scalar(query) is not None

    @unbroken
    async def remove_member(self, channel_id: str, account_id: int) -> bool:
        """End a membership; return whether there was one."""
        query = delete(members).where(
            members.c.channel_id == channel_id, members.c.account_id == account_id
        )
        async with self._database.begin() as connection:
            return bool((await connection.execute(query)).rowcount)

    @unbroken
    async def memberships(self, account_id: int) -> list[MembershipRow]:
        """Return the channels of an account, sorted by id."""
        query = (
            select(members.c.channel_id, members.c.joined_at)
            .where(members.c.account_id == account_id)
            .order_by(members.c.channel_id)
        )
        async with self._database.read() as connection:
            return [value_of(MembershipRow, row) for row in await connection.execute(query)]

    @unbroken
    async def seat(
        self, account_id: int, channel_id: str, jti: str = "", refresh_jti: str | None = None
    ) -> SeatRow | None:
        """Return what decides whether an account may watch there; None: no such account.

        `jti` is its token's id, `refresh_jti` that of the token which bought it.
        """
        asked = {"channel_id": channel_id, **_asked(account_id, jti, refresh_jti)}
        async with self._database.read() as connection:
            found = (await connection.execute(SEAT, asked)).one_or_none()
            return SeatRow(*found) if found else None  # its fields are in the columns' order

    @unbroken
    async def standing(
        self, account_id: int, jti: str = "", refresh_jti: str | None = None
    ) -> StandingRow | None:
        """Return an account, and what speaks against it or its token; None: no such account."""
        asked = _asked(account_id, jti, refresh_jti)
        async with self._database.read() as connection:
            found = (await connection.execute(STANDING, asked)).one_or_none()
            return value_or_none(StandingRow, found)

    async def _one(self, condition: ColumnElement[bool]) -> AccountRow | None:
        query = select(accounts).where(condition)
        async with self._database.read() as connection:
            return value_or_none(AccountRow, (await connection.execute(query)).one_or_none())


def _storable(name: str) -> str:
    """Return a name as UTF-8 can hold it: JSON lets half a character through."""
    return name.encode(errors="replace").decode()


def _no_account(account_id: int) -> NotFound:
    return NotFound(f"There is no account {account_id}.")


def _asked(account_id: int, jti: str, refresh_jti: str | None) -> dict[str, object]:
    return {"account_id": account_id, "jti": jti, "refresh_jti": refresh_jti, "now": utc_now()}
