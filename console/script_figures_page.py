"""How clients fare with a script (话术): where calls end, and what was said there that was not understood."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel

from bot.errors import ScriptError
from bot.writing.passages import Outline
from campaign.script_figures import LoggedCall, NodeFigures, figures_by_node
from console.desk import desk_of
from console.filter_times import day_of
from console.remembered import remembered_of
from console.render import page
from console.script_reading_page import SEES, outline_of, version_or_404
from console.spreadsheet import spreadsheet
from console.words import SHANGHAI
from models import ScriptVersion
from models.managing_scripts import SpokenIn, count_calls, logged_calls
from models.scripts import published_version, versions_of
from rules.script_life import STATE_WORDS, VersionState

MOST_CALLS = 1000  # looked at
DAYS = 30  # looked back by default

router = APIRouter(prefix="/scripts")


class FiguresQuery(BaseModel):
    """Which calls the figures are about."""

    number: int = 0
    since: str = ""
    until: str = ""


@router.get("/{name}/figures", dependencies=[SEES])
def figures(request: Request, name: str, query: Annotated[FiguresQuery, Query()]) -> Response:
    """Where the calls of a version end, and what clients said there that was not understood."""
    version, wanted, told, count, found = _figures(request, name, query)
    return page(
        request,
        "script_figures.html",
        name=name,
        version=version,
        number=version.number,
        versions=_numbers(request, name),
        since=wanted.since.astimezone(SHANGHAI).date(),
        until=wanted.until.astimezone(SHANGHAI).date() - timedelta(days=1),
        says={passage.node: passage.says for passage in told.passages},
        numbers={passage.node: passage.number for passage in told.passages},
        count=count,
        most=MOST_CALLS,
        found=found,
    )


@router.get("/{name}/figures.csv", dependencies=[SEES])
def export_figures(request: Request, name: str, query: Annotated[FiguresQuery, Query()]) -> Response:
    """The same as a spreadsheet."""
    version, _, told, _, found = _figures(request, name, query)
    says = {passage.node: passage.says for passage in told.passages}
    rows = [
        [one.node, says[one.node], *map(str, (one.asked, one.ended, f"{one.drop_off:.1%}", one.heard, one.unclear))]
        + ["；".join(f"{words}（{times}）" for words, times in one.unknown)]
        for one in found
    ]
    heads = ("节点", "问句", "问到的通话", "在此结束", "流失率", "客户说话", "未能理解", "未能理解的话")
    return spreadsheet(request, f"话术{name}第{version.number}版流失和未识别", heads, rows)


def _figures(
    request: Request, name: str, query: FiguresQuery
) -> tuple[ScriptVersion, SpokenIn, Outline, int, tuple[NodeFigures, ...]]:
    desk = desk_of(request)
    with desk.database.read() as session:
        version = version_or_404(session, name, query.number) if query.number else published_version(session, name)
        if version is None:
            raise HTTPException(404)
        session.expunge(version)
    today = desk.clock.now().astimezone(SHANGHAI).date()
    since = day_of(query.since) or datetime.combine(today - timedelta(days=DAYS), time(), SHANGHAI)
    last = day_of(query.until) or datetime.combine(today, time(), SHANGHAI)
    until = last + timedelta(days=1)
    wanted = SpokenIn(name, version.hash, since, until)
    try:
        told = outline_of(request, version)
    except ScriptError as error:
        raise HTTPException(404) from error

    def ask() -> tuple[int, tuple[NodeFigures, ...]]:
        with desk.database.read() as fresh:
            logged = (
                LoggedCall(one.outcome, one.client, one.moves, one.questions)
                for one in logged_calls(fresh, wanted, MOST_CALLS)
            )
            return count_calls(fresh, wanted), figures_by_node(logged, [each.node for each in told.passages])

    count, found = remembered_of(request).get(("script", wanted), ask)
    return version, wanted, told, count, found


def _numbers(request: Request, name: str) -> list[tuple[int, str]]:
    with desk_of(request).database.read() as session:
        return [(one.number, STATE_WORDS[VersionState(one.state)]) for one in versions_of(session, name)]
