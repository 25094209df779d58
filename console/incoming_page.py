"""The register of calls that came to us, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.calls.reception import Reason, Treatment
from campaign.masking import mask_name
from console.access import posts
from console.desk import desk_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import MOST_ROWS, spreadsheet
from console.words import outcome_word, sheet_time
from models import IncomingCall
from models.calls import Page
from models.incoming import incoming_calls
from rules import Post

TREATMENTS: Mapping[str, str] = MappingProxyType(
    {Treatment.SERVE: "接听并回访", Treatment.TELL: "告知客服电话", Treatment.REFUSE: "未接听"}
)
REASONS: Mapping[str, str] = MappingProxyType(
    {
        Reason.OPEN_TASKS: "有待完成的回访",
        Reason.HIDDEN: "没有显示号码",
        Reason.UNKNOWN: "号码没有登记",
        Reason.NOTHING_OPEN: "没有待完成的回访",
        Reason.DO_NOT_CALL: "免打扰客户",
        Reason.ON_THE_LINE: "正在和该号码的客户通话",
        Reason.LINES_FULL: "来电线路已满",
        Reason.NO_SENTENCE: "没有审核通过的告知语",
        Reason.CLOSING: "系统正在停机",
    }
)

HEAD = ("时间", "来电号码", "客户号", "客户", "处理", "原因", "线路", "结果", "通话编号")

router = APIRouter()


class ListQuery(BaseModel):
    """The filters in the address; a value that means nothing narrows nothing."""

    q: str = ""
    treatment: str = ""
    page_no: int = 1

    def found(self, session: Session, page_no: int, size: int) -> Page[IncomingCall]:
        """One page of what they leave."""
        treatment = self.treatment if self.treatment in TREATMENTS else ""
        return incoming_calls(session, text=self.q.strip(), treatment=treatment, page=page_no, size=size)


@router.get("/incoming", dependencies=[posts(Post.MANAGER, Post.INSPECTOR, Post.AGENT, Post.OPERATOR)])
def list_incoming(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """Incoming calls, the latest first."""
    with desk_of(request).database.read() as session:
        found = query.found(session, max(1, query.page_no), PAGE_SIZE)
        return page(request, "incoming.html", found=found, query=query, treatments=TREATMENTS, reasons=REASONS)


@router.get("/incoming.csv", dependencies=[posts(Post.MANAGER, Post.INSPECTOR, Post.OPERATOR)])
def export(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The same (at most 10,000, the latest first) as a spreadsheet, masked."""
    with desk_of(request).database.read() as session:
        rows = [_line(one) for one in query.found(session, 1, MOST_ROWS).items]
    return spreadsheet(request, "来电登记", HEAD, rows)


def _line(one: IncomingCall) -> tuple[str, ...]:
    return (
        sheet_time(one.at),
        one.caller or "未显示",
        one.customer.number if one.customer else "",
        mask_name(one.customer.name) if one.customer else "",
        TREATMENTS.get(one.treatment, one.treatment),
        REASONS.get(one.reason, one.reason),
        one.trunk,
        outcome_word(one.attempt.outcome) if one.attempt else "",
        one.call_id,
    )
