"""What the firm's own system is told when a call has ended: the new status, a business to suspend, a violation.

An event says what happened to which task and never who the client is: the firm's system knows the 客户号.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from bot.moves import Flag
from models.outbox import SettledEvent
from models.posting_tables import Event
from rules import Decision
from rules.postings import EventKind
from rules.risks import VIOLATIONS, severity_of


class Ended(Protocol):
    """An ended call, as far as events tell of it."""

    @property
    def attempt_id(self) -> int: ...


def events_of(
    call: Ended, task_id: int, status: str, decision: Decision, flags: Sequence[Flag]
) -> tuple[SettledEvent, ...]:
    """The events of one task that a call served; the same call gives the same keys."""
    return tuple({event.key: event for event in _events(call, task_id, status, decision, flags)}.values())


def _events(
    call: Ended, task_id: int, status: str, decision: Decision, flags: Sequence[Flag]
) -> Iterator[SettledEvent]:
    def event(kind: EventKind, what: str, **body: Any) -> SettledEvent:
        return SettledEvent(f"{call.attempt_id}/{task_id}/{what}", kind.value, body)

    final = decision.final and decision.notice is None
    yield event(EventKind.STATUS_CHANGED, "status", status=status, final=final, reason=decision.reason)
    if decision.suspend_business:
        yield event(EventKind.BUSINESS_SUSPENDED, "suspended", status=decision.status, reason=decision.reason)
    for flag in flags:
        if flag.risk in VIOLATIONS:
            yield event(
                EventKind.VIOLATION_REPORTED,
                f"{flag.risk.value}@{flag.start_ms}",
                risk=flag.risk.value,
                severity=severity_of(flag.risk).value,
                question=flag.node,
                start_ms=flag.start_ms,
            )


def told(event: Event) -> dict[str, Any]:
    """The message that the firm's system receives; `id` is the same for every try."""
    task = event.task
    return {
        "id": event.key,
        "type": event.kind,
        "timestamp": event.created_at.isoformat(),
        "data": {
            "task": task.number,
            "client": task.customer.number,
            "review_type": task.review_type,
            **event.body,
        },
    }
