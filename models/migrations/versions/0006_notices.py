"""notices that are sent, events told to the firm's system

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _posting() -> list[sa.Column[Any]]:
    return [
        sa.Column("state", sa.String(length=10), nullable=False, server_default="waiting"),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(length=80), nullable=False, server_default=""),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("told_by", sa.String(length=80), nullable=False, server_default=""),
    ]


def upgrade() -> None:
    op.add_column("review_task", sa.Column("closes_as", sa.String(length=40), nullable=False, server_default=""))
    for column in _posting():
        op.add_column("notice", column)
    op.execute("UPDATE notice SET state = 'by_hand' WHERE channel = 'manual'")
    op.execute("UPDATE notice SET state = 'sent' WHERE sent_at IS NOT NULL")
    op.execute("UPDATE notice SET next_try_at = created_at WHERE state = 'waiting'")
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        *_posting(),
        sa.ForeignKeyConstraint(["task_id"], ["review_task.id"], name=op.f("fk_event_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint("key", name=op.f("uq_event_key")),
    )
    op.create_index(op.f("ix_event_task_id"), "event", ["task_id"])
    for table in ("notice", "event"):
        op.create_index(
            op.f(f"ix_{table}_next_try_at"),
            table,
            ["next_try_at"],
            sqlite_where=sa.text("next_try_at IS NOT NULL"),
            postgresql_where=sa.text("next_try_at IS NOT NULL"),
        )


def downgrade() -> None:
    op.drop_table("event")
    op.drop_index(op.f("ix_notice_next_try_at"), "notice")
    with op.batch_alter_table("notice") as notice:
        for column in _posting():
            notice.drop_column(column.name)
    with op.batch_alter_table("review_task") as task:
        task.drop_column("closes_as")
