"""How clients fare with a script (话术): where calls end, and what was said there that was not understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from threading import Lock
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel

from bot.errors import ScriptError
from bot.writing.passages import Outline
from campaign.script_figures import MOST_UNKNOWN, NodeFigures, count_ended, figures_by_node
from console.desk import Desk, desk_of
from console.filter_times import day_of
from console.render import page
from console.script_reading_page import SEES, outline_of, version_or_404
from console.spreadsheet import spreadsheet
from console.words import SHANGHAI
from models import ScriptVersion
from models.counting import SpokenIn, Tallied, not_counted, tally_of
from models.scripts import published_version, versions_of
from rules.script_life import STATE_WORDS, VersionState

COUNTING_SECONDS = 1.0
DAYS = 30  # looked back by default
_counting = Lock()  # held by the one reader of this process who counts

router = APIRouter(prefix="/scripts")


class FiguresQuery(BaseModel):
    """Which calls the figures are about."""

    number: int = 0
    since: str = ""
    until: str = ""


@router.get("/{name}/figures", dependencies=[SEES])
def figures(request: Request, name: str, query: Annotated[FiguresQuery, Query()]) -> Response:
    """Where the calls of a version end, and what clients said there that was not understood."""
    shown = _figures(request, name, query)
    return page(
        request,
        "script_figures.html",
        name=name,
        version=shown.version,
        number=shown.version.number,
        versions=_numbers(request, name),
        since=shown.wanted.first,
        until=shown.wanted.last,
        says={passage.node: passage.says for passage in shown.told.passages},
        numbers={passage.node: passage.number for passage in shown.told.passages},
        count=shown.count,
        left=shown.left,
        found=shown.found,
    )


@router.get("/{name}/figures.csv", dependencies=[SEES])
def export_figures(request: Request, name: str, query: Annotated[FiguresQuery, Query()]) -> Response:
    """The same as a spreadsheet."""
    shown = _figures(request, name, query)
    says = {passage.node: passage.says for passage in shown.told.passages}
    rows = [
        [one.node, says[one.node], *map(str, (one.asked, one.ended, f"{one.drop_off:.1%}", one.heard, one.unclear))]
        + ["；".join(f"{words}（{times}）" for words, times in one.unknown)]
        for one in shown.found
    ]
    heads = ("节点", "问句", "问到的通话", "在此结束", "流失率", "客户说话", "未能理解", "未能理解的话")
    return spreadsheet(request, f"话术{name}第{shown.version.number}版流失和未识别", heads, rows)


@dataclass(frozen=True, slots=True)
class _Figures:
    version: ScriptVersion
    wanted: SpokenIn
    told: Outline
    count: int  # calls
    left: int  # that ended and are in no figure yet
    found: tuple[NodeFigures, ...]


def _figures(request: Request, name: str, query: FiguresQuery) -> _Figures:
    desk = desk_of(request)
    left = _count(desk)
    today = desk.clock.now().astimezone(SHANGHAI).date()
    with desk.database.read() as session:
        version = version_or_404(session, name, query.number) if query.number else published_version(session, name)
        if version is None:
            raise HTTPException(404)
        try:
            told = outline_of(request, version)
        except ScriptError as error:
            raise HTTPException(404) from error
        first, last = _day(query.since, today - timedelta(days=DAYS)), _day(query.until, today)
        wanted = SpokenIn(name, version.hash, first, last)
        tally = tally_of(session, wanted, MOST_UNKNOWN)
        session.expunge(version)
    found = figures_by_node(tally, [each.node for each in told.passages])
    return _Figures(version, wanted, told, tally.times.get(("", Tallied.CALLS, ""), 0), left, found)


def _day(text: str, default: date) -> date:
    at = day_of(text)
    return at.astimezone(SHANGHAI).date() if at else default


def _count(desk: Desk) -> int:
    """Count the calls that have ended since, for about a second, unless another reader does; how many are left."""
    with desk.database.read() as session:
        left = not_counted(session)
    if left and _counting.acquire(blocking=False):
        try:
            left = _count_on(desk, left)
        finally:
            _counting.release()
    return left


def _count_on(desk: Desk, left: int) -> int:
    until = monotonic() + COUNTING_SECONDS
    while left and monotonic() < until:
        with desk.database.write() as session:
            counted = count_ended(session)
        if not counted:  # another process counts them
            break
        left = max(0, left - counted)
    return left


def _numbers(request: Request, name: str) -> list[tuple[int, str]]:
    with desk_of(request).database.read() as session:
        return [(one.number, STATE_WORDS[VersionState(one.state)]) for one in versions_of(session, name)]
