"""Questions that the pages ask: the state of a campaign, lists of calls with filters, escalations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, CompoundSelect, Select, case, exists, func, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from models.people_tables import HumanReview
from models.sealed import current_seal
from models.tables import (
    Answer,
    Attempt,
    AttemptTask,
    Campaign,
    Customer,
    Escalation,
    Notice,
    ReviewTask,
    RiskFlag,
    Staff,
)
from rules.appendix_f import REVIEWED_STATUS

T = TypeVar("T")

_GRAVEST_FIRST = case((Escalation.severity == "high", 0), (Escalation.severity == "care", 1), else_=2)


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a list of calls is narrowed to; empty fields narrow nothing."""

    text: str = ""  # a client's name, phone number or number, or a task number: exact, since names are encrypted
    review_type: str = ""
    outcome: str = ""
    campaign_id: int = 0
    risky: bool = False
    since: datetime | None = None
    until: datetime | None = None
    line: str = ""  # the line that the call went over, or the staff number of the person who made it: exact
    status: str = ""  # 登记状态 after the call
    risk: str = ""
    question: str = ""
    answer: str = ""  # yes, no or unsure: what was understood at `question`, as it was stored at the call


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list."""

    items: Sequence[T]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))


def calls(session: Session, wanted: CallFilter, *, page: int, size: int) -> Sequence[Attempt]:
    """A page of attempts, the latest first."""
    latest = (Attempt.started_at.desc(), Attempt.id.desc())
    return rows_of_page(session, narrowed(wanted), Attempt.id, latest, for_lists(), page=page, size=size)


def count_calls(session: Session, wanted: CallFilter) -> int:
    """How many attempts a filter leaves."""
    return session.scalar(narrowed(wanted).with_only_columns(func.count(Attempt.id))) or 0


def rows_of_page(
    session: Session,
    query: Select[T],
    id_: InstrumentedAttribute[int],
    order: Sequence[Any],
    beside: Sequence[ExecutableOption],
    *,
    page: int,
    size: int,
) -> Sequence[T]:
    """One page of a long list: found by its ids, so that only its own rows are read and sorted with all they carry."""
    ids = query.with_only_columns(id_).order_by(*order).limit(size).offset((page - 1) * size)
    rows: Select[Any] = select(id_.class_).where(id_.in_(ids)).options(*beside).order_by(*order)
    return session.scalars(rows).unique().all()


def for_lists() -> tuple[ExecutableOption, ...]:
    """What a list shows of a call, fetched with it."""
    return (
        joinedload(Attempt.task).joinedload(ReviewTask.customer),
        selectinload(Attempt.flags),
        selectinload(Attempt.served).joinedload(AttemptTask.task),
        joinedload(Attempt.recording),
    )


def narrowed(wanted: CallFilter) -> Select[Attempt]:
    """The attempts that a filter leaves."""
    return _narrow(_by_result(select(Attempt), wanted), wanted)


def _by_result(query: Select[Attempt], wanted: CallFilter) -> Select[Attempt]:
    if wanted.line:
        called = select(HumanReview.attempt_id).join(Staff, HumanReview.staff_id == Staff.id)
        by_person = Attempt.id.in_(called.where(Staff.number == wanted.line, HumanReview.attempt_id.is_not(None)))
        query = query.where((Attempt.line == wanted.line) | by_person)
    if wanted.status:
        query = query.where(Attempt.status == wanted.status)
    if wanted.risk:
        query = query.where(Attempt.id.in_(select(RiskFlag.attempt_id).where(RiskFlag.risk == wanted.risk)))
    if wanted.question or wanted.answer:
        answers = select(Answer.attempt_id)
        if wanted.question:
            answers = answers.where(Answer.question == wanted.question)
        if wanted.answer:
            answers = answers.where(Answer.intent == wanted.answer)
        query = query.where(Attempt.id.in_(answers))
    return query


def _narrow(query: Select[Attempt], wanted: CallFilter) -> Select[Attempt]:
    if wanted.text:
        query = query.where(Attempt.id.in_(_of(wanted.text)))
    if wanted.review_type:
        query = query.where(_serves(ReviewTask.review_type == wanted.review_type))
    if wanted.outcome:
        query = query.where(Attempt.outcome == wanted.outcome)
    if wanted.campaign_id:
        query = query.where(_serves(ReviewTask.campaign_id == wanted.campaign_id))
    if wanted.risky:
        query = query.where(Attempt.id.in_(select(RiskFlag.attempt_id)))
    if wanted.since:
        query = query.where(Attempt.started_at >= wanted.since)
    if wanted.until:
        query = query.where(Attempt.started_at < wanted.until)
    return query


def _of(text: str) -> CompoundSelect[int]:
    """The attempts on a client or a task, each found by an index of its own."""
    digest = current_seal().digest(text)
    clients = (Customer.name_digest == digest, Customer.phone_digest == digest, Customer.number == text)
    by_client = (
        select(Attempt.id).join(Customer, Attempt.customer_id == Customer.id).where(is_client) for is_client in clients
    )
    served = select(AttemptTask.attempt_id).join(ReviewTask, AttemptTask.task_id == ReviewTask.id)
    return union(*by_client, served.where(ReviewTask.number == text))


def _serves(wanted: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an attempt served a task of which this is true."""
    return exists().where(AttemptTask.attempt_id == Attempt.id, AttemptTask.task_id == ReviewTask.id, wanted)


def call(session: Session, call_id: str) -> Attempt | None:
    """One attempt with everything that a page shows of it but its log."""
    query = (
        select(Attempt)
        .where(Attempt.call_id == call_id)
        .options(
            joinedload(Attempt.task).joinedload(ReviewTask.customer).joinedload(Customer.served_by),
            joinedload(Attempt.task).joinedload(ReviewTask.product),
            joinedload(Attempt.task).selectinload(ReviewTask.attempts),
            selectinload(Attempt.served).joinedload(AttemptTask.task),
            selectinload(Attempt.answers),
            selectinload(Attempt.flags),
            selectinload(Attempt.deliveries),
            joinedload(Attempt.quality),
            joinedload(Attempt.recording),
        )
    )
    return session.scalars(query).unique().one_or_none()


def campaigns(session: Session) -> Sequence[Campaign]:
    """All campaigns, the latest first."""
    return session.scalars(select(Campaign).order_by(Campaign.id.desc())).all()


@dataclass(frozen=True, slots=True)
class CampaignFigures:
    """Where a campaign stands: the funnel and the mix of statuses."""

    tasks: int = 0
    waiting: int = 0  # to be dialled, now or later
    final: int = 0
    with_human: int = 0
    reviewed: int = 0
    attempts: int = 0
    on_the_line: int = 0
    answered: int = 0
    flagged: int = 0  # tasks with at least one risk flag
    notices: int = 0
    by_status: tuple[tuple[str, int], ...] = ()
    by_outcome: tuple[tuple[str, int], ...] = ()


def figures_of(session: Session, campaign_id: int) -> CampaignFigures:
    """The figures of one campaign."""
    mine = ReviewTask.campaign_id == campaign_id
    row = session.execute(
        select(
            func.count(ReviewTask.id),
            func.count(case((ReviewTask.due_at.is_not(None), 1))),
            func.count(case((ReviewTask.final, 1))),
            func.count(case((ReviewTask.with_human, 1))),
            func.count(case((ReviewTask.status == REVIEWED_STATUS, 1))),
        ).where(mine)
    ).one()
    talk = session.execute(
        select(
            func.count(case((Attempt.direction == "outgoing", 1))),
            func.count(case((Attempt.ended_at.is_(None), 1))),
            func.count(case((Attempt.talk_ms > 0, 1))),
        ).where(_serves(mine))
    ).one()
    statuses = select(ReviewTask.status, func.count()).where(mine).group_by(ReviewTask.status)
    outcomes = (
        select(Attempt.outcome, func.count())
        .where(_serves(mine), Attempt.outcome.is_not(None))
        .group_by(Attempt.outcome)
    )
    return CampaignFigures(
        tasks=row[0],
        waiting=row[1],
        final=row[2],
        with_human=row[3],
        reviewed=row[4],
        attempts=talk[0],
        on_the_line=talk[1],
        answered=talk[2],
        flagged=_count_tasks_with(session, RiskFlag, campaign_id),
        notices=_count_tasks_with(session, Notice, campaign_id),
        by_status=_largest_first(session, statuses),
        by_outcome=_largest_first(session, outcomes),
    )


def _count_tasks_with(session: Session, table: type[RiskFlag] | type[Notice], campaign_id: int) -> int:
    query = select(func.count(func.distinct(table.task_id))).join(ReviewTask, table.task_id == ReviewTask.id)
    return session.scalar(query.where(ReviewTask.campaign_id == campaign_id)) or 0


def _largest_first(session: Session, query: Select[Any, int]) -> tuple[tuple[str, int], ...]:
    rows = [(str(name), count) for name, count in session.execute(query)]
    return tuple(sorted(rows, key=lambda row: (-row[1], row[0])))


def escalations(session: Session, *, state: str, text: str = "", page: int, size: int) -> Page[Escalation]:
    """What waits for a human: grave first, then the nearest deadline; `text` as in the list of calls."""
    query = select(Escalation)
    if state:
        query = query.where(Escalation.state == state)
    if text:
        query = query.where(Escalation.attempt_id.in_(_of(text)))
    total = session.scalar(query.with_only_columns(func.count(Escalation.id))) or 0
    attempt = joinedload(Escalation.attempt)
    beside = (
        attempt.joinedload(Attempt.task).joinedload(ReviewTask.customer),
        attempt.selectinload(Attempt.flags),
        attempt.selectinload(Attempt.served).joinedload(AttemptTask.task),
        attempt.joinedload(Attempt.recording),
    )
    order = (case((Escalation.severity.in_(("high", "care")), 0), else_=1), Escalation.deadline_at, Escalation.id)
    rows = rows_of_page(session, query, Escalation.id, order, beside, page=page, size=size)
    return Page(rows, total, page, size)


def open_escalations(session: Session) -> int:
    """How many escalations nobody has taken yet."""
    return session.scalar(select(func.count(Escalation.id)).where(Escalation.state == "open")) or 0
