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
    # Reviews that a client's business waits for stood at the end of the queue: the next look at it puts them in order.
    op.execute(
        "UPDATE review_task SET dial_by = NULL WHERE dial_by IS NOT NULL AND deadline_at IS NULL"
        " AND review_type IN ('new_account', 'private_fund')"
    )


def downgrade() -> None:
    for column in ("void_why", "void_by", "void_at"):
        op.drop_column("draw", column)
