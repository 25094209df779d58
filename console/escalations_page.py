"""What waits for a human, with the client's words and the place to listen from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from campaign.masking import mask_name, mask_numbers
from console.access import posts
from console.desk import desk_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import MOST_ROWS, spreadsheet
from console.words import ESCALATION_STATES, escalation_word, review_word, risk_word, severity_word, sheet_time
from models import Escalation
from models.calls import Page, escalations
from rules import Post

HEAD = ("通话编号", "时间", "期限", "客户号", "客户", "回访类型", "任务", "风险", "客户原话", "状态")

router = APIRouter()


class ListQuery(BaseModel):
    """The filters in the address; a state that is none means all."""

    state: str = "open"
    q: str = ""
    page_no: int = 1

    @property
    def wanted(self) -> str:
        """The state, "" for all."""
        return self.state if self.state in ESCALATION_STATES else ""

    def found(self, session: Session, page_no: int, size: int) -> Page[Escalation]:
        """One page of what they leave."""
        return escalations(session, state=self.wanted, text=self.q.strip(), page=page_no, size=size)


@router.get("/escalations", dependencies=[posts(Post.MANAGER, Post.INSPECTOR, Post.AGENT)])
def list_escalations(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """Escalations, the grave ones first."""
    with desk_of(request).database.read() as session:
        found = query.found(session, max(1, query.page_no), PAGE_SIZE)
        return page(request, "escalations.html", found=found, query=query, state=query.wanted, states=ESCALATION_STATES)


@router.get("/escalations.csv", dependencies=[posts(Post.MANAGER, Post.INSPECTOR)])
def export(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The same (at most 10,000) as a spreadsheet, masked."""
    with desk_of(request).database.read() as session:
        rows = [_line(one) for one in query.found(session, 1, MOST_ROWS).items]
    return spreadsheet(request, "转人工", HEAD, rows)


def _line(one: Escalation) -> tuple[str, ...]:
    attempt, client = one.attempt, one.attempt.task.customer
    return (
        attempt.call_id,
        sheet_time(one.created_at),
        sheet_time(one.deadline_at),
        client.number,
        mask_name(client.name),
        "、".join(review_word(each.task.review_type) for each in attempt.served),
        "、".join(each.task.number for each in attempt.served),
        "、".join(f"{severity_word(flag.severity)}·{risk_word(flag.risk)}" for flag in attempt.raised),
        "；".join(mask_numbers(flag.words) for flag in attempt.raised if flag.words),
        escalation_word(one.state),
    )
