"""The progress of a campaign in the terminal."""

from __future__ import annotations

import asyncio

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from campaign.works import Works
from console.words import outcome_word, zh_time
from models.calls import CampaignFigures, campaigns, figures_of

REFRESH_SECONDS = 0.5


async def show_progress(works: Works, console: Console, *, headline: str) -> None:
    """Draw the latest campaign until cancelled; without a terminal, one line whenever the figures change."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            while True:
                live.update(_picture(works, await _figures(works), headline), refresh=True)
                await asyncio.sleep(REFRESH_SECONDS)
    console.print(headline)
    told = CampaignFigures()
    while True:
        figures = await _figures(works)
        if figures != told:
            told = figures
            console.print(_line(works, figures), soft_wrap=True)
        await asyncio.sleep(REFRESH_SECONDS)


async def _figures(works: Works) -> CampaignFigures:
    return await asyncio.to_thread(_read_figures, works)


def _read_figures(works: Works) -> CampaignFigures:
    with works.database.read() as session:
        known = campaigns(session)
        return figures_of(session, known[0].id) if known else CampaignFigures()


def _line(works: Works, figures: CampaignFigures) -> str:
    return (
        f"{zh_time(works.clock.now())}  任务 {figures.tasks}  已完成 {figures.final}  转人工 {figures.with_human}  "
        f"待拨打 {figures.waiting}  通话中 {figures.on_the_line}  已拨打 {figures.attempts} 次"
    )


def _picture(works: Works, figures: CampaignFigures, headline: str) -> Group:
    done = figures.final + figures.with_human
    calls = Table("任务", "客户", "回访", "阶段", "当前问题", expand=True)
    for call in works.feed.calls():
        calls.add_row(call.task_number, call.client, call.title, call.stage.value, call.question)
    mix = "  ".join(f"{outcome_word(name)} {count}" for name, count in figures.by_outcome)
    return Group(
        Text(headline, style="bold"),
        Text(_line(works, figures)),
        ProgressBar(total=max(1, figures.tasks), completed=done),
        Text(f"拨打结果  {mix}" if mix else ""),
        calls,
    )
