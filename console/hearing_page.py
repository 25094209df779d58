"""What the replay of a call is made of besides its page: the waveform, comments, what today's program would do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from bot.errors import BotError
from campaign.inspecting.second_look import otherwise
from console.access import posts, signed_in
from console.calls_page import LISTENS, call_page
from console.desk import desk_of
from console.render import page
from console.words import masked_words
from models.calls import call
from models.inspecting import add_comment
from rules import Post
from telephony.errors import RecordingUnreadable

MOST_WORDS = 500  # of a comment
COMMENTS = posts(Post.INSPECTOR, Post.MANAGER)

router = APIRouter()


@router.get("/calls/{call_id}/waveform", dependencies=[LISTENS])
def waveform(request: Request, call_id: str) -> Response:
    """How loud each side was, a byte for every 40 ms: the client's stretches, then as many of the bot."""
    try:
        peaks = desk_of(request).recordings.waveform(call_id)
    except RecordingUnreadable as error:
        raise HTTPException(404) from error
    headers = {"Cache-Control": "private, no-store"}
    return Response(peaks.wire, media_type="application/octet-stream", headers=headers)


@router.get("/calls/{call_id}/replayed", dependencies=[COMMENTS])
def replayed(request: Request, call_id: str) -> Response:
    """What today's program would do otherwise in this call: a piece of its page."""
    desk = desk_of(request)
    with desk.database.read() as session:
        attempt = call(session, call_id)
        if attempt is None:
            raise HTTPException(404)
        try:
            found, trouble = otherwise(session, call_id, desk.forms.matcher if desk.forms else None), ""
        except BotError as error:
            found, trouble = (), str(error)
        private = masked_words(attempt.task.customer.name)
        return page(request, "call_replayed.html", found=found, trouble=trouble, private=private)


@router.post("/calls/{call_id}/comments", dependencies=[COMMENTS])
def comment(
    request: Request,
    call_id: str,
    words: Annotated[str, Form(max_length=4 * MOST_WORDS)] = "",
    at_ms: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    """Pin a comment to a second of the call."""
    words = words.strip()
    if not words or len(words) > MOST_WORDS:
        return call_page(request, call_id, fault=f"批注请写1到{MOST_WORDS}字")
    desk = desk_of(request)
    with desk.database.write() as session:
        attempt = call(session, call_id)
        if attempt is None:
            raise HTTPException(404)
        add_comment(session, attempt.id, at_ms, words, signed_in(request).staff_id, desk.clock.now())
    return RedirectResponse(f"/calls/{call_id}#t={at_ms}", status_code=303)
