"""What waits for a human, with the client's words and the place to listen from."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from console.access import posts
from console.desk import desk_of
from console.render import PAGE_SIZE, page
from console.words import ESCALATION_STATES
from models.calls import escalations
from rules import Post

router = APIRouter()


@router.get("/escalations", dependencies=[posts(Post.MANAGER, Post.INSPECTOR, Post.AGENT)])
def list_escalations(request: Request, state: str = "open", page_no: int = 1) -> Response:
    """Escalations, the grave ones first."""
    wanted = state if state in ESCALATION_STATES else ""
    with desk_of(request).database.read() as session:
        found = escalations(session, state=wanted, page=max(1, page_no), size=PAGE_SIZE)
        return page(request, "escalations.html", found=found, state=wanted, states=ESCALATION_STATES)
