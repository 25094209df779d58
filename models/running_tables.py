"""The tables of running campaigns: which processes call, and what their lines may carry."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Worker(Base):
    """A process that makes calls; alive for as long as its heartbeat is fresh and nobody has ended it."""

    __tablename__ = "worker"
    id: Mapped[str] = mapped_column(String(80), primary_key=True)  # an executor id, new at each start
    host: Mapped[str] = mapped_column(String(120))
    place: Mapped[str] = mapped_column(String(200))  # what only one process at a time can work on; "" for none
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    draining: Mapped[bool] = mapped_column(default=False)  # takes no new calls
    ended_at: Mapped[datetime | None]  # it left, or was given up
    lost: Mapped[bool] = mapped_column(default=False)  # given up: its calls were settled as interrupted
    console: Mapped[str] = mapped_column(String(200), default="", server_default="")  # address of its pages; "": none

    __table_args__ = (
        Index(
            "ix_worker_alive",
            "heartbeat_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    @property
    def label(self) -> str:
        """As pages name it: the host, and the end of its id, for a host may have several."""
        return f"{self.host}（{self.id.rpartition('-')[2]}）"


class Line(Base):
    """A trunk that calls go out on, or all of them together; its row is locked while a call is counted."""

    __tablename__ = "line"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    starts: Mapped[list[float]] = mapped_column(JSON)  # when the latest calls were counted, seconds of the epoch


class CampaignPace(Base):
    """The calls that a campaign with bounds of its own began lately; its row is locked while one is counted."""

    __tablename__ = "campaign_pace"
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    starts: Mapped[list[float]] = mapped_column(JSON)  # when they were counted, seconds of the epoch
