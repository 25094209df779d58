"""Before a call: what it is to carry, whether it may be made now, and the row that is written before it is dialled."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.moves import Facts
from bot.replay import facts_to_json
from bot.script import Script
from campaign.calls.facts import barred_from, contacts, facts_for, goes_on_at, task_facts
from campaign.calls.feed import LiveCall, Stage
from campaign.calls.joining import Carried, carried, waits_until
from campaign.calls.placing import Place, take_place
from campaign.calls.settling import TaskFacts
from campaign.masking import mask_name
from campaign.running.opening_hours import hours_from
from campaign.works import Works
from models import Attempt, Campaign, ReviewTask, StaleAttempt
from models.control import hand_to_person
from models.queue import (
    begin_attempt,
    companions,
    contacts_since,
    history_of,
    next_call_at,
    put_off,
)
from models.workers import still_alive
from rules import ReviewType, is_callback, may_call_at, next_allowed
from rules.caps import ContactCaps, allowed_at, quarter_start
from rules.hours import SHANGHAI

CAPPED = "客户的致电次数已达上限，办理期限之前不能再拨打，由人工处理"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a call is to carry; nothing is written yet."""

    call: Carried
    facts: Facts
    tasks: tuple[TaskFacts, ...]
    numbers: str  # of its tasks
    client: str  # name
    title: str  # 先生, 女士
    barred: frozenset[str]  # the staff who must not talk with this client
    customer_id: int
    campaigns: frozenset[int]  # of all its tasks
    review_type: ReviewType  # of the task that leads
    agreed: bool  # the client asked to be called now


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt whose row is committed and whose line is not taken yet."""

    attempt_id: int
    call_id: str
    number: str
    started_at: datetime
    script: Script
    facts: Facts
    tasks: tuple[TaskFacts, ...]
    live: LiveCall
    client: str  # name
    title: str  # 先生, 女士
    barred: frozenset[str]  # the staff who must not talk with this client
    place: Place | None  # None: the client has called


def plan(works: Works, task_id: int) -> Planned | None:
    """Settle what the call for a task is to carry; None: the task was put off, or handed to a person.

    Raises StaleAttempt for a task that is no longer due, ScriptError for one that cannot be spoken.
    """
    now = works.clock.now()
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        if task.due_at is None or task.due_at > now:
            raise StaleAttempt(f"task {task_id} is no longer due: it was served by another call")
        later = waits_until(task, next_call_at(session, task, now), now)
        if later is None:
            others = [one for one in companions(session, task, now) if _is_open(works, one.campaign, now)]
            planned = planned_for(works, session, task, others, now)
            later = _capped_until(works.caps, session, planned, now)
            if later is None:
                return planned
        later = next_allowed(later, hours_from(task.campaign.hours, works.hours))
        deadline_at = task.deadline_at
    _put_off(works, task_id, later, deadline_at)
    return None


def begin(works: Works, planned: Planned) -> Begun:
    """Write the attempt in one short transaction, in which everything that may have changed is checked once more.

    The line is to be taken right after. Raises ClientBusy, StaleAttempt, LinesFull, CampaignFull and WorkerLost:
    nothing was written.
    """
    with in_doubt(works, planned), works.database.write() as session:
        still_alive(session, works.worker)
        now = works.clock.now()
        campaigns = _check_now(works, session, planned, now)
        place = take_place(works, session, campaigns)
        attempt = write_attempt(works, session, planned, now, place.line)
    place.attempt_id = attempt.id
    return begun_of(planned, attempt, now, place)


@contextmanager
def in_doubt(works: Works, planned: Planned) -> Iterator[None]:
    """Remember an attempt of which the database has not said whether it was written, for whoever sweeps."""
    try:
        yield
    except SQLAlchemyError:
        works.doubtful[planned.call.served[0].task_id, planned.facts.incoming] = works.clock.now()
        raise


def write_attempt(works: Works, session: Session, planned: Planned, now: datetime, line: str) -> Attempt:
    """Write the attempt of a planned call on a trunk ("": none that is counted); raises ClientBusy and StaleAttempt."""
    facts = planned.facts
    return begin_attempt(
        session,
        planned.call.served,
        dialled=facts.dialled,
        worker=works.worker,
        now=now,
        script_hash=planned.call.script.hash,
        facts=facts_to_json(facts),
        line=line,
        incoming=facts.incoming,
    )


def planned_for(
    works: Works, session: Session, task: ReviewTask, others: Sequence[ReviewTask], now: datetime
) -> Planned:
    """The call for a task and for the client's others that can share it; raises ScriptError."""
    call = carried(task, others, partial(works.scripts.script, session=session), works.house)
    histories = [history_of(session, each.id) for each in call.tasks]
    hours = hours_from(task.campaign.hours, works.hours)
    tasks = tuple(
        task_facts(each, history, one.questions, works.hours)
        for each, history, one in zip(call.tasks, histories, call.served, strict=True)
    )
    return Planned(
        call=call,
        facts=facts_for(call.tasks, call.slots, hours, now, goes_on_at(call.tasks, histories, call.script.hash)),
        tasks=tasks,
        numbers="、".join(each.number for each in call.tasks),
        client=task.customer.name,
        title=task.customer.gender,
        barred=barred_from(session, task.customer),
        customer_id=task.customer_id,
        campaigns=frozenset(each.campaign_id for each in call.tasks),
        review_type=ReviewType(call.tasks[0].review_type),
        agreed=any(is_callback(each.history) for each in tasks),
    )


def _check_now(works: Works, session: Session, planned: Planned, now: datetime) -> list[Campaign]:
    campaigns = [session.get_one(Campaign, campaign_id) for campaign_id in planned.campaigns]
    for campaign in campaigns:
        if not _is_open(works, campaign, now):
            raise StaleAttempt(f"the calling hours of campaign {campaign.id} are over")
    if _capped_until(works.caps, session, planned, now) is not None:
        raise StaleAttempt("the client was called as often as it may be")
    return campaigns


def _is_open(works: Works, campaign: Campaign, now: datetime) -> bool:
    return may_call_at(now, hours_from(campaign.hours, works.hours))


def _capped_until(caps: ContactCaps | None, session: Session, planned: Planned, now: datetime) -> datetime | None:
    """Until when the caps keep the client from being called; None: not at all."""
    if caps is None:
        return None
    since = datetime.combine(quarter_start(now.astimezone(SHANGHAI).date()), datetime.min.time(), SHANGHAI)
    at = allowed_at(
        contacts(contacts_since(session, [planned.customer_id], since)),
        planned.review_type,
        caps,
        now,
        tasks=[one.task_id for one in planned.call.served],
        agreed=planned.agreed,
    )
    return at if at > now else None


def _put_off(works: Works, task_id: int, until: datetime, deadline_at: datetime | None) -> None:
    with works.database.write() as session:
        if deadline_at is not None and until > deadline_at:
            log.info("task %d cannot be dialled before its deadline", task_id)
            hand_to_person(session, task_id, CAPPED)
        else:
            log.info("task %d waits for another call to its client, or for the caps", task_id)
            put_off(session, task_id, until)


def begun_of(planned: Planned, attempt: Attempt, now: datetime, place: Place | None = None) -> Begun:
    """An attempt that was written."""
    return Begun(
        attempt_id=attempt.id,
        call_id=attempt.call_id,
        number=planned.facts.dialled,
        started_at=now,
        script=planned.call.script,
        facts=planned.facts,
        tasks=planned.tasks,
        live=LiveCall(
            call_id=attempt.call_id,
            attempt_id=attempt.id,
            task_number=planned.numbers,
            client=mask_name(planned.client),
            title=planned.call.script.title,
            stage=Stage.DIALLING,
        ),
        client=planned.client,
        title=planned.title,
        barred=planned.barred,
        place=place,
    )
