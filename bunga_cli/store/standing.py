"""The questions at the doors: what speaks for an account, and what against it.

Asked once per connection or request, by everybody at once after a restart: each is one query,
compiled once. `jti` and `refresh_jti` are the ids of the token and of the one that bought it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Exists, and_, bindparam, exists, or_, select

from bunga_cli.store.schema import UtcDateTime, accounts, channels, exclusions, members
from bunga_cli.store.schema import revoked_tokens as revoked

_ACCOUNT: BindParameter[int] = bindparam("account_id")
_CHANNEL: BindParameter[str] = bindparam("channel_id")
_NOW = bindparam("now", type_=UtcDateTime)

_IS_REVOKED = exists().where(revoked.c.jti.in_([bindparam("jti"), bindparam("refresh_jti")]))


def holds(now: datetime | None = None) -> ColumnElement[bool]:
    """Return the condition that an exclusion is not over; without `now` it is a parameter."""
    return or_(exclusions.c.until.is_(None), exclusions.c.until > (_NOW if now is None else now))


def site_ban_of(account_id: ColumnElement[Any], now: datetime | None = None) -> Exists:
    """Return the condition that an account is excluded from the whole site."""
    return exists().where(
        exclusions.c.account_id == account_id, exclusions.c.channel_id.is_(None), holds(now)
    )


def exclusion_of(
    account_id: ColumnElement[Any], channel_id: ColumnElement[Any], now: datetime | None = None
) -> Exists:
    """Return the condition that an account is excluded from a channel, or from the whole site."""
    return exists().where(
        exclusions.c.account_id == account_id,
        or_(exclusions.c.channel_id.is_(None), exclusions.c.channel_id == channel_id),
        holds(now),
    )


SEAT = (
    select(
        accounts.c.username,
        accounts.c.is_admin,
        channels.c.id.is_not(None).label("channel_exists"),
        members.c.account_id.is_not(None).label("is_member"),
        accounts.c.tokens_valid_from,
        _IS_REVOKED.label("is_revoked"),
        exclusion_of(accounts.c.id, _CHANNEL).label("is_excluded"),
    )
    .select_from(accounts)
    .outerjoin(channels, channels.c.id == _CHANNEL)
    .outerjoin(
        members,
        and_(members.c.channel_id == channels.c.id, members.c.account_id == accounts.c.id),
    )
    .where(accounts.c.id == _ACCOUNT)
)

STANDING = select(
    accounts,
    _IS_REVOKED.label("is_revoked"),
    site_ban_of(accounts.c.id).label("is_banned"),
    _NOW.label("as_of"),
).where(accounts.c.id == _ACCOUNT)
