"""The conflict-of-interest table (利益冲突, §6.3): who may not review whom, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from campaign.masking import mask_name, mask_phone
from console.access import posts
from console.desk import desk_of
from console.remembered import remembered_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import spreadsheet
from console.words import zh_time
from models.calls import Page
from models.managing_conflicts import ConflictFilter, Why, all_conflicts, conflicts, count_conflicts
from rules import Post
from rules.conflicts import REASONS, ConflictKind

WHY_WORDS = {Why.SERVES: "营销服务关系", Why.COMPLAINED: "被客户投诉", Why.SOLICITS: "从事招揽和服务"}

router = APIRouter(prefix="/conflicts", dependencies=[posts(Post.MANAGER, Post.INSPECTOR)])


class ListQuery(BaseModel):
    """The filters in the address of the table."""

    why: str = Why.SERVES.value
    staff: str = ""
    client: str = ""
    page_no: int = 1

    def narrowed(self) -> ConflictFilter:
        """The filter for the database."""
        why = Why(self.why) if self.why in set(Why) else Why.SERVES
        return ConflictFilter(why, self.staff.strip(), self.client.strip())


@router.get("")
def show(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The table, by the record from which the conflicts follow."""
    desk, wanted = desk_of(request), query.narrowed()

    def count() -> int:
        with desk.database.read() as fresh:
            return count_conflicts(fresh, wanted)

    number = max(1, query.page_no)
    with desk.database.read() as session:
        listed = conflicts(session, wanted, page=number, size=PAGE_SIZE)
        total = remembered_of(request).get(("conflicts", wanted), count)
        return page(
            request,
            "conflicts.html",
            found=Page(listed, total, number, PAGE_SIZE),
            query=query,
            wanted=wanted,
            whys=WHY_WORDS,
            reason=REASONS[ConflictKind(wanted.why)],
        )


@router.get(".csv")
def export(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The same as a spreadsheet, clients masked."""
    wanted = query.narrowed()
    with desk_of(request).database.read() as session:
        rows = [
            [
                one.staff.number,
                one.staff.name,
                one.client.number if one.client else "任何客户",
                mask_name(one.client.name) if one.client else "",
                mask_phone(one.client.phone) if one.client else "",
                REASONS[ConflictKind(wanted.why)],
                zh_time(one.since) if one.since else "",
            ]
            for one in all_conflicts(session, wanted)
        ]
    heads = ("工号", "姓名", "不得回访的客户号", "客户", "手机号", "依据", "投诉时间")
    return spreadsheet(request, f"利益冲突（{WHY_WORDS[wanted.why]}）", heads, rows)
