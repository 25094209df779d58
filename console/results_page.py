"""What inspection found: results per script and agent, open appeals, and calibration between inspectors (校准)."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from console.access import signed_in
from console.desk import desk_of
from console.filter_times import day_of
from console.inspecting_page import SEES
from console.render import PAGE_SIZE, page
from console.scoring_page import EVERYBODY_SCORED
from console.spreadsheet import MOST_ROWS, spreadsheet
from console.words import zh_time
from models import Calibration, Score
from models.calls import call
from models.inspecting_results import Span, by_agent, by_script, calibrate, calibrations, inspectors, scores
from models.inspecting_scores import card_of, cards_in_use, lay_out_cards, open_appeals
from rules import Post
from rules.scorecards import Agreement, Mark, agreement_of

MOST_CALLS, MOST_NAME, CALIBRATION_DAYS = 10, 40, 7
_HEAD = ("通话", "评分时间", "评分表", "版本", "话术", "被评人", "工号", "得分", "合格", "一票否决", "质检员")

router = APIRouter()


class ResultQuery(BaseModel):
    """The filters in the address of the results."""

    since: str = ""
    until: str = ""
    script: str = ""
    agent: str = ""
    page_no: int = 1

    @property
    def span(self) -> Span:
        """The stretch of time, whole days in Shanghai."""
        until = day_of(self.until)
        return Span(day_of(self.since), until + timedelta(days=1) if until else None)


def _whose(request: Request, query: ResultQuery) -> str:
    """Whose scores are shown: whoever does not inspect sees their own only, who trains or keeps the bot its too."""
    me = signed_in(request)
    return query.agent if me.holds(Post.INSPECTOR, Post.MANAGER) else me.number


@router.get("/results", dependencies=[EVERYBODY_SCORED])
def results(request: Request, query: Annotated[ResultQuery, Query()]) -> Response:
    """Results per script and per agent in a stretch of time, and the scores behind them."""
    sees_all = signed_in(request).holds(Post.INSPECTOR, Post.MANAGER)
    with desk_of(request).database.read() as session:
        found = scores(
            session,
            query.span,
            script=query.script,
            agent=_whose(request, query),
            bot=not sees_all and signed_in(request).holds(Post.TRAINER, Post.OPERATOR),
            page=max(1, query.page_no),
            size=PAGE_SIZE,
        )
        return page(
            request,
            "results.html",
            found=found,
            query=query,
            sees_all=sees_all,
            scripts=by_script(session, query.span) if sees_all else [],
            agents=by_agent(session, query.span) if sees_all else [],
            appeals=open_appeals(session) if signed_in(request).holds(Post.MANAGER) else [],
        )


@router.get("/results.csv", dependencies=[SEES])
def export(request: Request, query: Annotated[ResultQuery, Query()]) -> Response:
    """The scores as they are narrowed, as a spreadsheet."""
    with desk_of(request).database.read() as session:
        found = scores(session, query.span, script=query.script, agent=query.agent, page=1, size=MOST_ROWS).items
        return spreadsheet(request, "质检结果", _HEAD, map(_line, found))


def _line(one: Score) -> tuple[str, ...]:
    return (
        one.attempt.call_id,
        zh_time(one.scored_at),
        one.scorecard.name,
        str(one.scorecard.version),
        one.script,
        one.agent.name if one.agent else "智能语音",
        one.agent.number if one.agent else "",
        f"{one.tenths / 10:.1f}",
        "是" if one.passed else "否",
        "是" if one.fatal else "",
        one.staff.name,
    )


@router.get("/calibrations", dependencies=[SEES])
def list_calibrations(request: Request) -> Response:
    """The calibrations and how far the inspectors agree."""
    return _calibrations(request)


def _calibrations(request: Request, fault: str = "") -> Response:
    desk = desk_of(request)
    with desk.database.write() as session:
        lay_out_cards(session, desk.clock.now())
        made = calibrations(session)
        return page(
            request,
            "calibrations.html",
            status_code=422 if fault else 200,
            fault=fault,
            made=[(one, _finished(one), _agreement(one)) for one in made],
            cards=cards_in_use(session),
            people=inspectors(session),
            most=MOST_CALLS,
            most_name=MOST_NAME,
        )


def _finished(one: Calibration) -> bool:
    return all(each.done_at is not None for each in one.inspections)


def _agreement(one: Calibration) -> Agreement | None:
    """The agreement, once everybody is done: before, nobody learns of the others' marks."""
    if not _finished(one):
        return None
    by_call: defaultdict[int, list[dict[str, Mark]]] = defaultdict(list)
    for each in one.inspections:
        if each.score is not None:
            by_call[each.attempt_id].append({item: Mark(mark) for item, mark in each.score.marks.items()})
    return agreement_of(card_of(one.scorecard), list(by_call.values()))


@router.post("/calibrations", dependencies=[SEES])
def begin(
    request: Request,
    name: Annotated[str, Form()] = "",
    call_ids: Annotated[str, Form(max_length=1000)] = "",
    card: Annotated[int, Form()] = 0,
    who: Annotated[tuple[int, ...], Form()] = (),
) -> Response:
    """Have the same calls scored by several inspectors who do not see each other."""
    desk, me, wanted = desk_of(request), signed_in(request), list(dict.fromkeys(call_ids.split()))
    now = desk.clock.now()
    with desk.database.write() as session:
        found = [attempt for id_ in wanted[:MOST_CALLS] if (attempt := call(session, id_)) and attempt.ended_at]
        known = {one.id for one in inspectors(session)}
        if not 1 <= len(name.strip()) <= MOST_NAME:
            fault = f"名称请写1到{MOST_NAME}字"
        elif not wanted or len(wanted) > MOST_CALLS or len(found) != len(wanted):
            fault = f"请写1到{MOST_CALLS}个已结束的通话编号，用空格隔开"
        elif len(set(who)) < 2 or not set(who) <= known:
            fault = "请至少选两名质检员"
        elif card not in {one.id for one in cards_in_use(session)}:
            fault = "请选择评分表"
        else:
            due_at = now + timedelta(days=CALIBRATION_DAYS)
            ids = [attempt.id for attempt in found]
            calibrate(session, name.strip(), card, ids, sorted(set(who)), (me.staff_id, now), due_at)
            fault = ""
    return _calibrations(request, fault) if fault else RedirectResponse("/calibrations", status_code=303)
