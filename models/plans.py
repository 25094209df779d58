"""Queries about review plans and what is still to be done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import extract, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, selectinload

from models.duty_tables import BusinessEvent, Draw, DrawnMember, Duty, PlanActed, ReviewPlan
from models.errors import VersionChanged
from models.queue import rows_changed
from models.tables import Attempt, Campaign, Product, ReviewTask
from models.wanting import not_stopped
from rules.appendix_f import REVIEWED_STATUS


def plans(session: Session) -> Sequence[ReviewPlan]:
    """Every plan, the latest first."""
    return session.scalars(select(ReviewPlan).order_by(ReviewPlan.id.desc())).all()


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """What a list of plans is narrowed to; empty fields narrow nothing."""

    state: str = ""
    text: str = ""  # part of the name, or who drafted it


def plans_listed(session: Session, wanted: PlanFilter, *, page: int, size: int) -> tuple[Sequence[ReviewPlan], int]:
    """One page of the plans, the latest first, and how many there are in all."""
    query = select(ReviewPlan)
    if wanted.state:
        query = query.where(ReviewPlan.state == wanted.state)
    if wanted.text:
        query = query.where(
            ReviewPlan.name.contains(wanted.text, autoescape=True) | (ReviewPlan.drafted_by == wanted.text)
        )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    shown = query.order_by(ReviewPlan.id.desc()).limit(size).offset((page - 1) * size)
    return session.scalars(shown).all(), total


def plan_with(session: Session, plan_id: int) -> ReviewPlan | None:
    """One plan with its trail, its draw and its campaign."""
    query = (
        select(ReviewPlan)
        .where(ReviewPlan.id == plan_id)
        .options(selectinload(ReviewPlan.acts), joinedload(ReviewPlan.draw), joinedload(ReviewPlan.campaign))
    )
    return session.scalars(query).one_or_none()


def add_plan(session: Session, plan: ReviewPlan) -> ReviewPlan:
    """Enter a plan; raises VersionChanged where its name is taken."""
    session.add(plan)
    try:
        session.flush()
    except IntegrityError as error:
        raise VersionChanged(f"已经有名为“{plan.name}”的回访方案；请换一个名称") from error
    return plan


def move_plan(session: Session, plan: ReviewPlan, state: str) -> None:
    """Give a plan its next state; raises VersionChanged when it is no longer in the state that it was read in."""
    step = (
        update(ReviewPlan)
        .where(ReviewPlan.id == plan.id, ReviewPlan.state == plan.state)
        .values(state=state)
        .execution_options(synchronize_session="evaluate")
    )
    if rows_changed(session, step) != 1:
        raise VersionChanged(f"回访方案“{plan.name}”刚刚被别人改动；请刷新后再试")


def record_plan_act(session: Session, plan: ReviewPlan, act: str, *, by: str, why: str, at: datetime) -> None:
    """Add to the trail of a plan."""
    session.add(PlanActed(plan_id=plan.id, act=act, by=by, why=why, at=at))
    session.flush()


def plans_of_draw(session: Session, draw_id: int) -> Sequence[ReviewPlan]:
    """The plans that call the clients of a draw, withdrawn ones too."""
    return session.scalars(select(ReviewPlan).where(ReviewPlan.draw_id == draw_id).order_by(ReviewPlan.id)).all()


def credit_with(session: Session, tasks: Mapping[int, int], year: int, kinds: Collection[str]) -> None:
    """Give those credited in other draws of a year for a task that was still to be made that task, by client.

    A task of a withdrawn plan is to be made anew.
    """
    dead = ReviewTask.final.is_(False) & ~not_stopped()
    query = (
        select(DrawnMember)
        .join(Draw, DrawnMember.draw_id == Draw.id)
        .join(Duty, Draw.duty_id == Duty.id)
        .outerjoin(ReviewTask, DrawnMember.task_id == ReviewTask.id)
        .where(Duty.year == year, Duty.kind.in_(kinds), Draw.void_at.is_(None), DrawnMember.customer_id.in_(tasks))
        .where(DrawnMember.credited.is_(True), DrawnMember.task_id.is_(None) | dead)
    )
    for member in session.scalars(query):
        member.task_id = tasks[member.customer_id]
    session.flush()


def riskiest_purchases(session: Session, clients: Sequence[int], before: datetime) -> dict[int, tuple[str, int, str]]:
    """Of each client the riskiest thing bought or signed before an instant: kind of event, product, risk level."""
    query = (
        select(BusinessEvent.customer_id, BusinessEvent.kind, Product.id, Product.risk_level)
        .join(Product, BusinessEvent.product_id == Product.id)
        .where(
            BusinessEvent.customer_id.in_(clients),
            BusinessEvent.kind.in_(("bought", "signed")),
            BusinessEvent.occurred_at < before,
        )
        .order_by(Product.risk_level, BusinessEvent.occurred_at, BusinessEvent.id)
    )
    rows = session.execute(query)
    return {client: (kind, product, level) for client, kind, product, level in rows if client is not None}


def open_tasks_in(session: Session, campaign_id: int) -> int:
    """How many tasks of a campaign have no final status."""
    query = select(func.count()).where(ReviewTask.campaign_id == campaign_id, ReviewTask.final.is_(False))
    return session.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """How one type of review stands: open tasks, those of them for people, those past their deadline, and the done.

    `unreviewed` are those that ended by table F.1 without a review: refused, never reached, a number that fails.
    """

    open: int = 0
    by_people: int = 0
    overdue: int = 0
    reviewed: int = 0
    unreviewed: int = 0


def figures_by_type(session: Session, now: datetime, since: datetime, until: datetime) -> dict[str, TypeFigures]:
    """How every type of review stands now; those that have ended are those whose task was made in a time."""
    made = (ReviewTask.created_at >= since) & (ReviewTask.created_at < until)
    # What a stopped campaign left is owed no more; what it had done by then was done.
    still = ReviewTask.final.is_(False) & (Campaign.state != "stopped")
    query = (
        select(
            ReviewTask.review_type,
            func.count().filter(still),
            func.count().filter(still, ReviewTask.with_human.is_(True)),
            func.count().filter(still, ReviewTask.deadline_at < now),
            func.count().filter(ReviewTask.status == REVIEWED_STATUS, made),
            func.count().filter(ReviewTask.final, ReviewTask.status != REVIEWED_STATUS, made),
        )
        .join(Campaign, ReviewTask.campaign_id == Campaign.id)
        .group_by(ReviewTask.review_type)
    )
    return {review_type: TypeFigures(*counts) for review_type, *counts in session.execute(query)}


@dataclass(frozen=True, slots=True)
class BotCalls:
    """What the bot dialled in a time.

    `made`: calls that our own line carried; `clock_hours`: the hours of the clock in which they began; `busy_ms`: what
    they took of the lines.
    """

    made: int = 0
    reviewed: int = 0
    clock_hours: int = 0
    busy_ms: int = 0


def bot_calls_between(session: Session, since: datetime, until: datetime) -> BotCalls:
    """What the bot dialled in a time; calls of people and of clients, and those that our own line lost, are not."""
    day, hour = extract("doy", Attempt.started_at), extract("hour", Attempt.started_at)
    query = select(
        func.count(),
        func.count().filter(Attempt.outcome == "reviewed"),
        func.count(func.distinct(day * 24 + hour)),
        func.coalesce(func.sum(Attempt.ring_ms + Attempt.talk_ms), 0),
    ).where(
        Attempt.started_at >= since,
        Attempt.started_at < until,
        Attempt.method == "voice_bot",
        Attempt.direction == "outgoing",
        Attempt.outcome.is_(None) | (Attempt.outcome != "own_line_failed"),
    )
    return BotCalls(*session.execute(query).one())


def anything_due(session: Session, now: datetime) -> bool:
    """Whether a running campaign has something to dial now."""
    query = (
        select(ReviewTask.id)
        .join(Campaign, ReviewTask.campaign_id == Campaign.id)
        .where(ReviewTask.due_at <= now, Campaign.state == "running")
    )
    return session.scalar(query.limit(1)) is not None


def events_by_state(session: Session) -> dict[str, int]:
    """How many business events stand how."""
    query = select(BusinessEvent.state, func.count()).group_by(BusinessEvent.state)
    return {state: count for state, count in session.execute(query)}


def stuck_events(session: Session, limit: int) -> Sequence[BusinessEvent]:
    """Events that call for a task which cannot be made yet."""
    query = select(BusinessEvent).where(BusinessEvent.state == "stuck").order_by(BusinessEvent.id).limit(limit)
    return session.scalars(query).all()
