"""what every process says of its calls

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("worker") as table:
        table.add_column(sa.Column("console", sa.String(length=200), nullable=False, server_default=""))
    op.create_table(
        "live_call",
        sa.Column("call_id", sa.String(length=60), nullable=False),
        sa.Column("worker", sa.String(length=80), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("task_number", sa.Text(), nullable=False),
        sa.Column("client", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["worker"], ["worker.id"], name=op.f("fk_live_call_worker")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_live_call")),
    )
    op.create_index(op.f("ix_live_call_worker"), "live_call", ["worker"])
    op.create_table(
        "worker_condition",
        sa.Column("worker", sa.String(length=80), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("archive_retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["worker"], ["worker.id"], name=op.f("fk_worker_condition_worker")),
        sa.PrimaryKeyConstraint("worker", name=op.f("pk_worker_condition")),
    )


def downgrade() -> None:
    op.drop_table("worker_condition")
    op.drop_table("live_call")
    with op.batch_alter_table("worker") as table:
        table.drop_column("console")
