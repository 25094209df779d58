"""What an ended call leaves behind, written as a whole or not at all."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.control import do_not_call, is_silent, withhold
from models.errors import StaleAttempt
from models.line_tables import LineQuality
from models.outbox import BY_HAND, SettledEvent, close_told, post_event
from models.queue import rows_changed
from models.sealed import current_seal
from models.tables import (
    Answer,
    Attempt,
    AttemptTask,
    Delivery,
    Escalation,
    Notice,
    Recording,
    ReviewTask,
    RiskFlag,
)
from rules.postings import PostingState

SAID_SO = "客户在通话中要求不再致电"  # why a client is on the list whom no person put there


@dataclass(frozen=True, slots=True)
class SettledRecording:
    """A sealed recording."""

    path: str
    duration_ms: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SettledQuality:
    """How well a call's audio came through, here and at the far end; see `LineQuality`."""

    received: int
    lost: int
    jitter_ms: float
    concealed_ms: int
    r_factor: float
    round_trip_ms: float | None = None
    far_loss: float | None = None
    far_jitter_ms: float | None = None
    far_r_factor: float | None = None


@dataclass(frozen=True, slots=True)
class SettledNotice:
    """A notice for the outbox; `task_id` is the task that it closes, 0: the one that led the call."""

    kind: str
    channel: str
    text: str
    task_id: int = 0


@dataclass(frozen=True, slots=True)
class SettledTask:
    """What an attempt came to for one of the tasks that it served; `decision` says why.

    `closes_as`: the final status that it gets when the client has been told; until then `status` stands.
    """

    task_id: int
    status: str
    final: bool = False
    closes_as: str = ""
    with_human: bool = False
    due_at: datetime | None = None
    next_phone: str | None = None
    resume_at: str = ""
    decision: dict[str, Any] = field(default_factory=dict)
    answers: tuple[dict[str, Any], ...] = ()
    flags: tuple[dict[str, Any], ...] = ()
    deliveries: tuple[dict[str, Any], ...] = ()
    events: tuple[SettledEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything that one ended attempt leaves behind; the first of `tasks` led the call.

    `no_more_calls`: the client has asked for that, which holds for all that is still to be asked (免打扰).
    """

    attempt_id: int
    worker: str
    ended_at: datetime
    outcome: str
    tasks: tuple[SettledTask, ...]
    sub_reason: str = ""
    callback_at: datetime | None = None
    ring_ms: int = 0
    talk_ms: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)
    escalation: dict[str, Any] | None = None
    notices: tuple[SettledNotice, ...] = ()
    recording: SettledRecording | None = None
    quality: SettledQuality | None = None
    no_more_calls: bool = False


def settle(session: Session, settled: Settlement) -> None:
    """Write what became of an attempt; raises `StaleAttempt` when it was settled already."""
    attempt = session.get_one(Attempt, settled.attempt_id)
    if settled.no_more_calls:
        do_not_call(session, attempt.customer_id, f"{SAID_SO}（通话{attempt.call_id}）", settled.ended_at)
    silent = is_silent(session, attempt.customer_id)
    end = (
        update(Attempt)
        .where(Attempt.id == attempt.id, Attempt.ended_at.is_(None), Attempt.worker == settled.worker)
        .values(
            ended_at=settled.ended_at,
            outcome=settled.outcome,
            sub_reason=settled.sub_reason,
            status=settled.tasks[0].status,
            callback_at=settled.callback_at,
            ring_ms=settled.ring_ms,
            talk_ms=settled.talk_ms,
            evidence=settled.evidence,
        )
    )
    if rows_changed(session, end) != 1:
        raise StaleAttempt(f"attempt {attempt.call_id} was settled by somebody else")
    served = {one.task_id: one for one in attempt.served}
    for task in settled.tasks:
        _settle_task(session, served[task.task_id], task, settled.ended_at)
    if silent:
        withhold(session, attempt.customer_id)
    _add_common(session, attempt, settled)


def _settle_task(session: Session, served: AttemptTask, settled: SettledTask, at: datetime) -> None:
    served.status, served.decision = settled.status, settled.decision
    session.execute(
        update(ReviewTask)
        .where(ReviewTask.id == served.task_id, ReviewTask.attempts_made == served.no)
        .values(
            status=settled.status,
            final=settled.final,
            closes_as=settled.closes_as,
            with_human=settled.with_human,
            due_at=settled.due_at,
            next_phone=settled.next_phone,
            next_phone_digest=current_seal().digest(settled.next_phone) if settled.next_phone else "",
            resume_at=settled.resume_at,
        )
    )
    ids = {"attempt_id": served.attempt_id, "task_id": served.task_id}
    session.add_all(Answer(**ids, script_hash=served.script_hash, **row) for row in settled.answers)
    session.add_all(RiskFlag(**ids, **row) for row in settled.flags)
    session.add_all(Delivery(**ids, **row) for row in settled.deliveries)
    session.add_all(post_event(served.task_id, event, at) for event in settled.events)


def _add_common(session: Session, attempt: Attempt, settled: Settlement) -> None:
    """What there is once a call, whatever the number of tasks that it served."""
    if settled.escalation:
        _ask_for_a_person(session, attempt, settled)
    if settled.recording:
        session.add(_recording(attempt.id, settled.recording, settled.ended_at))
    if settled.quality:
        session.add(LineQuality(attempt_id=attempt.id, **asdict(settled.quality)))
    for notice in settled.notices:
        task_id = notice.task_id or attempt.task_id
        if not _already_noticed(session, task_id, notice.kind):
            session.add(_notice(task_id, attempt.id, notice, settled.ended_at))
    session.flush()
    close_told(session, attempt.id, settled.ended_at)


def _ask_for_a_person(session: Session, attempt: Attempt, settled: Settlement) -> None:
    """Once for the call: a client who was promised in mid-call to be called back is that already."""
    if session.scalar(select(Escalation.id).where(Escalation.attempt_id == attempt.id)) is not None:
        return
    asked = settled.escalation or {}
    session.add(Escalation(attempt_id=attempt.id, task_id=attempt.task_id, created_at=settled.ended_at, **asked))


def _notice(task_id: int, attempt_id: int, notice: SettledNotice, at: datetime) -> Notice:
    by_hand = notice.channel == BY_HAND
    return Notice(
        task_id=task_id,
        attempt_id=attempt_id,
        kind=notice.kind,
        channel=notice.channel,
        text=notice.text,
        created_at=at,
        state=(PostingState.BY_HAND if by_hand else PostingState.WAITING).value,
        next_try_at=None if by_hand else at,
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
