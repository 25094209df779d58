"""Calls: the list with its filters, and one call with transcript, recording, answers, flags, evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from bot.replay import move_from_json
from campaign.calls.line_quality import UNMEASURED, heard_here, heard_there, judged
from campaign.exporting import results_csv
from console.access import posts, signed_in
from console.afterwards import afterwards
from console.desk import desk_of
from console.render import PAGE_SIZE, page
from console.scoring_card import scoring_of
from console.transcript import transcript_of
from console.words import SHANGHAI, masked_words
from models import Attempt
from models.audit import Act, note
from models.calls import CallFilter, call, calls
from models.inspecting import comments_of
from rules import Outcome, Post, ReviewType
from telephony.errors import RecordingUnreadable
from telephony.peaks import STRETCH_MS

router = APIRouter()
READS = posts(*Post)  # masked
EXPORTS = posts(Post.MANAGER, Post.INSPECTOR, Post.OPERATOR)
# A voice says names and numbers aloud: only who reviews, judges or supervises listens.
MAY_LISTEN = (Post.MANAGER, Post.INSPECTOR, Post.AGENT)
LISTENS = posts(*MAY_LISTEN)


class ListQuery(BaseModel):
    """The filters in the address of the list; a value that means nothing narrows nothing."""

    q: str = ""
    review_type: str = ""
    outcome: str = ""
    campaign: int = 0
    risky: str = ""
    since: str = ""
    until: str = ""
    page_no: int = 1

    def narrowed(self) -> CallFilter:
        """The filter for the database."""
        until = _day(self.until)
        return CallFilter(
            text=self.q.strip(),
            review_type=self.review_type if self.review_type in set(ReviewType) else "",
            outcome=self.outcome if self.outcome in set(Outcome) else "",
            campaign_id=self.campaign,
            risky=bool(self.risky),
            since=_day(self.since),
            until=until + timedelta(days=1) if until else None,
        )


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), time(), SHANGHAI) if text else None
    except ValueError:
        return None


@router.get("/calls", dependencies=[READS])
def list_calls(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """All calls, the latest first, with filters in the address."""
    with desk_of(request).database.read() as session:
        found = calls(session, query.narrowed(), page=max(1, query.page_no), size=PAGE_SIZE)
        return page(
            request, "calls.html", calls=found, query=query, review_types=list(ReviewType), outcomes=list(Outcome)
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
        moves = [(move_from_json(event.body), event.at_ms) for event in attempt.events]
        return page(
            request,
            "call.html",
            status_code=409 if fault else 200,
            attempt=attempt,
            task=attempt.task,
            lines=transcript_of(moves),
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
    if first == 0:  # the further parts of what is being listened to are asked for one by one
        with desk.database.write() as session:
            note(session, signed_in(request).staff_id, Act.LISTENED, call_id)
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
