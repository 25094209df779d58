"""Cases in the database: objections to results (§8.3.3), suspected violations (§8.4), and what was done with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.sql.base import ExecutableOption

from models.calls import Page, rows_of_page
from models.managing_tables import CaseActed, ReviewCase
from models.sealed import current_seal
from models.tables import Attempt, Customer
from rules.cases import OVER, CaseAct, CaseActor, CaseKind, CaseStanding, CaseState, acted

CHUNK = 200  # cases in memory at a time
OPENED = "open"  # the act that begins a trail
_OVER = [state.value for state in OVER]
_ORDER = (
    ReviewCase.state.in_(_OVER), ReviewCase.deadline_at.is_(None), ReviewCase.deadline_at, ReviewCase.id.desc()
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What the list of cases is narrowed to; empty fields narrow nothing."""

    text: str = ""  # a number of a case or a call, a staff number, or a client's name, telephone or client number
    kind: str = ""
    state: str = ""  # one of rules.cases.CaseState, or "unfinished"
    overdue: bool = False
    owner: str = ""


def case_list(session: Session, wanted: CaseFilter, now: datetime, *, page: int, size: int) -> Page[ReviewCase]:
    """Cases: open ones first, the nearest deadline first."""
    query = _narrowed(wanted, now)
    total = session.scalar(query.with_only_columns(func.count(ReviewCase.id))) or 0
    rows = rows_of_page(session, query, ReviewCase.id, _ORDER, _beside(), page=page, size=size)
    return Page(rows, total, page, size)


def all_cases(session: Session, wanted: CaseFilter, now: datetime) -> Iterator[ReviewCase]:
    """The same without end, in pieces, for an export."""
    query = _in_order(_narrowed(wanted, now)).execution_options(yield_per=CHUNK)
    for rows in session.scalars(query).partitions():
        yield from rows


def unfinished_cases(session: Session, now: datetime) -> tuple[int, int]:
    """How many cases are open, and how many of them are overdue."""
    query = select(func.count(ReviewCase.id)).where(ReviewCase.state.not_in(_OVER))
    return session.scalar(query) or 0, session.scalar(query.where(ReviewCase.deadline_at < now)) or 0


def case_with(session: Session, case_id: int) -> ReviewCase | None:
    """One case with its trail, its client and its call."""
    query = select(ReviewCase).where(ReviewCase.id == case_id).options(selectinload(ReviewCase.acts))
    return session.scalars(query.options(*_beside())).one_or_none()


def cases_of_call(session: Session, attempt_id: int) -> Sequence[ReviewCase]:
    """The cases that were opened from a call."""
    return session.scalars(select(ReviewCase).where(ReviewCase.attempt_id == attempt_id)).all()


def open_case(session: Session, case: ReviewCase) -> ReviewCase:
    """Enter a case; its trail begins."""
    session.add(case)
    session.flush()
    session.add(CaseActed(case_id=case.id, act=OPENED, by=case.raised_by, why=case.what, at=case.created_at))
    session.flush()
    return case


def act_on_case(
    session: Session,
    case_id: int,
    act: CaseAct,
    actor: CaseActor,
    *,
    why: str,
    at: datetime,
    owner: str = "",
    deadline_at: datetime | None = None,
) -> ReviewCase:
    """Do something with a case and write it down; raises CaseRefused, nothing changed."""
    case = session.scalars(select(ReviewCase).where(ReviewCase.id == case_id).with_for_update()).one()
    state = acted(standing_of(case), act, actor, why=why, owner=owner)
    case.state = state.value
    if act is CaseAct.ASSIGN:
        case.owner, case.deadline_at = owner, deadline_at
        why = why or f"承办人 {owner}"
    if act is CaseAct.FIND:
        case.found_by = actor.number
    if state in OVER:
        case.closed_at = at
    session.add(CaseActed(case_id=case.id, act=act.value, by=actor.number, why=why.strip(), at=at))
    session.flush()
    return case


def standing_of(case: ReviewCase) -> CaseStanding:
    """A case as the rules see it."""
    return CaseStanding(
        CaseKind(case.kind), CaseState(case.state), case.raised_by, case.owner, case.found_by, case.concerns
    )


def _narrowed(wanted: CaseFilter, now: datetime) -> Select[ReviewCase]:
    query = select(ReviewCase)
    if wanted.text:
        digest = current_seal().digest(wanted.text)
        query = (
            query.outerjoin(ReviewCase.customer)
            .outerjoin(ReviewCase.attempt)
            .where(
                or_(
                    ReviewCase.id == (int(wanted.text) if wanted.text.isdecimal() and len(wanted.text) < 10 else -1),
                    Attempt.call_id == wanted.text,
                    ReviewCase.concerns == wanted.text,
                    ReviewCase.owner == wanted.text,
                    ReviewCase.raised_by == wanted.text,
                    Customer.name_digest == digest,
                    Customer.phone_digest == digest,
                    Customer.number == wanted.text,
                )
            )
        )
    if wanted.kind:
        query = query.where(ReviewCase.kind == wanted.kind)
    if wanted.state == "unfinished":
        query = query.where(ReviewCase.state.not_in(_OVER))
    elif wanted.state:
        query = query.where(ReviewCase.state == wanted.state)
    if wanted.owner:
        query = query.where(ReviewCase.owner == wanted.owner)
    if wanted.overdue:
        query = query.where(ReviewCase.state.not_in(_OVER), ReviewCase.deadline_at < now)
    return query


def _in_order(query: Select[ReviewCase]) -> Select[ReviewCase]:
    return query.options(*_beside()).order_by(*_ORDER)


def _beside() -> tuple[ExecutableOption, ...]:
    return joinedload(ReviewCase.customer), joinedload(ReviewCase.attempt)
