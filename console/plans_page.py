"""Review plans (客户回访方案, table D.1): drafting, approval by another person, start, and the trail of it all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.duties.plans import Actor, act, draft, plan_of, redraft, standing_of, wanting
from console.access import posts, signed_in
from console.desk import desk_of
from console.plan_form import fields_of, plan_written, refuse_unreadable, suggested, suggested_name
from console.remembered import remembered_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import MOST_ROWS, spreadsheet
from models import Draw, ReviewPlan
from models.calls import Page
from models.errors import VersionChanged
from models.plans import PlanFilter, open_tasks_in, plan_with, plans_listed
from rules import Post, ReviewType, label_of
from rules.hours import SHANGHAI
from rules.outcomes import Method
from rules.people import person_key
from rules.plan import (
    ACT_WORDS,
    HEADINGS,
    NEEDS_REASON,
    STATE_WORDS,
    Plan,
    PlanAct,
    PlanRefused,
    PlanState,
    acts_for,
)

# Whoever is concerned drafts (§8.1.1); what only managers may do is said by rules.plan.
router = APIRouter(prefix="/plans", dependencies=[posts(Post.MANAGER, Post.INSPECTOR)])


class ListQuery(BaseModel):
    """The filters in the address of the list."""

    state: str = ""
    text: str = ""
    page_no: int = 1

    def narrowed(self) -> PlanFilter:
        """The filter for the database."""
        return PlanFilter(self.state if self.state in set(PlanState) else "", self.text.strip())


@router.get("")
def listed(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """Every plan, the latest first."""
    number, wanted = max(1, query.page_no), query.narrowed()
    with desk_of(request).database.read() as session:
        items, total = plans_listed(session, wanted, page=number, size=PAGE_SIZE)
        found = Page(items, total, number, PAGE_SIZE)
        return page(request, "plans.html", found=found, query=query, states=STATE_WORDS)


@router.get(".csv")
def export(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The same as a spreadsheet, with everything that table D.1 has."""
    with desk_of(request).database.read() as session:
        rows = [
            [one.name, STATE_WORDS[PlanState(one.state)], *(text for _, text in table_d1(plan_of(one)))]
            for one in plans_listed(session, query.narrowed(), page=1, size=MOST_ROWS)[0]
        ]
    return spreadsheet(request, "客户回访方案", ("方案名称", "状态", *(heading for heading, _ in HEADINGS)), rows)


@router.get("/new")
def new(
    request: Request, draw: int = 0, base: Annotated[int, Query(description="a plan whose text is taken over")] = 0
) -> Response:
    """An empty plan, one for a draw, or one after another plan."""
    with desk_of(request).database.read() as session:
        if base:
            stored = _stored(session, base)
            return _form(request, plan_of(stored), name="", draw_id=stored.draw_id or 0)
        made = session.get(Draw, draw) if draw else None
        if draw and made is None:
            raise HTTPException(404)
        now = desk_of(request).clock.now().astimezone(SHANGHAI)
        return _form(request, suggested(made, now), name=suggested_name(made, now), draw_id=draw)


@router.post("")
async def enter(request: Request) -> Response:
    """Enter a plan as a draft, or submit it at once."""
    desk = desk_of(request)
    fields = await fields_of(request)
    draw_id = int(fields["draw"]) if fields.get("draw", "").isdigit() else 0
    name, plan_id = fields.get("name", ""), 0
    plan = plan_written(fields, desk.clock.now().astimezone(SHANGHAI).date())
    try:
        with desk.database.write() as session:
            refuse_unreadable(session, fields)
            actor = _actor(request)
            submit = fields.get("act") == "submit"
            plan_id = draft(session, name, plan, actor, draw_id=draw_id or None, submit=submit).id
    except (PlanRefused, VersionChanged) as refused:
        trouble = str(refused)
        return _form(request, plan, name=name, draw_id=draw_id, typed=fields, trouble=trouble, status_code=422)
    remembered_of(request).forget()
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
    fields = await fields_of(request)
    with desk.database.read() as session:
        before = _stored(session, plan_id)
        name, draw_id, made_on = before.name, before.draw_id or 0, plan_of(before).made_on
    plan = plan_written(fields, made_on)
    try:
        with desk.database.write() as session:
            refuse_unreadable(session, fields)
            actor = _actor(request)
            stored = redraft(session, _stored(session, plan_id), plan, actor)
            if fields.get("act") == "submit":
                act(session, stored, PlanAct.SUBMIT, actor)
    except (PlanRefused, VersionChanged) as refused:
        return _form(
            request,
            plan,
            name=name,
            draw_id=draw_id,
            plan_id=plan_id,
            typed=fields,
            trouble=str(refused),
            status_code=422,
        )
    remembered_of(request).forget()
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
        with desk.database.write_long() as session:
            act(session, _stored(session, plan_id), PlanAct(doing), _actor(request, why[:500]))
    except (PlanRefused, VersionChanged) as refused:
        return _shown(request, plan_id, trouble=str(refused), status_code=422)
    remembered_of(request).forget()
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
    me = signed_in(request)
    with desk_of(request).database.read() as session:
        stored = _stored(session, plan_id)
        standing = standing_of(stored)
        state, acts = standing.state, acts_for(standing, by=me.number, posts=me.posts)
        return page(
            request,
            "plan.html",
            status_code=status_code,
            plan=stored,
            lines=table_d1(plan_of(stored)),
            state=STATE_WORDS[state],
            is_draft=state is PlanState.DRAFT,
            acts=[(one, ACT_WORDS[one]) for one in acts],
            reasons="、".join(ACT_WORDS[one] for one in acts if one in NEEDS_REASON),
            awaits=state is PlanState.SUBMITTED and person_key(me.number) in standing.authors,
            words=ACT_WORDS,
            left=open_tasks_in(session, stored.campaign_id) if stored.campaign_id else None,
            coming=wanting(session, stored.draw) if state is PlanState.APPROVED and stored.draw else None,
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
    typed: Mapping[str, str] | None = None,
    trouble: str = "",
    status_code: int = 200,
) -> Response:
    return page(
        request,
        "plan_form.html",
        status_code=status_code,
        plan=plan,
        days={one: (typed or {}).get(one, str(getattr(plan, one)))[:20] for one in ("reviewed_from", "reviewed_until")},
        name=name,
        draw_id=draw_id,
        plan_id=plan_id,
        review_types=[(one, label_of(one)) for one in ReviewType],
        methods=[(one, label_of(one)) for one in Method],
        trouble=trouble,
    )
