"""Tokens: those made by hand, API tokens, and those that were taken back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or
from sqlalchemy.exc import IntegrityError

from bunga_cli.clock import utc_now
from bunga_cli.errors import NotFound
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.revocation import revoke_until_now
from bunga_cli.store.rows import ApiTokenRow, IssuedTokenRow, value_of, value_or_none
from bunga_cli.store.schema import accounts, api_tokens, issued_tokens, revoked_tokens
from bunga_cli.store.standing import site_ban_of

SHOWN_AFTERWARDS = timedelta(days=30)
"""How long a token that is expired or revoked is still listed."""

_USE_NOTED_EVERY = timedelta(minutes=1)

_ISSUED = (
    select(
        *(issued_tokens.c[name] for name in ("jti", "kind", "name", "account_id", "channel_id")),
        issued_tokens.c.created_at,
        issued_tokens.c.expires_at,
        accounts.c.username.label("account"),
        accounts.c.tokens_valid_from,
        revoked_tokens.c.revoked_at,
    )
    .join(accounts, accounts.c.id == issued_tokens.c.account_id)
    .outerjoin(revoked_tokens, revoked_tokens.c.jti == issued_tokens.c.jti)
    .order_by(issued_tokens.c.created_at, issued_tokens.c.jti)
)


class TokenRecords:
    """What is known of tokens beside what they say themselves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- access and refresh tokens ----------------------------------------------------------------

    @unbroken
    async def add_issued(self, row: IssuedTokenRow) -> None:
        """Write down a token that was made by hand. Raises NotFound without its account."""
        names = ("jti", "kind", "name", "account_id", "channel_id", "created_at", "expires_at")
        values = {name: getattr(row, name) for name in names}
        try:
            async with self._database.begin() as connection:
                await connection.execute(insert(issued_tokens).values(values))
        except IntegrityError as error:
            raise _nobody(row.account_id, row.channel_id) from error

    @unbroken
    async def issued(self, jti: str | None = None) -> list[IssuedTokenRow]:
        """Return the tokens made by hand, the oldest first, or the one with this id."""
        query = _ISSUED if jti is None else _ISSUED.where(issued_tokens.c.jti == jti)
        async with self._database.read() as connection:
            return [value_of(IssuedTokenRow, row) for row in await connection.execute(query)]

    @unbroken
    async def revoke(self, jti: str, now: datetime, expires_at: datetime) -> None:
        """Take a token back, known or not; it would be good until `expires_at`."""
        row = {"jti": jti, "revoked_at": now, "expires_at": expires_at}
        query = insert_or(revoked_tokens).values(row).on_conflict_do_nothing()
        async with self._database.begin() as connection:
            await connection.execute(query)

    @unbroken
    async def revoke_all(
        self, account_id: int | None = None, clock: Callable[[], datetime] = utc_now
    ) -> datetime:
        """Take back all tokens, or those of an account, that were issued until now.

        Returns its `tokens_valid_from`: those issued before it are revoked. Raises NotFound.
        """
        return await revoke_until_now(self._database, clock, account_id)

    @unbroken
    async def revoked_at(self, *jtis: str) -> datetime | None:
        """Return when one of these tokens was taken back, if so."""
        query = select(revoked_tokens.c.revoked_at).where(revoked_tokens.c.jti.in_(jtis)).limit(1)
        async with self._database.read() as connection:
            revoked_at: datetime | None = await connection.scalar(query)
            return revoked_at

    # -- API tokens -------------------------------------------------------------------------------

    @unbroken
    async def add_api(self, row: ApiTokenRow, token_hash: str) -> None:
        """Keep an API token. Raises NotFound without its account or channel."""
        names = ("id", "name", "scopes", "account_id", "channel_id", "created_at", "expires_at")
        values = {name: getattr(row, name) for name in names}
        try:
            async with self._database.begin() as connection:
                await connection.execute(insert(api_tokens).values(**values, hash=token_hash))
        except IntegrityError as error:
            raise _nobody(row.account_id, row.channel_id) from error

    @unbroken
    async def api_tokens(self, now: datetime) -> list[ApiTokenRow]:
        """Return all API tokens, the oldest first."""
        query = _api(now).order_by(api_tokens.c.created_at, api_tokens.c.id)
        async with self._database.read() as connection:
            return [value_of(ApiTokenRow, row) for row in await connection.execute(query)]

    @unbroken
    async def api_by_id(self, token_id: str, now: datetime) -> ApiTokenRow | None:
        """Return the API token of this id, or None."""
        return await self._one_api(api_tokens.c.id == token_id, now)

    @unbroken
    async def api_by_hash(self, token_hash: str, now: datetime) -> ApiTokenRow | None:
        """Return the API token with this hash, or None."""
        return await self._one_api(api_tokens.c.hash == token_hash, now)

    @unbroken
    async def revoke_api(self, token_id: str, now: datetime) -> None:
        """Take an API token back."""
        query = update(api_tokens).where(api_tokens.c.id == token_id, _is_untouched())
        async with self._database.begin() as connection:
            await connection.execute(query.values(revoked_at=now))

    @unbroken
    async def note_use(self, row: ApiTokenRow, now: datetime) -> None:
        """Write down that an API token was used now, at most once a minute."""
        if row.last_used_at is not None and row.last_used_at > now - _USE_NOTED_EVERY:
            return
        query = update(api_tokens).where(api_tokens.c.id == row.id).values(last_used_at=now)
        async with self._database.begin() as connection:
            await connection.execute(query)

    @unbroken
    async def purge(self, now: datetime) -> None:
        """Forget what is of no use any more, and no longer of interest."""
        long_ago = now - SHOWN_AFTERWARDS
        api = api_tokens.c
        queries = (
            delete(revoked_tokens).where(revoked_tokens.c.expires_at <= long_ago),
            delete(issued_tokens).where(issued_tokens.c.expires_at <= long_ago),
            delete(api_tokens).where(or_(api.expires_at <= long_ago, api.revoked_at <= long_ago)),
        )
        async with self._database.begin() as connection:
            for query in queries:
                await connection.execute(query)

    async def _one_api(self, condition: ColumnElement[bool], now: datetime) -> ApiTokenRow | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_api(now).where(condition))).one_or_none()
            return value_or_none(ApiTokenRow, row)


def _is_untouched() -> ColumnElement[bool]:
    return api_tokens.c.revoked_at.is_(None)


def _api(now: datetime) -> Select[*tuple[Any, ...]]:
    columns = (api_tokens.c[name] for name in ApiTokenRow.__slots__ if name in api_tokens.c)
    return select(
        *columns,
        accounts.c.username.label("account"),
        site_ban_of(api_tokens.c.account_id, now).label("is_banned"),
    ).outerjoin(accounts, accounts.c.id == api_tokens.c.account_id)


def _nobody(account_id: int | None, channel_id: str | None) -> NotFound:
    return NotFound(f"There is no channel {channel_id!r}, or no account {account_id}.")
