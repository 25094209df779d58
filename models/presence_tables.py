"""When each agent (坐席) was free, busy, on a break or writing a talk down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base


class PresenceSpan(Base):
    """How an agent counted from one moment to another, by the machine's clock; open while it lasts.

    `worker` is the process that the agent is signed on at: what a dead one left open is closed when it is noticed.
    """

    __tablename__ = "presence_span"
    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    presence: Mapped[str] = mapped_column(String(10))  # campaign.handover.duty.Presence
    worker: Mapped[str] = mapped_column(String(80))
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    staff: Mapped[Any] = relationship("Staff")

    __table_args__ = (
        Index("ix_presence_span_staff", "staff_id", "began_at"),
        # One presence at a time, whatever the number of consoles.
        Index(
            "ix_presence_span_open",
            "staff_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
