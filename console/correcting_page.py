"""Correcting a call's result (§8.3.3), and sending the client the questionnaire instead of a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from bot.errors import ScriptError
from campaign.other_ways.correcting import MOST_REASON, CorrectionRefused, Wanted, correct_answer, correct_status
from campaign.other_ways.inviting import send_form
from console.access import posts, staff_signed_in
from console.afterwards import MAY_CORRECT
from console.calls_page import call_page
from console.desk import desk_of
from console.remembered import remembered_of
from console.render import page
from models import ReviewTask, Staff
from rules import Post

router = APIRouter()
CORRECTS = posts(*MAY_CORRECT)
Text = Annotated[str, Form(max_length=4 * MOST_REASON)]
Seen = Annotated[int, Form()]


@router.post("/calls/{call_id}/answers/{answer_id}/correct", dependencies=[CORRECTS])
def change_answer(
    request: Request,
    call_id: str,
    answer_id: int,
    value: Text = "",
    reason: Text = "",
    seen: Seen = 0,
) -> Response:
    """Let another value count."""
    now = desk_of(request).clock.now()
    return _corrected(
        request,
        call_id,
        lambda session, by: correct_answer(session, answer_id, Wanted(value, reason, by, seen), now),
    )


@router.post("/calls/{call_id}/tasks/{task_id}/correct", dependencies=[CORRECTS])
def change_status(
    request: Request, call_id: str, task_id: int, value: Text = "", reason: Text = "", seen: Seen = 0
) -> Response:
    """Give a task another status."""
    desk = desk_of(request)
    forms, now = desk.forms, desk.clock.now()
    if forms is None:
        raise HTTPException(404)
    return _corrected(
        request,
        call_id,
        lambda session, by: correct_status(session, task_id, Wanted(value, reason, by, seen), forms.house, now),
    )


@router.post("/tasks/{task_id}/questionnaire", dependencies=[posts(Post.MANAGER, Post.INSPECTOR, Post.AGENT)])
def send_questionnaire(request: Request, task_id: int, call_id: Annotated[str, Form()] = "") -> Response:
    """Have the client sent the link to the form."""
    forms = desk_of(request).forms
    if forms is None:
        raise HTTPException(404)
    with forms.database.read() as session:
        task = session.get(ReviewTask, task_id)
        if task is None:
            raise HTTPException(404)
        campaign_id = task.campaign_id
    try:
        why = send_form(forms, task_id)
    except ScriptError as error:
        why = str(error)
    if call_id:
        return _back(request, call_id, why)
    if why:
        return page(request, "error.html", status_code=409, message=why)
    return RedirectResponse(f"/campaigns/{campaign_id}", status_code=303)


def _corrected(request: Request, call_id: str, correct: Callable[[Session, Staff], None]) -> Response:
    try:
        with desk_of(request).database.write() as session:
            correct(session, staff_signed_in(request, session))
    except CorrectionRefused as error:
        return _back(request, call_id, str(error))
    remembered_of(request).forget()
    return _back(request, call_id)


def _back(request: Request, call_id: str, fault: str = "") -> Response:
    return call_page(request, call_id, fault=fault) if fault else RedirectResponse(f"/calls/{call_id}", status_code=303)
