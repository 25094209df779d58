"""Reviews by people (人工回访) in the database: the list, who has taken what, the call, its end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, CompoundSelect, ScalarSelect, and_, exists, func, or_, select, union, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, joinedload

from models.calls import Page
from models.errors import TakenByAnother
from models.people_tables import HumanReview
from models.queue import rows_changed
from models.sealed import current_seal
from models.tables import Attempt, AttemptTask, Campaign, Customer, Escalation, ReviewTask, RiskFlag
from rules import Severity

PROMISED = "callback_promised"  # in a call's evidence: the client was told in mid-call that we call back
URGENT = (Severity.HIGH, Severity.CARE)  # a person is to call as soon as can be


class Ended(StrEnum):
    """How somebody's having a task in hand ended."""

    GIVEN_BACK = "given_back"  # 退回
    RECORDED = "recorded"  # 已登记结果
    FORGOTTEN = "forgotten"  # 超时收回


class Waits(StrEnum):
    """How a task stands on the list of people."""

    NOW = "now"  # 待领取
    LATER = "later"  # 未到再次拨打的时间
    TAKEN = "taken"  # 已领取
    MINE = "mine"  # 我领取的
    ALL = "all"  # 全部


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """What the list is narrowed to; `staff_id` is who looks."""

    waits: Waits = Waits.NOW
    text: str = ""  # a client's name, phone number or number, or a task number: exact
    review_type: str = ""
    staff_id: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """A task that a person is to do; `taken` is who has it in hand, `next_at` when it may be called again."""

    task: ReviewTask
    taken: HumanReview | None
    next_at: datetime | None


def people_list(session: Session, wanted: PeopleFilter, now: datetime, *, page: int, size: int) -> Page[Listed]:
    """What people are to do in campaigns that run, the nearest deadline first."""
    chosen = _chosen(wanted, now)
    dated = ReviewTask.deadline_at.is_not(None)
    counts = select(func.count(), func.count().filter(dated)).where(*chosen).select_from(ReviewTask)
    total, with_deadline = session.execute(counts).one()
    # Databases differ in where an index has its NULLs, so that each half is read along the index by itself.
    first = (page - 1) * size
    ids = _ids(session, [*chosen, dated], first, size)
    ids += _ids(session, [*chosen, ~dated], max(0, first - with_deadline), size - len(ids))
    return Page(_listed(session, ids), total, page, size)


def _ids(session: Session, chosen: Sequence[ColumnElement[bool]], first: int, most: int) -> list[int]:
    if most <= 0:
        return []
    query = select(ReviewTask.id).where(*chosen).order_by(ReviewTask.deadline_at, ReviewTask.id)
    return list(session.scalars(query.limit(most).offset(first)))


def _listed(session: Session, ids: Sequence[int]) -> list[Listed]:
    mine = aliased(HumanReview)
    query = (
        select(ReviewTask, mine, _next_at())
        .outerjoin(mine, and_(mine.task_id == ReviewTask.id, mine.ended_at.is_(None)))
        .where(ReviewTask.id.in_(ids))
        .options(
            joinedload(ReviewTask.customer).joinedload(Customer.served_by),
            joinedload(ReviewTask.product),
            joinedload(mine.staff),
        )
    )
    rows = {task.id: Listed(task, taken, at) for task, taken, at in session.execute(query)}
    return [rows[id_] for id_ in ids]


def _is_for_people() -> ColumnElement[bool]:
    # Written as ix_review_task_people has it, or the index is passed over.
    return and_(ReviewTask.with_human, ~ReviewTask.final, ReviewTask.closes_as == "")


def _next_at() -> ScalarSelect[datetime | None]:
    ended = select(func.max(HumanReview.next_at)).where(HumanReview.task_id == ReviewTask.id)
    return ended.correlate(ReviewTask).scalar_subquery()


def _chosen(wanted: PeopleFilter, now: datetime) -> list[ColumnElement[bool]]:
    # "Not in those at rest" is the same as "in those that run", but no index of theirs is taken for it.
    at_rest = select(Campaign.id).where(Campaign.state != "running")
    chosen = [_is_for_people(), ReviewTask.campaign_id.not_in(at_rest), *_standing(wanted, now)]
    if wanted.text:
        chosen.append(ReviewTask.id.in_(tasks_named(wanted.text)))
    if wanted.review_type:
        chosen.append(ReviewTask.review_type == wanted.review_type)
    return chosen


def tasks_named(text: str) -> CompoundSelect[int]:
    """The tasks of a client of that name, telephone number or client number, or with that number; exact.

    Each is found by an index of its own; together they would be looked for in every task.
    """
    digest = current_seal().digest(text)
    clients = (Customer.name_digest == digest, Customer.phone_digest == digest, Customer.number == text)
    of_client = (
        select(ReviewTask.id).join(Customer, ReviewTask.customer_id == Customer.id).where(is_client)
        for is_client in clients
    )
    return union(*of_client, select(ReviewTask.id).where(ReviewTask.number == text))


def _standing(wanted: PeopleFilter, now: datetime) -> list[ColumnElement[bool]]:
    """What is in hand or waits is told by the takings, which are few beside the tasks."""
    in_hand = select(HumanReview.task_id).where(HumanReview.ended_at.is_(None))
    put_off = ReviewTask.id.in_(select(HumanReview.task_id).where(HumanReview.next_at > now))
    taken = ReviewTask.id.in_(in_hand)
    match wanted.waits:
        case Waits.NOW:
            return [~taken, ~put_off, ~_cooling_off(now)]
        case Waits.LATER:
            return [~taken, or_(put_off, _cooling_off(now))]
        case Waits.TAKEN:
            return [taken]
        case Waits.MINE:
            return [ReviewTask.id.in_(in_hand.where(HumanReview.staff_id == wanted.staff_id))]
        case Waits.ALL:
            return []


def _cooling_off(now: datetime) -> ColumnElement[bool]:
    return and_(ReviewTask.valid_from.is_not(None), ReviewTask.valid_from > now)


def is_for_people(session: Session, task_id: int) -> bool:
    """Whether a task waits for a person; nobody can change it before the transaction ends."""
    query = select(ReviewTask.id).where(ReviewTask.id == task_id, _is_for_people()).with_for_update(of=ReviewTask)
    return session.scalar(query) is not None


def human_review(session: Session, id_: int) -> HumanReview | None:
    """One taking with its task, client and taker."""
    task = joinedload(HumanReview.task)
    query = select(HumanReview).where(HumanReview.id == id_)
    return session.scalars(
        query.options(
            task.joinedload(ReviewTask.customer), joinedload(HumanReview.staff), joinedload(HumanReview.attempt)
        )
    ).one_or_none()


def note_of(session: Session, attempt_id: int) -> str:
    """What the caller wrote down beside the answers."""
    return session.scalar(select(HumanReview.note).where(HumanReview.attempt_id == attempt_id)) or ""


def take(session: Session, task_id: int, staff_id: int, *, now: datetime, held_until: datetime) -> HumanReview:
    """Take a task; raises TakenByAnother where somebody was faster."""
    review = HumanReview(task_id=task_id, staff_id=staff_id, taken_at=now, held_until=held_until)
    session.add(review)
    try:
        session.flush()
    except IntegrityError as error:
        raise TakenByAnother(f"task {task_id} is in somebody else's hands") from error
    return review


def in_hand(session: Session, task_id: int, staff_id: int) -> int | None:
    """The taking by which somebody has a task in hand; None: they have not."""
    query = select(HumanReview.id).where(HumanReview.task_id == task_id, HumanReview.ended_at.is_(None))
    return session.scalar(query.where(HumanReview.staff_id == staff_id))


def taken_by(session: Session, staff_id: int) -> int:
    """How many tasks somebody has in hand."""
    query = select(func.count(HumanReview.id)).where(HumanReview.staff_id == staff_id, HumanReview.ended_at.is_(None))
    return session.scalar(query) or 0


def give_back(session: Session, id_: int, now: datetime) -> bool:
    """Give a task back that was not called for; False where it is on the telephone, or no longer in hand."""
    idle = update(HumanReview).where(
        HumanReview.id == id_, HumanReview.ended_at.is_(None), HumanReview.attempt_id.is_(None)
    )
    return rows_changed(session, idle.values(ended_at=now, ended_as=Ended.GIVEN_BACK.value)) == 1


def on_the_telephone(session: Session, id_: int, attempt_id: int, held_until: datetime) -> bool:
    """The taker is calling; False where there is a call already, or the task is no longer in hand."""
    idle = update(HumanReview).where(
        HumanReview.id == id_, HumanReview.ended_at.is_(None), HumanReview.attempt_id.is_(None)
    )
    return rows_changed(session, idle.values(attempt_id=attempt_id, held_until=held_until)) == 1


def hand_on(session: Session, id_: int, staff_id: int, to: int) -> bool:
    """Give a task that is on the telephone into other hands; False where it is no longer in these."""
    calling = update(HumanReview).where(
        HumanReview.id == id_, HumanReview.staff_id == staff_id, HumanReview.ended_at.is_(None)
    )
    return rows_changed(session, calling.values(staff_id=to)) == 1


def keep(session: Session, id_: int, before: str, given: str) -> bool:
    """Keep what was ticked; False where it was changed meanwhile (a second window) or has ended."""
    row = session.scalars(select(HumanReview).where(HumanReview.id == id_).with_for_update()).one()
    if row.ended_at is not None or row.given != before:
        return False
    row.given = given
    return True


def end(
    session: Session, id_: int, how: Ended, *, now: datetime, next_at: datetime | None = None, note: str = ""
) -> bool:
    """End somebody's having a task in hand; False where it has ended already."""
    open_ = update(HumanReview).where(HumanReview.id == id_, HumanReview.ended_at.is_(None))
    return rows_changed(session, open_.values(ended_at=now, ended_as=how.value, next_at=next_at, note=note)) == 1


def stay_with_people(session: Session, task_id: int) -> None:
    """A task that a person has called for is not dialled by the bot again."""
    query = update(ReviewTask).where(ReviewTask.id == task_id, ReviewTask.final.is_(False), ReviewTask.closes_as == "")
    session.execute(
        query.values(with_human=True, due_at=None, dial_by=None).execution_options(synchronize_session=False)
    )


def forgotten(session: Session, at: datetime) -> Sequence[HumanReview]:
    """What is still in somebody's hands though its time is over, by the machine's clock."""
    over = select(HumanReview).where(HumanReview.ended_at.is_(None), HumanReview.held_until <= at)
    return session.scalars(over.order_by(HumanReview.id)).all()


def promise_callback(session: Session, attempt_id: int, now: datetime) -> None:
    """A client was told in mid-call that we call back: a person is asked to, once for the call."""
    attempt = session.get_one(Attempt, attempt_id)
    attempt.evidence = attempt.evidence | {PROMISED: True}
    if session.scalar(select(Escalation.id).where(Escalation.attempt_id == attempt_id)) is None:
        deadline_at = session.get_one(ReviewTask, attempt.task_id).deadline_at
        session.add(
            Escalation(
                attempt_id=attempt_id,
                task_id=attempt.task_id,
                severity=Severity.HIGH.value,
                created_at=now,
                deadline_at=deadline_at,
            )
        )


def urgent_attempts(session: Session, attempts: Collection[int]) -> frozenset[int]:
    """Those of these calls after which a client is still owed a person: one was promised, or what was said is grave."""
    flags = RiskFlag.severity.in_([severity.value for severity in URGENT])
    flagged = exists().where(RiskFlag.attempt_id == Escalation.attempt_id, flags)
    query = select(Attempt.id, Attempt.evidence, flagged).join(Escalation, Escalation.attempt_id == Attempt.id)
    rows = session.execute(query.where(Attempt.id.in_(attempts), Escalation.state != "done"))
    return frozenset(id_ for id_, evidence, grave in rows if grave or evidence.get(PROMISED))


def close_requests(session: Session, task_id: int) -> None:
    """Done are the calls to a person that only asked for this review; a risky answer stays for who looks into it."""
    other = aliased(ReviewTask)
    served = select(AttemptTask.attempt_id).where(AttemptTask.task_id == task_id)
    waits_too = exists().where(
        AttemptTask.attempt_id == Escalation.attempt_id, AttemptTask.task_id == other.id, other.with_human
    )
    flagged = exists().where(RiskFlag.attempt_id == Escalation.attempt_id)
    asked = update(Escalation).where(
        Escalation.attempt_id.in_(served), Escalation.state != "done", ~flagged, ~waits_too
    )
    session.execute(asked.values(state="done").execution_options(synchronize_session=False))
