"""What a demo came to: everything stored is held against what the cast declares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaign.demo.demo_firm import clients_by_task
from models import Attempt, ReviewTask
from rules import Outcome
from speech.recogniser import Usage
from telephony.simulator.cast import Cast, Client


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was stored otherwise than the cast declares."""

    client: str
    what: str
    expected: str
    stored: str


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The figures of a demo; `calls` are clients dealt with, `attempts` all diallings."""

    calls: int
    outcomes_as_expected: int
    attempts: int
    by_status: dict[str, int]
    by_outcome: dict[str, int]
    turn_latency_ms: dict[str, float]
    asr: dict[str, float]
    seconds: float
    differences: tuple[Difference, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object that `huifang demo --json` prints."""
        return asdict(self)


def judge(
    session: Session, campaign_id: int, cast: Cast, *, latencies_ms: Sequence[int], usage: Usage, seconds: float
) -> DemoResult:
    """Hold what was stored for a campaign against the cast."""
    tasks = session.scalars(
        select(ReviewTask)
        .where(ReviewTask.campaign_id == campaign_id)
        .options(
            selectinload(ReviewTask.attempts).selectinload(Attempt.answers),
            selectinload(ReviewTask.attempts).selectinload(Attempt.flags),
        )
        .order_by(ReviewTask.id)
    ).all()
    clients = clients_by_task(cast, tasks)
    differences = tuple(one for task in tasks for one in differences_of(task, clients[task.id]))
    outcomes = Counter(attempt.outcome or "on_the_line" for task in tasks for attempt in task.attempts)
    return DemoResult(
        calls=len(cast.clients),
        outcomes_as_expected=len(cast.clients) - len({one.client for one in differences}),
        attempts=sum(len(task.attempts) for task in tasks),
        by_status=dict(Counter(task.status for task in tasks).most_common()),
        by_outcome=dict(outcomes.most_common()),
        turn_latency_ms=quantiles(latencies_ms),
        asr={
            "rtf": round(usage.real_time_factor, 4),
            "audio_seconds": round(usage.audio_seconds, 1),
            "cpu_seconds": round(usage.busy_seconds, 1),
        },
        seconds=round(seconds, 1),
        differences=differences,
    )


def quantiles(values_ms: Sequence[int]) -> dict[str, float]:
    """p50 and p95 with the count that they rest on; empty when nothing was measured."""
    if not values_ms:
        return {"count": 0}
    p50, p95 = np.percentile(values_ms, [50, 95])
    return {"p50": round(float(p50)), "p95": round(float(p95)), "count": len(values_ms)}


def differences_of(task: ReviewTask, client: Client) -> Iterator[Difference]:
    """Where a settled task differs from what its client declares."""
    expected, attempts = client.expected, task.attempts
    # Our own line's failures are no attempts on the client.
    counted = [attempt for attempt in attempts if attempt.outcome != Outcome.OWN_LINE_FAILED]
    last = counted[-1].outcome if counted else None
    if task.status != expected.status:
        yield Difference(client.id, "status", expected.status, task.status)
    if last != expected.outcome:
        yield Difference(client.id, "outcome", expected.outcome.value, str(last))
    least, most = expected.attempts
    if not least <= len(counted) <= most:
        yield Difference(client.id, "attempts", f"{least}-{most}", str(len(counted)))
    yield from _answers(task, client)
    stored = {flag.risk for attempt in attempts for flag in attempt.flags}
    declared = {risk.value for risk in expected.risks}
    if stored != declared:
        yield Difference(client.id, "risks", "|".join(sorted(declared)), "|".join(sorted(stored)))


def _answers(task: ReviewTask, client: Client) -> Iterator[Difference]:
    """The task's own answers; what is asked in a call for several tasks counts for each under its own question."""
    stored = {answer.question: answer.value for attempt in task.attempts for answer in attempt.answers_for(task.id)}
    others = {duty.script for duty in client.duties} - {task.script}
    for question, value in client.expected.answers.items():
        if question.partition(".")[0] not in others and stored.get(question) != value:
            yield Difference(client.id, question, value, stored.get(question, "not asked or not stored"))
