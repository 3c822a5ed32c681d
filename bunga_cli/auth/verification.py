"""Whether a token is good now: what it says, and what the store knows of it and its account."""

from typing import ClassVar

from bunga_cli.auth.api_tokens import hash_token
from bunga_cli.auth.tokens import (
    Claims,
    TokenExpired,
    TokenInvalid,
    TokenKind,
    TokenRevoked,
    Tokens,
)
from bunga_cli.clock import utc_now
from bunga_cli.errors import Forbidden, Unauthorized
from bunga_cli.store import Store
from bunga_cli.store.rows import ApiTokenRow, StandingRow


class UserNotFound(Unauthorized):
    """Report a good token of an account that is gone."""

    code: ClassVar[str] = "user_not_found"


class Banned(Forbidden):
    """Report a good token of an account that is banned from the site."""

    code: ClassVar[str] = "banned"

    def __init__(self) -> None:
        super().__init__("This account is banned.")


async def account_of(
    token: str, tokens: Tokens, store: Store, kind: TokenKind | None = "access"
) -> tuple[Claims, StandingRow]:
    """Return what a token says, and its account; `kind` None takes both.

    Raises TokenInvalid, TokenExpired, TokenRevoked, UserNotFound, or Banned.
    """
    claims = tokens.read(token, kind)
    account = await store.accounts.standing(claims.account_id, claims.jti, claims.refresh_jti)
    if account is None:
        raise UserNotFound("User not found")
    if account.is_revoked or claims.is_older_than(account.tokens_valid_from):
        raise TokenRevoked("The token was revoked.")
    if account.is_banned:
        raise Banned
    return claims, account


async def api_token_of(token: str, store: Store) -> ApiTokenRow:
    """Return what is known of an API token, and note its use.

    Raises TokenInvalid, TokenExpired, TokenRevoked, or Banned if it is one of a banned account.
    """
    now = utc_now()
    row = await store.tokens.api_by_hash(hash_token(token), now)
    if row is None:
        raise TokenInvalid("The token is not one of this site.")
    if row.revoked_at is not None:
        raise TokenRevoked("The token was revoked.")
    if row.expires_at is not None and row.expires_at <= now:
        raise TokenExpired("The token is expired.")
    if row.is_banned:
        raise Banned
    await store.tokens.note_use(row, now)
    return row
