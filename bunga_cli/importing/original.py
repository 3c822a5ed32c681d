"""What an installation of the original holds: the rows of its tables, as far as they matter.

Columns are named as its Django models name them. SQLite lets any value stand in any column, so each
row is checked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator

_HALF = re.compile("[\\ud800-\\udfff]")


def _read_text(value: object) -> object:
    """Return the time that Django wrote as text: in UTC, and without saying so."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _in_utc(moment: datetime) -> datetime:
    """Return the same time in UTC, if it is one in every zone of the world."""
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError("the year is out of range")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: object) -> object:
    return "" if value is None else value


Moment = Annotated[datetime, BeforeValidator(_read_text), AfterValidator(_in_utc)]
Text = Annotated[str, BeforeValidator(_text)]
"""NULL is an empty text."""
HIGHEST = 2**53
"""Number of a row; Django itself gives none that a float does not hold."""
Number = Annotated[int, Field(ge=1, le=HIGHEST)]
Position = Annotated[float, BeforeValidator(lambda value: value or 0), Field(ge=0, lt=2**53)]


class Row(BaseModel):
    """A row of one table; its fields are the columns that are read."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False)

    table: ClassVar[str]

    @field_validator("*")
    @classmethod
    def _is_text(cls, value: object) -> object:
        """Refuse text made of bytes that are none; Pydantic itself does not look."""
        if isinstance(value, str) and not value.isascii() and _HALF.search(value):
            raise ValueError("the text is not UTF-8")
        return value


class SiteRow(Row):
    """The site."""

    table = "server_site"
    name: Text


class AListHostRow(Row):
    """The site's AList."""

    table = "server_alisthost"
    host: Text


class VoiceKeyRow(Row):
    """The site's project at Agora."""

    table = "server_voicekey"
    agora_key: Text
    agora_certification: Text


class OldChannel(Row):
    """A channel."""

    table = "server_channel"
    channel_id: str
    name: Text
    allow_new_client: bool


class AListAccountRow(Row):
    """A channel's user of AList."""

    table = "server_alistaccount"
    channel_id: str
    username: Text
    password: Text


class BilibiliAccountRow(Row):
    """A channel's account at Bilibili."""

    table = "server_bilibiliaccount"
    channel_id: str
    sess: Text
    bili_jct: Text
    refresh_token: Text


class OldRecord(Row):
    """A video that was projected."""

    table = "server_videorecord"
    id: Number
    channel_id: str
    record_id: str
    title: Text
    thumb_url: str | None
    source: Text
    path: Text
    position: Position
    updated_at: Moment


class OldSubtitle(Row):
    """A subtitle; `record_id` is the `id` of its record, `file` is relative to the media folder."""

    table = "server_subtitle"
    record_id: Number
    uploader_id: Number | None
    name: Text
    file: Text


class OldLog(Row):
    """A client's log; `file` is relative to the media folder."""

    table = "server_clientlog"
    channel_id: Text
    uploader_id: Number | None
    created_at: Moment
    file: Text


class LinkerRow(Row):
    """Whether a linker of the gallery is asked."""

    table = "server_linkerconfig"
    linker_id: str
    enabled: bool


class User(Row):
    """An account."""

    table = "auth_user"
    id: Number
    username: str
    password: Text
    is_superuser: bool
    is_staff: bool
    is_active: bool
    date_joined: Moment

    @property
    def is_admin(self) -> bool:
        """Whether it could use the admin's part of the site."""
        return self.is_superuser or self.is_staff


class PermissionRow(Row):
    """What somebody may do; to be a member of a channel is one."""

    table = "auth_permission"
    id: Number
    codename: Text


class UserPermissionRow(Row):
    """Who may do it."""

    table = "auth_user_user_permissions"
    user_id: Number
    permission_id: Number


TABLES: tuple[type[Row], ...] = (
    SiteRow,
    AListHostRow,
    VoiceKeyRow,
    OldChannel,
    AListAccountRow,
    BilibiliAccountRow,
    OldRecord,
    OldSubtitle,
    OldLog,
    LinkerRow,
    User,
    PermissionRow,
    UserPermissionRow,
)


@dataclass(frozen=True, slots=True)
class Original:
    """All that was read.

    `settings`: by our keys. `memberships`: channel and user id. `accounts`: what channels log in
    with elsewhere, by channel and our plugin. `highest_user_id`: of any user there ever was.
    """

    settings: Mapping[str, object]
    channels: tuple[OldChannel, ...]
    users: tuple[User, ...]
    highest_user_id: int
    memberships: tuple[tuple[str, int], ...]
    accounts: Mapping[tuple[str, str], Mapping[str, str]]
    records: tuple[OldRecord, ...]
    subtitles: tuple[OldSubtitle, ...]
    logs: tuple[OldLog, ...]
