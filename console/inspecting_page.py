"""The inspectors' queue (质检队列): what waits and why, taking it, and the rules by which calls come in."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel

from campaign.masking import mask_name
from console.access import posts, signed_in
from console.desk import Desk, desk_of
from console.logged_acts import NOTHING
from console.render import PAGE_SIZE, page
from console.spreadsheet import MOST_ROWS, spreadsheet
from console.words import review_word, zh_time
from models import Inspection, TakenByAnother
from models.audit import note
from models.calls import call
from models.inspecting import (
    QueueFilter,
    Round,
    Standing,
    ask_for,
    change_rule,
    give_back,
    inspection,
    next_open,
    not_taken_in,
    queue,
    rule_book,
    rule_changes,
    take,
    take_in,
    waiting_by_reason,
)
from models.inspecting_scores import lay_out_cards
from rules import Post
from rules.errors import BadPolicy
from rules.inspecting import REASON_WORDS, RULED, Reason, rule_of, written

INSPECTS = posts(Post.INSPECTOR)
SEES = posts(Post.INSPECTOR, Post.MANAGER)
STANDING_WORDS = {
    Standing.OPEN: "待领取",
    Standing.MINE: "我领取的",
    Standing.TAKEN: "已领取",
    Standing.LATE: "已逾期",
    Standing.DONE: "已完成",
    Standing.ALL: "全部",
}
ROUND_WORDS = {Round.FIRST: "初检", Round.SECOND: "复核", Round.CALIBRATION: "校准"}
GONE = "这通电话刚刚被别人领取，或者不能由您质检（您的通话，或您已经评过）。"
_TAKEN_IN_AT_ONCE, _TAKING_IN_SECONDS = 100, 1.0

router = APIRouter()


class QueueQuery(BaseModel):
    """The filters in the address of the queue; a value that means nothing narrows nothing."""

    standing: str = Standing.OPEN.value
    reason: str = ""
    round: str = ""
    page_no: int = 1

    def narrowed(self, staff_id: int) -> QueueFilter:
        """The filter for the database."""
        return QueueFilter(
            staff_id,
            Standing(self.standing) if self.standing in set(Standing) else Standing.OPEN,
            self.reason if self.reason in set(Reason) else "",
            self.round if self.round in set(Round) else "",
        )


def catch_up(desk: Desk) -> int:
    """Judge the calls that have ended since, for about a second; how many are left."""
    until = time.monotonic() + _TAKING_IN_SECONDS
    with desk.database.read() as session:
        left = not_taken_in(session)
    while left and time.monotonic() < until:
        with desk.database.write() as session:
            taken = take_in(session, desk.clock.now(), _TAKEN_IN_AT_ONCE)
        if not taken:  # another process judges them
            break
        left = max(0, left - taken)
    return left


@router.get("/inspections", dependencies=[SEES])
def list_inspections(request: Request, query: Annotated[QueueQuery, Query()]) -> Response:
    """What waits to be inspected, the soonest due first."""
    return queue_page(request, query)


def queue_page(request: Request, query: QueueQuery, *, fault: str = "") -> Response:
    """The queue, and what was wrong with what somebody wanted of it."""
    desk, me = desk_of(request), signed_in(request)
    left, now = catch_up(desk), desk.clock.now()
    with desk.database.read() as session:
        wanted = query.narrowed(me.staff_id)
        found = queue(session, wanted, now, page=max(1, query.page_no), size=PAGE_SIZE)
        return page(
            request,
            "inspections.html",
            status_code=409 if fault else 200,
            found=found,
            query=query,
            wanted=wanted,
            left=left,
            fault=fault,
            waiting_for=waiting_by_reason(session, now),
            reasons=REASON_WORDS,
            standings=STANDING_WORDS,
            rounds=ROUND_WORDS,
            inspects=me.holds(Post.INSPECTOR),
        )


@router.get("/inspections.csv", dependencies=[SEES])
def export(request: Request, query: Annotated[QueueQuery, Query()]) -> Response:
    """The queue as it is narrowed, as a spreadsheet, masked."""
    desk, me = desk_of(request), signed_in(request)
    with desk.database.read() as session:
        wanted = query.narrowed(me.staff_id)
        rows = queue(session, wanted, desk.clock.now(), page=1, size=MOST_ROWS).items
        return spreadsheet(request, "质检队列", HEAD, map(_line, rows))


HEAD = ("通话", "时间", "客户", "回访类型", "原因", "轮次", "期限", "领取", "完成", "得分")


def _line(row: Inspection) -> tuple[str, ...]:
    attempt = row.attempt
    return (
        attempt.call_id,
        zh_time(attempt.started_at),
        mask_name(attempt.task.customer.name),
        "、".join(review_word(one.task.review_type) for one in attempt.served),
        "；".join(REASON_WORDS[Reason(reason)] for reason in row.reasons),
        ROUND_WORDS[Round(row.round)],
        zh_time(row.due_at),
        row.taken_by.name if row.taken_by else "",
        zh_time(row.done_at) if row.done_at else "",
        f"{row.score.tenths / 10:.1f}" if row.score else "",
    )


@router.post("/inspections/take-in", dependencies=[SEES])
def go_on_taking_in(request: Request) -> Response:
    """Judge more calls that have ended; how many are left."""
    return JSONResponse({"left": catch_up(desk_of(request))})


@router.post("/inspections/next", dependencies=[INSPECTS])
def take_next(request: Request, reason: Annotated[str, Form()] = "") -> Response:
    """Take the inspection that is due soonest."""
    desk, me = desk_of(request), signed_in(request)
    catch_up(desk)
    for _ in range(5):  # others take what was found meanwhile
        with desk.database.read() as session:
            id_ = next_open(session, me.staff_id, reason if reason in set(Reason) else "")
        if id_ is None:
            return queue_page(request, QueueQuery(reason=reason), fault="这个队列里没有可以领取的通话。")
        answer = _taken(request, id_)
        if answer is not None:
            return answer
    return queue_page(request, QueueQuery(reason=reason), fault=GONE)


@router.post("/inspections/{id_}/take", dependencies=[INSPECTS])
def take_one(request: Request, id_: int) -> Response:
    """Take one inspection; of two who try, one gets it."""
    return _taken(request, id_) or queue_page(request, QueueQuery(), fault=GONE)


def _taken(request: Request, id_: int) -> Response | None:
    desk, me = desk_of(request), signed_in(request)
    try:
        with desk.database.write() as session:
            take(session, id_, me.staff_id, desk.clock.now())
            lay_out_cards(session, desk.clock.now())
            found = inspection(session, id_)
    except TakenByAnother:
        return None
    return RedirectResponse(f"/calls/{found.attempt.call_id}#scoring", status_code=303) if found else None


@router.post("/inspections/{id_}/give-back", dependencies=[INSPECTS])
def put_back(request: Request, id_: int) -> Response:
    """Put an inspection back into the queue."""
    with desk_of(request).database.write() as session:
        given_back = give_back(session, id_, signed_in(request).staff_id)
    if not given_back:
        return queue_page(request, QueueQuery(), fault="这项质检不在您手上，或者不能退回。")
    return RedirectResponse("/inspections", status_code=303)


@router.post("/calls/{call_id}/inspect", dependencies=[INSPECTS])
def inspect_by_hand(request: Request, call_id: str) -> Response:
    """Put a call into the queue that no rule has chosen, and take it."""
    desk = desk_of(request)
    now = desk.clock.now()
    with desk.database.write() as session:
        attempt = call(session, call_id)
        if attempt is None or attempt.ended_at is None:
            raise HTTPException(404)
        due_at = rule_book(session, now).due_at((Reason.DRAWN,), now)
        found, was_there = ask_for(session, attempt.id, now, due_at)
        id_ = found.id
    if was_there:
        request.state.made = NOTHING
    return take_one(request, id_)


@router.get("/inspections/rules", dependencies=[SEES])
def show_rules(request: Request) -> Response:
    """By what rules calls come into the queues, and how they were changed."""
    return _rules(request)


def _rules(request: Request, fault: str = "") -> Response:
    desk = desk_of(request)
    with desk.database.read() as session:
        return page(
            request,
            "inspection_rules.html",
            status_code=422 if fault else 200,
            book=rule_book(session, desk.clock.now()),
            changes=rule_changes(session),
            ruled=RULED,
            reasons=REASON_WORDS,
            written=written,
            fault=fault,
            reason_of=Reason,
        )


@router.post("/inspections/rules/{reason}", dependencies=[SEES])
def alter_rule(
    request: Request, reason: str, percent: Annotated[str, Form(max_length=8)] = "", days: Annotated[int, Form()] = 0
) -> Response:
    """Let another share or time count for calls that end from now on."""
    if reason not in RULED:
        raise HTTPException(404)
    desk = desk_of(request)
    try:
        rule = rule_of(percent, days)
    except BadPolicy as error:
        return _rules(request, str(error))
    with desk.database.write() as session:
        change_rule(session, Reason(reason), rule, signed_in(request).staff_id, desk.clock.now())
        note(session, signed_in(request).staff_id, "修改质检规则", reason, f"{percent}%，{days}天")
    return RedirectResponse("/inspections/rules", status_code=303)
