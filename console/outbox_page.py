"""What is on its way out (告知与事件): what waits, what failed, what a person is to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from campaign.masking import mask_name, mask_phone
from console.access import posts, signed_in
from console.desk import desk_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import MOST_ROWS, spreadsheet
from console.words import channel_word, sheet_time
from models import Event, Notice
from models.outbox import send_again, told_by_hand
from models.postings import PostingFilter, posting_counts, postings
from rules import Post
from rules.postings import FOR_A_PERSON, LABELS, EventKind, PostingState

TABLES: Mapping[str, type[Notice] | type[Event]] = MappingProxyType({"notice": Notice, "event": Event})
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "review_sms": "回访告知",
        "update_contact": "提醒更新联系方式",
        "questionnaire": "回访问卷",
        EventKind.STATUS_CHANGED: "登记状态变更",
        EventKind.BUSINESS_SUSPENDED: "暂停业务",
        EventKind.VIOLATION_REPORTED: "疑似违规",
    }
)
PERSON = "person"  # everything that waits for a person
GIVEN_UP = frozenset({PostingState.UNSURE, PostingState.FAILED})
HEAD = ("时间", "客户号", "客户", "手机号", "任务", "内容", "方式", "状态", "发出时间", "已试次数", "告知人", "问题")
GONE = "状态已经变化：可能已被处理或正在发送，请看现在的状态"

router = APIRouter()
TELLS = posts(Post.MANAGER, Post.INSPECTOR, Post.AGENT, Post.OPERATOR)


class OutboxQuery(BaseModel):
    """The filters in the address; a value that means nothing narrows nothing."""

    what: str = "notice"
    state: str = ""
    q: str = ""
    show: int = 0  # whose text is shown
    page_no: int = 1

    @property
    def kind(self) -> str:
        """Notices or events."""
        return self.what if self.what in TABLES else "notice"

    def narrowed(self) -> PostingFilter:
        """The filter for the database."""
        one = (PostingState(self.state),) if self.state in set(PostingState) else ()
        return PostingFilter(tuple(FOR_A_PERSON) if self.state == PERSON else one, self.q.strip())


@router.get("/outbox", dependencies=[TELLS])
def show(request: Request, query: Annotated[OutboxQuery, Query()]) -> Response:
    """Notices to clients or events to the firm's system, the latest first."""
    return _shown(request, query)


@router.get("/outbox.csv", dependencies=[posts(Post.MANAGER, Post.INSPECTOR, Post.OPERATOR)])
def export(request: Request, query: Annotated[OutboxQuery, Query()]) -> Response:
    """The same (at most 10,000, the latest first) as a spreadsheet, masked and without the texts."""
    table: Any = TABLES[query.kind]
    with desk_of(request).database.read() as session:
        rows = [_line(one) for one in postings(session, table, query.narrowed(), page=1, size=MOST_ROWS).items]
    return spreadsheet(request, "给客户的告知" if query.kind == "notice" else "给公司系统的事件", HEAD, rows)


def _line(one: Notice | Event) -> tuple[str, ...]:
    client = one.task.customer
    return (
        sheet_time(one.created_at),
        client.number,
        mask_name(client.name),
        mask_phone(client.phone),
        one.task.number,
        KINDS.get(one.kind, one.kind),
        channel_word(one.channel) if isinstance(one, Notice) else "",
        LABELS[PostingState(one.state)],
        sheet_time(one.sent_at),
        str(one.tries),
        one.told_by,
        "" if one.sent_at else one.trouble,
    )


@router.post("/outbox/{what}/{id_}/{act}", dependencies=[TELLS])
def settle(request: Request, what: str, id_: int, act: str) -> Response:
    """A person told the client or saw that it arrived (told), or has it sent anew (again)."""
    if what not in TABLES or act not in ("told", "again"):
        raise HTTPException(404)
    desk, fault = desk_of(request), ""
    with desk.database.write() as session:
        if session.get(TABLES[what], id_) is None:
            raise HTTPException(404)
        do = told_by_hand if act == "told" else send_again
        if not do(session, TABLES[what], id_, by=signed_in(request).signature, now=desk.clock.now()):
            fault = GONE
    if fault:
        return _shown(request, OutboxQuery(what=what), fault=fault)
    return RedirectResponse(f"/outbox?what={what}&state={PERSON}", status_code=303)


def _shown(request: Request, query: OutboxQuery, *, fault: str = "") -> Response:
    table: Any = TABLES[query.kind]
    with desk_of(request).database.read() as session:
        found = postings(session, table, query.narrowed(), page=max(1, query.page_no), size=PAGE_SIZE)
        counts = {kind: posting_counts(session, one) for kind, one in TABLES.items()}
        return page(
            request,
            "outbox.html",
            status_code=409 if fault else 200,
            found=found,
            query=query,
            counts=counts,
            for_people=sum(counts[query.kind][state] for state in FOR_A_PERSON),
            labels=LABELS,
            kinds=KINDS,
            for_a_person=FOR_A_PERSON,
            given_up=GIVEN_UP,
            fault=fault,
        )
