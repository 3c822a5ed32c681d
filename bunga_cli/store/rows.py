"""What queries return: plain values, which know nothing of a database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Row

_T = TypeVar("_T")

AnyRow: TypeAlias = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel. `on_join` is `pause`, `continue`, or None for the site's default."""

    id: str
    name: str
    allow_new_client: bool
    on_join: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account, with the hash that its password must match."""

    id: int
    username: str
    password_hash: str
    is_admin: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MemberRow:
    """An account in a channel."""

    account_id: int
    username: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class SeatRow:
    """All that decides whether an account may open a channel's socket."""

    username: str
    is_admin: bool
    channel_exists: bool
    is_member: bool


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
