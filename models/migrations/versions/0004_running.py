"""campaigns that are paced, paused and shared by several workers

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PARKED = sa.text("due_at IS NOT NULL AND dial_by IS NULL")
QUEUED = sa.text("dial_by IS NOT NULL")
ALIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_index("ix_worker_alive", "worker", ["heartbeat_at"], sqlite_where=ALIVE, postgresql_where=ALIVE)
    op.create_table(
        "line",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_line")),
    )
    op.add_column("customer", sa.Column("do_not_call_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("customer", sa.Column("do_not_call_why", sa.String(length=120), nullable=False, server_default=""))
    op.add_column("campaign", sa.Column("hours", sa.JSON(), nullable=True))
    op.add_column("review_task", sa.Column("dial_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("review_task", sa.Column("held_by", sa.String(length=80), nullable=False, server_default=""))
    op.add_column("review_task", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_review_task_parked", "review_task", ["campaign_id", "due_at"], sqlite_where=PARKED, postgresql_where=PARKED
    )
    op.create_index(
        "ix_review_task_queue",
        "review_task",
        ["dial_by", "due_at", "id"],
        sqlite_where=QUEUED,
        postgresql_where=QUEUED,
    )
    op.add_column("attempt", sa.Column("line", sa.String(length=40), nullable=False, server_default=""))
    op.create_index("ix_attempt_line", "attempt", ["line", "started_at"])
    op.create_index("ix_attempt_customer", "attempt", ["customer_id", "started_at"])


def downgrade() -> None:
    op.drop_index("ix_attempt_customer", "attempt")
    op.drop_index("ix_attempt_line", "attempt")
    op.drop_index("ix_review_task_queue", "review_task")
    op.drop_index("ix_review_task_parked", "review_task")
    for table, column in (
        ("attempt", "line"),
        ("review_task", "held_until"),
        ("review_task", "held_by"),
        ("review_task", "dial_by"),
        ("campaign", "hours"),
        ("customer", "do_not_call_why"),
        ("customer", "do_not_call_at"),
    ):
        op.drop_column(table, column)
    op.drop_table("line")
    op.drop_table("worker")
