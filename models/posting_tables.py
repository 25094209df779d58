"""What leaves the house and must arrive once: the columns that notices and events share, and the events.

A posting is written in the transaction of what it tells, so that neither exists without the other; sending is a
matter of its own (models/outbox.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from models.base import Base


class Posting:
    """How far the sending of a row has come; `claimed_*`: who sends it now, and until when that is believed."""

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")  # PostingState
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    next_try_at: Mapped[datetime | None]  # None: nothing more is sent by itself
    claimed_by: Mapped[str] = mapped_column(String(80), default="", server_default="")
    claimed_until: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(String(200), default="", server_default="")  # the latest failure
    sent_at: Mapped[datetime | None]
    told_by: Mapped[str] = mapped_column(String(80), default="", server_default="")  # the person who told the client

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            Index(
                None,
                "next_try_at",
                sqlite_where=text("next_try_at IS NOT NULL"),
                postgresql_where=text("next_try_at IS NOT NULL"),
            ),
        )


class Event(Posting, Base):
    """Something that the firm's own system is told (事件); `body` holds what happened, never who the client is."""

    __tablename__ = "event"
    key: Mapped[str] = mapped_column(String(80), unique=True)  # the same for every try: receivers know repeats by it
    kind: Mapped[str] = mapped_column(String(40))  # rules.postings.EventKind
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id"), index=True)
    created_at: Mapped[datetime]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    task: Mapped[Any] = relationship("ReviewTask")
