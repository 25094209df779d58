"""How many calls the lines carry at once and start within a second, over all workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import LinesFull
from models.queue import rows_changed
from models.running_tables import Line
from models.tables import Attempt

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class LineCaps:
    """What the lines of one name may carry: `calls` at once, `per_second` new ones within any second."""

    name: str
    calls: int
    per_second: int


def enter_line(session: Session, name: str) -> None:
    """Make the row under whose lock calls are counted; nothing happens where it is there."""
    if session.get(Line, name) is not None:
        return
    try:
        with session.begin_nested():
            session.execute(insert(Line).values(name=name, counted=0))
    except IntegrityError:
        return  # another worker was first


def count_call(session: Session, caps: LineCaps, now: datetime) -> None:
    """Count one call more that starts now; raises `LinesFull`. The caller writes its attempt in the same transaction.

    Every start is held against all starts less than a second away, before or after: hosts' clocks may differ.
    """
    if rows_changed(session, update(Line).where(Line.name == caps.name).values(counted=Line.counted + 1)) != 1:
        raise LookupError(f"the lines {caps.name!r} were never entered: call enter_line() when a worker starts")
    mine = select(func.count(Attempt.id)).where(Attempt.line == caps.name)
    live = session.scalar(mine.where(Attempt.ended_at.is_(None))) or 0
    if live >= caps.calls:
        raise LinesFull(f"{live} calls are on the lines {caps.name!r}, which carry {caps.calls}")
    lately = session.scalar(mine.where(Attempt.started_at > now - SECOND)) or 0
    if lately >= caps.per_second:
        raise LinesFull(f"{lately} calls were started on the lines {caps.name!r} within a second")
