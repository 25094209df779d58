"""From business events to review tasks: everything that must be reviewed is, once, and why not where it is not.

Clients of staff who leave or were complained about are drawn at the share of the suitability review (table A.1 line 6:
可与适当性回访比例结合); the number of the event is the seed, so that the draw can be repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from campaign.duties.owed import COUNTS_LATER, PRIVATE_FUND, Happened, NoReview, Review, missing_script, owed
from campaign.imports.forms import EventKind, Kind
from campaign.imports.importing import published_scripts
from campaign.imports.rows import GIVEN_SLOTS, ScriptLike
from campaign.imports.task_register import campaign_named
from models.duty_tables import BusinessEvent, EventTask
from models.queue import rows_changed
from models.tables import Customer, Product, ReviewTask
from rules import ReviewType, RiskLevel, TradingCalendar, label_of
from rules.annex_a import SUITABILITY_SHARE
from rules.hours import SHANGHAI
from rules.sampling import Quota, Standing, Unit, draw

# After an import of these, events may call for tasks, or may be dealt with that could not be before.
CALLS_FOR_TASKS = frozenset({Kind.EVENTS, Kind.STAFF})
CHUNK = 500  # events in memory at a time
NO_CALLS = "客户要求不再联系，由人工按客户意愿处理（§6.2）"
OPEN = ("new", "stuck")  # states of events that are to be dealt with
_CLOSED = "closed"


@dataclass(slots=True)
class Raised:
    """What became of the open events."""

    tasks: Counter[str] = field(default_factory=Counter)  # by review type, in Chinese
    with_human: int = 0
    none: int = 0  # events that call for no review
    stuck: list[tuple[str, str]] = field(default_factory=list)  # number of the event, what is missing

    def summary(self) -> str:
        """A Chinese sentence or two."""
        if not (self.tasks or self.none or self.stuck):
            return ""
        made = "、".join(f"{label}{count}个" for label, count in self.tasks.items()) or "0个"
        said = f"已生成回访任务：{made}"
        said += f"（其中{self.with_human}个须由人工回访）。" if self.with_human else "。"
        if self.none:
            said += f"{self.none}件事件不需要单独回访。"
        if self.stuck:
            said += f"{len(self.stuck)}件事件还不能生成任务：" + "；".join(f"{no}：{why}" for no, why in self.stuck[:5])
            said += "。"
        return said


@dataclass(slots=True)
class _Run:
    """What one run works with."""

    session: Session
    now: datetime
    calendar: TradingCalendar
    scripts: Mapping[str, ScriptLike]
    campaign_id: int
    raised: Raised


def raise_tasks(
    session: Session,
    now: datetime,
    *,
    calendar: TradingCalendar | None = None,
    scripts: Collection[ScriptLike] | None = None,
) -> Raised:
    """Make the tasks that the open events call for, inside the caller's transaction; events are dealt with once.

    An event that cannot be dealt with yet (no script in use, no trading calendar, no name) stays open and says why.
    """
    last, raised = 0, Raised(none=_pass_over_purchases(session))
    run: _Run | None = None
    while events := _open_events(session, last):
        if run is None:
            known = {one.name: one for one in (published_scripts(session) if scripts is None else scripts)}
            campaign_id = campaign_named(session, f"即时回访 {now.astimezone(SHANGHAI).year}", now)
            run = _Run(session, now, calendar or TradingCalendar(), known, campaign_id, raised)
        for event in events:
            _deal_with(run, event)
        session.flush()
        last = events[-1].id
    return raised


def _pass_over_purchases(session: Session) -> int:
    """Purchases other than of private funds only widen next year's population: all of them in one statement."""
    private_funds = select(Product.id).where(Product.kind == PRIVATE_FUND)
    bought = (BusinessEvent.kind == EventKind.BOUGHT.value) & BusinessEvent.product_id.not_in(private_funds)
    passed = (
        update(BusinessEvent)
        .where(BusinessEvent.state.in_(OPEN), bought | (BusinessEvent.kind == EventKind.SIGNED.value))
        .values(state="none", note=COUNTS_LATER)
    )
    return rows_changed(session, passed.execution_options(synchronize_session=False))


def _open_events(session: Session, after: int) -> Sequence[BusinessEvent]:
    query = (
        select(BusinessEvent)
        .where(BusinessEvent.state.in_(OPEN), BusinessEvent.id > after)
        .order_by(BusinessEvent.id)
        .limit(CHUNK)
        .options(joinedload(BusinessEvent.customer), joinedload(BusinessEvent.product), joinedload(BusinessEvent.staff))
        .with_for_update(of=BusinessEvent, skip_locked=True)
    )
    return session.scalars(query).all()


def _deal_with(run: _Run, event: BusinessEvent) -> None:
    answer = NoReview("客户已销户") if _is_closed(event.customer) else owed(_happened(event), run.calendar)
    if not isinstance(answer, NoReview):
        answer = next((missing for one in answer if (missing := _unspeakable(run, one))), answer)
    if isinstance(answer, NoReview):
        event.state, event.note = ("stuck" if answer.mend else "none"), answer.reason[:300]
        if answer.mend:
            run.raised.stuck.append((event.number, answer.reason))
        else:
            run.raised.none += 1
        return
    if event.kind == EventKind.LEAVING and event.staff is not None:
        event.staff.leaving = True
    notes = [_make(run, event, review) for review in answer]
    event.state, event.note = "tasked", "；".join(note for note in notes if note)[:300]


def _is_closed(client: Customer | None) -> bool:
    return client is not None and client.account_state == _CLOSED


def _happened(event: BusinessEvent) -> Happened:
    staff, product = event.staff, event.product
    return Happened(
        kind=EventKind(event.kind),
        at=event.occurred_at,
        details=event.details,
        # Who came in with a client has no name yet but the number.
        staff_name=staff.name if staff and staff.name != staff.number else "",
        product_name=product.name if product else "",
        product_kind=product.kind if product else "",
        risk_level=RiskLevel(product.risk_level) if product else None,
        cooling_off_hours=product.cooling_off_hours if product else None,
    )


def _unspeakable(run: _Run, review: Review) -> NoReview | None:
    """Why the script of a review cannot be spoken; None: it can."""
    script = run.scripts.get(review.script)
    if script is None or review.review_type not in script.review_types:
        return missing_script(review)
    missing = sorted(frozenset(script.slots) - GIVEN_SLOTS - review.slots.keys())
    return NoReview(f"话术“{script.title}”需要“{'、'.join(missing)}”，事件里没有", mend=True) if missing else None


def _make(run: _Run, event: BusinessEvent, review: Review) -> str:
    """Make the tasks of one review; returns what the event's note says of it."""
    if review.of_staff:
        return _make_for_staff(run, event, review)
    if event.customer is None:
        raise TypeError(f"event {event.id} concerns nobody")
    task = _task(run, event, review, event.customer, f"{event.number}-R")
    _enter(run, event, [task])
    return task.trouble


def _make_for_staff(run: _Run, event: BusinessEvent, review: Review) -> str:
    clients = {
        client.number: client
        for client in run.session.scalars(select(Customer).where(Customer.served_by_id == event.staff_id))
        if client.id != event.customer_id
    }
    if not clients:
        return "名下没有其他客户"
    units = (Unit(client.number, standing=_standing(client)) for client in clients.values())
    drawn = draw(units, Quota(SUITABILITY_SHARE.share), event.number)
    chosen = [clients[number] for number in drawn.numbers]
    _enter(run, event, [_task(run, event, review, one, f"{event.number}-R{one.id}") for one in chosen])
    return (
        f"名下客户{drawn.proof.population}名，抽取{drawn.proof.drawn}名"
        f"（{SUITABILITY_SHARE.percent}%，种子{event.number}）"
    )


def _standing(client: Customer) -> Standing:
    if client.account_state in ("dormant", _CLOSED):
        return Standing.DORMANT
    if client.account_state == "suspended":
        return Standing.SUSPENDED
    return Standing.DO_NOT_CALL if client.do_not_call else Standing.DRAWABLE


def _task(run: _Run, event: BusinessEvent, review: Review, client: Customer, number: str) -> ReviewTask:
    reason = review.by_human or (NO_CALLS if client.do_not_call else "")
    return ReviewTask(
        number=number,
        campaign_id=run.campaign_id,
        customer_id=client.id,
        product_id=event.product_id,
        review_type=review.review_type.value,
        script=review.script,
        slots=dict(review.slots),
        created_at=run.now,
        deadline_at=review.deadline_at,
        valid_from=review.due_at if review.review_type is ReviewType.PRIVATE_FUND else None,
        with_human=bool(reason),
        due_at=None if reason else max(run.now, review.due_at),
        trouble=reason,
    )


def _enter(run: _Run, event: BusinessEvent, tasks: Sequence[ReviewTask]) -> None:
    run.session.add_all(tasks)
    run.session.flush()
    run.session.add_all(EventTask(event_id=event.id, task_id=task.id) for task in tasks)
    for task in tasks:
        run.raised.tasks[label_of(ReviewType(task.review_type))] += 1
        run.raised.with_human += task.with_human
