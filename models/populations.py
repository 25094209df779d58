"""Queries from which samples are drawn: last year-end's clients, what they bought, and how they stand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from models.duty_tables import BusinessEvent, Draw, DrawnMember, Duty
from models.tables import Attempt, AttemptTask, Customer, Product, ReviewTask

REVIEWED = "已完成：已回访"
UNREACHABLE = ("已完成：停机", "已完成：空号", "已完成：错号")
PURCHASES = ("bought", "signed")
_AT_A_TIME = 5000  # clients in memory


@dataclass(frozen=True, slots=True)
class Candidate:
    """A client as a draw sees it; `risk_level`: of the riskiest thing bought, "" where nothing counts."""

    id: int
    number: str
    account_state: str
    investor: str
    do_not_call: bool
    risk_level: str = ""


def candidates(session: Session, year_end: date, bought_before: datetime | None) -> Iterator[Candidate]:
    """Clients of a year's end, streamed; with `bought_before` only those who had bought or signed something by then."""
    query = select(Customer.id, Customer.number, Customer.account_state, Customer.investor, Customer.do_not_call).where(
        Customer.account_state != "closed",
        (Customer.opened_on.is_(None)) | (Customer.opened_on <= year_end),
    )
    if bought_before is not None:
        bought = (
            select(BusinessEvent.customer_id, func.max(Product.risk_level).label("risk_level"))
            .join(Product, BusinessEvent.product_id == Product.id)
            .where(BusinessEvent.kind.in_(PURCHASES), BusinessEvent.occurred_at < bought_before)
            .group_by(BusinessEvent.customer_id)
            .subquery()
        )
        query = query.join(bought, bought.c.customer_id == Customer.id).add_columns(bought.c.risk_level)
    for row in session.execute(query.execution_options(yield_per=_AT_A_TIME)):
        yield Candidate(*row)


def clients_reviewed(
    session: Session, types: Collection[str], since: datetime, until: datetime, *, opened_after: date | None = None
) -> set[int]:
    """Clients whose review of one of these types was completed in a time; of accounts opened after a day, if given."""
    query = (
        select(Attempt.customer_id)
        .join(AttemptTask, AttemptTask.attempt_id == Attempt.id)
        .join(ReviewTask, AttemptTask.task_id == ReviewTask.id)
        .where(
            AttemptTask.status == REVIEWED,
            ReviewTask.review_type.in_(types),
            Attempt.started_at >= since,
            Attempt.started_at < until,
        )
    )
    if opened_after is not None:
        query = query.join(Customer, Attempt.customer_id == Customer.id).where(Customer.opened_on > opened_after)
    return set(session.scalars(query))


def clients_with_open_tasks(session: Session, types: Collection[str]) -> dict[int, int]:
    """Clients who still are to be reviewed for one of these reasons, each with one of those tasks."""
    query = select(ReviewTask.customer_id, ReviewTask.id).where(
        ReviewTask.final.is_(False), ReviewTask.review_type.in_(types)
    )
    return {client: task for client, task in session.execute(query)}


def clients_with_tasks(session: Session, types: Collection[str], since: datetime) -> set[int]:
    """Clients for whom a task of one of these types was made since then."""
    query = select(ReviewTask.customer_id).where(ReviewTask.review_type.in_(types), ReviewTask.created_at >= since)
    return set(session.scalars(query))


def clients_out_of_reach(session: Session, since: datetime) -> set[int]:
    """Clients whose number turned out to be no use in a review since then."""
    query = select(ReviewTask.customer_id).where(ReviewTask.status.in_(UNREACHABLE), ReviewTask.created_at >= since)
    return set(session.scalars(query))


def drawn_and_open(session: Session, duty_id: int) -> set[int]:
    """Clients drawn for a duty before whose review is not over yet."""
    query = (
        select(DrawnMember.customer_id)
        .join(Draw, DrawnMember.draw_id == Draw.id)
        .outerjoin(ReviewTask, DrawnMember.task_id == ReviewTask.id)
        .where(Draw.duty_id == duty_id, DrawnMember.credited.is_(False))
        .where(DrawnMember.task_id.is_(None) | ReviewTask.final.is_(False))
    )
    return set(session.scalars(query))


def duties_of(session: Session, year: int) -> Sequence[Duty]:
    """What is owed in a year, with every draw."""
    return session.scalars(select(Duty).where(Duty.year == year).order_by(Duty.id)).all()


def duty_years(session: Session) -> list[int]:
    """The years in which something was drawn, the latest first."""
    return list(session.scalars(select(Duty.year).distinct().order_by(Duty.year.desc())))


@dataclass(frozen=True, slots=True)
class MemberFigures:
    """How far the clients of a draw have come; `joining`: who are called together with another review."""

    drawn: int = 0
    without_task: int = 0
    open: int = 0
    reviewed: int = 0
    ended_otherwise: int = 0
    joining: int = 0


def members_of(session: Session, draw_id: int) -> MemberFigures:
    """How far the clients of a draw have come."""
    other = aliased(ReviewTask)
    joins = (
        select(other.id)
        .where(other.customer_id == DrawnMember.customer_id, other.final.is_(False), other.id != DrawnMember.task_id)
        .exists()
    )
    done = ReviewTask.status == REVIEWED
    query = (
        select(
            func.count(),
            func.count().filter(DrawnMember.task_id.is_(None)),
            func.count().filter(ReviewTask.final.is_(False)),
            func.count().filter(done),
            func.count().filter(ReviewTask.final.is_(True), ~done),
            func.count().filter(ReviewTask.final.is_(False), joins),
        )
        .select_from(DrawnMember)
        .outerjoin(ReviewTask, DrawnMember.task_id == ReviewTask.id)
        .where(DrawnMember.draw_id == draw_id, DrawnMember.credited.is_(False))
    )
    return MemberFigures(*session.execute(query).one())
