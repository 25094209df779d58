"""Scorecards (评分表): their items with weights, and a new version at every change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from console.access import signed_in
from console.desk import desk_of
from console.inspecting_page import SEES
from console.render import page
from console.scoring_page import sent_form
from models import Scorecard
from models.audit import note
from models.inspecting_scores import add_card, all_cards, card_of, cards_in_use, lay_out_cards
from rules.scorecards import BOT_CARD, CHECK_WORDS, MOST_ITEMS, MOST_TITLE, Card, Check, Item, problems_of

BLANK_ROWS, MOST_NAME = 3, 40

router = APIRouter()


@router.get("/scorecards", dependencies=[SEES])
def list_cards(request: Request) -> Response:
    """Every card, in all its versions."""
    desk = desk_of(request)
    with desk.database.write() as session:
        lay_out_cards(session, desk.clock.now())
        used = {one.id for one in cards_in_use(session)}
        return page(request, "scorecards.html", cards=all_cards(session), used=used, card_of=card_of)


@router.get("/scorecards/new", dependencies=[SEES])
def new_card(request: Request) -> Response:
    """A form for a card of another name."""
    return _form(request, "", BOT_CARD)


@router.get("/scorecards/{id_}", dependencies=[SEES])
def edit_card(request: Request, id_: int) -> Response:
    """A form with one version of a card, from which the next is made."""
    with desk_of(request).database.read() as session:
        stored = session.get(Scorecard, id_)
        if stored is None:
            raise HTTPException(404)
        return _form(request, stored.name, card_of(stored))


def _form(request: Request, name: str, card: Card, problems: tuple[str, ...] = ()) -> Response:
    return page(
        request,
        "scorecard_form.html",
        status_code=422 if problems else 200,
        name=name,
        card=card,
        problems=problems,
        checks=CHECK_WORDS,
        rows=min(MOST_ITEMS, len(card.items) + BLANK_ROWS),
        most_title=MOST_TITLE,
        most_name=MOST_NAME,
    )


@router.post("/scorecards", dependencies=[SEES])
def save_card(request: Request, sent: Annotated[FormData, Depends(sent_form)]) -> Response:
    """Make the next version of a card; all that is wrong with it is told at once."""
    fields = {key: str(value) for key, value in sent.items()}
    name, card = fields.get("name", "").strip(), _card(fields)
    problems = problems_of(card)
    if not 1 <= len(name) <= MOST_NAME:
        problems = (f"评分表的名称请写1到{MOST_NAME}字", *problems)
    if problems:
        return _form(request, name, card, problems)
    desk, me = desk_of(request), signed_in(request)
    with desk.database.write() as session:
        made = add_card(session, name, card, me.staff_id, desk.clock.now())
        note(session, me.staff_id, "修改评分表", f"{name} {made.version}")
    return RedirectResponse("/scorecards", status_code=303)


def _card(fields: Mapping[str, str]) -> Card:
    """The card as it was filled in; a row without a title is none."""
    rows = [row for row in range(MOST_ITEMS) if fields.get(f"title.{row}", "").strip()]
    items = tuple(
        Item(
            id=f"i{number}",
            title=fields[f"title.{row}"].strip(),
            weight=_number(fields.get(f"weight.{row}", "")),
            fatal=f"fatal.{row}" in fields,
            check=Check(check) if (check := fields.get(f"check.{row}", "")) in set(Check) else None,
        )
        for number, row in enumerate(rows)
    )
    return Card(items, _number(fields.get("pass_mark", "")))


def _number(text: str) -> int:
    return int(text) if text.strip().isdecimal() and len(text) < 6 else -1


@router.post("/scorecards/{id_}/retire", dependencies=[SEES])
def retire(request: Request, id_: int) -> Response:
    """Use a card no more, or again; what was scored with it stays."""
    with desk_of(request).database.write() as session:
        stored = session.get(Scorecard, id_)
        if stored is None:
            raise HTTPException(404)
        stored.retired = not stored.retired
        note(session, signed_in(request).staff_id, "修改评分表", f"{stored.name} {stored.version}")
    return RedirectResponse("/scorecards", status_code=303)
