"""The inspectors' queues in the database: which calls wait, who has taken them, by which rules; and comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from models.call_log import is_readable
from models.calls import Page, rows_of_page
from models.errors import TakenByAnother
from models.inspecting_search import signature_of
from models.inspecting_tables import CallComment, CallIndex, Inspection, InspectionRule
from models.people_tables import HumanReview
from models.queue import rows_changed
from models.tables import Attempt, AttemptTask, Delivery, ReviewTask, RiskFlag
from rules.inspecting import MOST_DAYS, CallFacts, Reason, Rule, RuleBook, rule_of, written

_GRAVE = ("high", "care")


class Round(StrEnum):
    """Which inspection of a call this is."""

    FIRST = "first"  # 初检
    SECOND = "second"  # 复核
    CALIBRATION = "calibration"  # 校准


class Standing(StrEnum):
    """How an inspection stands in the queue."""

    OPEN = "open"  # 待领取
    MINE = "mine"  # 我领取的
    TAKEN = "taken"  # 已领取
    LATE = "late"  # 已逾期
    DONE = "done"  # 已完成
    ALL = "all"  # 全部


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What the queue is narrowed to; `staff_id` is who looks: what is reserved for others is not theirs to see."""

    staff_id: int
    standing: Standing = Standing.OPEN
    reason: str = ""
    round: str = ""


# Rules


def rule_book(session: Session, at: datetime) -> RuleBook:
    """The rules in force at an instant."""
    return _book_at(_all_rules(session), at)


def _all_rules(session: Session) -> Sequence[InspectionRule]:
    return session.scalars(select(InspectionRule).order_by(InspectionRule.changed_at, InspectionRule.id)).all()


def _book_at(rules: Sequence[InspectionRule], at: datetime) -> RuleBook:
    return RuleBook({Reason(row.reason): rule_of(row.percent, row.days) for row in rules if row.changed_at <= at})


def rule_changes(session: Session) -> Sequence[InspectionRule]:
    """Every change of a rule, the latest first."""
    query = select(InspectionRule).options(joinedload(InspectionRule.staff)).order_by(InspectionRule.id.desc())
    return session.scalars(query.limit(100)).all()


def change_rule(session: Session, reason: Reason, rule: Rule, staff_id: int, now: datetime) -> None:
    """Let another share or time count for the calls that end from now on."""
    percent = written(rule.share)
    session.add(InspectionRule(reason=reason.value, percent=percent, days=rule.days, staff_id=staff_id, changed_at=now))
    session.flush()


# What comes in


def not_taken_in(session: Session) -> int:
    """How many ended calls the rules have not judged yet."""
    return session.scalar(select(func.count(Attempt.id)).where(_is_new())) or 0


def take_in(session: Session, now: datetime, most: int) -> int:
    """Judge calls that have ended, oldest first, and make them searchable; how many: 0 when none is left.

    A call is judged by the rules in force when it ended, so that it does not matter when this is done. Those that
    another process judges or counts just now are passed over. One whose log cannot be read keeps no other waiting.
    """
    oldest = select(Attempt).where(_is_new()).order_by(Attempt.id).limit(most)
    query = oldest.with_for_update(skip_locked=True, key_share=True)
    attempts = session.scalars(query.options(selectinload(Attempt.events))).all()
    ids = [attempt.id for attempt in attempts]
    grave = _attempts_with(session, RiskFlag.attempt_id, RiskFlag.attempt_id.in_(ids), RiskFlag.severity.in_(_GRAVE))
    cut = _attempts_with(session, Delivery.attempt_id, Delivery.attempt_id.in_(ids), Delivery.complete.is_(False))
    first = Inspection.round == Round.FIRST.value
    asked = _attempts_with(session, Inspection.attempt_id, Inspection.attempt_id.in_(ids), first)
    # An earlier release marks a call by its index alone.
    indexed = _attempts_with(session, CallIndex.attempt_id, CallIndex.attempt_id.in_(ids))
    rules = _all_rules(session)
    for attempt in attempts:
        attempt.taken_in = True
        if attempt.id in indexed:
            continue
        ended_at = attempt.ended_at or now
        session.add(CallIndex(attempt_id=attempt.id, heard=signature_of(attempt)))
        book = _book_at(rules, ended_at)
        reasons = book.reasons(_facts(attempt, attempt.id in grave, attempt.id in cut))
        if reasons and attempt.id not in asked and ended_at > now - timedelta(days=MOST_DAYS):
            session.add(_first(attempt.id, reasons, now, book.due_at(reasons, ended_at)))
    session.flush()
    return len(attempts)


def _is_new() -> ColumnElement[bool]:
    return and_(~Attempt.taken_in, Attempt.ended_at.is_not(None))


def _attempts_with(session: Session, column: InstrumentedAttribute[int], *where: ColumnElement[bool]) -> frozenset[int]:
    return frozenset(session.scalars(select(column).where(*where)))


def _facts(attempt: Attempt, grave: bool, cut: bool) -> CallFacts:
    return CallFacts(
        call_id=attempt.call_id,
        talked=attempt.talk_ms > 0,
        grave=grave,
        undelivered=cut,
        disagreement=bool(attempt.evidence.get("conflicts")),
        interrupted=attempt.outcome == "interrupted",
        unreadable=not is_readable(attempt),
    )


def _first(attempt_id: int, reasons: tuple[Reason, ...], now: datetime, due_at: datetime) -> Inspection:
    return Inspection(
        attempt_id=attempt_id,
        round=Round.FIRST.value,
        reasons=[reason.value for reason in reasons],
        lead=reasons[0].value,
        made_at=now,
        due_at=due_at,
    )


def ask_for(session: Session, attempt_id: int, now: datetime, due_at: datetime) -> tuple[Inspection, bool]:
    """Put a call into the queue by hand; the inspection that it has already, where it has one, and whether it had."""
    there = session.scalar(
        select(Inspection).where(Inspection.attempt_id == attempt_id, Inspection.round == Round.FIRST.value)
    )
    if there is not None:
        return there, True
    made = _first(attempt_id, (Reason.ASKED,), now, due_at)
    session.add(made)
    session.flush()
    return made, False


# The queue


def queue(session: Session, wanted: QueueFilter, now: datetime, *, page: int, size: int) -> Page[Inspection]:
    """Inspections, the soonest due first; done ones the latest first."""
    query = select(Inspection).where(*_narrowed(wanted, now))
    total = session.scalar(query.with_only_columns(func.count(Inspection.id))) or 0
    order = (
        (Inspection.done_at.desc(), Inspection.id.desc())
        if wanted.standing is Standing.DONE
        else (Inspection.due_at, Inspection.id)
    )
    attempt = joinedload(Inspection.attempt)
    beside = (
        attempt.joinedload(Attempt.task).joinedload(ReviewTask.customer),
        attempt.selectinload(Attempt.flags),
        attempt.selectinload(Attempt.served).joinedload(AttemptTask.task),
        joinedload(Inspection.taken_by),
        joinedload(Inspection.score),
    )
    return Page(rows_of_page(session, query, Inspection.id, order, beside, page=page, size=size), total, page, size)


def _narrowed(wanted: QueueFilter, now: datetime) -> list[ColumnElement[bool]]:
    mine, waiting = Inspection.taken_by_id == wanted.staff_id, Inspection.done_at.is_(None)
    standing = {
        Standing.OPEN: and_(waiting, Inspection.taken_by_id.is_(None), may_take(wanted.staff_id)),
        Standing.MINE: and_(waiting, mine),
        Standing.TAKEN: and_(waiting, Inspection.taken_by_id.is_not(None)),
        Standing.LATE: and_(waiting, Inspection.due_at < now),
        Standing.DONE: Inspection.done_at.is_not(None),
        Standing.ALL: Inspection.id.is_not(None),
    }[wanted.standing]
    # Who calibrates does not see how the others stand.
    unseen = or_(Inspection.round != Round.CALIBRATION.value, mine)
    narrowed = [standing, unseen]
    if wanted.reason:
        narrowed.append(Inspection.lead == wanted.reason)
    if wanted.round:
        narrowed.append(Inspection.round == wanted.round)
    return narrowed


def may_take(staff_id: int) -> ColumnElement[bool]:
    """Whether somebody may inspect: not what they scored before, nor their own calls."""
    own = exists().where(HumanReview.attempt_id == Inspection.attempt_id, HumanReview.staff_id == staff_id)
    return and_(or_(Inspection.not_by_id.is_(None), Inspection.not_by_id != staff_id), ~own)


def waiting_by_reason(session: Session, now: datetime) -> Mapping[str, tuple[int, int]]:
    """How many inspections wait for each reason, and how many of them are late."""
    query = (
        select(Inspection.lead, func.count(Inspection.id), func.count(case((Inspection.due_at < now, 1))))
        .where(Inspection.done_at.is_(None), Inspection.round != Round.CALIBRATION.value)
        .group_by(Inspection.lead)
    )
    return {lead: (waiting, late) for lead, waiting, late in session.execute(query)}


def inspection(session: Session, id_: int) -> Inspection | None:
    """One inspection with its call, taker and score."""
    query = select(Inspection).where(Inspection.id == id_)
    return session.scalars(
        query.options(joinedload(Inspection.attempt), joinedload(Inspection.taken_by), joinedload(Inspection.score))
    ).one_or_none()


def inspections_of(session: Session, attempt_id: int, staff_id: int) -> Sequence[Inspection]:
    """The inspections of a call that somebody may see, the first one first."""
    query = select(Inspection).where(
        Inspection.attempt_id == attempt_id,
        or_(Inspection.round != Round.CALIBRATION.value, Inspection.taken_by_id == staff_id),
    )
    return session.scalars(
        query.options(joinedload(Inspection.taken_by), joinedload(Inspection.score)).order_by(Inspection.id)
    ).all()


def take(session: Session, id_: int, staff_id: int, now: datetime) -> None:
    """Put an inspection into somebody's hands; raises TakenByAnother where it is not theirs to take any more."""
    free = update(Inspection).where(
        Inspection.id == id_, Inspection.taken_by_id.is_(None), Inspection.done_at.is_(None), may_take(staff_id)
    )
    taken = free.values(taken_by_id=staff_id, taken_at=now).execution_options(synchronize_session=False)
    if rows_changed(session, taken) != 1:
        raise TakenByAnother(f"inspection {id_} is in somebody else's hands, or not for them")


def next_open(session: Session, staff_id: int, reason: str = "") -> int | None:
    """The inspection that somebody should take next: the soonest due."""
    query = select(Inspection.id).where(
        Inspection.done_at.is_(None), Inspection.taken_by_id.is_(None), may_take(staff_id)
    )
    if reason:
        query = query.where(Inspection.lead == reason)
    return session.scalar(query.order_by(Inspection.due_at, Inspection.id).limit(1))


def give_back(session: Session, id_: int, staff_id: int) -> bool:
    """Put an inspection back into the queue; False where it is not in their hands, or is theirs alone to do."""
    mine = update(Inspection).where(
        Inspection.id == id_,
        Inspection.taken_by_id == staff_id,
        Inspection.done_at.is_(None),
        Inspection.round != Round.CALIBRATION.value,
    )
    return rows_changed(session, mine.values(taken_by_id=None, taken_at=None)) == 1


# Comments


def comments_of(session: Session, attempt_id: int) -> Sequence[CallComment]:
    """What was written at the seconds of a call, in the order of the recording."""
    query = select(CallComment).where(CallComment.attempt_id == attempt_id).options(joinedload(CallComment.staff))
    return session.scalars(query.order_by(CallComment.at_ms, CallComment.id)).all()


def add_comment(session: Session, attempt_id: int, at_ms: int, words: str, staff_id: int, now: datetime) -> None:
    """Pin a comment to a second of a call."""
    session.add(CallComment(attempt_id=attempt_id, at_ms=at_ms, words=words, staff_id=staff_id, made_at=now))
    session.flush()
