"""The agent's page (坐席): presence, the call that rings, the call that is talked."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from campaign.handover.duty import Presence
from console.access import posts
from console.desk import desk_of
from console.render import page
from rules import Post

router = APIRouter()


@router.get("/agent", dependencies=[posts(Post.AGENT)])
def show(request: Request) -> Response:
    """One page that an agent keeps open while on duty."""
    return page(request, "agent.html", presences=list(Presence), available=desk_of(request).agents is not None)
