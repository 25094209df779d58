"""From the facts of an ended call to what is stored: pure, so that every rule can be tested without a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, overload

from bot.moves import Action, Attest, Event, Finish, Flag, Heard, Note
from campaign.calls.reception import as_before, counts
from campaign.house import House
from campaign.sending.events import events_of
from campaign.sending.notices import notice_for
from intents.no_more_calls import wants_no_more_calls
from models.settlements import SettledNotice, SettledQuality, SettledRecording, SettledTask, Settlement
from rules import Decision, Evidence, Outcome, PastAttempt, RedialPolicy, Severity, Verdict, next_step, outcome_of
from telephony.recording import SealedRecording

_GRAVEST_FIRST = (Severity.HIGH, Severity.CARE, Severity.MEDIUM)
# How a call ends in which the last word on further calls was the client's own: nobody else's, and no person promised.
_HAVING_SPOKEN = (Outcome.REFUSED, Outcome.HUNG_UP, Outcome.REVIEWED, Outcome.INTERRUPTED)


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
    attests: tuple[Attest, ...] = ()
    resume_at: str = ""
    recording: SettledRecording | None = None
    quality: SettledQuality | None = None  # None: not measured
    agent_id: int | None = None  # who of the staff talked with the client
    by_phone: bool = True  # False: a questionnaire (table F.1 row 10)
    incoming: bool = False  # the client has called
    identified: bool = False  # somebody was found to be the client
    agent_note: str = ""  # what the agent who took it over has noted
    no_more_calls: bool = False  # the client has asked for it (明确拒绝再联系, annex E.1)


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What the rules need to know of one task that a call served.

    `questions`: the task's own node for every node of a call that served several tasks; empty for its own call.
    """

    policy: RedialPolicy
    history: Sequence[PastAttempt]
    email: str
    next_phone: str | None  # learnt in an earlier call
    deadline_at: datetime | None
    task_id: int = 0
    questions: Mapping[str, str] = field(default_factory=dict)
    resume_at: str = ""  # the question at which an earlier call broke off
    status_before: str = ""  # before this call
    due_before: datetime | None = None


def settlement_of(call: EndedCall, tasks: Sequence[TaskFacts], house: House, now: datetime) -> Settlement:
    """Decide what became of the call and of every task that it served (T/SAC 002-2024 table F.1).

    Every task is judged by its own attempts and its own deadline, but is owed as many attempts as the strictest of
    them (note 3: R5), and all are dialled again together.
    """
    verdict = outcome_of(call.evidence)
    new_number = bool(call.finish and call.finish.new_number)
    counted = not call.incoming or counts(verdict.outcome, identified=call.identified, new_number=new_number)
    latest = PastAttempt(
        started_at=call.started_at,
        ended_at=call.ended_at,
        outcome=verdict.outcome,
        callback_at=call.finish.callback_at if call.finish else None,
        new_number=new_number,
        by_phone=call.by_phone,
    )
    policies = as_strict_as_all([task.policy for task in tasks])
    judged = [next_step((*task.history, latest), policy, now) for task, policy in zip(tasks, policies, strict=True)]
    decisions = dialled_together(judged, [task.deadline_at for task in tasks])
    if not counted:
        decisions = [as_before(task.status_before, task.due_before, task.deadline_at, now) for task in tasks]
    everything = [task.questions for task in tasks]
    return Settlement(
        attempt_id=call.attempt_id,
        worker=call.worker,
        ended_at=call.ended_at,
        outcome=verdict.outcome.value,
        sub_reason=verdict.sub_reason,
        tasks=tuple(
            _settled(call if counted else replace(call, resume_at=task.resume_at), task, decision, everything)
            for task, decision in zip(tasks, decisions, strict=True)
        ),
        callback_at=latest.callback_at,
        ring_ms=call.ring_ms,
        talk_ms=call.talk_ms,
        evidence=_evidence(call, verdict, decisions) | ({} if counted else {"counted": False}),
        escalation=_escalation(call, decisions, [task.deadline_at for task in tasks]),
        notices=_notices(tasks, decisions, house),
        recording=call.recording,
        quality=call.quality,
        no_more_calls=_is_silenced(call, verdict.outcome),
    )


def asked_for_silence(moves: Iterable[Event | Action]) -> bool:
    """Whether somebody has asked in a call to be called no more; who goes on (`goes_on`) is heard anew."""
    asked = before = False
    for heard in (move for move in moves if isinstance(move, Heard)):
        before = before if heard.goes_on else asked
        asked = before or wants_no_more_calls(heard.text, heard.match)
    return asked


def _is_silenced(call: EndedCall, outcome: Outcome) -> bool:
    """Whether the client may be called no more; who needs care is called back by a person, whatever they said."""
    needs_care = any(flag.severity is Severity.CARE for flag in call.flags)
    return call.no_more_calls and outcome in _HAVING_SPOKEN and not needs_care


def as_strict_as_all(policies: Sequence[RedialPolicy]) -> list[RedialPolicy]:
    """The policies with as many attempts as any of them asks for; what else they say is each task's own."""
    most = max(policy.attempts for policy in policies)
    highest = max((policy.risk_level for policy in policies if policy.risk_level is not None), default=None)
    return [replace(policy, attempts=most, risk_level=highest) for policy in policies]


def dialled_together(decisions: Sequence[Decision], deadlines: Sequence[datetime | None]) -> list[Decision]:
    """The decisions with one time for all that are dialled again: the latest, where every deadline allows it."""
    again = [
        (decision.redial_at, deadline)
        for decision, deadline in zip(decisions, deadlines, strict=True)
        if decision.redial_at is not None
    ]
    if not again:
        return list(decisions)
    at = max(redial_at for redial_at, _ in again)
    if any(deadline is not None and at > deadline for _, deadline in again):
        return list(decisions)
    return [replace(decision, redial_at=at) if decision.redial_at else decision for decision in decisions]


def _settled(
    call: EndedCall, task: TaskFacts, decision: Decision, everything: Sequence[Mapping[str, str]]
) -> SettledTask:
    def own(node: str) -> str | None:
        return own_node(node, task.questions, everything)

    answers = [(own(note.question), note) for note in call.notes]
    flags = [(own(flag.node), flag) for flag in call.flags]
    told = [(own(attest.node), attest) for attest in call.attests]
    waits = decision.final and decision.notice is not None  # for the client to be told
    status = decision.until_told if waits else decision.status
    return SettledTask(
        task_id=task.task_id,
        status=status,
        final=decision.final and not waits,
        closes_as=decision.status if waits else "",
        with_human=decision.with_human,
        due_at=decision.redial_at,
        next_phone=(call.finish.new_number if call.finish else "") or task.next_phone,
        resume_at=call.resume_at,
        decision=_reasons([decision]),
        answers=tuple(_answer(node, note) for node, note in answers if node),
        flags=tuple(_flag(node, flag) for node, flag in flags if node),
        deliveries=tuple(_delivery(node, attest) for node, attest in told if node),
        events=events_of(
            call, task.task_id, status, decision, [replace(flag, node=node) for node, flag in flags if node]
        ),
    )


def own_node(node: str, questions: Mapping[str, str], everything: Sequence[Mapping[str, str]]) -> str | None:
    """The task's own node for a node of the call; None where it belongs to other tasks only.

    What was said where nothing of any review was asked (the opening, the callback) counts for all.
    """
    if node in questions:
        return questions[node]
    return None if any(node in other for other in everything) else node


def _notices(tasks: Sequence[TaskFacts], decisions: Sequence[Decision], house: House) -> tuple[SettledNotice, ...]:
    """One notice of a kind for the call, in the name of the first task that it closes."""
    notices: dict[str, SettledNotice] = {}
    for task, decision in zip(tasks, decisions, strict=True):
        if decision.notice:
            notice = notice_for(decision.notice, house, email=task.email)
            notices.setdefault(notice.kind, replace(notice, task_id=task.task_id))
    return tuple(notices.values())


@overload
def recording_of(sealed: SealedRecording) -> SettledRecording: ...


@overload
def recording_of(sealed: None) -> None: ...


def recording_of(sealed: SealedRecording | None) -> SettledRecording | None:
    """What the database keeps of a recording; None for a call that was never recorded."""
    return SettledRecording(sealed.path, sealed.duration_ms, sealed.sha256) if sealed else None


def _evidence(call: EndedCall, verdict: Verdict, decisions: Sequence[Decision]) -> dict[str, Any]:
    ending = call.finish.ending.value if call.finish else None
    return (
        call.details
        | {"ending": ending, "decided_by": verdict.decided_by, "conflicts": list(verdict.conflicts)}
        | {"disagreements": [asdict(one) for one in verdict.disagreements]}
        | _reasons(decisions)
        | {"new_number": bool(call.finish and call.finish.new_number), "identified": call.identified}
    )


def _reasons(decisions: Sequence[Decision]) -> dict[str, Any]:
    return {
        "reason": "；".join(dict.fromkeys(decision.reason for decision in decisions)),
        "suspend_business": any(decision.suspend_business for decision in decisions),
        "questionnaire": any(decision.questionnaire for decision in decisions),
    }


def _answer(question: str, note: Note) -> dict[str, Any]:
    return {
        "question": question,
        "node": note.question,
        "value": note.value,
        "words": note.words,
        "intent": note.intent.value if note.intent else None,
        "confidence": note.confidence,
        "evidence": note.evidence,
        "start_ms": note.start_ms,
        "end_ms": note.end_ms,
    }


def _flag(node: str, flag: Flag) -> dict[str, Any]:
    return {
        "risk": flag.risk.value,
        "severity": flag.severity.value,
        "node": node,
        "words": flag.words,
        "start_ms": flag.start_ms,
        "end_ms": flag.end_ms,
    }


def _delivery(node: str, attest: Attest) -> dict[str, Any]:
    return {"node": node, "played_ms": attest.played_ms, "complete": attest.complete, "at_ms": attest.at_ms}


def _escalation(
    call: EndedCall, decisions: Sequence[Decision], deadlines: Sequence[datetime | None]
) -> dict[str, Any] | None:
    """The task for a person; already that of the agent who took the call over."""
    for_human = any(decision.with_human or decision.past_deadline for decision in decisions)
    if not call.flags and not for_human:
        return None
    severities = {flag.severity for flag in call.flags} | ({Severity.HIGH} if for_human else set())
    gravest = next(severity for severity in _GRAVEST_FIRST if severity in severities)
    escalation = {
        "severity": gravest.value,
        "deadline_at": min((at for at in deadlines if at is not None), default=None),
    } | ({"note": call.agent_note} if call.agent_note else {})
    return escalation | ({"state": "taken", "assigned_to_id": call.agent_id} if call.agent_id is not None else {})
