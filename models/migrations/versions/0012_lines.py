"""caps of each trunk across hosts

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ON_THE_LINE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.drop_table("line")  # nothing in it outlives a second; every worker enters its trunks when it starts
    op.create_table(
        "line",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("starts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_line")),
    )
    op.drop_index("ix_attempt_line", "attempt")
    op.create_index(
        "ix_attempt_on_line", "attempt", ["line"], sqlite_where=ON_THE_LINE, postgresql_where=ON_THE_LINE
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_attempt_on_line", "attempt")
    op.create_index("ix_attempt_line", "attempt", ["line", "started_at"])
    op.drop_table("line")
    op.create_table(
        "line",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_line")),
    )
