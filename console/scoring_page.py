"""Scoring a call (评分), what became of a score, second review and appeal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from bot.conduct import Finding
from campaign.inspecting.second_look import conduct_of
from console.access import posts, signed_in
from console.calls_page import call_page
from console.desk import desk_of
from console.inspecting_page import GONE, INSPECTS, ROUND_WORDS, QueueQuery, queue_page
from console.logged_acts import NOTHING
from console.render import page
from console.scoring_card import MOST_NOTE
from console.words import masked_words
from models import Appeal, Score, Scorecard, TakenByAnother
from models.inspecting import Round, inspection
from models.inspecting_scores import (
    Given,
    answer_appeal,
    appeal,
    card_of,
    give_score,
    may_appeal,
    score,
    second_review,
)
from rules import Post
from rules.errors import BadPolicy
from rules.scorecards import MARK_WORDS, Check, Mark

# Results are published to all (§7.4.1 d); trainers see by them what to train (§7.4.3 d).
EVERYBODY_SCORED = posts(*Post)
APPEALS = posts(Post.AGENT, Post.OPERATOR)  # who carried the review out, for the bot who keeps it (§8.3.3, §7.4.5 b)
VERIFIES = posts(Post.MANAGER)  # 质检结果的复核 (§7.4.1 d), 异议的核实 (§8.3.3)

router = APIRouter()
Words = Annotated[str, Form(max_length=4 * MOST_NOTE)]


async def sent_form(request: Request) -> FormData:
    """The fields of a form that has as many as its card has items."""
    return await request.form(max_fields=200)


@router.post("/inspections/{id_}/score", dependencies=[INSPECTS])
def give(request: Request, id_: int, sent: Annotated[FormData, Depends(sent_form)]) -> Response:
    """Score the call that somebody has in hand; what was filled in stays where something is missing."""
    desk, me = desk_of(request), signed_in(request)
    fields = {key: str(value) for key, value in sent.items()}
    try:
        with desk.database.write() as session:
            found = inspection(session, id_)
            card = session.get(Scorecard, int(fields["card"])) if fields.get("card", "").isdecimal() else None
            if found is None or card is None:
                raise HTTPException(404)
            call_id = found.attempt.call_id
            given = _given(card, fields, conduct_of(session, found.attempt))
            made = give_score(session, id_, me.staff_id, card, given, desk.clock.now()).id
    except BadPolicy as error:
        return call_page(request, call_id, fault=str(error), filled=fields)
    except TakenByAnother:
        return queue_page(request, QueueQuery(), fault=GONE)
    return RedirectResponse(f"/scores/{made}", status_code=303)


def _given(card: Scorecard, fields: Mapping[str, str], found: Mapping[Check, Finding]) -> Given:
    items = card_of(card).items
    marks = {item.id: Mark(mark) for item in items if (mark := fields.get(f"mark.{item.id}", "")) in set(Mark)}
    notes = {name: fields.get(f"note.{name}", "").strip() for name in ["", *(item.id for item in items)]}
    if any(len(words) > MOST_NOTE for words in notes.values()):
        raise BadPolicy(f"说明请写{MOST_NOTE}字以内")
    told = {item.id: found[item.check].mark for item in items if item.check is not None and item.check in found}
    changed = [item.title for item in items if item.id in told and marks.get(item.id) not in (None, told[item.id])]
    unexplained = [item.title for item in items if item.title in changed and not notes[item.id]]
    if unexplained:
        raise BadPolicy("与自动判断不同，请写明理由：" + "、".join(unexplained))
    return Given(marks, told, {name: words for name, words in notes.items() if words})


@router.get("/scores/{id_}", dependencies=[EVERYBODY_SCORED])
def show(request: Request, id_: int) -> Response:
    """One score with its marks; who was scored sees it too."""
    return _score_page(request, id_)


def _score_page(request: Request, id_: int, *, fault: str = "") -> Response:
    me = signed_in(request)
    with desk_of(request).database.read() as session:
        found = _visible(request, session, id_)
        return page(
            request,
            "score.html",
            status_code=409 if fault else 200,
            score=found,
            card=card_of(found.scorecard),
            notes=json.loads(found.notes),
            private=masked_words(found.attempt.task.customer.name),
            marks=MARK_WORDS,
            mark_of=Mark,
            rounds=ROUND_WORDS,
            round_of=Round,
            fault=fault,
            most=MOST_NOTE,
            may_appeal=found.counts and found.appeal is None and _may_appeal(request, found),
            may_answer=_may_answer(request, found),
            may_review=found.counts and me.holds(Post.MANAGER),
        )


def _visible(request: Request, session: Session, id_: int) -> Score:
    """A score that may be seen: by inspectors and managers, by who was scored, of the bot by who trains or keeps it.

    That of a calibration only by who gave it and by managers.
    """
    me, found = signed_in(request), score(session, id_)
    if found is None:
        raise HTTPException(404)
    mine, by_bot = found.agent_id == me.staff_id, found.agent_id is None
    if found.inspection.round == Round.CALIBRATION:
        seen = found.staff_id == me.staff_id or me.holds(Post.MANAGER)
    else:
        seen = mine or me.holds(Post.INSPECTOR, Post.MANAGER) or (by_bot and me.holds(Post.TRAINER, Post.OPERATOR))
    if not seen:
        raise HTTPException(404)
    return found


def _may_appeal(request: Request, found: Score) -> bool:
    me = signed_in(request)
    return may_appeal(found, me.staff_id, keeps_bot=me.holds(Post.OPERATOR))


def _may_answer(request: Request, found: Score) -> bool:
    """A manager does, but never who scored or who appealed."""
    me, made = signed_in(request), found.appeal
    if made is None or made.answered_at is not None:
        return False
    return me.holds(Post.MANAGER) and me.staff_id not in (found.staff_id, made.staff_id)


@router.post("/scores/{id_}/second-review", dependencies=[VERIFIES])
def review_again(request: Request, id_: int) -> Response:
    """Have somebody else score the call again."""
    desk = desk_of(request)
    with desk.database.write() as session:
        _, was_there = second_review(session, _visible(request, session, id_), desk.clock.now())
    if was_there:
        request.state.made = NOTHING
    return RedirectResponse("/inspections?round=second", status_code=303)


@router.post("/scores/{id_}/appeal", dependencies=[APPEALS])
def object_to(request: Request, id_: int, words: Words = "") -> Response:
    """Object to a score."""
    desk, me, words = desk_of(request), signed_in(request), words.strip()
    if not words or len(words) > MOST_NOTE:
        return _score_page(request, id_, fault=f"申诉理由请写1到{MOST_NOTE}字")
    try:
        with desk.database.write() as session:
            found = _visible(request, session, id_)
            if not _may_appeal(request, found):
                raise HTTPException(403)
            appeal(session, id_, me.staff_id, words, desk.clock.now())
    except TakenByAnother:
        return _score_page(request, id_, fault="这项评分已经申诉过。")
    return RedirectResponse(f"/scores/{id_}", status_code=303)


@router.post("/scores/{id_}/answer", dependencies=[VERIFIES])
def answer(request: Request, id_: int, words: Words = "", upheld: Annotated[str, Form()] = "") -> Response:
    """Answer an appeal; an upheld one has the call scored again by somebody else."""
    desk, me, words = desk_of(request), signed_in(request), words.strip()
    if not words or len(words) > MOST_NOTE or upheld not in ("yes", "no"):
        return _score_page(request, id_, fault=f"请选择结论，并写1到{MOST_NOTE}字的答复")
    try:
        with desk.database.write() as session:
            found = _visible(request, session, id_)
            if not _may_answer(request, found) or not isinstance(found.appeal, Appeal):
                raise HTTPException(403)
            answer_appeal(session, found.appeal.id, me.staff_id, words, upheld=upheld == "yes", now=desk.clock.now())
    except TakenByAnother:
        return _score_page(request, id_, fault="这项申诉刚刚有人答复过。")
    return RedirectResponse(f"/scores/{id_}", status_code=303)
