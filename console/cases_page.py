"""Cases (事项): objections to results (§8.3.3) and suspected violations (§8.4), from their opening to their end."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.masking import mask_name, mask_numbers
from console.access import posts, signed_in
from console.desk import desk_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import spreadsheet
from console.words import SHANGHAI, masked_words, zh_time
from models import Attempt, Customer
from models.access import staff_called, staff_numbered
from models.managing import names_of
from models.managing_cases import (
    OPENED,
    CaseFilter,
    act_on_case,
    all_cases,
    case_list,
    case_with,
    open_case,
    standing_of,
    unfinished_cases,
)
from models.managing_tables import ReviewCase
from rules import Post
from rules.cases import (
    ACT_WORDS,
    ASKS,
    KIND_WORDS,
    STATE_WORDS,
    CaseAct,
    CaseActor,
    CaseKind,
    CaseRefused,
    CaseState,
    acts_for,
    is_overdue,
)

MOST_TEXT = 2000
DAYS = {CaseKind.OBJECTION: 5, CaseKind.VIOLATION: 2}  # suggested until the deadline

router = APIRouter(prefix="/cases", dependencies=[posts(Post.MANAGER, Post.INSPECTOR, Post.AGENT)])
Words = Annotated[str, Form(max_length=4 * MOST_TEXT)]
Short = Annotated[str, Form(max_length=80)]


class ListQuery(BaseModel):
    """The filters in the address of the list."""

    q: str = ""
    kind: str = ""
    state: str = ""
    overdue: str = ""
    mine: str = ""
    page_no: int = 1

    def narrowed(self, number: str) -> CaseFilter:
        """The filter for the database."""
        return CaseFilter(
            text=self.q.strip(),
            kind=self.kind if self.kind in set(CaseKind) else "",
            state=self.state if self.state in {"unfinished", *CaseState} else "",
            overdue=bool(self.overdue),
            owner=number if self.mine else "",
        )


@router.get("")
def show_list(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """All cases: open ones first, the nearest deadline first."""
    desk = desk_of(request)
    now, wanted = desk.clock.now(), query.narrowed(signed_in(request).number)
    with desk.database.read() as session:
        found = case_list(session, wanted, now, page=max(1, query.page_no), size=PAGE_SIZE)
        return page(
            request,
            "cases.html",
            found=found,
            query=query,
            unfinished=unfinished_cases(session, now),
            late={one.id: is_overdue(CaseState(one.state), one.deadline_at, now) for one in found.items},
            names=names_of(session, [each for one in found.items for each in (one.owner, one.raised_by, one.concerns)]),
            kinds=KIND_WORDS,
            states=STATE_WORDS,
        )


@router.get(".csv")
def export(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The same as a spreadsheet, masked."""
    desk = desk_of(request)
    now = desk.clock.now()
    heads = ("编号", "种类", "状态", "客户", "通话", "提出部门", "涉及人员", "内容", "提出人", "提出时间", "承办人")
    with desk.database.read() as session:
        found = all_cases(session, query.narrowed(signed_in(request).number), now)
        rows = [_row(one, now) for one in found]
    return spreadsheet(request, "异议和涉嫌违规事项", (*heads, "期限", "是否逾期", "办结时间"), rows)


def _row(one: ReviewCase, now: datetime) -> list[str]:
    client, state = one.customer, CaseState(one.state)
    return [
        str(one.id),
        KIND_WORDS[CaseKind(one.kind)],
        STATE_WORDS[state],
        f"{client.number} {mask_name(client.name)}" if client else "",
        one.attempt.call_id if one.attempt else "",
        one.department,
        one.concerns,
        masked_words(client.name)(one.what) if client else mask_numbers(one.what),
        one.raised_by,
        zh_time(one.created_at),
        one.owner,
        zh_time(one.deadline_at),
        "是" if is_overdue(state, one.deadline_at, now) else "否",
        zh_time(one.closed_at),
    ]


@router.get("/new")
def new(request: Request, call: str = "", kind: str = "") -> Response:
    """An empty case, or one about a call."""
    return _form(request, {"call": call[:60], "kind": kind if kind in set(CaseKind) else ""})


@router.post("")
def enter(
    request: Request,
    kind: Annotated[CaseKind, Form()],
    what: Words = "",
    call: Short = "",
    client: Short = "",
    department: Short = "",
    concerns: Short = "",
) -> Response:
    """Open a case, from a call or by hand."""
    desk, typed = desk_of(request), {
        "kind": kind.value, "what": what, "call": call, "client": client, "department": department,
        "concerns": concerns,
    }  # fmt: skip
    with desk.database.write() as session:
        attempt = session.scalar(select(Attempt).where(Attempt.call_id == call.strip())) if call.strip() else None
        whom = session.scalar(select(Customer).where(Customer.number == client.strip())) if client.strip() else None
        faults = [] if what.strip() else ["没有写明内容"]
        faults += ["没有这个通话编号，请从通话记录里查看"] if call.strip() and attempt is None else []
        faults += ["没有这个客户号"] if client.strip() and whom is None else []
        about, unknown = _concerned(session, concerns.strip())
        faults += [unknown] if unknown else []
        if not faults:
            customer_id = attempt.customer_id if attempt else whom.id if whom else None
            made = ReviewCase(
                kind=kind.value,
                attempt_id=attempt.id if attempt else None,
                customer_id=customer_id,
                department=department.strip(),
                concerns=about,
                what=what.strip()[:MOST_TEXT],
                raised_by=signed_in(request).number,
                created_at=desk.clock.now(),
            )
            case_id = open_case(session, made).id
    if faults:
        return _form(request, typed, "；".join(faults) + "。")
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


def _concerned(session: Session, written: str) -> tuple[str, str]:
    """The staff number of whom a case is about, written by number or name, or what is wrong with it."""
    numbers = staff_called(session, [written])[written] if written else ()
    if written and not numbers:
        return "", f"涉及人员“{written[:20]}”不在人员名单里，请填写工号或姓名"
    if len(numbers) > 1:
        return "", f"有{len(numbers)}名人员叫“{written[:20]}”，请填写工号（{'、'.join(numbers[:5])}）"
    return "".join(numbers), ""


@router.get("/{case_id}")
def show(request: Request, case_id: int) -> Response:
    """One case with its trail, and what this person may do with it now."""
    return _shown(request, case_id)


@router.post("/{case_id}/{doing}")
def act(
    request: Request, case_id: int, doing: CaseAct, why: Words = "", owner: Short = "", deadline: Short = ""
) -> Response:
    """Assign, find, confirm, return, report, dismiss, close or withdraw."""
    desk, owner = desk_of(request), owner.strip()
    try:
        with desk.database.write() as session:
            _known(session, case_id)
            by = _deadline(deadline) if doing is CaseAct.ASSIGN else None
            if owner and doing is CaseAct.ASSIGN and staff_numbered(session, owner) is None:
                raise CaseRefused(f"没有工号为“{owner}”的人员；请填写承办人的工号")
            actor, why = _actor(request), why.strip()[:MOST_TEXT]
            act_on_case(session, case_id, doing, actor, why=why, at=desk.clock.now(), owner=owner, deadline_at=by)
    except CaseRefused as refused:
        return _shown(request, case_id, fault=str(refused), typed={"why": why, "owner": owner, "deadline": deadline})
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


def _deadline(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(23, 59, 59), SHANGHAI)
    except ValueError as error:
        raise CaseRefused(f"期限“{text[:20]}”不是日期；请按 2026-11-30 的格式填写") from error


def _actor(request: Request) -> CaseActor:
    me = signed_in(request)
    return CaseActor(me.number, me.name, manages=me.holds(Post.MANAGER))


def _known(session: Session, case_id: int) -> ReviewCase:
    found = case_with(session, case_id)
    if found is None:
        raise HTTPException(404)
    return found


def _form(request: Request, typed: dict[str, str], fault: str = "") -> Response:
    fields = {"kind": "", "what": "", "call": "", "client": "", "department": "", "concerns": ""} | typed
    status_code = 422 if fault else 200
    return page(request, "case_form.html", status_code=status_code, typed=fields, kinds=KIND_WORDS, fault=fault)


def _shown(request: Request, case_id: int, *, fault: str = "", typed: dict[str, str] | None = None) -> Response:
    desk = desk_of(request)
    now = desk.clock.now()
    with desk.database.read() as session:
        one = _known(session, case_id)
        suggested = now.astimezone(SHANGHAI).date() + timedelta(days=DAYS[CaseKind(one.kind)])
        people = [one.owner, one.raised_by, one.concerns, one.found_by, *(each.by for each in one.acts)]
        return page(
            request,
            "case.html",
            status_code=422 if fault else 200,
            case=one,
            late=is_overdue(CaseState(one.state), one.deadline_at, now),
            private=masked_words(one.customer.name) if one.customer else mask_numbers,
            acts=[(act, ACT_WORDS[act], ASKS.get(act, "")) for act in acts_for(standing_of(one), _actor(request))],
            act_words={OPENED: "提出"} | {act.value: word for act, word in ACT_WORDS.items()},
            names=names_of(session, people),
            kinds=KIND_WORDS,
            states=STATE_WORDS,
            typed={"why": "", "owner": one.owner, "deadline": suggested.isoformat()} | (typed or {}),
            fault=fault,
        )
