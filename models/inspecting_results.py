"""What inspectors' scores say of scripts and agents over a stretch of time, and of the inspectors (校准)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from models.access_tables import StaffPost
from models.calls import Page
from models.inspecting import Round
from models.inspecting_tables import Calibration, Inspection, Score
from models.tables import Staff
from rules.inspecting import Reason
from rules.posts import Post


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, half open; None: without an end."""

    since: datetime | None = None
    until: datetime | None = None


def scores(
    session: Session, span: Span, *, script: str = "", agent: str = "", bot: bool = False, page: int, size: int
) -> Page[Score]:
    """The scores that count, the latest first; `agent` is a staff number, `bot` adds those of the bot to theirs."""
    query = select(Score).join(Staff, Score.agent_id == Staff.id, isouter=True).where(Score.counts, *_within(span))
    if script:
        query = query.where(Score.script == script, Score.agent_id.is_(None))
    if agent:
        query = query.where((Staff.number == agent) | Score.agent_id.is_(None) if bot else Staff.number == agent)
    total = session.scalar(query.with_only_columns(func.count(Score.id))) or 0
    rows = session.scalars(
        query.options(
            joinedload(Score.scorecard),
            joinedload(Score.attempt),
            joinedload(Score.staff),
            joinedload(Score.agent),
            joinedload(Score.inspection),
        )
        .order_by(Score.scored_at.desc(), Score.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    return Page(rows.unique().all(), total, page, size)


def _within(span: Span) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if span.since is not None:
        bounds.append(Score.scored_at >= span.since)
    if span.until is not None:
        bounds.append(Score.scored_at < span.until)
    return bounds


@dataclass(frozen=True, slots=True)
class Standing:
    """How one script or one agent did: calls scored, mean points of 100, those that passed, those failed at once."""

    name: str
    number: str
    calls: int
    points: float
    passed: int
    fatal: int


def by_script(session: Session, span: Span) -> list[Standing]:
    """The bot's results, by script."""
    query = select(Score.script, Score.script, *_figures()).where(Score.counts, Score.agent_id.is_(None))
    return _standings(session.execute(query.where(*_within(span)).group_by(Score.script)))


def by_agent(session: Session, span: Span) -> list[Standing]:
    """The results of those who call clients."""
    query = select(Staff.name, Staff.number, *_figures()).join(Staff, Score.agent_id == Staff.id).where(Score.counts)
    return _standings(session.execute(query.where(*_within(span)).group_by(Staff.id, Staff.name, Staff.number)))


def _figures() -> tuple[ColumnElement[Any], ...]:
    return (
        func.count(Score.id),
        func.avg(Score.tenths),
        func.count(case((Score.passed, 1))),
        func.count(case((Score.fatal, 1))),
    )


def _standings(rows: Iterable[Any]) -> list[Standing]:
    made = [
        Standing(name, number, calls, round(float(tenths) / 10, 1), passed, fatal)
        for name, number, calls, tenths, passed, fatal in rows
    ]
    return sorted(made, key=lambda one: (one.points, one.name))


def calibrate(
    session: Session,
    name: str,
    scorecard_id: int,
    attempt_ids: Sequence[int],
    inspectors: Sequence[int],
    made_by: tuple[int, datetime],
    due_at: datetime,
) -> Calibration:
    """Have each of these inspectors score each of these calls, without seeing each other."""
    staff_id, now = made_by
    made = Calibration(name=name, scorecard_id=scorecard_id, staff_id=staff_id, made_at=now)
    session.add(made)
    session.flush()
    session.add_all(
        Inspection(
            attempt_id=attempt_id,
            round=Round.CALIBRATION.value,
            reasons=[Reason.ASKED.value],
            lead=Reason.ASKED.value,
            made_at=now,
            due_at=due_at,
            taken_by_id=inspector,
            taken_at=now,
            calibration_id=made.id,
        )
        for attempt_id in attempt_ids
        for inspector in inspectors
    )
    session.flush()
    return made


def calibrations(session: Session) -> Sequence[Calibration]:
    """Every calibration with what was scored, the latest first."""
    each = selectinload(Calibration.inspections)
    query = select(Calibration).options(
        joinedload(Calibration.scorecard),
        each.joinedload(Inspection.score),
        each.joinedload(Inspection.taken_by),
        each.joinedload(Inspection.attempt),
    )
    return session.scalars(query.order_by(Calibration.id.desc()).limit(50)).unique().all()


def inspectors(session: Session) -> Sequence[Staff]:
    """Who inspects calls."""
    holds = select(StaffPost.staff_id).where(StaffPost.post == Post.INSPECTOR.value)
    query = select(Staff).where(Staff.id.in_(holds), Staff.leaving.is_(False))
    return session.scalars(query.order_by(Staff.number)).all()
