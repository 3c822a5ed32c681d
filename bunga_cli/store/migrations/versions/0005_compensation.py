"""Whether a channel's old players are compensated for their distance.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the column: null is as the site's settings say."""
    op.add_column("channels", sa.Column("legacy_compensation", sa.Boolean))
