"""Do-not-call (免打扰): add a client at once, ask for its lifting, lift it as a second person, search, export."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from campaign.masking import mask_name, mask_phone
from console.access import posts, signed_in
from console.desk import desk_of
from console.render import PAGE_SIZE, page
from console.spreadsheet import spreadsheet
from console.words import zh_time
from models import Customer
from models.managing import names_of
from models.managing_silence import Silent, act_on_silence, all_silent, clients_like, silent, silent_clients
from rules import Post
from rules.silence import ACT_WORDS, STATE_WORDS, SilenceAct, SilenceRefused, SilenceState

router = APIRouter(prefix="/dnc")
SEES = posts(Post.MANAGER, Post.INSPECTOR, Post.AGENT)
EXPORTS = posts(Post.MANAGER, Post.INSPECTOR)
JUDGES = frozenset({SilenceAct.LIFT, SilenceAct.KEEP})


class ListQuery(BaseModel):
    """The filters in the address of the list."""

    q: str = ""
    asked: str = ""
    page_no: int = 1


@router.get("", dependencies=[SEES])
def show(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The clients who must not be called, and whoever else the search finds, to be added."""
    return _shown(request, query)


@router.get(".csv", dependencies=[EXPORTS])
def export(request: Request, query: Annotated[ListQuery, Query()]) -> Response:
    """The same as a spreadsheet, masked."""
    heads = ("客户号", "客户姓名", "手机号", "状态", "登记时间", "登记人", "原因", "申请解除人", "申请理由")
    with desk_of(request).database.read() as session:
        rows = [_row(one) for one in all_silent(session, query.q.strip(), asked=bool(query.asked))]
    return spreadsheet(request, "免打扰名单", heads, rows)


def _row(one: Silent) -> list[str]:
    client, added, asked = one.client, one.added, one.asked
    return [
        client.number,
        mask_name(client.name),
        mask_phone(client.phone),
        STATE_WORDS[one.state],
        zh_time(client.do_not_call_at),
        added.by if added else "",
        added.why if added else client.do_not_call_why,
        asked.by if asked else "",
        asked.why if asked else "",
    ]


@router.post("/{customer_id}/{doing}", dependencies=[SEES])
def act(
    request: Request, customer_id: int, doing: SilenceAct, why: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Put a client on the list, ask for the lifting, lift it or not; what others decide is checked once more."""
    desk, me = desk_of(request), signed_in(request)
    if doing in JUDGES and not me.holds(Post.MANAGER):
        raise HTTPException(403)
    with desk.database.read() as session:
        client = session.get(Customer, customer_id)
        if client is None:
            raise HTTPException(404)
        back = ListQuery(q=client.number)
    try:
        with desk.database.write() as session:
            act_on_silence(session, customer_id, doing, by=me.number, why=why[:500], at=desk.clock.now())
    except SilenceRefused as refused:
        return _shown(request, back, fault=str(refused))
    return RedirectResponse(f"/dnc?q={back.q}", status_code=303)


def _shown(request: Request, query: ListQuery, *, fault: str = "") -> Response:
    text = query.q.strip()
    with desk_of(request).database.read() as session:
        found = silent_clients(session, text, asked=bool(query.asked), page=max(1, query.page_no), size=PAGE_SIZE)
        others = [one for one in clients_like(session, text) if not one.do_not_call] if text else []
        trails: dict[int, Any] = {one.id: silent(session, one.id).acts for one in others}
        numbers = [act.by for one in found.items for act in one.acts] + [
            act.by for one in trails.values() for act in one
        ]
        return page(
            request,
            "dnc.html",
            status_code=422 if fault else 200,
            found=found,
            others=others,
            trails=trails,
            names=names_of(session, numbers),
            query=query,
            states=STATE_WORDS,
            asked=SilenceState.ASKED,
            acts={act.value: word for act, word in ACT_WORDS.items()},
            fault=fault,
        )
