"""The queue: which task is dialled next, taken by one worker of many.

A task is parked until shortly before it is due, then queued under its deadline (`dial_by`), so that a claim reads the
head of one index whatever the number of tasks that wait. A claim holds a task for a moment while its call is being
prepared; a hold is no attempt, and one that nobody lets go of runs out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Select, Update, and_, case, exists, func, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.queue import rows_changed
from models.tables import Attempt, Campaign, Customer, ReviewTask
from rules.annex_a import MANDATORY

AHEAD = timedelta(minutes=10)  # what is due at nine is in order before nine
HOLD = timedelta(seconds=90)  # longer than any call takes to prepare
# A step of a business (账户可使用前, table A.1 line 1) has no date: it goes before all that is due later than this.
STEP_WAITS = timedelta(days=1)
STEP_WAITED = timedelta(hours=1)  # and once a day has passed, before all that is due later than this
NO_DEADLINE = datetime(9999, 1, 1, tzinfo=UTC)
BATCH = 5000
_CAMPAIGN = ReviewTask.campaign_id + 0  # an expression: the head of the queue is found by its own index, never by this
OVERDUE = "办理期限已过，未再拨打，由人工处理"


def take_in(session: Session, now: datetime, limit: int = BATCH) -> int:
    """Queue parked tasks that are due soon, `limit` at most, and return how many: call it until that is 0."""
    locked = _parked(now).limit(limit).with_for_update(of=ReviewTask, skip_locked=True)
    parked = session.scalars(locked).all()
    if parked:
        queue = update(ReviewTask).where(ReviewTask.id.in_(parked))
        in_order = queue.values(dial_by=func.coalesce(ReviewTask.deadline_at, _undated(now)))
        session.execute(in_order.execution_options(synchronize_session=False))
    return len(parked)


def _undated(now: datetime) -> ColumnElement[datetime]:
    """Where tasks without a deadline stand: those that a client's business waits for before what is due later."""
    soon, last = (literal(at, ReviewTask.deadline_at.type) for at in (now + STEP_WAITS, NO_DEADLINE))
    return case((ReviewTask.review_type.in_(sorted(MANDATORY)), soon), else_=last)


def any_parked(session: Session, now: datetime) -> bool:
    """Whether `take_in` has something to do; a read, so that looking costs no writer its turn."""
    return session.scalar(_parked(now).limit(1)) is not None


def _parked(now: datetime) -> Select[int]:
    running = select(Campaign.id).where(Campaign.state == "running")
    return (
        select(ReviewTask.id)
        .join(Customer, ReviewTask.customer_id == Customer.id)
        .where(
            ReviewTask.campaign_id.in_(running),
            ReviewTask.due_at <= now + AHEAD,
            ReviewTask.dial_by.is_(None),
            Customer.do_not_call.is_(False),
        )
    )


def running_campaigns(session: Session) -> Sequence[Campaign]:
    """The campaigns whose tasks are dialled now, hours permitting."""
    return session.scalars(select(Campaign).where(Campaign.state == "running").order_by(Campaign.id)).all()


def queued(session: Session, now: datetime, limit: int) -> list[int]:
    """The tasks that may be dialled now, the nearest deadline first, one for each client who is not on the line."""
    return _first_of_each_client(session, _head(now, limit))


def next_due_at(session: Session, campaign_id: int, now: datetime) -> datetime | None:
    """When something of a campaign is to be dialled next, as far as that depends on time and not on another call."""
    parked = select(func.min(ReviewTask.due_at)).where(
        ReviewTask.campaign_id == campaign_id, ReviewTask.due_at.is_not(None), ReviewTask.dial_by.is_(None)
    )
    held = case((ReviewTask.held_until > ReviewTask.due_at, ReviewTask.held_until), else_=ReviewTask.due_at)
    waiting = select(func.min(held)).where(
        ReviewTask.campaign_id == campaign_id,
        ReviewTask.dial_by >= now,
        ReviewTask.due_at.is_not(None),
        ~_on_the_line(),
    )
    return min((at for at in (session.scalar(parked), session.scalar(waiting)) if at is not None), default=None)


def _on_the_line() -> ColumnElement[bool]:
    return exists().where(Attempt.customer_id == ReviewTask.customer_id, Attempt.ended_at.is_(None))


def queue_length(session: Session, now: datetime) -> int:
    """How many tasks are due and wait for a line."""
    return (
        session.scalar(select(func.count(ReviewTask.id)).where(ReviewTask.dial_by >= now, ReviewTask.due_at <= now))
        or 0
    )


def claim(session: Session, worker: str, now: datetime, limit: int, campaigns: Collection[int]) -> list[int]:
    """Take the head of the queue for `worker` and return its tasks; what another one is taking is passed over.

    `campaigns` are those whose calling hours it is; others keep their place.
    """
    head = _head(now, limit).where(_CAMPAIGN.in_(campaigns))
    taken = _first_of_each_client(session, head.with_for_update(of=ReviewTask, skip_locked=True))
    if taken:
        hold = update(ReviewTask).where(ReviewTask.id.in_(taken)).values(held_by=worker, held_until=now + HOLD)
        session.execute(hold.execution_options(synchronize_session=False))
    return taken


def let_go(session: Session, worker: str, task_id: int) -> None:
    """Give up a hold: the task is as it was before the claim."""
    held = update(ReviewTask).where(ReviewTask.id == task_id, ReviewTask.held_by == worker)
    session.execute(held.values(held_by="", held_until=None))


def hold_back(session: Session, worker: str, task_id: int, until: datetime) -> None:
    """Give up a hold, but let nobody take the task before an instant: its campaign has as many calls as it may."""
    held = update(ReviewTask).where(ReviewTask.id == task_id, ReviewTask.held_by == worker)
    session.execute(held.values(held_by="", held_until=until))


def release_holds(session: Session, workers: Collection[str]) -> None:
    """Give up every hold of workers that are gone: what they were preparing is taken by others at once."""
    held = update(ReviewTask).where(ReviewTask.dial_by.is_not(None), ReviewTask.held_by.in_(workers))
    session.execute(held.values(held_by="", held_until=None).execution_options(synchronize_session=False))


def give_up_overdue(session: Session, now: datetime) -> int:
    """Hand queued tasks whose deadline has passed to a person, and return how many (000 table A.1).

    Those without one that have waited long stand before fresher ones, all alike: the longest due goes first.
    """
    session.execute(_waited_long(now).execution_options(synchronize_session=False))
    late = update(ReviewTask).where(ReviewTask.dial_by < now, ReviewTask.due_at.is_not(None))
    again = late.where(ReviewTask.deadline_at.is_(None)).values(dial_by=None)
    session.execute(again.execution_options(synchronize_session=False))
    given_up = late.where(ReviewTask.deadline_at.is_not(None)).values(
        due_at=None, dial_by=None, with_human=True, trouble=OVERDUE
    )
    return rows_changed(session, given_up.execution_options(synchronize_session=False))


def _waited_long(now: datetime) -> Update:
    """Once one of those that a client's business waits for is about to lose its place, all up to it are renewed."""
    first = aliased(ReviewTask)
    losing = select(first.id).where(_is_step(first), first.dial_by < now + STEP_WAITED / 2).exists()
    renewed = update(ReviewTask).where(_is_step(ReviewTask), ReviewTask.dial_by < now + STEP_WAITED, losing)
    return renewed.values(dial_by=now + STEP_WAITED)


def _is_step(task: type[ReviewTask]) -> ColumnElement[bool]:
    return and_(task.deadline_at.is_(None), task.due_at.is_not(None), task.review_type.in_(sorted(MANDATORY)))


def _head(now: datetime, limit: int) -> Select[int, int]:
    return (
        select(ReviewTask.id, ReviewTask.customer_id)
        .join(Customer, ReviewTask.customer_id == Customer.id)
        .where(
            ReviewTask.dial_by >= now,
            ReviewTask.due_at <= now,
            or_(ReviewTask.held_until.is_(None), ReviewTask.held_until <= now),
            _CAMPAIGN.in_(select(Campaign.id).where(Campaign.state == "running")),
            Customer.do_not_call.is_(False),
            ~_on_the_line(),
        )
        .order_by(ReviewTask.dial_by, ReviewTask.due_at, ReviewTask.id)
        .limit(limit)
    )


def _first_of_each_client(session: Session, query: Select[int, int]) -> list[int]:
    first: dict[int, int] = {}
    for task_id, customer_id in session.execute(query):
        first.setdefault(customer_id, task_id)  # a client's other tasks join its call
    return list(first.values())
