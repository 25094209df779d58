"""The register of calls that came to us, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import APIRouter, Request, Response

from campaign.calls.reception import Reason, Treatment
from console.access import posts
from console.desk import desk_of
from console.render import PAGE_SIZE, page
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

router = APIRouter()


@router.get("/incoming", dependencies=[posts(Post.MANAGER, Post.INSPECTOR, Post.AGENT, Post.OPERATOR)])
def list_incoming(request: Request, page_no: int = 1) -> Response:
    """Incoming calls, the latest first."""
    with desk_of(request).database.read() as session:
        found = incoming_calls(session, page=max(1, page_no), size=PAGE_SIZE)
        return page(request, "incoming.html", found=found, treatments=TREATMENTS, reasons=REASONS)
