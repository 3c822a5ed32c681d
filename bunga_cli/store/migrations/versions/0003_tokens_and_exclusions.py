"""Tokens that were taken back or made by hand, who may not come in, and who was seen as what.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables and the columns."""
    op.add_column("accounts", sa.Column("tokens_valid_from", sa.DateTime))
    op.add_column("accounts", sa.Column("seen_as", sa.Text))
    op.add_column("accounts", sa.Column("seen_at", sa.DateTime))
    _create_exclusions()
    _create_api_tokens()
    _create_issued_tokens()
    op.create_table(
        "revoked_tokens",
        sa.Column("jti", sa.Text, nullable=False),
        sa.Column("revoked_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("jti", name="pk_revoked_tokens"),
    )


def _create_exclusions() -> None:
    op.create_table(
        "exclusions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("channel_id", sa.Text),
        sa.Column("until", sa.DateTime),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exclusions"),
        *_of_account_and_channel("exclusions"),
    )
    _index_both("exclusions")


def _create_api_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("account_id", sa.Integer),
        sa.Column("channel_id", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime),
        sa.Column("last_used_at", sa.DateTime),
        sa.Column("revoked_at", sa.DateTime),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("hash", name="uq_api_tokens_hash"),
        *_of_account_and_channel("api_tokens"),
    )
    _index_both("api_tokens")


def _create_issued_tokens() -> None:
    op.create_table(
        "issued_tokens",
        sa.Column("jti", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("channel_id", sa.Text),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("jti", name="pk_issued_tokens"),
        sa.CheckConstraint("kind IN ('access', 'refresh')", name=op.f("ck_issued_tokens_kind")),
        *_of_account_and_channel("issued_tokens"),
    )
    _index_both("issued_tokens")


def _of_account_and_channel(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}", ondelete="CASCADE")
        for column, target in (("account_id", "accounts.id"), ("channel_id", "channels.id"))
    ]


def _index_both(table: str) -> None:
    for column in ("account_id", "channel_id"):
        op.create_index(f"ix_{table}_{column}", table, [column])
