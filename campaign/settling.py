"""From the facts of an ended call to what is stored: pure, so that every rule can be tested without a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload

from bot.moves import Finish, Flag, Note
from campaign.notices import notice_for
from campaign.works import House
from models.queue import SettledRecording, Settlement
from rules import Decision, Evidence, PastAttempt, RedialPolicy, Severity, Verdict, next_step, outcome_of
from telephony.recording import SealedRecording


@dataclass(frozen=True, slots=True)
class EndedCall:
    """What is known when a call is over."""

    attempt_id: int
    worker: str
    started_at: datetime
    ended_at: datetime
    evidence: Evidence
    details: dict[str, Any]  # stored beside the verdict: announcement, tone, SIP, Q.850
    ring_ms: int = 0
    talk_ms: int = 0
    finish: Finish | None = None
    notes: tuple[Note, ...] = ()
    flags: tuple[Flag, ...] = ()
    resume_at: str = ""
    recording: SettledRecording | None = None


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What the rules need to know of the task."""

    policy: RedialPolicy
    history: Sequence[PastAttempt]
    email: str
    next_phone: str | None  # learnt in an earlier call
    deadline_at: datetime | None


def settlement_of(call: EndedCall, task: TaskFacts, house: House, now: datetime) -> Settlement:
    """Decide what became of the call and of its task (T/SAC 002-2024 table F.1)."""
    verdict = outcome_of(call.evidence)
    latest = PastAttempt(
        started_at=call.started_at,
        ended_at=call.ended_at,
        outcome=verdict.outcome,
        callback_at=call.finish.callback_at if call.finish else None,
        new_number=bool(call.finish and call.finish.new_number),
    )
    decision = next_step((*task.history, latest), task.policy, now)
    return Settlement(
        attempt_id=call.attempt_id,
        worker=call.worker,
        ended_at=call.ended_at,
        outcome=verdict.outcome.value,
        sub_reason=verdict.sub_reason,
        status=decision.status,
        final=decision.final,
        with_human=decision.with_human,
        due_at=decision.redial_at,
        callback_at=latest.callback_at,
        next_phone=(call.finish.new_number if call.finish else "") or task.next_phone,
        resume_at=call.resume_at,
        ring_ms=call.ring_ms,
        talk_ms=call.talk_ms,
        evidence=_evidence(call, verdict, decision),
        answers=tuple(_answer(note) for note in call.notes),
        flags=tuple(_flag(flag) for flag in call.flags),
        escalation=_escalation(call.flags, decision, task.deadline_at),
        notice=notice_for(decision.notice, house, email=task.email) if decision.notice else None,
        recording=call.recording,
    )


@overload
def recording_of(sealed: SealedRecording) -> SettledRecording: ...


@overload
def recording_of(sealed: None) -> None: ...


def recording_of(sealed: SealedRecording | None) -> SettledRecording | None:
    """What the database keeps of a recording; None for a call that was never recorded."""
    return SettledRecording(sealed.path, sealed.duration_ms, sealed.sha256) if sealed else None


def _evidence(call: EndedCall, verdict: Verdict, decision: Decision) -> dict[str, Any]:
    ending = call.finish.ending.value if call.finish else None
    return call.details | {
        "ending": ending,
        "decided_by": verdict.decided_by,
        "conflicts": list(verdict.conflicts),
        "reason": decision.reason,
        "suspend_business": decision.suspend_business,
        "questionnaire": decision.questionnaire,
        "new_number": bool(call.finish and call.finish.new_number),
    }


def _answer(note: Note) -> dict[str, Any]:
    return {
        "question": note.question,
        "value": note.value,
        "words": note.words,
        "intent": note.intent.value if note.intent else None,
        "confidence": note.confidence,
        "evidence": note.evidence,
        "start_ms": note.start_ms,
        "end_ms": note.end_ms,
    }


def _flag(flag: Flag) -> dict[str, Any]:
    return {
        "risk": flag.risk.value,
        "severity": flag.severity.value,
        "node": flag.node,
        "words": flag.words,
        "start_ms": flag.start_ms,
        "end_ms": flag.end_ms,
    }


def _escalation(flags: Sequence[Flag], decision: Decision, deadline_at: datetime | None) -> dict[str, Any] | None:
    if not flags and not decision.with_human and not decision.past_deadline:
        return None
    return {"severity": _gravest(flags, decision).value, "deadline_at": deadline_at}


def _gravest(flags: Sequence[Flag], decision: Decision) -> Severity:
    """How a person is to take the client on: with care where the words ask for it and nothing graver was said."""
    severities = {flag.severity for flag in flags}
    if Severity.HIGH in severities or decision.past_deadline:
        return Severity.HIGH
    if Severity.CARE in severities:
        return Severity.CARE
    return Severity.HIGH if decision.with_human else Severity.MEDIUM
