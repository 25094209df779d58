"""What waits to be sent, who sends it, and what follows when it has arrived: notices to clients, events to the firm.

A posting is claimed by one process at a time, by compare-and-set; what a process that died had claimed is settled as
one that may have arrived. A task whose notice is owed closes when its client has been told (table F.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Exists, exists, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, joinedload

from models.posting_tables import Event
from models.queue import rows_changed
from models.tables import AttemptTask, Notice, ReviewTask
from rules.postings import ENDED, FOR_A_PERSON, EventKind, Posted, PostingState, Sending, after_try

BY_HAND = "manual"  # the channel of a notice that a person gives
BROKEN_OFF = "发送过程中断，不能确认是否已发出"
MOST_TROUBLE = 200  # characters kept of why a try failed

P = TypeVar("P", bound=Notice | Event)


@dataclass(frozen=True, slots=True)
class SettledEvent:
    """What the firm's own system is told of a task; `key` is the same however often this is settled."""

    key: str
    kind: str
    body: dict[str, Any]


def post_event(task_id: int, event: SettledEvent, at: datetime) -> Event:
    """The row of an event that is to be sent from now on."""
    return Event(key=event.key, kind=event.kind, task_id=task_id, created_at=at, body=event.body, next_try_at=at)


def claim_due(session: Session, table: type[P], sender: str, now: datetime, until: datetime, limit: int) -> Sequence[P]:
    """Take what is due to be sent, the oldest first; nobody else sends it until the claim is over.

    `now` is the firm's clock, `until` the machine's: a claim is about a living process, whatever time is told.
    """
    due = select(table.id).where(table.next_try_at <= now, table.state == PostingState.WAITING.value)
    ids = session.scalars(due.order_by(table.id).limit(limit)).all()
    claimed = [id_ for id_ in ids if _claim(session, table, id_, sender, until)]
    query = select(table).where(table.id.in_(claimed)).order_by(table.id)
    task = joinedload(table.task).joinedload(ReviewTask.customer)
    return session.scalars(query.options(task)).all()


def _claim(session: Session, table: type[P], id_: int, sender: str, until: datetime) -> bool:
    free = update(table).where(table.id == id_, table.state == PostingState.WAITING.value)
    taken = free.values(state=PostingState.SENDING.value, claimed_by=sender, claimed_until=until, tries=table.tries + 1)
    return rows_changed(session, taken) == 1


def note_try(
    session: Session, posting: P, sending: Sending, now: datetime, *, repeatable: bool, trouble: str = ""
) -> Posted:
    """Write what a try came to; one that was settled by somebody else meanwhile stays as it is."""
    posted = after_try(sending, posting.tries, now, repeatable=repeatable)
    table = type(posting)
    mine = update(table).where(
        table.id == posting.id, table.state == PostingState.SENDING.value, table.claimed_by == posting.claimed_by
    )
    if rows_changed(session, mine.values(**_values(posted, now, trouble))) == 1:
        _after_sending(session, posting, posted, now)
    return posted


def _values(posted: Posted, now: datetime, trouble: str) -> dict[str, Any]:
    return {
        "state": posted.state.value,
        "next_try_at": posted.next_try_at,
        "sent_at": now if posted.state in ENDED else None,
        "claimed_by": "",
        "claimed_until": None,
        "trouble": trouble[:MOST_TROUBLE],
    }


def _after_sending(session: Session, posting: Notice | Event, posted: Posted, now: datetime) -> None:
    if posted.state in ENDED and isinstance(posting, Notice) and posting.attempt_id is not None:
        close_told(session, posting.attempt_id, now)


def settle_abandoned(
    session: Session, table: type[P], now: datetime, claimed_before: datetime, repeatable: Callable[[P], bool]
) -> int:
    """Settle as perhaps sent what processes had claimed whose time is over; how many there were."""
    lost = select(table).where(table.state == PostingState.SENDING.value, table.claimed_until <= claimed_before)
    postings = session.scalars(lost).all()
    for posting in postings:
        note_try(session, posting, Sending.UNKNOWN, now, repeatable=repeatable(posting), trouble=BROKEN_OFF)
    return len(postings)


def take_from_people(session: Session, now: datetime) -> None:
    """Send what was left to a person: there is a channel now that reaches every client."""
    left = update(Notice).where(Notice.state == PostingState.BY_HAND.value)
    session.execute(left.values(state=PostingState.WAITING.value, next_try_at=now))


def told_by_hand(session: Session, table: type[P], id_: int, *, by: str, now: datetime) -> bool:
    """A person told the client, or saw that the posting did arrive; False where that is no longer open."""
    posting = session.get_one(table, id_)
    open_ = update(table).where(table.id == id_, table.state.in_([state.value for state in FOR_A_PERSON]))
    values = {"state": PostingState.TOLD.value, "told_by": by, "sent_at": now, "next_try_at": None}
    if rows_changed(session, open_.values(**values)) != 1:
        return False
    _after_sending(session, posting, Posted(PostingState.TOLD), now)
    return True


def send_again(session: Session, table: type[P], id_: int, *, by: str, now: datetime) -> bool:
    """A person lets a posting be tried again from the start; False where that is no longer open."""
    given_up = [PostingState.UNSURE.value, PostingState.FAILED.value]
    open_ = update(table).where(table.id == id_, table.state.in_(given_up))
    again = open_.values(state=PostingState.WAITING.value, next_try_at=now, tries=0, told_by=by)
    return rows_changed(session, again) == 1


def close_told(session: Session, attempt_id: int, now: datetime) -> None:
    """Close the tasks of an attempt whose client has been told: one notice is sent for all that a call closes."""
    served = select(AttemptTask.task_id).where(AttemptTask.attempt_id == attempt_id)
    pending = _pending(Notice.attempt_id == attempt_id)
    waiting = select(ReviewTask).where(ReviewTask.id.in_(served), ReviewTask.closes_as != "", ~pending)
    for task in session.scalars(waiting).all():
        _close(session, task, now)


def close_left(session: Session, now: datetime, failed: Callable[[int, SQLAlchemyError], None]) -> int:
    """Close what is still open though its client was told of every call; how many tasks there were.

    One that cannot be closed stays as it is and keeps no other: `failed` is told of it.
    """
    calls = select(AttemptTask.attempt_id).where(AttemptTask.task_id == ReviewTask.id).correlate(ReviewTask)
    left = select(ReviewTask).where(ReviewTask.closes_as != "", ~_pending(Notice.attempt_id.in_(calls)))
    closed = 0
    for task in session.scalars(left.with_for_update(of=ReviewTask)).all():  # of several processes one does it
        id_ = task.id
        try:
            with session.begin_nested():
                _close(session, task, now)
            closed += 1
        except SQLAlchemyError as error:
            failed(id_, error)
    return closed


def _pending(of_its_calls: ColumnElement[bool]) -> Exists:
    """Whether a client is still to be told of a call; an invitation (note 2) comes of no call and closes nothing."""
    return exists().where(
        Notice.attempt_id.is_not(None),
        Notice.state.not_in([state.value for state in ENDED]),
        or_(Notice.task_id == ReviewTask.id, of_its_calls),
    )


def _close(session: Session, task: ReviewTask, now: datetime) -> None:
    task.status, task.final, task.closes_as = task.closes_as, True, ""
    body = {"status": task.status, "final": True}
    key = f"{task.id}-{task.attempts_made}/notice-{_latest_told(session, task.id)}/told"
    session.add(post_event(task.id, SettledEvent(key, EventKind.STATUS_CHANGED.value, body), now))


def _latest_told(session: Session, task_id: int) -> int:
    """The notice that a task closes by: another one each time, as a corrected status owes one of its own."""
    calls = select(AttemptTask.attempt_id).where(AttemptTask.task_id == task_id)
    told = select(func.max(Notice.id)).where(
        Notice.state.in_([state.value for state in ENDED]),
        Notice.attempt_id.is_not(None),
        or_(Notice.task_id == task_id, Notice.attempt_id.in_(calls)),
    )
    return session.scalar(told) or 0


def unsent_count(session: Session) -> int:
    """How many notices and events are still to be sent without anybody's doing."""
    moving = [PostingState.WAITING.value, PostingState.SENDING.value]
    counts = [session.scalar(select(func.count(table.id)).where(table.state.in_(moving))) for table in (Notice, Event)]
    return sum(count or 0 for count in counts)


def next_try_at(session: Session) -> datetime | None:
    """The earliest instant at which something is to be sent."""
    instants = [session.scalar(select(func.min(table.next_try_at))) for table in (Notice, Event)]
    return min((at for at in instants if at is not None), default=None)
