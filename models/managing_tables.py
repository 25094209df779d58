"""The tables of management: what was done with campaigns and do-not-call, and cases that follow reviews."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.sealed import Sealed
from models.tables import Attempt, Campaign, Customer


class CampaignActed(Base):
    """One change of a running campaign: the trail, only ever added to."""

    __tablename__ = "campaign_act"
    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    act: Mapped[str] = mapped_column(String(20))  # models.managing.CampaignAct
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime]
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # before, after
    campaign: Mapped[Campaign] = relationship()


class SilenceActed(Base):
    """One act about a client's do-not-call (免打扰): the trail, only ever added to."""

    __tablename__ = "silence_act"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    act: Mapped[str] = mapped_column(String(20))  # rules.silence.SilenceAct
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(Sealed, default="")
    at: Mapped[datetime]


class ReviewCase(Base):
    """An objection to a result (§8.3.3) or a suspected violation (§8.4)."""

    __tablename__ = "review_case"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))  # rules.cases.CaseKind
    state: Mapped[str] = mapped_column(String(20), default="open")  # rules.cases.CaseState
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"), index=True)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    department: Mapped[str] = mapped_column(String(80), default="")  # who objects; who reports
    concerns: Mapped[str] = mapped_column(String(80), default="")  # the member of the staff whom it is about
    what: Mapped[str] = mapped_column(Sealed)
    raised_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    owner: Mapped[str] = mapped_column(String(80), default="")
    found_by: Mapped[str] = mapped_column(String(80), default="")
    deadline_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    attempt: Mapped[Attempt | None] = relationship()
    customer: Mapped[Customer | None] = relationship()
    acts: Mapped[list[CaseActed]] = relationship(order_by="CaseActed.id", back_populates="case")

    __table_args__ = (Index("ix_review_case_standing", "state", "deadline_at"),)


class CaseActed(Base):
    """One act on a case: the trail, only ever added to."""

    __tablename__ = "case_act"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("review_case.id"), index=True)
    act: Mapped[str] = mapped_column(String(20))  # rules.cases.CaseAct, or "open"
    by: Mapped[str] = mapped_column(String(80))
    why: Mapped[str] = mapped_column(Sealed, default="")
    at: Mapped[datetime]
    case: Mapped[ReviewCase] = relationship(back_populates="acts")
