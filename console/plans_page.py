"""Review plans (客户回访方案, table D.1): drafting, approval by another person, start, and the trail of it all."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from campaign.duties.drawing import REVIEW_OF, SHARES, DutyKind
from campaign.duties.plans import Actor, act, draft, plan_of, redraft, standing_of
from console.access import posts, signed_in
from console.desk import desk_of
from console.render import page
from models import Draw, ReviewPlan
from models.errors import VersionChanged
from models.plans import open_tasks_in, plan_with
from rules import Post, ReviewType, label_of
from rules.hours import SHANGHAI
from rules.outcomes import Method
from rules.plan import (
    ACT_WORDS,
    HEADINGS,
    NEEDS_REASON,
    STATE_WORDS,
    TRANSITIONS,
    Plan,
    PlanAct,
    PlanRefused,
    PlanState,
)

MOST_TEXT = 2000  # characters of one line of the plan

# Whoever is concerned drafts (§8.1.1); what only managers may do is said by rules.plan.
router = APIRouter(prefix="/plans", dependencies=[posts(Post.MANAGER, Post.INSPECTOR)])


@router.get("/new")
def new(request: Request, draw: int = 0) -> Response:
    """An empty plan, or one for a draw."""
    with desk_of(request).database.read() as session:
        made = session.get(Draw, draw) if draw else None
        if draw and made is None:
            raise HTTPException(404)
        now = desk_of(request).clock.now().astimezone(SHANGHAI)
        return _form(request, _suggested(made, now), name=_suggested_name(made, now), draw_id=draw)


@router.post("")
async def enter(request: Request) -> Response:
    """Enter a plan as a draft, or submit it at once."""
    desk = desk_of(request)
    fields = await _fields(request)
    draw_id = int(fields["draw"]) if fields.get("draw", "").isdigit() else 0
    name, plan_id = fields.get("name", ""), 0
    plan = _read(fields, desk.clock.now().astimezone(SHANGHAI).date())
    try:
        with desk.database.write() as session:
            actor = _actor(request)
            submit = fields.get("act") == "submit"
            plan_id = draft(session, name[:120], plan, actor, draw_id=draw_id or None, submit=submit).id
    except (PlanRefused, VersionChanged) as refused:
        return _form(request, plan, name=name, draw_id=draw_id, trouble=str(refused), status_code=422)
    return RedirectResponse(f"/plans/{plan_id}", status_code=303)


@router.get("/{plan_id}")
def show(request: Request, plan_id: int) -> Response:
    """A plan as table D.1 has it, and what may be done with it."""
    return _shown(request, plan_id)


@router.get("/{plan_id}/edit")
def edit(request: Request, plan_id: int) -> Response:
    """A draft, to be changed."""
    with desk_of(request).database.read() as session:
        stored = _stored(session, plan_id)
        return _form(request, plan_of(stored), name=stored.name, draw_id=stored.draw_id or 0, plan_id=plan_id)


@router.post("/{plan_id}/edit")
async def change(request: Request, plan_id: int) -> Response:
    """Change a draft."""
    desk = desk_of(request)
    fields = await _fields(request)
    with desk.database.read() as session:
        before = _stored(session, plan_id)
        name, draw_id, made_on = before.name, before.draw_id or 0, plan_of(before).made_on
    plan = _read(fields, made_on)
    try:
        with desk.database.write() as session:
            actor = _actor(request)
            stored = redraft(session, _stored(session, plan_id), plan, actor)
            if fields.get("act") == "submit":
                act(session, stored, PlanAct.SUBMIT, actor)
    except (PlanRefused, VersionChanged) as refused:
        return _form(request, plan, name=name, draw_id=draw_id, plan_id=plan_id, trouble=str(refused), status_code=422)
    return RedirectResponse(f"/plans/{plan_id}", status_code=303)


@router.post("/{plan_id}/act")
def do(
    request: Request,
    plan_id: int,
    doing: Annotated[str, Form()],
    why: Annotated[str, Form()] = "",
) -> Response:
    """Submit, approve, reject, start, finish or withdraw a plan."""
    desk = desk_of(request)
    if doing not in set(PlanAct):
        raise HTTPException(404)
    try:
        with desk.database.write() as session:
            act(session, _stored(session, plan_id), PlanAct(doing), _actor(request, why[:500]))
    except (PlanRefused, VersionChanged) as refused:
        return _shown(request, plan_id, trouble=str(refused), status_code=422)
    return RedirectResponse(f"/plans/{plan_id}", status_code=303)


def _actor(request: Request, why: str = "") -> Actor:
    me = signed_in(request)
    return Actor(me.number, desk_of(request).clock.now(), why, me.posts)


def _stored(session: Session, plan_id: int) -> ReviewPlan:
    found = plan_with(session, plan_id)
    if found is None:
        raise HTTPException(404)
    return found


def _shown(request: Request, plan_id: int, *, trouble: str = "", status_code: int = 200) -> Response:
    with desk_of(request).database.read() as session:
        stored = _stored(session, plan_id)
        state = standing_of(stored).state
        return page(
            request,
            "plan.html",
            status_code=status_code,
            plan=stored,
            lines=table_d1(plan_of(stored)),
            state=STATE_WORDS[state],
            is_draft=state is PlanState.DRAFT,
            acts=[(one, ACT_WORDS[one], one in NEEDS_REASON) for one in PlanAct if (state, one) in TRANSITIONS],
            words=ACT_WORDS,
            left=open_tasks_in(session, stored.campaign_id) if stored.campaign_id else None,
            trouble=trouble,
        )


def table_d1(plan: Plan) -> list[tuple[str, str]]:
    """The headings of table D.1 and what stands under them."""
    types = [label_of(one) for one in plan.review_types] + ([plan.other_type] if plan.other_type else [])
    written = {
        "department": plan.department,
        "made_on": _spoken(plan.made_on),
        "purpose": plan.purpose,
        "steps": plan.steps,
        "reviewed_from": f"{_spoken(plan.reviewed_from)}至{_spoken(plan.reviewed_until)}",
        "review_types": "、".join(types),
        "methods": "、".join(label_of(one) for one in plan.methods),
        "scope": plan.scope,
        "executing_department": plan.executing_department,
        "reviewers": "、".join(plan.reviewers),
        "risk_notice": "是" if plan.risk_notice else "否",
    }
    return [(heading, written[fields[0]]) for heading, fields in HEADINGS]


def _spoken(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _form(
    request: Request,
    plan: Plan,
    *,
    name: str,
    draw_id: int,
    plan_id: int = 0,
    trouble: str = "",
    status_code: int = 200,
) -> Response:
    return page(
        request,
        "plan_form.html",
        status_code=status_code,
        plan=plan,
        name=name,
        draw_id=draw_id,
        plan_id=plan_id,
        review_types=[(one, label_of(one)) for one in ReviewType],
        methods=[(one, label_of(one)) for one in Method],
        trouble=trouble,
    )


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form; those that may be ticked several times are joined by blanks."""
    form = await request.form()
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        text = value[:MOST_TEXT].strip() if isinstance(value, str) else ""
        fields[name] = f"{fields[name]} {text}" if name in ("review_types", "methods") and name in fields else text
    return fields


def _read(fields: dict[str, str], made_on: date) -> Plan:
    return Plan(
        department=fields.get("department", ""),
        made_on=made_on,
        purpose=fields.get("purpose", ""),
        steps=fields.get("steps", ""),
        reviewed_from=_day(fields.get("reviewed_from", ""), made_on),
        reviewed_until=_day(fields.get("reviewed_until", ""), made_on),
        review_types=tuple(ReviewType(one) for one in fields.get("review_types", "").split() if one in set(ReviewType)),
        methods=tuple(Method(one) for one in fields.get("methods", "").split() if one in set(Method)),
        scope=fields.get("scope", ""),
        executing_department=fields.get("executing_department", ""),
        reviewers=tuple(
            one for one in fields.get("reviewers", "").replace("、", " ").replace("，", " ").split() if one
        ),
        risk_notice=fields.get("risk_notice") == "1",
        other_type=fields.get("other_type", ""),
    )


def _day(written: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return otherwise


def _suggested_name(draw: Draw | None, now: datetime) -> str:
    if draw is None:
        return ""
    kind = DutyKind(draw.duty.kind)
    return f"{draw.duty.year}年{SHARES[kind].name}方案（{now.month}月{now.day}日）"


def _suggested(draw: Draw | None, now: datetime) -> Plan:
    today = now.date()
    values: dict[str, Any] = {"purpose": "", "steps": "", "scope": "", "review_types": ()}
    if draw is not None:
        kind, proof = DutyKind(draw.duty.kind), draw.proof
        values = {
            "purpose": f"完成{draw.duty.year}年度{SHARES[kind].name}（{SHARES[kind].clause}）",
            "steps": f"1、按种子“{draw.seed}”抽取{proof['drawn']}名客户；"
            "2、以智能语音拨打，须人工的转人工电话；3、未触达的按表F.1处理",
            "scope": f"基数{proof['basis']}名，应回访{proof['needed']}名，"
            f"已计入{proof['credited']}名，抽中{proof['drawn']}名",
            "review_types": (REVIEW_OF[kind],),
        }
    return Plan(
        department="",
        made_on=today,
        reviewed_from=today,
        reviewed_until=date(today.year, 12, 31),
        methods=(Method.VOICE_BOT, Method.HUMAN_CALL),
        executing_department="",
        reviewers=(),
        risk_notice=False,
        **values,
    )
