"""Presence in the database: written as it changes, read by supervisors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, joinedload

from models.presence_tables import PresenceSpan
from models.running_tables import Worker
from models.tables import Staff


@dataclass(frozen=True, slots=True)
class Duty:
    """How one agent's time went by; `presence` is empty for one who is off duty, `since` when it began."""

    staff: Staff
    presence: str
    since: datetime | None
    spent: Mapping[str, timedelta]


def be_present(session: Session, staff_id: int, presence: str, worker: str, at: datetime) -> None:
    """Begin a presence, and end the one before; empty: go off duty."""
    session.execute(
        update(PresenceSpan)
        .where(PresenceSpan.staff_id == staff_id, PresenceSpan.ended_at.is_(None))
        .values(ended_at=at)
        .execution_options(synchronize_session=False)
    )
    if presence:
        session.add(PresenceSpan(staff_id=staff_id, presence=presence, worker=worker, began_at=at))
        session.flush()


def close_presences(session: Session, worker: str, at: datetime) -> None:
    """Nobody is on duty at a process any more, nor at those that are known to be dead."""
    dead = select(Worker.id).where(Worker.ended_at.is_not(None))
    open_ = update(PresenceSpan).where(
        PresenceSpan.ended_at.is_(None), or_(PresenceSpan.worker == worker, PresenceSpan.worker.in_(dead))
    )
    session.execute(open_.values(ended_at=at).execution_options(synchronize_session=False))


def duties_since(session: Session, since: datetime, now: datetime) -> list[Duty]:
    """Everybody who was on duty since then: how they count now, and how long they were what; by staff number."""
    spans: Sequence[PresenceSpan] = session.scalars(
        select(PresenceSpan)
        .where(or_(PresenceSpan.ended_at.is_(None), PresenceSpan.ended_at > since))
        .options(joinedload(PresenceSpan.staff))
        .order_by(PresenceSpan.began_at, PresenceSpan.id)
    ).all()
    by_staff: dict[int, list[PresenceSpan]] = {}
    for span in spans:
        by_staff.setdefault(span.staff_id, []).append(span)
    return sorted((_duty(mine, since, now) for mine in by_staff.values()), key=lambda duty: duty.staff.number)


def _duty(spans: Sequence[PresenceSpan], since: datetime, now: datetime) -> Duty:
    spent: dict[str, timedelta] = {}
    for span in spans:
        lasted = max(timedelta(), (span.ended_at or now) - max(span.began_at, since))
        spent[span.presence] = spent.get(span.presence, timedelta()) + lasted
    last = spans[-1]
    open_ = last.ended_at is None
    return Duty(last.staff, last.presence if open_ else "", last.began_at if open_ else last.ended_at, spent)
