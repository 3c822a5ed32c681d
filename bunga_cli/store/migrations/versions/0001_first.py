"""Everything that the first version keeps.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

from bunga_cli.store.migrations import APPLICATION_ID

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    _create_accounts()
    _create_channels()
    _create_members()
    _create_records()
    _create_subtitles()
    _create_client_logs()
    _create_rooms()


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("is_admin", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("username", name="uq_accounts_username"),
        sqlite_autoincrement=True,
    )


def _create_channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("allow_new_client", sa.Boolean, nullable=False),
        sa.Column("on_join", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        sa.CheckConstraint("on_join IN ('pause', 'continue')", name=op.f("ck_channels_on_join")),
    )


def _create_members() -> None:
    op.create_table(
        "members",
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("joined_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "account_id", name="pk_members"),
        _belongs_to_channel("members"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name="fk_members_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_members_account_id", "members", ["account_id"])


def _create_records() -> None:
    op.create_table(
        "records",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("thumb_url", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("position_us", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_records"),
        sa.UniqueConstraint("channel_id", "record_id", name="uq_records_channel_id_record_id"),
        _belongs_to_channel("records"),
    )
    op.create_index("ix_records_channel_id_updated_at", "records", ["channel_id", "updated_at"])


def _create_subtitles() -> None:
    op.create_table(
        "subtitles",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("record_pk", sa.Integer, nullable=False),
        sa.Column("uploader_id", sa.Integer),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subtitles"),
        sa.UniqueConstraint("file", name="uq_subtitles_file"),
        sa.ForeignKeyConstraint(
            ["record_pk"], ["records.id"], name="fk_subtitles_record_pk", ondelete="CASCADE"
        ),
        _uploaded_by_account("subtitles"),
    )
    op.create_index("ix_subtitles_record_pk", "subtitles", ["record_pk"])
    op.create_index("ix_subtitles_uploader_id", "subtitles", ["uploader_id"])


def _create_client_logs() -> None:
    op.create_table(
        "client_logs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("uploader_id", sa.Integer),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_client_logs"),
        sa.UniqueConstraint("file", name="uq_client_logs_file"),
        _uploaded_by_account("client_logs"),
    )
    op.create_index("ix_client_logs_uploader_id", "client_logs", ["uploader_id"])


def _create_rooms() -> None:
    op.create_table(
        "rooms",
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("record_id", sa.Text),
        sa.Column("sharer", sa.JSON),
        sa.Column("watchers", sa.JSON, nullable=False),
        sa.Column("position_us", sa.BigInteger, nullable=False),
        sa.Column("rate", sa.Integer, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name="pk_rooms"),
        _belongs_to_channel("rooms"),
        sa.ForeignKeyConstraint(
            ["channel_id", "record_id"],
            ["records.channel_id", "records.record_id"],
            name="fk_rooms_channel_id_record_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "beats",
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("heartbeat_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("epoch", name="pk_beats"),
    )


def _belongs_to_channel(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["channel_id"], ["channels.id"], name=f"fk_{table}_channel_id", ondelete="CASCADE"
    )


def _uploaded_by_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["uploader_id"], ["accounts.id"], name=f"fk_{table}_uploader_id", ondelete="SET NULL"
    )
