"""versions of scripts; calls that serve several tasks; what was delivered

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.sealed import current_seal

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_scripts()
    _make_attempt_task()
    _make_delivery()
    op.add_column("answer", sa.Column("node", sa.String(length=80), nullable=False, server_default=""))
    op.execute("UPDATE answer SET node = question")
    with op.batch_alter_table("notice") as notice:
        notice.add_column(sa.Column("attempt_id", sa.Integer(), nullable=True))
        notice.create_foreign_key(op.f("fk_notice_attempt_id"), "attempt", ["attempt_id"], ["id"])
        notice.create_index(op.f("ix_notice_attempt_id"), ["attempt_id"])


def _make_scripts() -> None:
    op.create_table(
        "script_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("submitted_by", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_version")),
        sa.UniqueConstraint("name", "number", name=op.f("uq_script_version_name_number")),
    )
    op.create_index(op.f("ix_script_version_hash"), "script_version", ["hash"])
    op.create_index(
        "ix_script_version_published",
        "script_version",
        ["name"],
        unique=True,
        sqlite_where=sa.text("state = 'published'"),
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "script_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["script_version.id"], name=op.f("fk_script_act_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_act")),
    )
    op.create_index(op.f("ix_script_act_version_id"), "script_act", ["version_id"])


def _make_attempt_task() -> None:
    """Every call before this one served exactly its own task."""
    op.create_table(
        "attempt_task",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("script", sa.String(length=40), nullable=False),
        sa.Column("script_hash", sa.String(length=64), nullable=False),
        sa.Column("slots", sa.LargeBinary(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("decision", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_attempt_task_attempt_id")),
        sa.ForeignKeyConstraint(["task_id"], ["review_task.id"], name=op.f("fk_attempt_task_task_id")),
        sa.PrimaryKeyConstraint("attempt_id", "task_id", name=op.f("pk_attempt_task")),
        sa.UniqueConstraint("task_id", "no", name=op.f("uq_attempt_task_task_id_no")),
    )
    op.get_bind().execute(
        sa.text(
            "INSERT INTO attempt_task"
            " (attempt_id, task_id, place, no, script, script_hash, slots, questions, status, decision)"
            " SELECT id, task_id, 0, no, script, script_hash, :nothing, '{}', status, '{}' FROM attempt"
        ),
        {"nothing": current_seal().close("{}")},
    )


def _make_delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("node", sa.String(length=80), nullable=False),
        sa.Column("played_ms", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("at_ms", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_delivery_attempt_id")),
        sa.ForeignKeyConstraint(["task_id"], ["review_task.id"], name=op.f("fk_delivery_task_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_attempt_id"), "delivery", ["attempt_id"])
    op.create_index(op.f("ix_delivery_task_id"), "delivery", ["task_id"])


def downgrade() -> None:
    with op.batch_alter_table("notice") as notice:
        notice.drop_index(op.f("ix_notice_attempt_id"))
        notice.drop_constraint(op.f("fk_notice_attempt_id"), type_="foreignkey")
        notice.drop_column("attempt_id")
    with op.batch_alter_table("answer") as answer:
        answer.drop_column("node")
    for table in ("delivery", "attempt_task", "script_act", "script_version"):
        op.drop_table(table)
