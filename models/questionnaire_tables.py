"""Questionnaires behind a link (问卷), and corrections of a result by a person (000 §8.3.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.sealed import Sealed


class Questionnaire(Base):
    """One form sent to a client for one task; what is given is kept from the first tick on."""

    __tablename__ = "questionnaire"
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"))  # once it was sent in or refused
    script: Mapped[str] = mapped_column(String(40))
    script_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]  # when the client said who they are
    ended_at: Mapped[datetime | None]
    wrong_names: Mapped[int] = mapped_column(default=0)
    given: Mapped[str] = mapped_column(Sealed, default="{}")  # JSON: node: value, words, at_ms
    task: Mapped[Any] = relationship("ReviewTask")
    attempt: Mapped[Any] = relationship("Attempt")


class Correction(Base):
    """A result that a person corrected, with the reason; both values stay, and nothing is ever deleted."""

    __tablename__ = "correction"
    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answer.id"), index=True)  # None: the task's status
    before: Mapped[str] = mapped_column(Sealed)
    after: Mapped[str] = mapped_column(Sealed)
    reason: Mapped[str] = mapped_column(Sealed)
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
