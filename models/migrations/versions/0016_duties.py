"""draws and samples

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("draw", sa.Column("void_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("draw", sa.Column("void_by", sa.String(80), server_default="", nullable=False))
    op.add_column("draw", sa.Column("void_why", sa.String(300), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("draw") as draw:
        for column in ("void_why", "void_by", "void_at"):
            draw.drop_column(column)
