"""Campaigns (回访方案) as they run: the list, one with its tasks, and what a manager changes while calls are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.other_ways.inviting import why_no_form
from campaign.running.opening_hours import hours_from, hours_to
from console.access import posts, signed_in
from console.desk import desk_of
from console.remembered import Asking, remembered_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import MOST_ROWS, spreadsheet
from console.words import CAMPAIGN_STATES, zh_time
from models import Campaign, CampaignStopped, ReviewTask
from models.calls import Page, figures_of
from models.control import set_hours
from models.managing import (
    ACT_WORDS,
    CampaignAct,
    CampaignFilter,
    Progress,
    TaskFilter,
    campaign_list,
    campaign_tasks,
    change_campaign,
    changes_of,
    count_tasks,
    names_of,
    open_tasks_of,
    progress_of,
    record_change,
    set_pace,
)
from rules import BadPolicy, Post
from rules.hours_text import EXAMPLE, parse_hours, written_hours

MOST_LINES = 2000
MOST_PER_HOUR = 500_000

router = APIRouter(prefix="/campaigns")
SEES = posts(Post.MANAGER, Post.INSPECTOR, Post.OPERATOR)
CONTROLS = posts(Post.MANAGER)
Reason = Annotated[str, Form(max_length=2000)]


class ListQuery(BaseModel):
    """The filters in the address of the list."""

    q: str = ""
    state: str = ""
    page_no: int = 1

    def narrowed(self) -> CampaignFilter:
        """The filter for the database."""
        return CampaignFilter(self.q.strip(), self.state if self.state in CAMPAIGN_STATES else "")


@router.get("", dependencies=[SEES])
def show_list(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """Every campaign, the latest first, each with how far it has come."""
    desk = desk_of(request)
    with desk.database.read() as session:
        found = campaign_list(session, query.narrowed(), page=max(1, query.page_no), size=PAGE_SIZE)
        progress = _progress(request, [one.id for one in found.items])
        return page(
            request, "campaigns.html", found=found, progress=progress, nothing=Progress(), query=query,
            states=CAMPAIGN_STATES,
        )  # fmt: skip


@router.get(".csv", dependencies=[SEES])
def export(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The same as a spreadsheet."""
    with desk_of(request).database.read() as session:
        found = campaign_list(session, query.narrowed(), page=1, size=MOST_ROWS)
        progress = _progress(request, [one.id for one in found.items])
        rows = [_row(one, progress.get(one.id, Progress())) for one in found.items]
    heads = ("方案", "建立时间", "状态", "任务", "待拨打", "已完成", "已回访", "转人工")
    return spreadsheet(request, "回访方案", heads, rows)


def _row(one: Campaign, of: Progress) -> list[str]:
    counts = map(str, (of.tasks, of.waiting, of.final, of.reviewed, of.with_human))
    return [one.name, zh_time(one.created_at), CAMPAIGN_STATES[one.state], *counts]


def _progress(request: Request, campaigns: Sequence[int]) -> dict[int, Progress]:
    return Asking(request)("progress", partial(progress_of, campaigns=campaigns), *campaigns)


@router.get("/{campaign_id}", dependencies=[SEES])
def show(request: Request, campaign_id: int, status: str = "", q: str = "", page_no: int = 1) -> Response:
    """One campaign: its figures, the calls on the line, its tasks, and its controls."""
    return _shown(request, campaign_id, status=status, q=q.strip(), page_no=max(1, page_no))


@router.post("/{campaign_id}/act", dependencies=[CONTROLS])
def act(
    request: Request,
    campaign_id: int,
    doing: Annotated[str, Form()],
    why: Reason = "",
    confirmed: Annotated[str, Form()] = "",
    open_tasks: Annotated[str, Form()] = "keep",
) -> Response:
    """Pause, resume or stop a campaign; a pause and a stop with the reason, a stop confirmed."""
    desk = desk_of(request)
    if doing not in ("pause", "resume", "stop"):
        raise HTTPException(404)
    wanted, why = CampaignAct(doing), why.strip()
    if wanted is not CampaignAct.RESUME and not why:
        return _shown(request, campaign_id, fault=f"{ACT_WORDS[wanted]}要写明原因。")
    if wanted is CampaignAct.STOP and not confirmed:
        return _shown(request, campaign_id, fault="停止以后不能再继续。请勾选“我已了解”后再停止。")
    try:
        with desk.database.write() as session:
            _known(session, campaign_id)
            by, to_people = signed_in(request).number, open_tasks == "people"
            change_campaign(session, campaign_id, wanted, by=by, why=why, at=desk.clock.now(), to_people=to_people)
    except CampaignStopped:
        return _shown(request, campaign_id, fault="这个方案已经停止，不能再改动。需要时请制定新的方案。")
    return _back(request, campaign_id)


@router.post("/{campaign_id}/hours", dependencies=[CONTROLS])
def change_hours(
    request: Request, campaign_id: int, hours: Annotated[str, Form(max_length=2000)] = "", why: Reason = ""
) -> Response:
    """Give a campaign its own calling hours; an empty text: the firm's again."""
    desk = desk_of(request)
    typed = {"hours": hours, "why": why}
    if not why.strip():
        return _shown(request, campaign_id, fault="修改拨打时间要写明原因。", typed=typed)
    try:
        wanted = parse_hours(hours) if hours.strip() else None
    except BadPolicy as error:
        return _shown(request, campaign_id, fault=f"{error}", typed=typed)
    with desk.database.write() as session:
        one = _changeable(session, campaign_id)
        if one is None:
            return _shown(request, campaign_id, fault="这个方案已经停止，不能再改动。", typed=typed)
        before = written_hours(hours_from(one.hours, desk.hours)) if one.hours else ""
        set_hours(session, campaign_id, hours_to(wanted) if wanted else None)
        details = {"before": before, "after": written_hours(wanted) if wanted else ""}
        _record(request, session, campaign_id, CampaignAct.HOURS, why, details)
    return _back(request, campaign_id)


@router.post("/{campaign_id}/pace", dependencies=[CONTROLS])
def change_pace(
    request: Request,
    campaign_id: int,
    lines: Annotated[str, Form(max_length=20)] = "",
    calls_per_hour: Annotated[str, Form(max_length=20)] = "",
    why: Reason = "",
) -> Response:
    """Bound a campaign's calls at once and its new calls an hour; empty: as much as the lines carry."""
    typed = {"lines": lines, "calls_per_hour": calls_per_hour, "why": why}
    bounds, faults = {}, [] if why.strip() else ["修改线路和速度要写明原因"]
    for name, text, word, most in (
        ("lines", lines, "同时通话", MOST_LINES),
        ("calls_per_hour", calls_per_hour, "每小时拨打", MOST_PER_HOUR),
    ):
        try:
            bounds[name] = _bound(text, word, most)
        except ValueError as error:
            faults.append(str(error))
    if faults:
        return _shown(request, campaign_id, fault="；".join(faults) + "。", typed=typed)
    with desk_of(request).database.write() as session:
        one = _changeable(session, campaign_id)
        if one is None:
            return _shown(request, campaign_id, fault="这个方案已经停止，不能再改动。", typed=typed)
        before = _pace_words(one.lines, one.calls_per_hour)
        set_pace(session, campaign_id, bounds["lines"], bounds["calls_per_hour"])
        details = {"before": before, "after": _pace_words(bounds["lines"], bounds["calls_per_hour"])}
        _record(request, session, campaign_id, CampaignAct.PACE, why, details)
    return _back(request, campaign_id)


def _bound(text: str, word: str, most: int) -> int | None:
    """A bound as typed; None: none. Raises ValueError in the words of the page."""
    text = text.strip()
    if not text:
        return None
    if not (text.isdecimal() and 1 <= int(text) <= most):
        raise ValueError(f"{word}“{text[:20]}”不能用，请填1至{most}的整数，或留空表示不限")
    return int(text)


def _pace_words(lines: int | None, calls_per_hour: int | None) -> str:
    most = f"同时{lines}通" if lines is not None else "同时通话不限"
    return f"{most}，每小时{calls_per_hour}次" if calls_per_hour is not None else f"{most}，每小时次数不限"


def _record(
    request: Request, session: Session, campaign_id: int, act: CampaignAct, why: str, details: dict[str, Any]
) -> None:
    by, at = signed_in(request).number, desk_of(request).clock.now()
    record_change(session, campaign_id, act, by=by, why=why.strip(), at=at, details=details)


def _known(session: Session, campaign_id: int) -> Campaign:
    found = session.get(Campaign, campaign_id)
    if found is None:
        raise HTTPException(404)
    return found


def _changeable(session: Session, campaign_id: int) -> Campaign | None:
    found = _known(session, campaign_id)
    return None if found.state == "stopped" else found


def _back(request: Request, campaign_id: int) -> Response:
    remembered_of(request).forget()
    return RedirectResponse(f"/campaigns/{campaign_id}", status_code=303)


def _shown(
    request: Request,
    campaign_id: int,
    *,
    status: str = "",
    q: str = "",
    page_no: int = 1,
    fault: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    desk, asked, wanted = desk_of(request), Asking(request), TaskFilter(campaign_id, status, q)
    total = asked("tasks", partial(count_tasks, wanted=wanted), wanted)
    still_open = asked("open", partial(open_tasks_of, campaign_id=campaign_id), campaign_id)
    figures = asked("figures", partial(figures_of, campaign_id=campaign_id), campaign_id)
    with desk.database.read() as session:
        one = _known(session, campaign_id)
        listed: Sequence[ReviewTask] = campaign_tasks(session, wanted, page=page_no, size=PAGE_SIZE)
        trail = changes_of(session, campaign_id)
        own = written_hours(hours_from(one.hours, desk.hours)) if one.hours else ""
        pace = {"lines": str(one.lines or ""), "calls_per_hour": str(one.calls_per_hour or "")}
        return page(
            request,
            "campaign.html",
            status_code=422 if fault else 200,
            campaign=one,
            figures=figures,
            tasks=Page(listed, total, page_no, PAGE_SIZE),
            query={"status": status, "q": q},
            live=desk.feed.calls(),
            no_form={task.id: why_no_form(task, desk.forms, desk.clock.now()) for task in listed},
            open=still_open,
            trail=trail,
            names=names_of(session, [each.by for each in trail]),
            act_words={act.value: word for act, word in ACT_WORDS.items()},
            pace_words=_pace_words(one.lines, one.calls_per_hour),
            firm_hours=written_hours(desk.hours),
            own_hours=own,
            example=EXAMPLE,
            typed={"hours": own, "why": ""} | pace | dict(typed or {}),
            fault=fault,
        )
