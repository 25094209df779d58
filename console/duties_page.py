"""What the firm owes (annex A): yearly quotas with their draws, business events, plans, and what will be missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from campaign.duties.drawing import DrawChanged, DrawRefused, Wanted, draw_marked, draw_sample, prospect, void_draw
from campaign.duties.duties import raise_tasks
from campaign.duties.outlook import Outlook, outlook
from campaign.duties.plans import wanting
from campaign.duties.shares import SHARES, DutyKind, own_types
from campaign.duties.standing import owed_kinds
from console.access import posts, signed_in
from console.desk import desk_of
from console.logged_acts import NOTHING
from console.remembered import Asking, remembered_of
from console.render import page
from console.spreadsheet import spreadsheet
from models import Draw, Duty
from models.plans import TypeFigures, events_by_state, figures_by_type, plans, stuck_events
from models.populations import (
    MemberFigures,
    duties_of,
    duty_years,
    members_in,
    members_of,
    members_of_duty,
    reviewed_and_drawn,
)
from models.voiding import tasks_begun
from models.wanting import Wanting, year_of
from rules import Post, ReviewType, RiskLevel, label_of
from rules.annex_a import SUITABILITY_SHARE, Line, YearlyShare, line_of
from rules.errors import BadPolicy
from rules.hours import SHANGHAI
from rules.sampling import ORDINARY_HIGH_RISK, R5_HOLDERS, STANDING_WORDS, Standing, key_of, percent

MOST_SHOWN = 20
EVENT_STATES = {"new": "待处理", "stuck": "还不能生成任务", "tasked": "已生成任务", "none": "不需要单独回访"}
BASES = {
    "buyers": "上年末购买产品或接受服务的客户",
    "served": "上年末经纪人、证券投资顾问名下的客户",
    "clients": "上年末客户",
}
YEARS = range(2000, 3000)
BLANK = dict.fromkeys(("kind", "seed", "share", "r5", "ordinary", "high_from"), "")  # the form of a draw

router = APIRouter()
SEES = posts(Post.MANAGER, Post.INSPECTOR)
DRAWS = posts(Post.MANAGER)


@dataclass(frozen=True, slots=True)
class Quota:
    """One yearly share, with its latest draw if there is one; `credited`: clients beside those who were drawn."""

    kind: DutyKind
    share: YearlyShare
    duty: Duty | None
    draws: Sequence[Draw]
    figures: MemberFigures
    credited: int = 0
    wanting: Wanting = Wanting()
    is_owed: bool = True  # False: there is nobody of whom it would be a share

    @property
    def latest(self) -> Draw | None:
        """The draw that stands."""
        return self.draws[-1] if self.draws else None


@router.get("/duties", dependencies=[SEES])
def show(request: Request, year: int = 0) -> Response:
    """Everything that is owed in a year."""
    if year and year not in YEARS:
        raise HTTPException(404)
    return _shown(request, year)


@router.post("/duties/draw", dependencies=[DRAWS])
def draw(
    request: Request,
    kind: Annotated[str, Form()],
    year: Annotated[int, Form()],
    seed: Annotated[str, Form()] = "",
    share: Annotated[str, Form()] = "",
    r5: Annotated[str, Form()] = "",
    ordinary: Annotated[str, Form()] = "",
    high_from: Annotated[str, Form()] = RiskLevel.R5.value,
    shown: Annotated[str, Form()] = "",
) -> Response:
    """Show what a draw of a yearly share would bring, or draw it; `shown` is the mark of what was shown."""
    if kind not in set(DutyKind) or high_from not in set(RiskLevel) or year not in YEARS:
        raise HTTPException(404)
    typed = {"seed": seed.strip()[:80], "share": share.strip(), "r5": r5.strip(), "ordinary": ordinary.strip()}
    raised = {one: typed[one] or _doubled(typed["share"]) for one in ("r5", "ordinary")}
    wanted = Wanted(DutyKind(kind), year, **typed | raised, high_from=RiskLevel(high_from))
    typed |= {"kind": kind, "high_from": high_from}
    try:
        if shown:
            try:
                return _drawn_once(request, wanted, shown)
            except DrawChanged as changed:
                return _asked(request, wanted, typed, trouble=str(changed))
        return _asked(request, wanted, typed)
    except DrawRefused as refused:
        return _shown(request, year, typed=typed, trouble=str(refused), status_code=422)


def _drawn_once(request: Request, wanted: Wanted, mark: str) -> Response:
    """Draw what was shown, or show what was drawn where that was confirmed before; raises DrawRefused."""
    desk = desk_of(request)
    with desk.database.write_long() as session:
        made = draw_marked(session, wanted, mark)
        if made is not None:
            request.state.made = NOTHING
        else:
            made = draw_sample(session, wanted, by=signed_in(request).number, now=desk.clock.now(), mark=mark)
        number = made.id
    remembered_of(request).forget()
    return RedirectResponse(f"/duties/draws/{number}", status_code=303)


def _asked(request: Request, wanted: Wanted, typed: Mapping[str, str], *, trouble: str = "") -> Response:
    """What would be drawn, to be confirmed once; raises DrawRefused."""
    desk = desk_of(request)
    with desk.database.read() as session:
        found = prospect(session, wanted, desk.clock.now())
        parameters = wanted.parameters()
        return page(
            request,
            "draw_asked.html",
            status_code=409 if trouble else 200,
            trouble=trouble,
            wanted=wanted,
            typed=typed,
            mark=found.mark,
            proof=found.proof,
            parameters=parameters,
            share=SHARES[wanted.kind],
            basis=BASES[parameters["basis"]],
            percent=_percent,
        )


def _doubled(share: str) -> str:
    """A raised share where nobody says otherwise: twice that of the others, since §5.1.6 d only asks for more."""
    try:
        others = percent(share or SUITABILITY_SHARE.percent)
    except BadPolicy:
        return ""
    return str(min(2 * others, Fraction(1)) * 100) if others <= 1 else ""


@router.get("/duties/draws/{draw_id}.csv", dependencies=[SEES])
def members(request: Request, draw_id: int) -> Response:
    """Who was drawn and who is credited, by client number, each with the key by which anybody can repeat the draw."""
    with desk_of(request).database.read() as session:
        made = session.get(Draw, draw_id)
        if made is None:
            raise HTTPException(404)
        name = f"{made.duty.year}年{SHARES[DutyKind(made.duty.kind)].name}抽取名单{made.id}"
        rows = [
            [
                one.number,
                "合并计入" if one.credited else "抽中",
                key_of(made.seed, one.number).hex(),
                one.task,
                label_of(ReviewType(one.review_type)) if one.review_type else "",
                one.status or "还没有任务",
            ]
            for one in members_in(session, draw_id)
        ]
    return spreadsheet(request, name, ("客户号", "抽取结果", "键", "任务号", "回访类型", "登记状态"), rows)


@router.get("/duties/draws/{draw_id}", dependencies=[SEES])
def proof(request: Request, draw_id: int) -> Response:
    """How a draw came about, and how far its clients have come."""
    return _proof_page(request, draw_id)


def _proof_page(request: Request, draw_id: int, *, trouble: str = "", status_code: int = 200) -> Response:
    with desk_of(request).database.read() as session:
        made = session.get(Draw, draw_id)
        if made is None:
            raise HTTPException(404)
        kind = DutyKind(made.duty.kind)
        return page(
            request,
            "draw.html",
            status_code=status_code,
            trouble=trouble,
            draw=made,
            duty=made.duty,
            share=SHARES[kind],
            basis=BASES[made.parameters["basis"]],
            percent=_percent,
            figures=members_of(session, made.id),
            wanting=wanting(session, made),
            begun=tasks_begun(session, made.id),
            unraised=_unraised(made),
        )


@router.post("/duties/draws/{draw_id}/void", dependencies=[DRAWS])
def take_back(request: Request, draw_id: int, why: Annotated[str, Form()] = "") -> Response:
    """Take back a draw that was made by mistake."""
    desk = desk_of(request)
    try:
        with desk.database.write() as session:
            made = session.get(Draw, draw_id)
            if made is None:
                raise HTTPException(404)
            void_draw(session, made, by=signed_in(request).number, why=why, now=desk.clock.now())
    except DrawRefused as refused:
        return _proof_page(request, draw_id, trouble=str(refused), status_code=422)
    remembered_of(request).forget()
    return RedirectResponse(f"/duties/draws/{draw_id}", status_code=303)


def _unraised(made: Draw) -> tuple[str, ...]:
    """The strata of buyers whose share ought to be raised (§5.1.5, §5.1.6 d) and was not."""
    if DutyKind(made.duty.kind) is not DutyKind.SUITABILITY:
        return ()
    raised, share = made.parameters["raised"], Fraction(made.parameters["share"])
    return tuple(one for one in (R5_HOLDERS, ORDINARY_HIGH_RISK) if share < 1 and Fraction(raised.get(one, 0)) <= share)


@router.post("/duties/raise", dependencies=[DRAWS])
def deal_with_events(request: Request) -> Response:
    """Try the open events again."""
    desk = desk_of(request)
    with desk.database.write_long() as session:
        done = raise_tasks(session, desk.clock.now(), calendar=desk.calendar)
    remembered_of(request).forget()
    return _shown(request, 0, done=done.summary() or "没有待处理的业务事件。")


def _shown(
    request: Request,
    year: int,
    *,
    typed: Mapping[str, str] | None = None,
    trouble: str = "",
    done: str = "",
    status_code: int = 200,
) -> Response:
    desk = desk_of(request)
    now = desk.clock.now()
    this_year = now.astimezone(SHANGHAI).year
    year, asked = year or this_year, Asking(request)
    states = asked("events", events_by_state, keep_fresh=True)

    def ahead(fresh: Session) -> Outlook:
        return outlook(fresh, desk.clock.now(), desk.hours, desk.line_room)

    with desk.database.read() as session:
        values: dict[str, Any] = {
            "year": year,
            "years": sorted({this_year, year, *duty_years(session)}, reverse=True),
            "quotas": _quotas(session, year, asked),
            "may_draw": year <= this_year,
            "typed": typed or BLANK,
            "blank": BLANK,
            "bases": BASES,
            "percent": _percent,
            "types": asked.soon("types", lambda fresh: _types(fresh, desk.clock.now(), year), year),
            "outlook": asked.soon("outlook", ahead, keep_fresh=True),
            "events": [(EVENT_STATES[state], count) for state, count in sorted(states.items())],
            "stuck": stuck_events(session, MOST_SHOWN),
            "plans": plans(session)[:MOST_SHOWN],
            "trouble": trouble,
            "done": done,
        }
        return page(request, "duties.html", status_code=status_code, **values)


def _types(session: Session, now: datetime, year: int) -> list[tuple[Line, TypeFigures]]:
    """Every type of table A.1 with how it stands."""
    figures = figures_by_type(session, now, *year_of(year))
    return [(line_of(one), figures.get(one.value, TypeFigures())) for one in ReviewType]


def _quotas(session: Session, year: int, asked: Asking) -> list[Quota]:
    known = {duty.kind: duty for duty in duties_of(session, year)}
    owed = asked("owed_kinds", owed_kinds, keep_fresh=True)
    quotas = []
    for kind, share in SHARES.items():
        duty, is_owed = known.get(kind.value), kind in owed
        if duty is None or not duty.standing:
            quotas.append(Quota(kind, share, duty, (), MemberFigures(), is_owed=is_owed))
            continue
        asked_of = asked("quota", partial(_drawn, duty_id=duty.id), duty.id)
        quotas.append(Quota(kind, share, duty, duty.standing, *asked_of, is_owed=is_owed))
    return quotas


def _drawn(session: Session, duty_id: int) -> tuple[MemberFigures, int, Wanting]:
    """Of a duty's draws: every client once, those credited beside them, and for whom tasks are to be made."""
    duty = session.get_one(Duty, duty_id)
    kind, proof = DutyKind(duty.kind), duty.standing[-1].proof
    still_drawn = proof["standings"].get(STANDING_WORDS[Standing.DRAWN], 0)
    counted = still_drawn + reviewed_and_drawn(session, duty, own_types(kind))
    each = [wanting(session, one) for one in duty.standing]
    together = Wanting(sum(one.drawn for one in each), sum(one.credited for one in each))
    return members_of_duty(session, duty_id), max(0, proof["credited"] - counted) + proof["beside"], together


def _percent(share: str) -> str:
    """A share as it is stored, in percent."""
    value = Fraction(share) * 100
    return f"{int(value)}%" if value.denominator == 1 else f"{float(value):.2f}%"
