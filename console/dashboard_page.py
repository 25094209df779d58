"""The dashboard (看板): will the year's duty be met, how is today going, what is on the line, do the lines hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from campaign.duties.standing import YearStanding, year_standing
from campaign.running.findings import Finding, of_load
from campaign.to_the_end import called_off
from console.access import posts
from console.desk import Desk, desk_of
from console.remembered import Asking
from console.render import page
from console.spreadsheet import spreadsheet
from models.managing_cases import unfinished_cases
from models.managing_figures import LineFigures, beginnings, funnel, line_figures, outcomes_between
from models.plans import plans
from models.workers import workers_alive
from rules import Outcome, Post, label_of
from rules.appendix_f import row_of
from rules.hours import SHANGHAI
from rules.yearly import GOOD, VERDICT_WORDS
from speech.load import Load

KEEPALIVE_SECONDS = 15.0
CLOSING = {"kind": "closing"}  # the last news: this process ends
LINES_LATELY = timedelta(minutes=15)
LOST_TOO_OFTEN = 0.1  # share of the latest attempts that our own lines lost, from which they are not sound
RANGES = {"today": "今天", "week": "近7天", "month": "近30天", "year": "本年"}
# What table F.1 has no line for.
BESIDE = {
    Outcome.REVIEWED: "已回访",
    Outcome.CALLBACK_AGREED: "预约回访",
    Outcome.NEEDS_HUMAN: "转人工",
    Outcome.OWN_LINE_FAILED: "我方线路故障（不计为拨打）",
}

router = APIRouter()
SEES = posts(Post.MANAGER, Post.INSPECTOR, Post.OPERATOR)


@dataclass(frozen=True, slots=True)
class Mix:
    """One line of the mix of outcomes; `number`: of table F.1, "" where it has none."""

    number: str
    word: str
    count: int


@router.get("/", dependencies=[SEES])
def show(request: Request, span: str = "week") -> Response:
    """Everything that a manager wants to know in the morning, on one page."""
    desk = desk_of(request)
    now = desk.clock.now()
    midnight = datetime.combine(now.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    tomorrow, span = midnight + timedelta(days=1), span if span in RANGES else "week"
    with desk.database.read() as session:
        begun = beginnings(session)
        if not begun.tasks:
            return page(request, "empty.html", begun=begun, plans=plans(session)[:1])
    asked = Asking(request)
    return page(
        request,
        "dashboard.html",
        year=midnight.year,
        standing=asked.soon("standing", _standing(desk), keep_fresh=True),
        verdicts=VERDICT_WORDS,
        good=GOOD,
        funnel=asked("funnel", lambda session: funnel(session, midnight, tomorrow), midnight, keep_fresh=True),
        mix=_mix(asked, span, midnight),
        span=span,
        spans=RANGES,
        live=desk.feed.calls(),
        lines=health(_lines(asked, desk)),
        ears=hearing(desk.plant.loads() if desk.plant is not None else ()),
        workers=asked("workers", lambda session: len(workers_alive(session)), keep_fresh=True),
        cases=asked("cases", lambda session: unfinished_cases(session, desk.clock.now()), keep_fresh=True),
    )


@router.get("/dashboard.csv", dependencies=[SEES])
def export(request: Request) -> Response:
    """The year's duty as a spreadsheet."""
    desk = desk_of(request)
    asked = Asking(request)
    standing = asked("standing", _standing(desk), keep_fresh=True)
    rows = [
        [share.name, f"{share.percent}%", *map(str, (one.needed, one.done, "", one.open, one.missed, ""))]
        + [VERDICT_WORDS[one.verdict]]
        for share, one in standing.shares
    ] + [
        [label_of(line.review_type), "", str(one.all), str(one.done), str(one.unreviewed)]
        + [str(one.open), str(one.missed), str(one.overdue), VERDICT_WORDS[one.verdict]]
        for line, one in standing.types
    ]
    heads = ("义务", "比例", "应回访", "已回访", "未访成", "待完成", "预计错过", "已逾期", "能否完成")
    return spreadsheet(request, f"{standing.year}年回访义务", heads, rows)


@router.get("/live", dependencies=[SEES])
async def live(request: Request) -> StreamingResponse:
    """What happens right now, as server-sent events; a new watcher gets the whole picture first."""
    return StreamingResponse(_news(request), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def reckon_ahead(app: FastAPI) -> None:
    """Count the yearly figures behind as soon as the server is up: of a large firm that takes seconds."""
    Asking(app).ahead("standing", _standing(desk_of(app)), keep_fresh=True)


def _standing(desk: Desk) -> Callable[[Session], YearStanding]:
    return lambda session: year_standing(session, desk.clock.now(), desk.hours, desk.line_room)


def _lines(asked: Asking, desk: Desk) -> LineFigures:
    return asked("lines", lambda session: line_figures(session, _lately(desk) - LINES_LATELY), keep_fresh=True)


def _mix(asked: Asking, span: str, midnight: datetime) -> list[Mix]:
    since, until = _since(span, midnight), midnight + timedelta(days=1)
    return asked("mix", lambda session: outcome_mix(session, since, until), span, midnight, keep_fresh=True)


def _lately(desk: Desk) -> datetime:
    """Now, by the clock that calls are begun by, or by the machine's where that one is ahead of it."""
    return min(desk.clock.now(), datetime.now(UTC))


def _since(span: str, midnight: datetime) -> datetime:
    match span:
        case "today":
            return midnight
        case "month":
            return midnight - timedelta(days=29)
        case "year":
            return midnight.replace(month=1, day=1)
        case _:
            return midnight - timedelta(days=6)


def outcome_mix(session: Session, since: datetime, until: datetime) -> list[Mix]:
    """What the calls of a time came to, by table F.1: the done first, then its lines, then what it does not have."""
    return by_table_f(outcomes_between(session, since, until))


def by_table_f(counts: Mapping[str, int]) -> list[Mix]:
    """Counts of outcomes in the order of table F.1; our extensions stand under the line that they are reported as."""
    lines: list[tuple[int, Mix]] = []
    for name, count in counts.items():
        outcome = Outcome(name)
        row = row_of(outcome)
        place = 0 if outcome is Outcome.REVIEWED else row.number if row else 99
        word = BESIDE.get(outcome, label_of(outcome))
        lines.append((place, Mix(str(row.number) if row else "", word, count)))
    return [mix for _, mix in sorted(lines, key=lambda line: (line[0], -line[1].count))]


def health(figures: LineFigures) -> dict[str, Any]:
    """How the lines did lately, in a word and its figures."""
    lost = figures.lost / figures.attempts if figures.attempts else 0.0
    if not figures.attempts:
        word, sound = "近15分钟没有拨打", True
    elif lost >= LOST_TOO_OFTEN:
        word, sound = f"线路异常：近15分钟{figures.attempts}次拨打，{figures.lost}次因我方线路未能呼出", False
    else:
        usual = "线路注意" if figures.broken else "线路正常"
        word, sound = f"{usual}：近15分钟{figures.attempts}次拨打，{figures.answered}次接通", True
    broken = f"，{figures.broken}次通话中断" if figures.broken else ""
    return {"words": word + broken, "sound": sound and not figures.broken}


def hearing(loads: Sequence[tuple[str, Load]]) -> Finding | None:
    """How much the recognisers of all processes have to do together, and the longest lag; None: there is none."""
    each = [load for _, load in loads]
    threads = sum(one.threads for one in each)
    if not threads:
        return None
    together = Load(
        threads,
        sum(one.busy for one in each),
        sum(one.waiting for one in each),
        sum(one.share * one.threads for one in each) / threads,
        max(one.lag_seconds for one in each),
    )
    return of_load(together)


async def _news(request: Request) -> AsyncIterator[str]:
    news = desk_of(request).feed.watch_for_pages()
    pending = asyncio.ensure_future(anext(news, CLOSING))
    try:
        while not await request.is_disconnected():
            done, _ = await asyncio.wait({pending}, timeout=KEEPALIVE_SECONDS)
            if not done:
                yield ": still here\n\n"
                continue
            yield f"data: {json.dumps(pending.result(), ensure_ascii=False)}\n\n"
            if pending.result() is CLOSING:
                return
            pending = asyncio.ensure_future(anext(news, CLOSING))
    finally:
        await called_off(pending)
        await news.aclose()
