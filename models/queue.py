"""Whom to call next, and the life of an attempt: due, begun, logged, settled, interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Select, Update, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.errors import ClientBusy, StaleAttempt
from models.tables import (
    Answer,
    Attempt,
    CallEvent,
    Campaign,
    Customer,
    Escalation,
    Notice,
    Recording,
    ReviewTask,
    RiskFlag,
)


def due_tasks(session: Session, now: datetime, limit: int) -> Sequence[ReviewTask]:
    """Tasks that may be dialled now, the nearest deadline first; none whose client is on the line."""
    on_the_line = select(Attempt.customer_id).where(Attempt.ended_at.is_(None))
    query = (
        _open_tasks()
        .where(ReviewTask.due_at <= now, ReviewTask.customer_id.not_in(on_the_line))
        .order_by(ReviewTask.deadline_at.asc().nulls_last(), ReviewTask.due_at, ReviewTask.id)
        .limit(limit)
    )
    return session.scalars(query).all()


def next_due_at(session: Session) -> datetime | None:
    """The earliest instant at which something is to be dialled."""
    due: datetime | None = session.scalar(_open_tasks().with_only_columns(func.min(ReviewTask.due_at)))
    return due


def _open_tasks() -> Select[ReviewTask]:
    return (
        select(ReviewTask)
        .join(Campaign, ReviewTask.campaign_id == Campaign.id)
        .join(Customer, ReviewTask.customer_id == Customer.id)
        .where(ReviewTask.due_at.is_not(None), Campaign.state == "running", Customer.do_not_call.is_(False))
    )


def begin_attempt(
    session: Session, task: ReviewTask, *, worker: str, now: datetime, script: str, script_hash: str, facts: str
) -> Attempt:
    """Write the attempt before its line is taken; raises `ClientBusy` when the client is on another call.

    The task is no longer due from here on, so that nobody else takes it.
    """
    attempt = Attempt(
        call_id=f"{task.id}-{task.attempts_made + 1}",
        task_id=task.id,
        customer_id=task.customer_id,
        no=task.attempts_made + 1,
        dialled=task.next_phone or task.customer.phone,
        worker=worker,
        started_at=now,
        script=script,
        script_hash=script_hash,
        facts=facts,
    )
    session.add(attempt)
    try:
        session.flush()
    except IntegrityError as error:
        raise ClientBusy(f"attempt {attempt.call_id}: the client is on another call") from error
    claim = (
        update(ReviewTask)
        .where(ReviewTask.id == task.id, ReviewTask.attempts_made == attempt.no - 1)
        .values(attempts_made=attempt.no, due_at=None, status="回访中")
    )
    if _rows_changed(session, claim) != 1:
        raise StaleAttempt(f"task {task.id} was taken by somebody else")
    return attempt


def set_aside(session: Session, task_id: int, trouble: str) -> None:
    """Take a task that cannot be dialled out of the queue and say why, until somebody has mended it."""
    session.execute(update(ReviewTask).where(ReviewTask.id == task_id).values(due_at=None, trouble=trouble[:300]))


def _rows_changed(session: Session, statement: Update) -> int:
    result = session.execute(statement)
    if not isinstance(result, CursorResult):
        raise TypeError("an UPDATE without a cursor")
    return result.rowcount


def log_moves(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Append call events (attempt_id, seq, at_ms, kind, body)."""
    if rows:
        session.execute(insert(CallEvent), rows)


def events_of(session: Session, attempt_id: int) -> Sequence[CallEvent]:
    """The log of one attempt in order."""
    return session.scalars(select(CallEvent).where(CallEvent.attempt_id == attempt_id).order_by(CallEvent.seq)).all()


def unended_attempts(session: Session) -> Sequence[Attempt]:
    """Attempts that nobody ended: on the line now, or left by a process that was killed."""
    return session.scalars(select(Attempt).where(Attempt.ended_at.is_(None)).order_by(Attempt.id)).all()


def history_of(session: Session, task_id: int) -> Sequence[Attempt]:
    """The ended attempts of a task, oldest first."""
    query = select(Attempt).where(Attempt.task_id == task_id, Attempt.ended_at.is_not(None)).order_by(Attempt.no)
    return session.scalars(query).all()


@dataclass(frozen=True, slots=True)
class SettledRecording:
    """A sealed recording."""

    path: str
    duration_ms: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SettledNotice:
    """A notice for the outbox."""

    kind: str
    channel: str
    text: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything that one ended attempt leaves behind; applied as a whole or not at all."""

    attempt_id: int
    worker: str
    ended_at: datetime
    outcome: str
    sub_reason: str
    status: str
    final: bool
    with_human: bool
    due_at: datetime | None
    callback_at: datetime | None = None
    next_phone: str | None = None
    resume_at: str = ""
    ring_ms: int = 0
    talk_ms: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)
    answers: tuple[dict[str, Any], ...] = ()
    flags: tuple[dict[str, Any], ...] = ()
    escalation: dict[str, Any] | None = None
    notice: SettledNotice | None = None
    recording: SettledRecording | None = None


def settle(session: Session, settled: Settlement) -> None:
    """Write what became of an attempt; raises `StaleAttempt` when it was settled already."""
    attempt = session.get_one(Attempt, settled.attempt_id)
    end = (
        update(Attempt)
        .where(Attempt.id == attempt.id, Attempt.ended_at.is_(None), Attempt.worker == settled.worker)
        .values(
            ended_at=settled.ended_at,
            outcome=settled.outcome,
            sub_reason=settled.sub_reason,
            status=settled.status,
            callback_at=settled.callback_at,
            ring_ms=settled.ring_ms,
            talk_ms=settled.talk_ms,
            evidence=settled.evidence,
        )
    )
    if _rows_changed(session, end) != 1:
        raise StaleAttempt(f"attempt {attempt.call_id} was settled by somebody else")
    _settle_task(session, attempt, settled)
    _add_findings(session, attempt, settled)


def _settle_task(session: Session, attempt: Attempt, settled: Settlement) -> None:
    session.execute(
        update(ReviewTask)
        .where(ReviewTask.id == attempt.task_id, ReviewTask.attempts_made == attempt.no)
        .values(
            status=settled.status,
            final=settled.final,
            with_human=settled.with_human,
            due_at=settled.due_at,
            next_phone=settled.next_phone,
            resume_at=settled.resume_at,
        )
    )


def _add_findings(session: Session, attempt: Attempt, settled: Settlement) -> None:
    shared = {"attempt_id": attempt.id, "task_id": attempt.task_id}
    session.add_all(Answer(**shared, script_hash=attempt.script_hash, **row) for row in settled.answers)
    session.add_all(RiskFlag(**shared, **row) for row in settled.flags)
    if settled.escalation:
        session.add(Escalation(**shared, created_at=settled.ended_at, **settled.escalation))
    if settled.recording:
        session.add(_recording(attempt.id, settled.recording, settled.ended_at))
    if settled.notice and not _already_noticed(session, attempt.task_id, settled.notice.kind):
        session.add(
            Notice(
                task_id=attempt.task_id,
                kind=settled.notice.kind,
                channel=settled.notice.channel,
                text=settled.notice.text,
                created_at=settled.ended_at,
            )
        )


def _recording(attempt_id: int, sealed: SettledRecording, at: datetime) -> Recording:
    return Recording(
        attempt_id=attempt_id,
        path=sealed.path,
        duration_ms=sealed.duration_ms,
        sha256=sealed.sha256,
        sealed_at=at,
    )


def link_recording(session: Session, call_id: str, sealed: SettledRecording, at: datetime) -> None:
    """Give a settled attempt the recording that was sealed after it; one that has a recording keeps it."""
    attempt = session.scalar(select(Attempt).where(Attempt.call_id == call_id, Attempt.ended_at.is_not(None)))
    if attempt is not None and attempt.recording is None:
        session.add(_recording(attempt.id, sealed, at))


def _already_noticed(session: Session, task_id: int, kind: str) -> bool:
    return session.scalar(select(Notice.id).where(Notice.task_id == task_id, Notice.kind == kind)) is not None


def open_task_count(session: Session) -> int:
    """How many tasks the bot still has to bring to an end (due, waiting or on the line)."""
    on_the_line = select(Attempt.task_id).where(Attempt.ended_at.is_(None))
    query = select(func.count(ReviewTask.id)).where(or_(ReviewTask.due_at.is_not(None), ReviewTask.id.in_(on_the_line)))
    return session.scalar(query) or 0
