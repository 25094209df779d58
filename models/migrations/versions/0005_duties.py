"""business events, duties, draws and plans

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("plan_act", "review_plan", "drawn_member", "draw", "duty", "event_task", "business_event")


def upgrade() -> None:
    for column in (
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("account_state", sa.String(length=20), nullable=False, server_default="active"),
        sa.Column("investor", sa.String(length=20), nullable=False, server_default=""),
        sa.Column("tolerance", sa.String(length=2), nullable=False, server_default=""),
    ):
        op.add_column("customer", column)
    op.add_column("product", sa.Column("kind", sa.String(length=20), nullable=False, server_default=""))
    op.add_column("product", sa.Column("cooling_off_hours", sa.Integer(), nullable=True))
    _make_events()
    _make_draws()
    _make_plans()


def _make_events() -> None:
    op.create_table(
        "business_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_business_event_customer_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_business_event_product_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_business_event_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_event")),
        sa.UniqueConstraint("number", name=op.f("uq_business_event_number")),
    )
    op.create_index(op.f("ix_business_event_customer_id"), "business_event", ["customer_id"])
    op.create_index(op.f("ix_business_event_occurred_at"), "business_event", ["occurred_at"])
    open_ones = sa.text("state IN ('new', 'stuck')")
    op.create_index(
        "ix_business_event_open", "business_event", ["state", "id"], sqlite_where=open_ones, postgresql_where=open_ones
    )
    op.create_index(op.f("ix_business_event_product_id"), "business_event", ["product_id"])
    op.create_index(op.f("ix_business_event_staff_id"), "business_event", ["staff_id"])
    op.create_table(
        "event_task",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["business_event.id"], name=op.f("fk_event_task_event_id")),
        sa.ForeignKeyConstraint(["task_id"], ["review_task.id"], name=op.f("fk_event_task_task_id")),
        sa.PrimaryKeyConstraint("event_id", "task_id", name=op.f("pk_event_task")),
    )
    op.create_index(op.f("ix_event_task_task_id"), "event_task", ["task_id"])


def _make_draws() -> None:
    op.create_table(
        "duty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("per_mille", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
        sa.UniqueConstraint("kind", "year", name=op.f("uq_duty_kind_year")),
    )
    op.create_table(
        "draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("duty_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=80), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["duty_id"], ["duty.id"], name=op.f("fk_draw_duty_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw")),
    )
    op.create_index(op.f("ix_draw_duty_id"), "draw", ["duty_id"])
    op.create_table(
        "drawn_member",
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("credited", sa.Boolean(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_drawn_member_customer_id")),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_drawn_member_draw_id")),
        sa.ForeignKeyConstraint(["task_id"], ["review_task.id"], name=op.f("fk_drawn_member_task_id")),
        sa.PrimaryKeyConstraint("draw_id", "customer_id", name=op.f("pk_drawn_member")),
    )
    op.create_index(op.f("ix_drawn_member_customer_id"), "drawn_member", ["customer_id"])
    op.create_index(op.f("ix_drawn_member_task_id"), "drawn_member", ["task_id"])


def _make_plans() -> None:
    op.create_table(
        "review_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("drafted_by", sa.String(length=80), nullable=False),
        sa.Column("submitted_by", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_review_plan_campaign_id")),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.id"], name=op.f("fk_review_plan_draw_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_plan")),
        sa.UniqueConstraint("name", name=op.f("uq_review_plan_name")),
    )
    op.create_table(
        "plan_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("why", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["review_plan.id"], name=op.f("fk_plan_act_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_act")),
    )
    op.create_index(op.f("ix_plan_act_plan_id"), "plan_act", ["plan_id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for column in ("cooling_off_hours", "kind"):
        op.drop_column("product", column)
    for column in ("tolerance", "investor", "account_state", "opened_on"):
        op.drop_column("customer", column)
