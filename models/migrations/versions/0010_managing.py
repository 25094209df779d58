"""cases, changes of campaigns

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_attempt_figures", "attempt", ["started_at", "outcome", "talk_ms", "direction"]),
    ("ix_review_task_status", "review_task", ["campaign_id", "status", "id"]),
    ("ix_escalation_created_at", "escalation", ["created_at"]),
)


def upgrade() -> None:
    op.add_column("campaign", sa.Column("lines", sa.Integer(), nullable=True))
    op.add_column("campaign", sa.Column("calls_per_hour", sa.Integer(), nullable=True))
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    op.create_index(
        "ix_review_task_people",
        "review_task",
        ["deadline_at", "id"],
        sqlite_where=sa.text("with_human = 1 AND final = 0"),
        postgresql_where=sa.text("with_human AND final IS false"),
    )
    op.create_index(
        "ix_customer_silent",
        "customer",
        ["do_not_call_at", "id"],
        sqlite_where=sa.text("do_not_call = 1"),
        postgresql_where=sa.text("do_not_call"),
    )
    op.create_index(
        "ix_escalation_open",
        "escalation",
        ["state"],
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "campaign_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_act_campaign_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_act")),
    )
    op.create_index(op.f("ix_campaign_act_campaign_id"), "campaign_act", ["campaign_id"])
    op.create_table(
        "silence_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("why", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_silence_act_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_silence_act")),
    )
    op.create_index(op.f("ix_silence_act_customer_id"), "silence_act", ["customer_id"])
    _cases()


def _cases() -> None:
    op.create_table(
        "review_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempt_id", sa.Integer(), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("department", sa.String(length=80), nullable=False),
        sa.Column("concerns", sa.String(length=80), nullable=False),
        sa.Column("what", sa.LargeBinary(), nullable=False),
        sa.Column("raised_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("found_by", sa.String(length=80), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempt.id"], name=op.f("fk_review_case_attempt_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_review_case_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_case")),
    )
    op.create_index(op.f("ix_review_case_attempt_id"), "review_case", ["attempt_id"])
    op.create_index(op.f("ix_review_case_customer_id"), "review_case", ["customer_id"])
    op.create_index("ix_review_case_standing", "review_case", ["state", "deadline_at"])
    op.create_table(
        "case_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("why", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["review_case.id"], name=op.f("fk_case_act_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_act")),
    )
    op.create_index(op.f("ix_case_act_case_id"), "case_act", ["case_id"])


def downgrade() -> None:
    for table in ("case_act", "review_case", "silence_act", "campaign_act"):
        op.drop_table(table)
    op.drop_index("ix_escalation_open", "escalation")
    op.drop_index("ix_customer_silent", "customer")
    op.drop_index("ix_review_task_people", "review_task")
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table)
    with op.batch_alter_table("campaign") as campaign:
        campaign.drop_column("calls_per_hour")
        campaign.drop_column("lines")
