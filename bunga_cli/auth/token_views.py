"""Tokens as people look at them: in a list, and one of them closely."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bunga_cli.store.rows import ApiTokenRow, IssuedTokenRow

Kind = Literal["access", "refresh", "api"]
State = Literal["valid", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token that somebody made. `id` is its jti or, of an API token, `tok_…`."""

    id: str
    kind: Kind
    name: str
    account: str | None
    channel_id: str | None
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    state: State


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a token is. `problem` says in a sentence why it is not valid; None: it is.

    A token of another site has no `kind`, and nothing is said of it.
    """

    id: str | None = None
    kind: Kind | None = None
    problem: str | None = None
    account: str | None = None
    channel_id: str | None = None
    scopes: Sequence[str] = ()
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    claims: dict[str, Any] | None = None


def issued_view(row: IssuedTokenRow, now: datetime) -> TokenView:
    """Return an access or refresh token as shown."""
    revoked_at = row.revoked_at
    if revoked_at is None and row.tokens_valid_from and row.created_at < row.tokens_valid_from:
        revoked_at = row.tokens_valid_from
    return TokenView(
        id=row.jti,
        kind="access" if row.kind == "access" else "refresh",
        name=row.name,
        account=row.account,
        channel_id=row.channel_id,
        scopes=[],
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=None,
        revoked_at=revoked_at,
        state=_state(revoked_at, row.expires_at, now),
    )


def api_view(row: ApiTokenRow, now: datetime) -> TokenView:
    """Return an API token as shown."""
    return TokenView(
        id=row.id,
        kind="api",
        name=row.name,
        account=row.account,
        channel_id=row.channel_id,
        scopes=[*row.scopes],
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        state=_state(row.revoked_at, row.expires_at, now),
    )


def _state(revoked_at: datetime | None, expires_at: datetime | None, now: datetime) -> State:
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at is not None and expires_at <= now else "valid"
