"""The tables by which processes know of each other's calls and of how each stands; empty where there is one process."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.sealed import Sealed


class LiveCallRow(Base):
    """A call on the line, as the process that carries it shows it; gone with the call, or with its worker."""

    __tablename__ = "live_call"
    call_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker: Mapped[str] = mapped_column(ForeignKey("worker.id"), index=True)
    attempt_id: Mapped[int]  # 0: a call without a review
    task_number: Mapped[str] = mapped_column(Text)
    client: Mapped[str] = mapped_column(Sealed)  # masked besides
    title: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(String(20))  # campaign.calls.feed.Stage
    question: Mapped[str] = mapped_column(Text)  # a node of the script


class WorkerCondition(Base):
    """How a process stands: its trunks, its archiving, its recogniser, as it last said."""

    __tablename__ = "worker_condition"
    worker: Mapped[str] = mapped_column(ForeignKey("worker.id"), primary_key=True)
    said_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]  # campaign.running.neighbours.Standing
    archive_retry_at: Mapped[datetime | None]  # when somebody wished that it archived at once what was put off
