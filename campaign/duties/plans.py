"""Carrying a review plan (table D.1) through its life: drafted, approved by another person, started, finished.

The rules are in rules.plan; here they meet the stored plans, inside the caller's transaction. Starting a plan makes
its campaign, and a task for every client who was drawn for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy.orm import Session

from campaign.duties.duties import NO_CALLS
from campaign.duties.owed import SCRIPT_OF
from campaign.duties.population import year_start
from campaign.duties.shares import MERGES_WITH, REVIEW_OF, SHARES, DutyKind, counting
from models import Campaign, Draw, DrawnMember, ReviewPlan, ReviewTask
from models.control import move_campaign
from models.plans import (
    add_plan,
    credit_with,
    move_plan,
    open_tasks_in,
    record_plan_act,
    riskiest_purchases,
)
from models.scripts import published_version
from models.wanting import Wanting, members_wanting, wanting_of
from rules import ReviewType, RiskLevel, end_of, label_of
from rules.hours import SHANGHAI
from rules.methods import refusal_of
from rules.outcomes import Method
from rules.plan import DrawnFor, Plan, PlanAct, PlanRefused, PlanStanding, PlanState, acted, problems_of
from rules.posts import Post

CHUNK = 500
NAMELESS = "没有登记服务这名客户的人员或其姓名，智能语音无法说出是谁（E.2.4），由人工核实后办理"
_BUSINESS = {"bought": "购买金融产品", "signed": "签约服务"}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something with a plan, why, and when."""

    by: str
    at: datetime
    why: str = ""
    posts: Collection[Post] | None = None  # None: not known


def draft(
    session: Session, name: str, plan: Plan, actor: Actor, *, draw_id: int | None = None, submit: bool = False
) -> ReviewPlan:
    """Enter a plan as a draft, or submit it at once; raises PlanRefused with everything that is wrong with it."""
    if not name.strip():
        raise PlanRefused("没有写方案名称；请填写")
    if not actor.by.strip():
        raise PlanRefused("没有写明是谁；请写上工号或姓名")
    made = session.get(Draw, draw_id) if draw_id is not None else None
    if draw_id is not None and (made is None or made.void_at is not None):
        raise PlanRefused("没有这次抽取，或抽取已作废；请从抽取结果的页面制定方案")
    stored = add_plan(
        session,
        ReviewPlan(
            name=name.strip(),
            content=content_of(plan),
            draw_id=draw_id,
            starts_on=plan.reviewed_from,
            ends_on=plan.reviewed_until,
            drafted_by=actor.by.strip(),
            state=PlanState.DRAFT.value,
            created_at=actor.at,
        ),
    )
    return act(session, stored, PlanAct.SUBMIT, actor) if submit else stored


def redraft(session: Session, stored: ReviewPlan, plan: Plan, actor: Actor) -> ReviewPlan:
    """Change a draft; whoever does is its drafter from then on."""
    if stored.state != PlanState.DRAFT:
        raise PlanRefused("只有草稿可以修改；已提交的方案请先退回")
    if not actor.by.strip():
        raise PlanRefused("没有写明是谁；请写上工号或姓名")
    stored.content, stored.drafted_by = content_of(plan), actor.by.strip()
    stored.starts_on, stored.ends_on = plan.reviewed_from, plan.reviewed_until
    session.flush()
    return stored


def act(session: Session, stored: ReviewPlan, doing: PlanAct, actor: Actor) -> ReviewPlan:
    """Do something with a plan; raises PlanRefused, and VersionChanged where somebody else was quicker."""
    state = acted(standing_of(stored), doing, by=actor.by, posts=actor.posts, why=actor.why)
    match doing:
        case PlanAct.SUBMIT:
            if problems := problems_of(plan_of(stored), _day(actor.at), drawn_for(session, stored)):
                raise PlanRefused("；".join(problems))
            stored.submitted_by = actor.by.strip()
        case PlanAct.FINISH:
            _finish(session, stored)
        case PlanAct.WITHDRAW if stored.campaign_id is not None:
            move_campaign(session, stored.campaign_id, "stopped")
    move_plan(session, stored, state.value)
    record_plan_act(session, stored, doing.value, by=actor.by.strip(), why=actor.why, at=actor.at)
    if doing is PlanAct.START:
        _start(session, stored, actor.at)
    return stored


def standing_of(stored: ReviewPlan) -> PlanStanding:
    """A plan as the rules see it."""
    return PlanStanding(PlanState(stored.state), stored.drafted_by, stored.submitted_by)


def content_of(plan: Plan) -> dict[str, Any]:
    """A plan as it is stored."""
    content = asdict(plan)
    dates = {name: value.isoformat() for name, value in content.items() if isinstance(value, date)}
    return content | dates | {name: list(value) for name, value in content.items() if isinstance(value, tuple)}


def plan_of(stored: ReviewPlan) -> Plan:
    """A stored plan."""
    content = dict(stored.content)
    return Plan(
        **content
        | {name: date.fromisoformat(content[name]) for name in ("made_on", "reviewed_from", "reviewed_until")}
        | {
            "review_types": tuple(map(ReviewType, content["review_types"])),
            "methods": tuple(map(Method, content["methods"])),
            "reviewers": tuple(content["reviewers"]),
        }
    )


def drawn_for(session: Session, stored: ReviewPlan) -> DrawnFor | None:
    """The draw whose clients a plan calls, as the rules see it; None: it calls nobody by itself."""
    if stored.draw_id is None:
        return None
    made = session.get_one(Draw, stored.draw_id)
    duty, kind = made.duty, DutyKind(made.duty.kind)
    return DrawnFor(REVIEW_OF[kind], duty.year, idle=not wanting(session, made).together)


def wanting(session: Session, made: Draw) -> Wanting:
    """For how many clients of a draw a plan would make a task: nobody is called twice for one duty."""
    return wanting_of(session, made, counting(DutyKind(made.duty.kind)))


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def _finish(session: Session, stored: ReviewPlan) -> None:
    left = open_tasks_in(session, stored.campaign_id) if stored.campaign_id is not None else 0
    if left:
        raise PlanRefused(f"还有{left}个回访任务没有最终登记状态，不能完成；请等它们完成，或撤销方案")


def _start(session: Session, stored: ReviewPlan, now: datetime) -> None:
    """The campaign of an approved plan, with a task for every client who was drawn for it."""
    if stored.ends_on < _day(now):
        raise PlanRefused(f"回访时间已于{stored.ends_on}结束，不能开始；请撤销，以它为底稿重新制定")
    campaign = Campaign(name=stored.name, created_at=now)
    session.add(campaign)
    session.flush()
    stored.campaign_id = campaign.id
    if stored.draw is not None:
        _make_tasks(session, stored, stored.draw, campaign.id, now)
    session.flush()


@dataclass(frozen=True, slots=True)
class _Order:
    """What all tasks of a plan share."""

    plan_id: int
    campaign_id: int
    review_type: ReviewType
    methods: frozenset[Method]
    created_at: datetime
    due_at: datetime
    deadline_at: datetime
    bought_before: datetime


def _make_tasks(session: Session, stored: ReviewPlan, drawn: Draw, campaign_id: int, now: datetime) -> None:
    kind = DutyKind(drawn.duty.kind)
    review_type = REVIEW_OF[kind]
    if published_version(session, SCRIPT_OF[review_type]) is None:
        raise PlanRefused(f"没有使用中的话术“{SCRIPT_OF[review_type]}”；请先审核并发布话术，再开始方案")
    order = _Order(
        plan_id=stored.id,
        campaign_id=campaign_id,
        review_type=review_type,
        methods=frozenset(plan_of(stored).methods),
        created_at=now,
        due_at=max(now, datetime.combine(stored.starts_on, time(), SHANGHAI)),
        deadline_at=end_of(stored.ends_on),
        bought_before=year_start(drawn.duty.year),
    )
    made = 0
    for members in _members(session, drawn):
        _make_chunk(session, order, members)
        made += len(members)
    if not made:
        raise PlanRefused("这次抽取没有需要生成任务的客户（无人抽中，或任务已由另一方案生成）；请撤销方案")


def _members(session: Session, drawn: Draw) -> Iterator[Sequence[DrawnMember]]:
    """The members of a draw for whom a task is to be made, in pieces."""
    last, counts = 0, counting(DutyKind(drawn.duty.kind))
    while members := members_wanting(session, drawn, counts, last, CHUNK):
        last = members[-1].customer_id
        yield members


def _make_chunk(session: Session, order: _Order, members: Sequence[DrawnMember]) -> None:
    bought = riskiest_purchases(session, [one.customer_id for one in members], order.bought_before)
    tasks = [_task(order, member, bought) for member in members]
    session.add_all(tasks)
    session.flush()
    for member, task in zip(members, tasks, strict=True):
        member.task_id = task.id
    session.flush()
    made = {task.customer_id: task.id for task in tasks}
    credit_with(session, made, order.bought_before.year, _satisfied_by(order.review_type))


def _satisfied_by(review_type: ReviewType) -> list[str]:
    """The duties for which such a review counts and which put nothing of their own into its call."""
    return [kind.value for kind in DutyKind if review_type in SHARES[kind].credits and not MERGES_WITH[kind]]


def _task(order: _Order, member: DrawnMember, bought: Mapping[int, tuple[str, int, str]]) -> ReviewTask:
    kind, product_id, level = bought.get(member.customer_id, ("bought", None, ""))
    suitability = order.review_type is ReviewType.SUITABILITY
    reason = NO_CALLS if member.customer.do_not_call else _nameless(order.review_type, member)
    reason = reason or _by_people(order, RiskLevel(level) if level and suitability else None)
    return ReviewTask(
        number=f"P{order.plan_id}-{member.customer_id}",
        campaign_id=order.campaign_id,
        customer_id=member.customer_id,
        product_id=product_id if suitability else None,
        review_type=order.review_type.value,
        script=SCRIPT_OF[order.review_type],
        slots=_slots(order.review_type, member, kind),
        created_at=order.created_at,
        deadline_at=order.deadline_at,
        with_human=bool(reason),
        due_at=None if reason else order.due_at,
        trouble=reason,
    )


def _nameless(review_type: ReviewType, member: DrawnMember) -> str:
    """Why the bot could not say about whom it asks; "": it can, or asks about nobody."""
    served_by = member.customer.served_by
    known = served_by is not None and served_by.name != served_by.number
    return "" if known or review_type is not ReviewType.CONDUCT else NAMELESS


def _slots(review_type: ReviewType, member: DrawnMember, bought: str) -> dict[str, str]:
    served_by = member.customer.served_by
    match review_type:
        case ReviewType.SUITABILITY:
            return {"业务": _BUSINESS[bought]}
        case ReviewType.CONDUCT if served_by is not None:
            return {"工作人员": served_by.name}
        case _:
            return {}


def _by_people(order: _Order, level: RiskLevel | None) -> str:
    """Why a person must call; "": the bot may."""
    if Method.VOICE_BOT not in order.methods:
        methods = "、".join(label_of(one) for one in Method if one in order.methods)
        return f"回访方案的回访方式是{methods}，不用智能语音，由执行岗办理（表D.1）"
    refusal = refusal_of(order.review_type, Method.VOICE_BOT, risk_level=level)
    return refusal.reason if refusal else ""
