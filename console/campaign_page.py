"""A campaign as it runs: funnel, statuses, calls on the line, tasks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from campaign.other_ways.inviting import why_no_form
from console.access import posts
from console.desk import desk_of
from console.render import PAGE_SIZE, page
from models.calls import campaigns, figures_of, tasks
from rules import Post

KEEPALIVE_SECONDS = 15.0

router = APIRouter()
SEES = posts(Post.MANAGER, Post.INSPECTOR, Post.OPERATOR)


@router.get("/", dependencies=[SEES])
def show_campaign(request: Request, campaign: int = 0, status: str = "", page_no: int = 1) -> Response:
    """The latest campaign, or the one asked for."""
    desk = desk_of(request)
    with desk.database.read() as session:
        known = campaigns(session)
        if not known:
            return page(request, "empty.html")
        chosen = next((one for one in known if one.id == campaign), None if campaign else known[0])
        if chosen is None:
            raise HTTPException(404)
        figures = figures_of(session, chosen.id)
        listed = tasks(session, campaign_id=chosen.id, status=status, page=max(1, page_no), size=PAGE_SIZE)
        return page(
            request,
            "campaign.html",
            campaigns=known,
            campaign=chosen,
            figures=figures,
            tasks=listed,
            status=status,
            live=desk.feed.calls(),
            no_form={task.id: why_no_form(task, desk.forms, desk.clock.now()) for task in listed.items},
        )


@router.get("/live", dependencies=[SEES])
async def live(request: Request) -> StreamingResponse:
    """What happens right now, as server-sent events; a new watcher gets the whole picture first."""
    return StreamingResponse(_news(request), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _news(request: Request) -> AsyncIterator[str]:
    news = desk_of(request).feed.watch()
    pending = asyncio.ensure_future(anext(news))
    try:
        while not await request.is_disconnected():
            done, _ = await asyncio.wait({pending}, timeout=KEEPALIVE_SECONDS)
            if not done:
                yield ": still here\n\n"
                continue
            yield f"data: {json.dumps(pending.result(), ensure_ascii=False)}\n\n"
            pending = asyncio.ensure_future(anext(news))
    finally:
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
        await news.aclose()
