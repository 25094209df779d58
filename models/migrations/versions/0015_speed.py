"""indexes of the console's lists, tallies of scripts

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ON_SQLITE = sa.text("with_human = 1 AND final = 0")
PEOPLE: dict[str, Any] = {"sqlite_where": ON_SQLITE, "postgresql_where": sa.text("with_human AND NOT final")}
BEFORE: dict[str, Any] = {"sqlite_where": ON_SQLITE, "postgresql_where": sa.text("with_human AND final IS false")}
PUT_OFF: dict[str, Any] = {
    "sqlite_where": sa.text("next_at IS NOT NULL"),
    "postgresql_where": sa.text("next_at IS NOT NULL"),
}
FIGURES = ("outcome", "talk_ms", "direction")
FLAGS = ("taken_in", "counted")


def upgrade() -> None:
    op.drop_index("ix_review_task_people", "review_task")
    op.create_index(
        "ix_review_task_people",
        "review_task",
        ["deadline_at", "id", "campaign_id", "closes_as", "valid_from", "review_type"],
        **PEOPLE,
    )
    op.drop_index("ix_review_task_campaign_id", "review_task")
    op.create_index("ix_review_task_campaign", "review_task", ["campaign_id", "id"])
    op.drop_index("ix_attempt_started_at", "attempt")
    op.drop_index("ix_attempt_figures", "attempt")
    op.create_index("ix_attempt_figures", "attempt", ["started_at", "id", *FIGURES])
    op.drop_index("ix_audit_entry_act", "audit_entry")
    op.create_index("ix_audit_entry_act", "audit_entry", ["act", "at", "id"])
    op.create_index("ix_human_review_put_off", "human_review", ["next_at", "task_id"], **PUT_OFF)
    for flag in FLAGS:
        op.add_column("attempt", sa.Column(flag, sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute("UPDATE attempt SET taken_in = true WHERE id IN (SELECT attempt_id FROM call_index)")
    for flag in FLAGS:
        op.create_index(
            f"ix_attempt_not_{flag}", "attempt", ["id"],
            sqlite_where=sa.text(f"{flag} = 0"), postgresql_where=sa.text(f"NOT {flag}"),
        )  # fmt: skip
    _tallies()


def _tallies() -> None:
    of = ("script", "script_hash", "day", "node")
    op.create_table(
        "script_tally",
        *_of_script(),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("detail", sa.String(length=30), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*of, "kind", "detail", name=op.f("pk_script_tally")),
    )
    op.create_table(
        "script_unknown",
        *_of_script(),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*of, "digest", name=op.f("pk_script_unknown")),
    )


def _of_script() -> list[sa.Column[Any]]:
    return [
        sa.Column("script", sa.String(length=40), nullable=False),
        sa.Column("script_hash", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("node", sa.String(length=80), nullable=False),
    ]


def downgrade() -> None:
    op.drop_table("script_unknown")
    op.drop_table("script_tally")
    for flag in reversed(FLAGS):
        op.drop_index(f"ix_attempt_not_{flag}", "attempt")
        op.drop_column("attempt", flag)
    op.drop_index("ix_human_review_put_off", "human_review")
    op.drop_index("ix_audit_entry_act", "audit_entry")
    op.create_index("ix_audit_entry_act", "audit_entry", ["act"])
    op.drop_index("ix_attempt_figures", "attempt")
    op.create_index("ix_attempt_figures", "attempt", ["started_at", *FIGURES])
    op.create_index("ix_attempt_started_at", "attempt", ["started_at"])
    op.drop_index("ix_review_task_campaign", "review_task")
    op.create_index("ix_review_task_campaign_id", "review_task", ["campaign_id"])
    op.drop_index("ix_review_task_people", "review_task")
    op.create_index("ix_review_task_people", "review_task", ["deadline_at", "id"], **BEFORE)
