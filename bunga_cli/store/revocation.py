"""Taking back all tokens that were issued until now: those of an account, or of the site.

The dates in tokens are whole seconds. So what is older than `tokens_valid_from`, the next whole
second, is revoked; what comes after is dated to it at least.

Whoever issues a token dates it to a moment before he asked how the account stands
(`StandingRow.as_of`). If he was told of no revocation, none was committed by then: his date is one
before the commit, and has to be older than `tokens_valid_from`. That is so if the moment that
counts is taken in the transaction itself, and the transaction is over within the same second. If it
is not, there is another one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bunga_cli.errors import NotFound
from bunga_cli.store.database import Database
from bunga_cli.store.schema import accounts, api_tokens

_RESOLUTION = timedelta(seconds=1)
"""Of the dates in tokens."""


def revocation_moment(now: datetime) -> datetime:
    """Return the `tokens_valid_from` that revokes everything issued until now.

    Not what was dated ahead of now after an earlier revocation: that takes `revoke_until_now`.
    """
    return now.replace(microsecond=0) + _RESOLUTION


async def revoke_until_now(
    database: Database,
    clock: Callable[[], datetime],
    account_id: int | None = None,
    password_hash: str | None = None,
) -> datetime:
    """Take back all tokens, or an account's, API tokens included; set its password with it.

    Returns the `tokens_valid_from`. Raises NotFound without the account. Only for what is
    `unbroken`.
    """
    password = {} if password_hash is None else {"password_hash": password_hash}
    while True:
        async with database.begin() as connection:
            valid_from = await _revoke(connection, clock(), account_id, password)
        if clock() < valid_from:
            return valid_from


async def _revoke(
    connection: AsyncConnection, now: datetime, account_id: int | None, password: dict[str, str]
) -> datetime:
    of_whom = true() if account_id is None else accounts.c.id == account_id
    latest: datetime | None = await connection.scalar(
        select(func.max(accounts.c.tokens_valid_from)).where(of_whom)
    )
    valid_from = revocation_moment(now)
    if latest is not None:
        # A token issued since the last revocation may be dated to that one's moment.
        valid_from = max(valid_from, latest + _RESOLUTION)
    values = {"tokens_valid_from": valid_from, **password}
    changed = await connection.execute(update(accounts).where(of_whom).values(values))
    if account_id is not None and not changed.rowcount:
        raise NotFound(f"There is no account {account_id}.")
    of_api = update(api_tokens).where(api_tokens.c.revoked_at.is_(None))
    if account_id is not None:
        of_api = of_api.where(api_tokens.c.account_id == account_id)
    await connection.execute(of_api.values(revoked_at=now))
    return valid_from
