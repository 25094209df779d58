"""The tables of lines: how well a call could be heard, and every call that came to us."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base

if TYPE_CHECKING:
    from models.tables import Attempt, Customer


class LineQuality(Base):
    """How well an attempt's audio came through: here, and at the far end where it reported (RTCP); shares from 0 to 1.

    The ratings R are those of ITU-T G.107, 0 to 93. An attempt whose line measures nothing has no row.
    """

    __tablename__ = "line_quality"
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    received: Mapped[int]  # packets
    lost: Mapped[int]
    jitter_ms: Mapped[float]
    concealed_ms: Mapped[int]
    r_factor: Mapped[float]
    round_trip_ms: Mapped[float | None]
    far_loss: Mapped[float | None]
    far_jitter_ms: Mapped[float | None]
    far_r_factor: Mapped[float | None]

    @property
    def loss(self) -> float:
        """The share of the far end's packets that never came."""
        expected = self.received + max(0, self.lost)
        return max(0, self.lost) / expected if expected else 0.0


class IncomingCall(Base):
    """A call that came to us (来电登记), whatever became of it; the caller's number is kept masked only."""

    __tablename__ = "incoming_call"
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(60), unique=True)  # names the recording of one that was answered
    at: Mapped[datetime] = mapped_column(index=True)
    caller: Mapped[str] = mapped_column(String(40))  # masked; "" where it was hidden
    trunk: Mapped[str] = mapped_column(String(80))
    treatment: Mapped[str] = mapped_column(String(20))  # campaign.calls.reception.Treatment
    reason: Mapped[str] = mapped_column(String(20))  # campaign.calls.reception.Reason
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"), index=True)
    customer: Mapped[Customer | None] = relationship()
    attempt: Mapped[Attempt | None] = relationship()
