"""as what staff serve clients

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("serves_as", sa.String(20), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("staff", "serves_as")
