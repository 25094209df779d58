"""What keeps an agent from calling a client now: §6.3, do-not-call, the waits of table F.1, the calls a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, time

from sqlalchemy.orm import Session

from campaign.calls.facts import contacts, counted, relations_of, task_facts
from models import Attempt, ReviewTask, Staff
from models.people import urgent_attempts
from models.queue import contacts_since, histories_of
from rules import BadHistory, Conflict, Contact, ContactCaps, Outcome, Reviewer, conflict, is_callback, next_step
from rules.caps import day_allows_at
from rules.hours import SHANGHAI, written_minute

SILENT = "客户要求不再致电，不能再拨打：请以其他方式处理，或更正登记状态"


def obstacles(
    session: Session, tasks: Sequence[ReviewTask], staff: Staff, caps: ContactCaps | None, now: datetime
) -> dict[int, str]:
    """Why this agent cannot call the client of a task now, a Chinese sentence, by task; "": nothing speaks against it.

    `caps` None: a client may be called any number of times a day.
    """
    person = Reviewer(staff.number, staff.name, staff.post == "broker")
    relations = relations_of(session, [task.customer for task in tasks])
    histories = histories_of(session, [task.id for task in tasks])
    urgent = urgent_attempts(session, {attempt.id for history in histories.values() for attempt in history})
    today = _called_today(session, {task.customer_id for task in tasks}, now) if caps is not None else {}
    return {
        task.id: _obstacle(
            task,
            conflict(person, relations[task.customer_id]),
            _next_at(task, histories[task.id], urgent, today.get(task.customer_id, ()), caps, now),
            now,
        )
        for task in tasks
    }


def _called_today(session: Session, clients: Set[int], now: datetime) -> Mapping[int, Sequence[Contact]]:
    midnight = datetime.combine(now.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    called: dict[int, list[Attempt]] = {}
    for attempt in contacts_since(session, clients, midnight):
        called.setdefault(attempt.customer_id, []).append(attempt)
    return {client: contacts(attempts) for client, attempts in called.items()}


def _obstacle(task: ReviewTask, against: Conflict | None, next_at: datetime | None, now: datetime) -> str:
    if against is not None:
        return against.reason
    if task.customer.do_not_call:
        return SILENT
    not_before = max(filter(None, (next_at, task.valid_from)), default=None)
    if not_before is not None and not_before > now:
        return f"{written_minute(not_before)}之后才能拨打（表F.1间隔、约定时间、每日次数上限或投资冷静期）"
    return ""


def _next_at(
    task: ReviewTask,
    attempts: Sequence[Attempt],
    urgent: Set[int],
    today: Sequence[Contact],
    caps: ContactCaps | None,
    now: datetime,
) -> datetime | None:
    """When people may call: by table F.1, after the bot's calls as after their own, and so often a day.

    A time that the client has asked for is bound by no cap, nor is a person's call that the client is owed: one who
    needs a person, was promised a call, or said what calls a person at once (`urgent`: the calls). Nothing is waited
    for after that call itself; where a person has tried in vain since, table F.1 says when they try again.
    """
    facts = task_facts(task, attempts)
    try:
        at = next_step(facts.history, replace(facts.policy, deadline_at=None), now).redial_at
    except BadHistory:  # of one task, which keeps no other from being listed
        at = None
    if is_callback(facts.history):
        return at
    made = [attempt for attempt in counted(attempts) if attempt.outcome != Outcome.OWN_LINE_FAILED]
    latest = made[-1] if made else None
    if latest is not None and (latest.id in urgent or latest.outcome == Outcome.NEEDS_HUMAN):
        return None
    if caps is None or any(attempt.id in urgent for attempt in made):
        return at
    return max(at or now, day_allows_at(today, caps, now))
