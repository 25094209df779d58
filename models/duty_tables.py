"""The tables of what the firm owes: business events, yearly duties, draws to quota, and review plans (table D.1)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.tables import Campaign, Customer, Product, ReviewTask, Staff


class BusinessEvent(Base):
    """Something that happened at the firm and may call for a review (业务事件)."""

    __tablename__ = "business_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(60), unique=True)  # the firm's own id: re-import is idempotent
    kind: Mapped[str] = mapped_column(String(20))  # campaign.imports.forms.EventKind
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("product.id"), index=True)
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # by the heading of the column
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20), default="new")  # new, tasked, none, stuck
    note: Mapped[str] = mapped_column(String(300), default="")  # why there is no task
    customer: Mapped[Customer | None] = relationship()
    staff: Mapped[Staff | None] = relationship()
    product: Mapped[Product | None] = relationship()

    __table_args__ = (
        Index(
            "ix_business_event_open",
            "state",
            "id",
            sqlite_where=text("state IN ('new', 'stuck')"),
            postgresql_where=text("state IN ('new', 'stuck')"),
        ),
    )


class EventTask(Base):
    """That a task was made because of an event."""

    __tablename__ = "event_task"
    event_id: Mapped[int] = mapped_column(ForeignKey("business_event.id"), primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), primary_key=True, index=True)


class Duty(Base):
    """What share of its clients a firm must review for one reason in one year (table A.1)."""

    __tablename__ = "duty"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # a quota of rules.sampling
    year: Mapped[int]
    per_mille: Mapped[int]  # the share that is owed
    created_at: Mapped[datetime]
    draws: Mapped[list[Draw]] = relationship(order_by="Draw.id", back_populates="duty")

    @property
    def standing(self) -> list[Draw]:
        """The draws that stand."""
        return [one for one in self.draws if one.void_at is None]

    __table_args__ = (UniqueConstraint("kind", "year"),)


class Draw(Base):
    """One draw of a sample: its seed and parameters reproduce it, its proof says what came of it."""

    __tablename__ = "draw"
    id: Mapped[int] = mapped_column(primary_key=True)
    duty_id: Mapped[int] = mapped_column(ForeignKey("duty.id"), index=True)
    seed: Mapped[str] = mapped_column(String(80))
    drawn_at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    proof: Mapped[dict[str, Any]] = mapped_column(JSON)
    # 作废: a draw made by mistake stays on record, and its clients are free again.
    void_at: Mapped[datetime | None]
    void_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    void_why: Mapped[str] = mapped_column(String(300), default="", server_default="")
    duty: Mapped[Duty] = relationship(back_populates="draws")


class DrawnMember(Base):
    """A client who came up in a draw, and the task by which the review is done."""

    __tablename__ = "drawn_member"
    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), primary_key=True, index=True)
    credited: Mapped[bool] = mapped_column(default=False)  # by a review that was owed or done anyhow
    task_id: Mapped[int | None] = mapped_column(ForeignKey("review_task.id"), index=True)
    draw: Mapped[Draw] = relationship()
    customer: Mapped[Customer] = relationship()
    task: Mapped[ReviewTask | None] = relationship()


class ReviewPlan(Base):
    """A review plan (客户回访方案, table D.1); its content is fixed once it is submitted."""

    __tablename__ = "review_plan"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)  # the lines of table D.1
    draw_id: Mapped[int | None] = mapped_column(ForeignKey("draw.id"))  # whose drawn clients it calls
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    drafted_by: Mapped[str] = mapped_column(String(80))
    submitted_by: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[str] = mapped_column(String(20))  # rules.plan.PlanState
    created_at: Mapped[datetime]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    acts: Mapped[list[PlanActed]] = relationship(order_by="PlanActed.id", back_populates="plan")
    campaign: Mapped[Campaign | None] = relationship()
    draw: Mapped[Draw | None] = relationship()


class PlanActed(Base):
    """One act on a plan: the trail, only ever added to."""

    __tablename__ = "plan_act"
    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("review_plan.id"), index=True)
    act: Mapped[str] = mapped_column(String(20))  # rules.plan.PlanAct
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime]
    plan: Mapped[ReviewPlan] = relationship(back_populates="acts")
