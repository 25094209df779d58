"""The agent's page (坐席): presence, calls that ring and are talked, calls by hand; and who is on duty."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from fastapi import APIRouter, Request, Response

from bot.form import MOST_WORDS
from campaign.calls.call_ends import OUTCOMES
from campaign.handover.duty import CHOSEN, Presence
from campaign.handover.wrapping import OUTCOMES as TALKED
from campaign.other_ways.people import PhoneReviews
from console.access import posts, signed_in
from console.desk import desk_of
from console.render import page
from console.words import SHANGHAI
from models import Staff
from models.people import PeopleFilter, Waits, people_list
from models.presence import duties_since
from rules import Post

MOST_LISTED = 15

router = APIRouter()


@router.get("/agent", dependencies=[posts(Post.AGENT, Post.MANAGER)])
def show(request: Request) -> Response:
    """One page that an agent or a supervisor keeps open while on duty."""
    me = signed_in(request)
    chosen = CHOSEN if me.holds(Post.AGENT) else ()
    watching = (Presence.WATCHING,) if me.holds(Post.MANAGER) else ()
    return _with_tasks(
        request,
        "agent.html",
        presences=(*chosen, *watching),
        available=desk_of(request).agents is not None,
        calls=me.holds(Post.AGENT),
        supervises=me.holds(Post.MANAGER),
        outcomes=tuple(dict.fromkeys((*TALKED, *OUTCOMES))),
        most=MOST_WORDS,
    )


@router.get("/agent/tasks", dependencies=[posts(Post.AGENT)])
def tasks(request: Request, state: str = "", q: str = "") -> Response:
    """The tasks that wait for people, for the page to show anew."""
    return _with_tasks(request, "agent_tasks.html", state, q)


def _with_tasks(request: Request, template: str, state: str = "", q: str = "", **values: Any) -> Response:
    """A page with what may be dialled now, the nearest deadline first, and what keeps this agent from each."""
    desk, me, reviews = desk_of(request), signed_in(request), _reviews(request)
    waits = Waits.MINE if state == Waits.MINE else Waits.NOW
    wanted = PeopleFilter(waits, q.strip(), staff_id=me.staff_id)
    with desk.database.read() as session:
        found = people_list(session, wanted, desk.clock.now(), page=1, size=MOST_LISTED)
        staff = session.get_one(Staff, me.staff_id)
        listed = [one.task for one in found.items]
        against = (
            reviews.obstacles(session, listed, staff) if reviews else dict.fromkeys((one.id for one in listed), "")
        )
        return page(request, template, found=found, against=against, **values)


def _reviews(request: Request) -> PhoneReviews | None:
    agents = desk_of(request).agents
    return agents.by_hand.reviews if agents is not None and agents.by_hand is not None else None


@router.get("/agents", dependencies=[posts(Post.MANAGER)])
def on_duty(request: Request) -> Response:
    """Who of the agents is on duty, as what, since when; and how today's time went by."""
    now = datetime.now(UTC)  # presence is by the machine's clock
    today = datetime.combine(now.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    with desk_of(request).database.read() as session:
        return page(request, "agents.html", duties=duties_since(session, today, now), presences=list(Presence), at=now)
