"""What a call serves, and the life of an attempt: begun, logged, left behind; the queue is in claims.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Row, Select, Update, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, selectinload

from models.errors import ClientBusy, StaleAttempt
from models.tables import Attempt, AttemptTask, CallEvent, Campaign, Customer, ReviewTask


def open_tasks() -> Select[ReviewTask]:
    """What the bot still has to bring to an end, in campaigns that run, for clients who may be called."""
    return (
        select(ReviewTask)
        .join(Campaign, ReviewTask.campaign_id == Campaign.id)
        .join(Customer, ReviewTask.customer_id == Customer.id)
        .where(ReviewTask.due_at.is_not(None), Campaign.state == "running", Customer.do_not_call.is_(False))
    )


def companions(session: Session, task: ReviewTask, now: datetime) -> Sequence[ReviewTask]:
    """The other tasks of a task's client that may be dialled now: one call can serve them all (§5.1.7)."""
    query = open_tasks().where(
        ReviewTask.customer_id == task.customer_id, ReviewTask.id != task.id, ReviewTask.due_at <= now
    )
    return session.scalars(query.order_by(ReviewTask.id)).all()


def tasks_of_clients(session: Session, clients: Sequence[int]) -> Sequence[ReviewTask]:
    """Everything that clients were ever to be asked."""
    return session.scalars(select(ReviewTask).where(ReviewTask.customer_id.in_(clients))).all()


def next_call_at(session: Session, task: ReviewTask, now: datetime) -> datetime | None:
    """When a task's client is to be called again anyhow for another task: after an attempt, or as agreed."""
    query = open_tasks().where(
        ReviewTask.customer_id == task.customer_id,
        ReviewTask.id != task.id,
        ReviewTask.attempts_made > 0,
        ReviewTask.due_at > now,
    )
    at: datetime | None = session.scalar(query.with_only_columns(func.min(ReviewTask.due_at)))
    return at


def put_off(session: Session, task_id: int, until: datetime) -> None:
    """Make a waiting task due later; one that was taken meanwhile stays taken."""
    waiting = update(ReviewTask).where(ReviewTask.id == task_id, ReviewTask.due_at.is_not(None))
    session.execute(waiting.values(due_at=until, dial_by=None, held_by="", held_until=None))


def tasks_sharing_a_call(session: Session, numbers: Sequence[str]) -> int:
    """How many of these tasks wait together with another one of their client."""
    other = aliased(ReviewTask)
    waits_too = exists().where(
        other.customer_id == ReviewTask.customer_id, other.id != ReviewTask.id, other.due_at.is_not(None)
    )
    query = select(func.count(ReviewTask.id)).where(
        ReviewTask.number.in_(numbers), ReviewTask.due_at.is_not(None), waits_too
    )
    return session.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class Served:
    """A task that a call is to serve as its attempt `no`, and the version of its script.

    For a call that serves several tasks: `slots` (JSON) is what the task's own script was given, and `questions`
    names the task's own node for each node of the call that counts for it.
    """

    task_id: int
    no: int
    script: str
    script_hash: str
    slots: str = "{}"
    questions: Mapping[str, str] = field(default_factory=dict)


def begin_attempt(
    session: Session,
    served: Sequence[Served],
    *,
    dialled: str,
    worker: str,
    now: datetime,
    script_hash: str,
    facts: str,
    line: str = "",
    incoming: bool = False,
) -> Attempt:
    """Write the attempt before its line is taken; the first task leads, `line` is whose caps it counts to.

    Everything that may have changed since the tasks were looked at is checked once more: raises `ClientBusy` when the
    client is on another call, `StaleAttempt` when a task was taken by somebody else or may no longer be dialled (its
    campaign was paused, the client must not be called, the deadline has passed). The tasks are no longer due from here
    on, so that nobody else takes them. `incoming`: the client has called, so its tasks need not be due yet; what they
    were is kept.
    """
    lead = served[0]
    customer_id = session.scalars(select(ReviewTask.customer_id).where(ReviewTask.id == lead.task_id)).one()
    if session.scalars(silence_of(customer_id)).one():
        raise StaleAttempt(f"the client of task {lead.task_id} must not be called")
    attempt = Attempt(
        call_id=f"{lead.task_id}-{lead.no}",
        task_id=lead.task_id,
        customer_id=customer_id,
        no=lead.no,
        direction="incoming" if incoming else "outgoing",
        dialled=dialled,
        worker=worker,
        line=line,
        started_at=now,
        script=lead.script,
        script_hash=script_hash,
        facts=facts,
    )
    session.add(attempt)
    try:
        session.flush()
    except IntegrityError as error:
        raise ClientBusy(f"attempt {attempt.call_id}: the client is on another call") from error
    serving = [_serving(attempt.id, place, one) for place, one in enumerate(served)]
    for row in serving if incoming else ():
        task = session.get_one(ReviewTask, row.task_id)
        row.status_before, row.due_before = task.status, task.due_at
    for one in served:
        _take(session, one, worker, now, ReviewTask.due_at.is_not(None) if incoming else ReviewTask.due_at <= now)
    session.add_all(serving)
    session.flush()
    return attempt


def silence_of(customer_id: int) -> Select[bool]:
    """Whether a client must not be called; the row is kept from changing until the transaction ends."""
    return select(Customer.do_not_call).where(Customer.id == customer_id).with_for_update(read=True)


def _take(session: Session, one: Served, worker: str, now: datetime, is_due: ColumnElement[bool]) -> None:
    running = exists().where(Campaign.id == ReviewTask.campaign_id, Campaign.state == "running")
    take = (
        update(ReviewTask)
        .where(
            ReviewTask.id == one.task_id,
            ReviewTask.attempts_made == one.no - 1,
            is_due,
            or_(ReviewTask.deadline_at.is_(None), ReviewTask.deadline_at >= now),
            or_(ReviewTask.held_by.in_(("", worker)), ReviewTask.held_until.is_(None), ReviewTask.held_until <= now),
            running,
        )
        .values(attempts_made=one.no, due_at=None, dial_by=None, held_by="", held_until=None, status="回访中")
    )
    if rows_changed(session, take.execution_options(synchronize_session=False)) != 1:
        raise StaleAttempt(f"task {one.task_id} was taken by somebody else or may no longer be dialled")


def _serving(attempt_id: int, place: int, one: Served) -> AttemptTask:
    return AttemptTask(
        attempt_id=attempt_id,
        task_id=one.task_id,
        place=place,
        no=one.no,
        script=one.script,
        script_hash=one.script_hash,
        slots=one.slots,
        questions=dict(one.questions),
    )


def set_aside(session: Session, task_id: int, trouble: str) -> None:
    """Take a task that cannot be dialled out of the queue and say why, until somebody has mended it."""
    session.execute(
        update(ReviewTask).where(ReviewTask.id == task_id).values(due_at=None, dial_by=None, trouble=trouble[:300])
    )


def rows_changed(session: Session, statement: Update) -> int:
    """Carry out an update and say how many rows it met."""
    result = session.execute(statement)
    if not isinstance(result, CursorResult):
        raise TypeError("an UPDATE without a cursor")
    return result.rowcount


def log_moves(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Append call events (attempt_id, seq, at_ms, kind, body); what comes after an attempt's end is dropped.

    So a worker that was given up and wakes adds nothing to a call that was settled without it. What is there already
    stays as it is: the answer to a commit can be lost, and the rows come again.
    """
    ids = {row["attempt_id"] for row in rows}
    ended = set(session.scalars(select(Attempt.id).where(Attempt.id.in_(ids), Attempt.ended_at.is_not(None))))
    if fitting := [row for row in rows if row["attempt_id"] not in ended]:
        insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
        kept = insert(CallEvent).on_conflict_do_nothing(index_elements=["attempt_id", "seq"])
        session.execute(kept, fitting)


def events_of(session: Session, attempt_id: int) -> Sequence[Row[int, str]]:
    """The log of one attempt in order: `seq` and `body`; an hour has thousands of rows, which nobody changes."""
    log = select(CallEvent.seq, CallEvent.body).where(CallEvent.attempt_id == attempt_id)
    return session.execute(log.order_by(CallEvent.seq)).all()


def history_of(session: Session, task_id: int) -> Sequence[Attempt]:
    """The ended attempts of a task, oldest first."""
    query = (
        select(Attempt)
        .join(Attempt.served)
        .where(AttemptTask.task_id == task_id, Attempt.ended_at.is_not(None))
        .order_by(AttemptTask.no)
    )
    return session.scalars(query).all()


def histories_of(session: Session, tasks: Sequence[int]) -> dict[int, list[Attempt]]:
    """The same of many tasks at once, by task."""
    query = select(AttemptTask.task_id, Attempt).join(AttemptTask.attempt).where(AttemptTask.task_id.in_(tasks))
    histories: dict[int, list[Attempt]] = {task_id: [] for task_id in tasks}
    for task_id, attempt in session.execute(query.where(Attempt.ended_at.is_not(None)).order_by(AttemptTask.no)):
        histories[task_id].append(attempt)
    return histories


def contacts_since(session: Session, clients: Collection[int], since: datetime) -> Sequence[Attempt]:
    """The attempts on clients that began since an instant, of all campaigns."""
    query = select(Attempt).where(Attempt.customer_id.in_(clients), Attempt.started_at >= since)
    return session.scalars(query.options(selectinload(Attempt.served))).all()


def open_task_count(session: Session) -> int:
    """How many tasks the bot still has to bring to an end (due, waiting or on the line)."""
    on_the_line = select(AttemptTask.task_id).join(AttemptTask.attempt).where(Attempt.ended_at.is_(None))
    stopped = select(Campaign.id).where(Campaign.state == "stopped")
    waits = and_(ReviewTask.due_at.is_not(None), ReviewTask.campaign_id.not_in(stopped))
    query = select(func.count(ReviewTask.id)).where(or_(waits, ReviewTask.id.in_(on_the_line)))
    return session.scalar(query) or 0
