"""Who is signed in to the console, and where."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, insert, select, true, update
from sqlalchemy.exc import IntegrityError

from bunga_cli.clock import utc_now
from bunga_cli.errors import NotFound
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.rows import SessionRow, value_of, value_or_none
from bunga_cli.store.schema import accounts
from bunga_cli.store.schema import sessions as table
from bunga_cli.store.standing import site_ban_of

KEPT_UNUSED = timedelta(days=366)
"""What nobody used for so long is forgotten at a start: no setting lets a session be good then."""


class Sessions:
    """The sessions of a site. Their ids are hashes: the tokens are in the browsers alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def add(
        self, session_id: str, account_id: int, address: str, agent: str, created_at: datetime
    ) -> None:
        """Keep a new session. Raises NotFound if the account was removed meanwhile.

        `session_id` is the SHA-256 of its token, in hex; `agent` what its browser calls itself;
        `created_at` is now, or as soon as the tokens of its account are good.
        """
        query = insert(table).values(
            id=session_id,
            account_id=account_id,
            created_at=created_at,
            seen_at=created_at,
            address=address,
            agent=agent,
        )
        try:
            async with self._database.begin() as connection:
                await connection.execute(query)
        except IntegrityError as error:
            raise NotFound(f"There is no account {account_id}.") from error

    @unbroken
    async def get(self, session_id: str) -> SessionRow | None:
        """Return a session and what speaks for and against its account, or None."""
        query = _sessions(utc_now()).where(table.c.id == session_id)
        async with self._database.read() as connection:
            return value_or_none(SessionRow, (await connection.execute(query)).one_or_none())

    @unbroken
    async def touch(self, session_id: str, at: datetime) -> None:
        """Write down that a session was used; one that is gone stays so."""
        query = update(table).where(table.c.id == session_id).values(seen_at=at)
        async with self._database.begin() as connection:
            await connection.execute(query)

    @unbroken
    async def of_admins(self) -> list[SessionRow]:
        """Return the sessions of all admins, the one used last first."""
        query = _sessions(utc_now()).where(accounts.c.is_admin)
        query = query.order_by(table.c.seen_at.desc(), table.c.id)
        async with self._database.read() as connection:
            return [value_of(SessionRow, row) for row in await connection.execute(query)]

    @unbroken
    async def remove(self, session_id: str) -> bool:
        """End a session; return whether there was one."""
        query = delete(table).where(table.c.id == session_id)
        async with self._database.begin() as connection:
            return bool((await connection.execute(query)).rowcount)

    @unbroken
    async def remove_of(self, account_id: int | None) -> int:
        """End the sessions of an account, or (None) of all; return how many there were."""
        of_whom = true() if account_id is None else table.c.account_id == account_id
        async with self._database.begin() as connection:
            return (await connection.execute(delete(table).where(of_whom))).rowcount

    @unbroken
    async def purge(self, before: datetime) -> None:
        """Forget the sessions that were used last before this moment."""
        async with self._database.begin() as connection:
            await connection.execute(delete(table).where(table.c.seen_at < before))


def _sessions(now: datetime) -> Select[*tuple[Any, ...]]:
    return select(
        table,
        accounts.c.username,
        accounts.c.is_admin,
        accounts.c.tokens_valid_from,
        site_ban_of(accounts.c.id, now).label("is_banned"),
    ).join(accounts, accounts.c.id == table.c.account_id)
