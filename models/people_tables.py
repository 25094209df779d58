"""Reviews by a person on the telephone (人工回访): who took which task, and how far the call has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.sealed import Sealed


class HumanReview(Base):
    """That an agent (坐席) took a task: one person at a time, and every taking stays on record.

    Taken, then on the telephone (`attempt_id`), then ended: `ended_as` says how. `held_until` is by the machine's
    clock, not the business's: it is about a person at a desk.
    """

    __tablename__ = "human_review"
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"), index=True)
    taken_at: Mapped[datetime]
    held_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # None: in somebody's hands
    ended_as: Mapped[str] = mapped_column(String(20), default="")  # models.people.Ended
    next_at: Mapped[datetime | None]  # table F.1: not called again before
    given: Mapped[str] = mapped_column(Sealed, default="{}")  # JSON: node: value, words, at_ms
    note: Mapped[str] = mapped_column(Sealed, default="")
    task: Mapped[Any] = relationship("ReviewTask")
    staff: Mapped[Any] = relationship("Staff")
    attempt: Mapped[Any] = relationship("Attempt")

    __table_args__ = (
        # One person at a time, whatever the number of consoles.
        Index(
            "ix_human_review_open",
            "task_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_human_review_put_off",
            "next_at",
            "task_id",
            sqlite_where=text("next_at IS NOT NULL"),
            postgresql_where=text("next_at IS NOT NULL"),
        ),
    )
