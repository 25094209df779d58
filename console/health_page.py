"""How the installation stands (运行状况): for the operator, each trouble with what to do about it."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from campaign.running.condition import Plant
from campaign.running.findings import Level
from console.access import posts, signed_in
from console.desk import desk_of, import_jobs_of
from console.render import page
from models.audit import Act, note
from rules import Post

LEVEL_WORDS = {Level.GOOD: "正常", Level.WATCH: "注意", Level.BAD: "异常", Level.UNSET: "未设置"}
LEVEL_STYLES = {Level.GOOD: "green", Level.WATCH: "yellow", Level.BAD: "red", Level.UNSET: "secondary"}

router = APIRouter(dependencies=[posts(Post.OPERATOR, Post.MANAGER)])


@router.get("/health")
async def show(request: Request) -> Response:
    """Everything as it is now; the page asks again by itself."""
    plant = _plant(request)
    sections = await plant.look(import_jobs_of(request).all())
    counts = {level: sum(one.level is level for part in sections for one in part.findings) for level in Level}
    return await asyncio.to_thread(
        page,
        request,
        "health.html",
        sections=sections,
        counts=counts,
        words=LEVEL_WORDS,
        styles=LEVEL_STYLES,
        can_retry=plant.archives(),
    )


@router.post("/health/archive/retry")
def retry(request: Request) -> Response:
    """Try at once to archive what was put off, whichever process it waits at."""
    desk, plant = desk_of(request), _plant(request)
    if not plant.archives():
        raise HTTPException(404)
    places = plant.retry_archive()
    with desk.database.write() as session:
        note(session, signed_in(request).staff_id, Act.ARCHIVE_RETRIED, places)
    return RedirectResponse("/health#archive", status_code=303)


def _plant(request: Request) -> Plant:
    desk = desk_of(request)
    return desk.plant or Plant(desk.database, desk.clock, desk.recordings.folder, desk.recordings.folder)
