"""What the dialogue and the rules are told of a task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.moves import Facts
from campaign.settling import TaskFacts
from campaign.works import House
from models import Attempt, ReviewTask
from rules import Outcome, PastAttempt, RedialPolicy, ReviewType, RiskLevel, label_of
from rules.hours import SHANGHAI

MANDATORY = frozenset({ReviewType.NEW_ACCOUNT})  # a step of the business itself (table F.1 note 1)


def facts_for(task: ReviewTask, house: House, now: datetime) -> Facts:
    """The slots of a task's script and where to go on."""
    slots = {str(key): str(value) for key, value in task.slots.items()}
    slots |= {
        "客户姓名": task.customer.name,
        "称谓": task.customer.gender or "先生女士",
        "券商": house.firm,
        "部门": house.department,
        "工号": house.staff_number,
        "服务电话": house.service_number,
        "回访业务": label_of(ReviewType(task.review_type)),
    }
    return Facts(slots=slots, called_at=now.astimezone(SHANGHAI), resume_at=task.resume_at)


def task_facts(task: ReviewTask, attempts: Sequence[Attempt]) -> TaskFacts:
    """What the redial rules need to know of a task and its ended attempts."""
    level = RiskLevel(task.product.risk_level) if task.product else None
    return TaskFacts(
        policy=RedialPolicy(
            risk_level=level,
            mandatory=ReviewType(task.review_type) in MANDATORY,
            suitability=ReviewType(task.review_type) is ReviewType.SUITABILITY,
            deadline_at=task.deadline_at,
        ),
        history=tuple(_past(attempt) for attempt in attempts),
        email=task.customer.email,
        next_phone=task.next_phone,
        deadline_at=task.deadline_at,
    )


def _past(attempt: Attempt) -> PastAttempt:
    return PastAttempt(
        started_at=attempt.started_at,
        ended_at=attempt.ended_at or attempt.started_at,
        outcome=Outcome(attempt.outcome or Outcome.INTERRUPTED),
        callback_at=attempt.callback_at,
        new_number=bool(attempt.evidence.get("new_number")),
    )
