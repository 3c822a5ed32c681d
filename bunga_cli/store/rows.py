"""What queries return: plain values, which know nothing of a database."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Row

_T = TypeVar("_T")

AnyRow: TypeAlias = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel. `on_join` is `pause`, `continue`, or None for the site's default.

    So is None for the two durations and `legacy_compensation`. `shows_room`: an invitation tells
    who watches what.
    """

    id: str
    name: str
    allow_new_client: bool
    on_join: str | None
    created_at: datetime
    max_wait_us: int | None = None
    reconnect_grace_us: int | None = None
    shows_room: bool = False
    legacy_compensation: bool | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account, with the hash that its password must match.

    `seen_as` is what it was last called in a room, `seen_at` when that was.
    """

    id: int
    username: str
    password_hash: str
    is_admin: bool
    created_at: datetime
    tokens_valid_from: datetime | None = None
    seen_as: str | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StandingRow(AccountRow):
    """An account and what speaks against it: its token was revoked, it is banned from the site.

    `as_of` is a moment before it was looked up: a token that is issued because of it is dated so.
    """

    is_revoked: bool = False
    is_banned: bool = False
    as_of: datetime = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class AccountSummaryRow:
    """An account among others. `channels` is the number of its memberships."""

    id: int
    username: str
    is_admin: bool
    created_at: datetime
    channels: int
    is_banned: bool
    seen_as: str | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """An account in a channel."""

    account_id: int
    username: str
    joined_at: datetime
    is_admin: bool = False
    seen_as: str | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MembershipRow:
    """A channel of an account."""

    channel_id: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class ExclusionRow:
    """Who may not come in: for good (a ban) or `until` a moment; no channel: nowhere."""

    account_id: int
    channel_id: str | None
    until: datetime | None
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SeatRow:
    """All that decides whether an account may open a channel's socket with a token."""

    username: str
    is_admin: bool
    channel_exists: bool
    is_member: bool
    tokens_valid_from: datetime | None = None
    is_revoked: bool = False
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class ApiTokenRow:
    """An API token, but for itself: nobody has that but its owner.

    `account` may be None; then it is nobody's. `is_banned`: its account is, from the site.
    """

    id: str
    name: str
    scopes: list[str]
    account_id: int | None
    account: str | None
    channel_id: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    is_banned: bool = False


@dataclass(frozen=True, slots=True)
class IssuedTokenRow:
    """An access or refresh token that was made by hand.

    `revoked_at` is its own; `tokens_valid_from` is its account's, and may revoke it as well.
    """

    jti: str
    kind: str
    name: str
    account_id: int
    account: str
    channel_id: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    tokens_valid_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser that is signed in. Its id is the SHA-256 of its token, in hex.

    `is_banned`: its account is, from the site. `tokens_valid_from` is its account's too: what
    began before is over.
    """

    id: str
    account_id: int
    created_at: datetime
    seen_at: datetime
    address: str
    agent: str
    username: str
    is_admin: bool
    tokens_valid_from: datetime | None = None
    is_banned: bool = False


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did: `action` is such as `channels.create`, `subject` a channel's id.

    `via` is `console`, `api` or `socket`; `details` are texts by name, and never secrets.
    """

    actor: str
    via: str
    address: str
    action: str
    subject: str
    details: dict[str, str]


@dataclass(frozen=True, slots=True)
class AuditRow(AuditEntry):
    """An entry of the audit log."""

    id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordRow:
    """A video that was projected in a channel, and how far it was watched."""

    id: int
    channel_id: str
    record_id: str
    title: str
    thumb_url: str | None
    source: str
    path: str
    position_us: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SubtitleRow:
    """An uploaded subtitle. `uploader` is empty once that account is removed."""

    id: int
    record_pk: int
    uploader: str
    name: str
    file: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ClientLogRow:
    """An uploaded log of a client. `uploader` is empty once that account is removed."""

    id: int
    channel_id: str
    uploader: str
    created_at: datetime
    file: str
    size_bytes: int


def value_of(kind: type[_T], row: AnyRow) -> _T:
    """Return `row` as a `kind`, whose fields are named like the columns selected."""
    return kind(**row._asdict())


def value_or_none(kind: type[_T], row: AnyRow | None) -> _T | None:
    """Return `row` as a `kind`, or None where there is no row."""
    return None if row is None else value_of(kind, row)
