"""Queries from which samples are drawn: last year-end's clients, what they bought, and how they stand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from models.duty_tables import BusinessEvent, Draw, DrawnMember, Duty
from models.managing_conflicts import BROKER
from models.tables import Attempt, AttemptTask, Customer, Product, ReviewTask, Staff
from models.wanting import drawn_again, not_stopped, reviewed_in, under_way, year_of
from rules.appendix_f import REVIEWED_STATUS
from rules.people import UNDER_CONDUCT_REVIEW, Serving

UNREACHABLE = ("已完成：停机", "已完成：空号", "已完成：错号")
PURCHASES = ("bought", "signed")
_AT_A_TIME = 5000  # clients in memory
_UNDER_CONDUCT_REVIEW = Staff.post == BROKER, Staff.serves_as.in_(sorted(UNDER_CONDUCT_REVIEW))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A client as a draw sees it; `risk_level`: of the riskiest thing bought, "" where nothing counts.

    `option`, `fund`: whether 场外期权 and 代销金融产品 are among what was bought.
    """

    id: int
    number: str
    account_state: str
    investor: str
    do_not_call: bool
    risk_level: str = ""
    option: bool = False
    fund: bool = False


def candidates(
    session: Session, year_end: date, bought_before: datetime | None = None, *, served: bool = False
) -> Iterator[Candidate]:
    """Clients of a year's end, streamed; with `bought_before` only those who had bought or signed something by then.

    `served`: only those whom a broker or adviser serves.
    """
    query = select(Customer.id, Customer.number, Customer.account_state, Customer.investor, Customer.do_not_call).where(
        *_there_at(year_end)
    )
    if served:
        query = query.join(Staff, Customer.served_by_id == Staff.id).where(*_UNDER_CONDUCT_REVIEW)
    if bought_before is not None:
        bought = (
            select(
                BusinessEvent.customer_id,
                func.max(Product.risk_level).label("risk_level"),
                func.max(case((Product.kind == "option", 1), else_=0)).label("option"),
                func.max(case((Product.kind == "fund", 1), else_=0)).label("fund"),
            )
            .join(Product, BusinessEvent.product_id == Product.id)
            .where(BusinessEvent.kind.in_(PURCHASES), BusinessEvent.occurred_at < bought_before)
            .group_by(BusinessEvent.customer_id)
            .subquery()
        )
        query = query.join(bought, bought.c.customer_id == Customer.id)
        query = query.add_columns(bought.c.risk_level, bought.c.option, bought.c.fund)
    for row in session.execute(query.execution_options(yield_per=_AT_A_TIME)):
        yield Candidate(*row)


def clients_served_as(session: Session, year_end: date) -> dict[Serving, int]:
    """How many clients of a year's end are served by whom, account managers too."""
    query = (
        select(Staff.serves_as, func.count())
        .join(Customer, Customer.served_by_id == Staff.id)
        .where(Staff.post == BROKER, *_there_at(year_end))
        .group_by(Staff.serves_as)
    )
    return {Serving(kind): count for kind, count in session.execute(query)}


def _there_at(year_end: date) -> tuple[ColumnElement[bool], ...]:
    """That somebody was a client at a year's end."""
    return Customer.account_state != "closed", Customer.opened_on.is_(None) | (Customer.opened_on <= year_end)


def clients_reviewed(
    session: Session, types: Collection[str], since: datetime, until: datetime, *, opened_after: date | None = None
) -> set[int]:
    """Clients whose review of one of these types was completed in a time; of accounts opened after a day, if given."""
    query = (
        select(Attempt.customer_id)
        .join(AttemptTask, AttemptTask.attempt_id == Attempt.id)
        .join(ReviewTask, AttemptTask.task_id == ReviewTask.id)
        .where(
            AttemptTask.status == REVIEWED_STATUS,
            ReviewTask.review_type.in_(types),
            Attempt.started_at >= since,
            Attempt.started_at < until,
        )
    )
    if opened_after is not None:
        query = query.join(Customer, Attempt.customer_id == Customer.id).where(Customer.opened_on > opened_after)
    return set(session.scalars(query))


def clients_with_open_tasks(session: Session, own: Collection[str], others: Collection[str]) -> dict[int, int]:
    """Clients who still are to be reviewed for one of these reasons, each with such a task, an own one if any."""
    query = (
        select(ReviewTask.customer_id, ReviewTask.id)
        .where(ReviewTask.final.is_(False), ReviewTask.review_type.in_([*own, *others]), not_stopped())
        .order_by(case((ReviewTask.review_type.in_(own), 1), else_=0), ReviewTask.id)
    )
    return {client: task for client, task in session.execute(query)}


def clients_drawn_elsewhere(session: Session, year: int, kinds: Collection[str]) -> set[int]:
    """Clients drawn for other duties of a year whose task is still to be made."""
    query = (
        select(DrawnMember.customer_id)
        .join(Draw, DrawnMember.draw_id == Draw.id)
        .join(Duty, Draw.duty_id == Duty.id)
        .where(Duty.year == year, Duty.kind.in_(kinds), Draw.void_at.is_(None))
        .where(DrawnMember.credited.is_(False), DrawnMember.task_id.is_(None))
    )
    return set(session.scalars(query))


def unnamed_brokers(session: Session) -> list[str]:
    """The numbers of brokers and advisers who serve clients and whose name nobody has entered."""
    serves = exists().where(Customer.served_by_id == Staff.id, Customer.account_state != "closed")
    query = select(Staff.number).where(*_UNDER_CONDUCT_REVIEW, Staff.name == Staff.number, serves)
    return list(session.scalars(query.order_by(Staff.number)))


def anybody_served(session: Session) -> bool:
    """Whether brokers or advisers serve any client."""
    query = select(Customer.id).join(Staff, Customer.served_by_id == Staff.id).where(*_UNDER_CONDUCT_REVIEW)
    return session.scalar(query.limit(1)) is not None


def clients_with_tasks(session: Session, types: Collection[str], since: datetime) -> set[int]:
    """Clients for whom a task of one of these types was made since then."""
    query = select(ReviewTask.customer_id).where(ReviewTask.review_type.in_(types), ReviewTask.created_at >= since)
    return set(session.scalars(query))


def clients_out_of_reach(session: Session, since: datetime) -> set[int]:
    """Clients whose number turned out to be no use in a review since then."""
    query = select(ReviewTask.customer_id).where(ReviewTask.status.in_(UNREACHABLE), ReviewTask.created_at >= since)
    return set(session.scalars(query))


def drawn_and_open(session: Session, duty_id: int) -> set[int]:
    """Clients drawn for a duty before whose review is not over yet; those of a withdrawn plan are free again."""
    query = (
        select(DrawnMember.customer_id)
        .join(Draw, DrawnMember.draw_id == Draw.id)
        .outerjoin(ReviewTask, DrawnMember.task_id == ReviewTask.id)
        .where(Draw.duty_id == duty_id, Draw.void_at.is_(None), DrawnMember.credited.is_(False))
        .where(DrawnMember.task_id.is_(None) | (ReviewTask.final.is_(False) & not_stopped()))
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
    """How far the clients of a draw have come; `joining`: who are called together with another review.

    `withdrawn`: whose task was made by a plan that has been withdrawn since.
    """

    drawn: int = 0
    without_task: int = 0
    open: int = 0
    reviewed: int = 0
    ended_otherwise: int = 0
    joining: int = 0
    withdrawn: int = 0


def members_of(session: Session, draw_id: int) -> MemberFigures:
    """How far the clients of a draw have come."""
    return _figures(session, Draw.id == draw_id)


def members_of_duty(session: Session, duty_id: int) -> MemberFigures:
    """How far the clients of all standing draws of a duty have come, each in the latest in which they came up."""
    return _figures(session, Draw.duty_id == duty_id, Draw.void_at.is_(None), ~drawn_again(credited_too=True))


def _figures(session: Session, *which: ColumnElement[bool]) -> MemberFigures:
    other = aliased(ReviewTask)
    joins = (
        select(other.id)
        .where(other.customer_id == DrawnMember.customer_id, other.final.is_(False), other.id != DrawnMember.task_id)
        .exists()
    )
    done, still = ReviewTask.status == REVIEWED_STATUS, ReviewTask.final.is_(False)
    query = (
        select(
            func.count(),
            func.count().filter(DrawnMember.task_id.is_(None)),
            func.count().filter(still, not_stopped()),
            func.count().filter(done),
            func.count().filter(ReviewTask.final.is_(True), ~done),
            func.count().filter(still, not_stopped(), joins),
            func.count().filter(still, ~not_stopped(), ~drawn_again()),
        )
        .select_from(DrawnMember)
        .join(Draw, DrawnMember.draw_id == Draw.id)
        .outerjoin(ReviewTask, DrawnMember.task_id == ReviewTask.id)
        .where(DrawnMember.credited.is_(False), *which)
    )
    return MemberFigures(*session.execute(query).one())


def reviewed_and_drawn(session: Session, duty: Duty, types: Collection[str]) -> int:
    """How many clients of earlier draws of a duty had been reviewed this year when the latest one was made."""
    latest, (since, _) = duty.standing[-1], year_of(duty.year)
    query = (
        select(func.count(func.distinct(DrawnMember.customer_id)))
        .join(Draw, DrawnMember.draw_id == Draw.id)
        .where(Draw.duty_id == duty.id, Draw.void_at.is_(None), Draw.id != latest.id, DrawnMember.credited.is_(False))
        .where(reviewed_in(DrawnMember.customer_id, types, since, latest.drawn_at))
    )
    return session.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How many clients of a duty's draws were reviewed since the latest of them, and how many still are to be.

    `unplanned`: those of the open ones for whom the task that counts is still to be made.
    """

    reviewed: int = 0
    open: int = 0
    unplanned: int = 0


def progress_of(session: Session, duty: Duty, types: Collection[str]) -> Progress:
    """How far the clients of a duty have come; `types`: the reviews that count for it, of the duty's year.

    Those of the latest draw, the merged too, and those of earlier ones who were not reviewed when it was made.
    """
    latest, client, (since, until) = duty.standing[-1], DrawnMember.customer_id, year_of(duty.year)
    newest, counts = Draw.id == latest.id, ReviewTask.review_type.in_(types)
    too_late = exists().where(
        AttemptTask.task_id == ReviewTask.id,
        AttemptTask.status == REVIEWED_STATUS,
        AttemptTask.attempt_id == Attempt.id,
        Attempt.started_at >= until,
    )
    done = newest & counts & (ReviewTask.status == REVIEWED_STATUS) & ~too_late
    done |= reviewed_in(client, types, max(since, latest.drawn_at), until)
    to_come = ~reviewed_in(client, types, since, until)
    no_task = to_come & (DrawnMember.task_id.is_(None) | (newest & ~counts))
    waits = no_task | (to_come & ReviewTask.final.is_(False) & not_stopped())
    query = (
        select(
            func.count(func.distinct(case((done, client)))),
            func.count(func.distinct(case((waits, client)))),
            func.count(func.distinct(case((no_task & ~under_way(client, types), client)))),
        )
        .select_from(DrawnMember)
        .join(Draw, DrawnMember.draw_id == Draw.id)
        .outerjoin(ReviewTask, DrawnMember.task_id == ReviewTask.id)
        .where(Draw.duty_id == duty.id, Draw.void_at.is_(None), newest | DrawnMember.credited.is_(False))
    )
    return Progress(*session.execute(query).one())


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One client of a draw, for a list; `status` is "" before there is a task."""

    number: str
    credited: bool
    task: str
    review_type: str
    status: str


def members_in(session: Session, draw_id: int) -> Iterator[MemberLine]:
    """Everybody who came up in a draw, streamed in the order of their numbers."""
    query = (
        select(Customer.number, DrawnMember.credited, ReviewTask.number, ReviewTask.review_type, ReviewTask.status)
        .select_from(DrawnMember)
        .join(Customer, DrawnMember.customer_id == Customer.id)
        .outerjoin(ReviewTask, DrawnMember.task_id == ReviewTask.id)
        .where(DrawnMember.draw_id == draw_id)
        .order_by(Customer.number)
    )
    for number, credited, task, review_type, status in session.execute(query.execution_options(yield_per=_AT_A_TIME)):
        yield MemberLine(number, credited, task or "", review_type or "", status or "")
