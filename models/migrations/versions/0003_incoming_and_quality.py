"""incoming calls; the quality of a call's line

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.sealed import current_seal

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("direction", sa.String(length=10), nullable=False, server_default="outgoing"))
    op.add_column("attempt_task", sa.Column("status_before", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("attempt_task", sa.Column("due_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("review_task", sa.Column("next_phone_digest", sa.String(64), nullable=False, server_default=""))
    op.create_index(op.f("ix_review_task_next_phone_digest"), "review_task", ["next_phone_digest"])
    _digest_learnt_numbers()
    _make_line_quality()
    _make_incoming_call()


def _digest_learnt_numbers() -> None:
    """A client is known by a number learnt in an earlier call too."""
    bind, seal = op.get_bind(), current_seal()
    learnt = bind.execute(sa.text("SELECT id, next_phone FROM review_task WHERE next_phone IS NOT NULL")).all()
    for task_id, sealed in learnt:
        values = {"id": task_id, "digest": seal.digest(seal.open(bytes(sealed)))}
        bind.execute(sa.text("UPDATE review_task SET next_phone_digest = :digest WHERE id = :id"), values)


def _make_line_quality() -> None:
    op.create_table(
        "line_quality",
        sa.Column("attempt_id", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("jitter_ms", sa.Double(), nullable=False),
        sa.Column("concealed_ms", sa.Integer(), nullable=False),
        sa.Column("r_factor", sa.Double(), nullable=False),
        sa.Column("round_trip_ms", sa.Double(), nullable=True),
        sa.Column("far_loss", sa.Double(), nullable=True),
        sa.Column("far_jitter_ms", sa.Double(), nullable=True),
        sa.Column("far_r_factor", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_line_quality_attempt_id")),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_line_quality")),
    )


def _make_incoming_call() -> None:
    op.create_table(
        "incoming_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caller", sa.String(length=40), nullable=False),
        sa.Column("trunk", sa.String(length=80), nullable=False),
        sa.Column("treatment", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_incoming_call_customer_id")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_incoming_call_attempt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_call")),
        sa.UniqueConstraint("call_id", name=op.f("uq_incoming_call_call_id")),
    )
    op.create_index(op.f("ix_incoming_call_at"), "incoming_call", ["at"])
    op.create_index(op.f("ix_incoming_call_customer_id"), "incoming_call", ["customer_id"])
    op.create_index(op.f("ix_incoming_call_attempt_id"), "incoming_call", ["attempt_id"])


def downgrade() -> None:
    op.drop_table("incoming_call")
    op.drop_table("line_quality")
    op.drop_index(op.f("ix_review_task_next_phone_digest"), "review_task")
    with op.batch_alter_table("review_task") as review_task:
        review_task.drop_column("next_phone_digest")
    with op.batch_alter_table("attempt_task") as attempt_task:
        attempt_task.drop_column("due_before")
        attempt_task.drop_column("status_before")
    with op.batch_alter_table("attempt") as attempt:
        attempt.drop_column("direction")
