"""What the dialogue and the rules are told of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy.orm import Session

from bot.moves import Facts
from campaign.calls.settling import TaskFacts
from campaign.house import House
from campaign.running.opening_hours import hours_from
from models import Attempt, Customer, ReviewTask, Staff
from models.managing_conflicts import complained_about
from models.queue import tasks_of_clients
from rules import CallingHours, Outcome, PastAttempt, RedialPolicy, Relations, ReviewType, RiskLevel, label_of
from rules.annex_a import MANDATORY
from rules.caps import Contact
from rules.hours import SHANGHAI
from rules.outcomes import Method


def slots_of(task: ReviewTask, house: House, business: str = "") -> dict[str, str]:
    """What a task's script may speak: its own slots, the client's, the firm's; `business` as the script calls it."""
    own = {str(key): str(value) for key, value in task.slots.items()}
    return (
        own
        | house.slots
        | {
            "客户姓名": task.customer.name,
            "称谓": task.customer.gender or "先生女士",
            "回访业务": business or label_of(ReviewType(task.review_type)),
        }
    )


NO_QUESTIONS: Mapping[str, str] = MappingProxyType({})
_CALLS = frozenset((Method.VOICE_BOT.value, Method.HUMAN_CALL.value))  # of an attempt's methods, those that ring
_STAFF_SLOTS = ("工作人员", "见证人")  # whom a review is about


def relations_of(session: Session, clients: Sequence[Customer]) -> dict[int, Relations]:
    """Who stands how to clients, as far as it is on record, by client.

    That is who serves one, whom one of its reviews is about, and about whom it has complained.
    """
    ids = [client.id for client in clients]
    complained, about = complained_about(session, ids), _concerned(tasks_of_clients(session, ids))
    return {
        client.id: _relations(client, complained.get(client.id, ()), about.get(client.id, set())) for client in clients
    }


def _concerned(tasks: Sequence[ReviewTask]) -> dict[int, set[str]]:
    concerned: dict[int, set[str]] = {}
    for task in tasks:
        people = {str(task.slots[slot]).strip() for slot in _STAFF_SLOTS if slot in task.slots}
        concerned.setdefault(task.customer_id, set()).update(people)
    return concerned


def _relations(client: Customer, complained: Sequence[Staff], concerned: set[str]) -> Relations:
    serving = {client.served_by.number, client.served_by.name} if client.served_by else set()
    return Relations(
        serves=frozenset(serving) - {""},
        complained=frozenset(each for one in complained for each in (one.number, one.name)) - {""},
        concerned=frozenset(concerned) - {""},
    )


def barred_from(session: Session, client: Customer) -> frozenset[str]:
    """The staff, by number or name, who must not talk with a client (000 §6.3).

    That is who serves the client, and everybody whom one of its reviews is about: complained about, leaving, witness.
    """
    return relations_of(session, [client])[client.id].barred


def facts_for(
    tasks: Sequence[ReviewTask], slots: Mapping[str, str], hours: CallingHours, now: datetime, resume_at: str = ""
) -> Facts:
    """What the conversation that serves these tasks may use."""
    deadlines = [task.deadline_at for task in tasks if task.deadline_at is not None]
    return Facts(
        slots=dict(slots),
        called_at=now.astimezone(SHANGHAI),
        resume_at=resume_at,
        hours=hours,
        callback_before=min(deadlines, default=None),
        dialled=next((task.next_phone for task in tasks if task.next_phone), tasks[0].customer.phone),
    )


def goes_on_at(tasks: Sequence[ReviewTask], histories: Sequence[Sequence[Attempt]], script_hash: str) -> str:
    """The node where the latest call broke off; "" where a call that speaks this script has to begin anew.

    It goes on only if that call served these very tasks and spoke the same version: else a question that they are to
    be asked could lie before that node.
    """
    latest = {attempt.id: attempt for history in histories for attempt in counted(history)[-1:]}
    if len(latest) != 1:
        return ""
    (attempt,) = latest.values()
    same_tasks = {served.task_id for served in attempt.served} == {task.id for task in tasks}
    return tasks[0].resume_at if same_tasks and attempt.script_hash == script_hash else ""


def task_facts(
    task: ReviewTask,
    attempts: Sequence[Attempt],
    questions: Mapping[str, str] = NO_QUESTIONS,
    hours: CallingHours | None = None,
) -> TaskFacts:
    """What the rules need to know of a task and its ended attempts.

    `questions` has the task's own node for every node of the call, where the call serves several tasks. `hours` are
    the firm's calling hours, where the bot goes on with the task.
    """
    level = RiskLevel(task.product.risk_level) if task.product else None
    return TaskFacts(
        task_id=task.id,
        policy=RedialPolicy(
            risk_level=level,
            mandatory=ReviewType(task.review_type) in MANDATORY,
            suitability=ReviewType(task.review_type) is ReviewType.SUITABILITY,
            deadline_at=task.deadline_at,
            hours=hours_from(task.campaign.hours, hours) if hours is not None else None,
            valid_from=task.valid_from,
        ),
        history=past_of(attempts),
        email=task.customer.email,
        next_phone=task.next_phone,
        deadline_at=task.deadline_at,
        questions=questions,
        resume_at=task.resume_at,
        status_before=task.status,
        due_before=task.due_at,
    )


def past_of(attempts: Sequence[Attempt]) -> tuple[PastAttempt, ...]:
    """The attempts as the rules see them; a client's own call that did not lead to the client counts for nothing."""
    return tuple(_past(attempt) for attempt in counted(attempts))


def counted(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those of the attempts that the rules see."""
    return [attempt for attempt in attempts if attempt.evidence.get("counted", True)]


def _past(attempt: Attempt) -> PastAttempt:
    return PastAttempt(
        started_at=attempt.started_at,
        ended_at=attempt.ended_at or attempt.started_at,
        outcome=Outcome(attempt.outcome or Outcome.INTERRUPTED),
        callback_at=attempt.callback_at,
        new_number=bool(attempt.evidence.get("new_number")),
        by_phone=attempt.method != Method.QUESTIONNAIRE,
    )


def contacts(attempts: Sequence[Attempt]) -> list[Contact]:
    """The calls that went out; one that our own line lost is none, nor is a client's own, nor a questionnaire."""
    return [
        Contact(one.started_at, frozenset(served.task_id for served in one.served))
        for one in attempts
        if one.outcome != Outcome.OWN_LINE_FAILED and one.direction == "outgoing" and one.method in _CALLS
    ]
