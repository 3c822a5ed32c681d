"""The tables, as SQLAlchemy Core knows them; `migrations/` makes a file agree with this page.

Positions are integers of microseconds. Times are UTC. What belongs to a channel goes with it.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)


class UtcDateTime(TypeDecorator[datetime]):
    """Hold an aware time as UTC; SQLite itself knows no zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return `value` in UTC, without its zone."""
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return `value` as the UTC time it is."""
        return value and value.replace(tzinfo=UTC)


# Names by rule: a later migration can only change a constraint that it can name.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("username", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("is_admin", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Tokens that were issued before are revoked (see `auth/tokens.py`).
    Column("tokens_valid_from", UtcDateTime),
    # What it was last called in a room, and when that was: accounts of players have random names.
    Column("seen_as", Text),
    Column("seen_at", UtcDateTime),
    UniqueConstraint("username"),
    # A number is never given twice: tokens of a removed account must not become another's.
    sqlite_autoincrement=True,
)

channels = Table(
    "channels",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("allow_new_client", Boolean, nullable=False),
    Column("on_join", Text),
    Column("created_at", UtcDateTime, nullable=False),
    # How long its room is patient; without one, as the site's settings say.
    Column("max_wait_us", BigInteger),
    Column("reconnect_grace_us", BigInteger),
    # Whether those who follow an invitation see who watches what.
    Column("shows_room", Boolean, nullable=False, server_default=false()),
    # Whether its old players are told where the room will be, and squeezed; else as the site says.
    Column("legacy_compensation", Boolean),
    CheckConstraint("on_join IN ('pause', 'continue')", name="on_join"),
)

channel_plugin_settings = Table(
    "channel_plugin_settings",
    metadata,
    Column("channel_id", ForeignKey(channels.c.id, ondelete="CASCADE"), primary_key=True),
    Column("plugin", Text, primary_key=True),
    Column("values", JSON, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("channel_id", ForeignKey(channels.c.id, ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey(accounts.c.id, ondelete="CASCADE"), primary_key=True),
    Column("joined_at", UtcDateTime, nullable=False),
    Index(None, "account_id"),
)

# Who may not come in: into a channel, or, without one, anywhere. Without `until` it is a ban.
exclusions = Table(
    "exclusions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", ForeignKey(accounts.c.id, ondelete="CASCADE"), nullable=False),
    Column("channel_id", ForeignKey(channels.c.id, ondelete="CASCADE")),
    Column("until", UtcDateTime),
    Column("reason", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "account_id"),
    Index(None, "channel_id"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("account_id", ForeignKey(accounts.c.id, ondelete="CASCADE")),
    Column("channel_id", ForeignKey(channels.c.id, ondelete="CASCADE")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    UniqueConstraint("hash"),
    Index(None, "account_id"),
    Index(None, "channel_id"),
)

# Access and refresh tokens that somebody made by hand. Those of players are not written down.
issued_tokens = Table(
    "issued_tokens",
    metadata,
    Column("jti", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("account_id", ForeignKey(accounts.c.id, ondelete="CASCADE"), nullable=False),
    Column("channel_id", ForeignKey(channels.c.id, ondelete="CASCADE")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    CheckConstraint("kind IN ('access', 'refresh')", name="kind"),
    Index(None, "account_id"),
    Index(None, "channel_id"),
)

# Any access or refresh token, made by hand or not. A row is of no use once the token is expired.
revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("jti", Text, primary_key=True),
    Column("revoked_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

# Who is signed in to the console: the id is the SHA-256 of what the browser's cookie holds.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", ForeignKey(accounts.c.id, ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Index(None, "account_id"),
)

# Who changed what. It refers to nothing: it tells also of those who are gone, and what is.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", JSON, nullable=False),
    CheckConstraint("via IN ('console', 'api', 'socket')", name="via"),
)

records = Table(
    "records",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel_id", ForeignKey(channels.c.id, ondelete="CASCADE"), nullable=False),
    Column("record_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("thumb_url", Text),
    Column("source", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("position_us", BigInteger, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("channel_id", "record_id"),
    Index(None, "channel_id", "updated_at"),
)

subtitles = Table(
    "subtitles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("record_pk", ForeignKey(records.c.id, ondelete="CASCADE"), nullable=False),
    Column("uploader_id", ForeignKey(accounts.c.id, ondelete="SET NULL")),
    Column("name", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("file"),
    Index(None, "record_pk"),
    Index(None, "uploader_id"),
)

# A log outlives its channel: it is read when something went wrong, which may be the channel's end.
client_logs = Table(
    "client_logs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel_id", Text, nullable=False),
    Column("uploader_id", ForeignKey(accounts.c.id, ondelete="SET NULL")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("file", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    UniqueConstraint("file"),
    Index(None, "uploader_id"),
)

rooms = Table(
    "rooms",
    metadata,
    Column("channel_id", ForeignKey(channels.c.id, ondelete="CASCADE"), primary_key=True),
    Column("record_id", Text),
    Column("sharer", JSON(none_as_null=True)),
    Column("watchers", JSON, nullable=False),
    Column("position_us", BigInteger, nullable=False),
    Column("rate", Integer, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("epoch", Text, nullable=False),
    ForeignKeyConstraint(
        ["channel_id", "record_id"],
        [records.c.channel_id, records.c.record_id],
        ondelete="CASCADE",
    ),
)

beats = Table(
    "beats",
    metadata,
    Column("epoch", Text, primary_key=True),
    Column("heartbeat_us", BigInteger, nullable=False),
)
