"""Calls: the list with its filters, and one call with transcript, recording, answers, flags, evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from time import monotonic
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.calls.line_quality import UNMEASURED, heard_here, heard_there, judged
from campaign.calls.replaying import record_of
from campaign.exporting import results_csv
from campaign.masking import mask_name, mask_phone
from campaign.other_ways.correcting import STATUSES
from console.access import posts, signed_in
from console.afterwards import afterwards
from console.desk import desk_of
from console.filter_times import instant_of
from console.inspecting_page import catch_up
from console.remembered import Asking
from console.render import PAGE_SIZE, page
from console.scoring_card import scoring_of
from console.spreadsheet import MOST_ROWS, spreadsheet
from console.transcript import transcript_of
from console.words import (
    masked_words,
    method_word,
    outcome_word,
    review_word,
    risk_word,
    sheet_time,
    zh_length,
)
from models import Attempt
from models.audit import Act, note, note_once
from models.calls import CallFilter, Page, call, calls, count_calls
from models.inspecting import comments_of
from models.inspecting_search import LEAST_PHRASE, Said, calls_saying, spoken_form
from rules import APPENDIX_F, Outcome, Post, ReviewType, Risk
from telephony.errors import RecordingUnreadable
from telephony.peaks import STRETCH_MS

router = APIRouter()
READS = posts(*Post)  # masked
EXPORTS = posts(Post.MANAGER, Post.INSPECTOR, Post.OPERATOR)
# A voice says names and numbers aloud: only who reviews, judges or supervises listens.
MAY_LISTEN = (Post.MANAGER, Post.INSPECTOR, Post.AGENT)
LISTENS = posts(*MAY_LISTEN)


ANSWERED = {"yes": "肯定", "no": "否定", "unsure": "不确定"}
SEARCH_SECONDS, EXPORT_SECONDS = 1.5, 20.0
FOUND_HEAD = tuple("通话 时间 方式 客户号 客户 号码 回访类型 任务 结果 登记状态 通话时长 风险 线路".split())
# What a task may be left as after a call, the temporary ones last.
LEFT_AS = tuple(dict.fromkeys((*STATUSES, *(row.temporary_status for row in APPENDIX_F))))


class ListQuery(BaseModel):
    """The filters in the address of the list; a value that means nothing narrows nothing."""

    q: str = ""
    review_type: str = ""
    outcome: str = ""
    campaign: int = 0
    risky: str = ""
    since: str = ""
    until: str = ""
    line: str = ""
    status: str = ""
    risk: str = ""
    question: str = ""
    answer: str = ""
    phrase: str = ""  # said by the client
    after: int = 0  # the call after which the search for a phrase goes on
    page_no: int = 1

    def narrowed(self) -> CallFilter:
        """The filter for the database."""
        until = instant_of(self.until)
        whole_day = until is not None and "T" not in self.until
        return CallFilter(
            text=self.q.strip(),
            review_type=self.review_type if self.review_type in set(ReviewType) else "",
            outcome=self.outcome if self.outcome in set(Outcome) else "",
            campaign_id=self.campaign,
            risky=bool(self.risky),
            since=instant_of(self.since),
            until=until + timedelta(days=1) if until and whole_day else until,
            line=self.line.strip(),
            status=self.status,
            risk=self.risk if self.risk in set(Risk) else "",
            question=self.question.strip(),
            answer=self.answer if self.answer in ANSWERED else "",
        )


@router.get("/calls", dependencies=[READS])
def list_calls(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """All calls, the latest first, with filters in the address."""
    desk, fault = desk_of(request), ""
    saying = spoken_form(query.phrase)
    if query.phrase and len(saying) < LEAST_PHRASE:
        saying, fault = "", f"按说过的话查找，请至少写{LEAST_PHRASE}个字。"
    left = catch_up(desk) if saying else 0
    with desk.database.read() as session:
        said = _saying(session, query) if saying else None
        found = None if said else _found(request, session, query)
        return page(
            request,
            "calls.html",
            calls=found,
            said=said,
            left=left,
            fault=fault,
            query=query,
            review_types=list(ReviewType),
            outcomes=list(Outcome),
            statuses=LEFT_AS,
            risks=list(Risk),
            questions={node: words for node, words in desk.questions.items() if words.endswith("？")},
            answered=ANSWERED,
        )


def _found(request: Request, session: Session, query: ListQuery) -> Page[Attempt]:
    wanted, number = query.narrowed(), max(1, query.page_no)
    listed = calls(session, wanted, page=number, size=PAGE_SIZE)
    unfiltered = wanted == CallFilter()
    total = Asking(request)("calls", lambda fresh: count_calls(fresh, wanted), wanted, keep_fresh=unfiltered)
    return Page(listed, total, number, PAGE_SIZE)


def _saying(session: Session, query: ListQuery, most: int = PAGE_SIZE, seconds: float = SEARCH_SECONDS) -> Said:
    until = monotonic() + seconds
    return calls_saying(
        session, query.narrowed(), query.phrase, query.after, most=most, stop=lambda: monotonic() >= until
    )


@router.get("/calls/found.csv", dependencies=[EXPORTS])
def export_found(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The calls that the filters leave (at most 10,000, the latest first), as a spreadsheet, masked."""
    with desk_of(request).database.read() as session:
        if len(spoken_form(query.phrase)) >= LEAST_PHRASE:
            found = _saying(session, query, MOST_ROWS, EXPORT_SECONDS).items
        else:
            found = calls(session, query.narrowed(), page=1, size=MOST_ROWS)
        return spreadsheet(request, "通话记录", FOUND_HEAD, map(_found_line, found))


def _found_line(attempt: Attempt) -> tuple[str, ...]:
    client = attempt.task.customer
    return (
        attempt.call_id,
        sheet_time(attempt.started_at),
        method_word(attempt.method),
        client.number,
        mask_name(client.name),
        mask_phone(attempt.dialled),
        "、".join(review_word(one.task.review_type) for one in attempt.served),
        "、".join(one.task.number for one in attempt.served),
        outcome_word(attempt.outcome),
        attempt.status,
        zh_length(attempt.talk_ms),
        "、".join(risk_word(flag.risk) for flag in attempt.raised),
        attempt.line,
    )


@router.get("/calls.csv", dependencies=[EXPORTS])
def export(request: Request) -> Response:
    """The results of all tasks as a spreadsheet, masked."""
    with desk_of(request).database.write() as session:
        data = results_csv(session, masked=True)
        note(session, signed_in(request).staff_id, Act.EXPORTED, "回访结果")
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''%E5%9B%9E%E8%AE%BF%E7%BB%93%E6%9E%9C.csv"}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/calls/{call_id}", dependencies=[READS])
def show_call(request: Request, call_id: str) -> Response:
    """One call."""
    return call_page(request, call_id)


def call_page(
    request: Request, call_id: str, *, fault: str = "", filled: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """One call, and what was wrong with what somebody wanted of it; `filled` is what they had filled in."""
    desk = desk_of(request)
    with desk.database.read() as session:
        attempt = call(session, call_id)
        if attempt is None:
            raise HTTPException(404)
        record = record_of(session, attempt)
        return page(
            request,
            "call.html",
            status_code=409 if fault else 200,
            attempt=attempt,
            task=attempt.task,
            lines=transcript_of(record.moves),
            unreadable=record.trouble,
            stretch_ms=STRETCH_MS,
            comments=comments_of(session, attempt.id),
            private=masked_words(attempt.task.customer.name),
            trouble=_trouble(request, attempt),
            line=_line(attempt),
            fault=fault,
            **afterwards(request, session, attempt),
            **scoring_of(request, session, attempt, filled),
        )


def _line(attempt: Attempt) -> tuple[str, list[tuple[str, str]]]:
    """The judgement of the line, and the figures behind it by direction."""
    quality = attempt.quality
    if quality is None:
        return UNMEASURED, []
    figures = [("客户到我方", heard_here(quality)), ("我方到客户", heard_there(quality))]
    if quality.round_trip_ms is not None:
        figures.append(("往返时延", f"{quality.round_trip_ms:.0f}毫秒"))
    return judged(quality), figures


def _trouble(request: Request, attempt: Attempt) -> str:
    """Why the call cannot be heard; "": it can."""
    if not signed_in(request).holds(*MAY_LISTEN):
        return "您的岗位不收听录音。"
    if attempt.recording is None:
        return "通话尚未结束。" if attempt.ended_at is None else "这次拨打没有录音。"
    try:
        desk_of(request).recordings.wav_size(attempt.call_id)
    except RecordingUnreadable as error:
        return f"录音无法读取：{error}"
    return ""


@router.get("/calls/{call_id}/recording.wav", dependencies=[LISTENS])
def recording(request: Request, call_id: str, wanted: Annotated[str, Header(alias="Range")] = "") -> Response:
    """The recording as a stereo WAV (left the client, right the bot); answers byte ranges."""
    desk = desk_of(request)
    store = desk.recordings
    try:
        size = store.wav_size(call_id)
        first, last = _byte_range(wanted, size)
        pieces = store.wav_pieces(call_id, first, last + 1)
    except RecordingUnreadable as error:
        raise HTTPException(404, str(error)) from error
    with desk.database.write() as session:  # before a sound is given away
        note_once(session, signed_in(request).staff_id, Act.LISTENED, call_id)
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, no-store", "Content-Length": f"{last + 1 - first}"}
    if wanted:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return StreamingResponse(pieces, status_code=206 if wanted else 200, media_type="audio/wav", headers=headers)


def _byte_range(text: str, size: int) -> tuple[int, int]:
    if not text:
        return 0, size - 1
    try:
        first_text, last_text = text.removeprefix("bytes=").split("-")
        if not first_text:
            return max(0, size - int(last_text)), size - 1
        first, last = int(first_text), min(int(last_text or size - 1), size - 1)
    except ValueError as error:
        raise HTTPException(416) from error
    if not 0 <= first <= last:
        raise HTTPException(416)
    return first, last
