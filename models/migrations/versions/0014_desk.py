"""calls that agents make

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("line_worker", sa.String(length=80), server_default="", nullable=False))
    op.add_column("attempt", sa.Column("line_down_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("attempt", "line_down_at")
    op.drop_column("attempt", "line_worker")
