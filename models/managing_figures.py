"""What the dashboard counts: the funnel of a day, outcomes, how the lines do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from models.tables import Attempt, AttemptTask, Campaign, Customer, Escalation, ReviewTask, Staff


@dataclass(frozen=True, slots=True)
class Funnel:
    """How the tasks of a day fared, each counted once: every step is a part of the one before, but for `escalated`."""

    due: int = 0  # 到期: dialled today, or still to be dialled today
    dialled: int = 0  # 已拨
    connected: int = 0  # 接通: somebody was spoken with
    identified: int = 0  # 核实身份
    finished: int = 0  # 完成
    escalated: int = 0  # 转人工


def funnel(session: Session, since: datetime, until: datetime) -> Funnel:
    """The funnel of a time, of campaigns that are not stopped."""
    task, reviewed = AttemptTask.task_id, Attempt.outcome == "reviewed"
    identified = or_(reviewed, Attempt.evidence["identified"].as_boolean())
    still_due = ReviewTask.due_at < until
    query = (
        select(
            func.count(func.distinct(task)),
            func.count(func.distinct(case((Attempt.talk_ms > 0, task)))),
            func.count(func.distinct(case((and_(Attempt.talk_ms > 0, identified), task)))),
            func.count(func.distinct(case((reviewed, task)))),
            func.count(func.distinct(case((still_due, task)))),
        )
        .select_from(Attempt)
        .join(AttemptTask, AttemptTask.attempt_id == Attempt.id)
        .join(ReviewTask, AttemptTask.task_id == ReviewTask.id)
        .where(Attempt.started_at >= since, Attempt.started_at < until)
    )
    dialled, connected, known, finished, again = session.execute(query).one()
    escalated = select(func.count(func.distinct(Escalation.task_id))).where(
        Escalation.created_at >= since, Escalation.created_at < until
    )
    due = dialled - again + _waiting(session, until)
    return Funnel(due, dialled, connected, known, finished, session.scalar(escalated) or 0)


def _waiting(session: Session, until: datetime) -> int:
    """How many tasks are to be dialled before an instant: all, less those of the few campaigns that are stopped."""
    due = select(func.count()).select_from(ReviewTask).where(ReviewTask.due_at.is_not(None), ReviewTask.due_at < until)
    stopped = session.scalars(select(Campaign.id).where(Campaign.state == "stopped")).all()
    of_stopped = due.where(ReviewTask.campaign_id.in_(stopped))
    return (session.scalar(due) or 0) - ((session.scalar(of_stopped) or 0) if stopped else 0)


def outcomes_between(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    """How many attempts that began in a time came to which outcome."""
    query = (
        select(Attempt.outcome, func.count())
        .where(Attempt.started_at >= since, Attempt.started_at < until, Attempt.outcome.is_not(None))
        .group_by(Attempt.outcome)
    )
    return {str(outcome): count for outcome, count in session.execute(query)}


@dataclass(frozen=True, slots=True)
class LineFigures:
    """How the lines and our own machinery did of late: attempts, those that our lines lost, those that broke off."""

    attempts: int = 0
    lost: int = 0
    broken: int = 0
    answered: int = 0


def line_figures(session: Session, since: datetime) -> LineFigures:
    """How the attempts that began since then went on our side."""
    query = select(
        func.count(),
        func.count().filter(Attempt.outcome == "own_line_failed"),
        func.count().filter(Attempt.outcome == "interrupted"),
        func.count().filter(Attempt.talk_ms > 0),
    ).where(Attempt.started_at >= since)
    return LineFigures(*session.execute(query).one())


@dataclass(frozen=True, slots=True)
class Beginnings:
    """What a firm that has just begun has done so far."""

    clients: bool
    staff: bool
    tasks: bool


def beginnings(session: Session) -> Beginnings:
    """Whether there are clients, members of the staff who review, and tasks."""
    first = [session.scalar(select(column).limit(1)) for column in (Customer.id, Staff.id, ReviewTask.id)]
    return Beginnings(*(found is not None for found in first))
