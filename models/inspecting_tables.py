"""What inspectors (质检岗, 000 §7.4.2) work with: queues, scorecards, scores, appeals, comments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.sealed import Sealed

_FIRST = text("round = 'first'")


class CallComment(Base):
    """What somebody wrote at a second of a call (批注)."""

    __tablename__ = "call_comment"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    at_ms: Mapped[int]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    words: Mapped[str] = mapped_column(Sealed)
    made_at: Mapped[datetime]
    staff: Mapped[Any] = relationship("Staff")


class InspectionRule(Base):
    """How many of the calls of one kind are inspected, and how soon; the latest row of a kind counts."""

    __tablename__ = "inspection_rule"
    id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(20))  # rules.inspecting.Reason
    percent: Mapped[str] = mapped_column(String(8))  # exact: "2.5"
    days: Mapped[int]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    changed_at: Mapped[datetime]
    staff: Mapped[Any] = relationship("Staff")


class CallIndex(Base):
    """That an ended call was judged by the rules of the queues, and by what its words are found."""

    __tablename__ = "call_index"
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    heard: Mapped[bytes] = mapped_column(LargeBinary)  # models.inspecting_search.signature


class Calibration(Base):
    """Calls that several inspectors score without seeing each other (校准)."""

    __tablename__ = "calibration"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    scorecard_id: Mapped[int] = mapped_column(ForeignKey("scorecard.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))  # who called for it
    made_at: Mapped[datetime]
    scorecard: Mapped[Any] = relationship("Scorecard")
    inspections: Mapped[list[Inspection]] = relationship(order_by="Inspection.id", back_populates="calibration")


class Inspection(Base):
    """A call to be heard and scored by one inspector (质检任务)."""

    __tablename__ = "inspection"
    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    round: Mapped[str] = mapped_column(String(12))  # models.inspecting.Round
    reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    lead: Mapped[str] = mapped_column(String(20))  # the first of the reasons: the queue that it waits in
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    not_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # who scored it before
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    taken_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    calibration_id: Mapped[int | None] = mapped_column(ForeignKey("calibration.id"), index=True)
    attempt: Mapped[Any] = relationship("Attempt")
    taken_by: Mapped[Any] = relationship("Staff", foreign_keys=[taken_by_id])
    calibration: Mapped[Calibration | None] = relationship(back_populates="inspections")
    score: Mapped[Score | None] = relationship(back_populates="inspection", uselist=False)

    __table_args__ = (
        Index("ix_inspection_first", "attempt_id", unique=True, sqlite_where=_FIRST, postgresql_where=_FIRST),
        Index(
            "ix_inspection_open",
            "due_at",
            "id",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )


class Scorecard(Base):
    """One version of a scorecard (评分表); what was scored with stays as it was."""

    __tablename__ = "scorecard"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    version: Mapped[int]
    pass_mark: Mapped[int]
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON)  # rules.scorecards.Item as JSON
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # None: shipped
    made_at: Mapped[datetime]
    retired: Mapped[bool] = mapped_column(default=False)
    staff: Mapped[Any] = relationship("Staff")
    __table_args__ = (UniqueConstraint("name", "version"),)


class Score(Base):
    """What one inspector gave one call; `counts` is False once a later review has taken its place."""

    __tablename__ = "score"
    id: Mapped[int] = mapped_column(primary_key=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id"), unique=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    scorecard_id: Mapped[int] = mapped_column(ForeignKey("scorecard.id"))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))  # who scored
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)  # who was scored; None: the bot
    script: Mapped[str] = mapped_column(String(40))
    marks: Mapped[dict[str, Any]] = mapped_column(JSON)  # item: rules.scorecards.Mark
    found: Mapped[dict[str, Any]] = mapped_column(JSON)  # automatic item: the mark that the log gives
    notes: Mapped[str] = mapped_column(Sealed)  # JSON: item: words; "": of the whole call
    tenths: Mapped[int]  # of a point, 0 to 1,000
    fatal: Mapped[bool]
    passed: Mapped[bool]
    counts: Mapped[bool]
    scored_at: Mapped[datetime] = mapped_column(index=True)
    inspection: Mapped[Inspection] = relationship(back_populates="score")
    scorecard: Mapped[Scorecard] = relationship()
    attempt: Mapped[Any] = relationship("Attempt")
    staff: Mapped[Any] = relationship("Staff", foreign_keys=[staff_id])
    agent: Mapped[Any] = relationship("Staff", foreign_keys=[agent_id])
    appeal: Mapped[Appeal | None] = relationship(back_populates="score", uselist=False)


class Appeal(Base):
    """An objection to a score (申诉) by who was scored or, for the bot, keeps it; answered by a manager."""

    __tablename__ = "appeal"
    id: Mapped[int] = mapped_column(primary_key=True)
    score_id: Mapped[int] = mapped_column(ForeignKey("score.id"), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    words: Mapped[str] = mapped_column(Sealed)
    made_at: Mapped[datetime]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    answered_at: Mapped[datetime | None]
    upheld: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(Sealed, default="")
    score: Mapped[Score] = relationship(back_populates="appeal")
    staff: Mapped[Any] = relationship("Staff", foreign_keys=[staff_id])
    answered_by: Mapped[Any] = relationship("Staff", foreign_keys=[answered_by_id])
