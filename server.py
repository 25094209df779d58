"""A process at work: the console with a worker, or a worker alone, until a signal ends it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable

import uvicorn

from campaign.calls.shared_feed import looking
from campaign.clock import Clock
from campaign.duties.outlook import LineRoom
from campaign.imports.import_jobs import ImportJobs
from campaign.running.health import health_site
from campaign.running.meters import Meters
from campaign.running.runner import Runner
from campaign.running.worker import run_until
from campaign.to_the_end import called_off
from campaign.works import Works
from console import reckon_ahead, remembered_of
from console_app import create_app, plant_of
from firm_lines import OpenDialer
from firm_rules import trading_calendar
from installation import open_works, real_clock
from models import Database
from settings import Settings
from telephony.browser import BrowserLines

Job = Callable[[Works], Awaitable[None]]

# Agents' browsers are connected to the console's process, which alone can join them with a call.
NO_AGENTS = (
    "HUIFANG_HAND_OVER=browser：工作进程没有座席页面，客户需要人工时告知将有专员回电，并登记待办；"
    "要当场转接，请由 huifang serve 拨打，或设为 attended、bridge、refer"
)

log = logging.getLogger(__name__)


async def serve(
    settings: Settings,
    *,
    job: Job,
    make_clock: Callable[[Database], Clock] = real_clock,
    open_dialer: OpenDialer | None = None,
    port: int | None = None,
    demo: bool = False,
) -> None:
    """Serve the console and carry out `job` (run campaigns, or a demo) until a signal ends the process.

    Raises the room errors of whatever cannot start, before anything is served.
    """
    async with (
        open_works(settings, make_clock, open_dialer) as works,
        looking(works.feed, works.database, works.worker),
        BrowserLines() as browsers,
    ):
        calendar = trading_calendar(settings)
        imports = ImportJobs(works.database, works.clock.now, calendar, settings.data_dir / "imports")
        app = create_app(
            works,
            settings.firm,
            browsers,
            settings.api_token,
            calendar,
            demo=demo,
            imports=imports,
            plant=plant_of(works, settings),
            extensions=settings.extensions,
            line_room=LineRoom(settings.lines, settings.calls_per_second, works.lines),
        )
        config = uvicorn.Config(app, host=settings.host, port=port or settings.port, log_level="warning")
        reckon_ahead(app)
        working = asyncio.ensure_future(job(works))
        working.add_done_callback(_tell_failure)
        try:
            await uvicorn.Server(config).serve()
        finally:
            await called_off(working)
            await asyncio.to_thread(imports.close)
            await asyncio.to_thread(remembered_of(app).close)


def _tell_failure(working: asyncio.Future[None]) -> None:
    if not working.cancelled() and working.exception() is not None:
        log.error("calling has stopped: %s", working.exception(), exc_info=working.exception())


async def run_campaigns(works: Works, lines: int) -> None:
    """Take due tasks for as long as the process lives."""
    await asyncio.to_thread(works.prerender)
    await Runner(works, lines).run(until_done=False)


async def work(settings: Settings, tell: Callable[[str], None]) -> None:
    """Be one worker of many until SIGTERM or SIGINT: then begin no more calls, let those on the line end, and go.

    Raises WorkerLost when the others have given this worker up, and the room errors of what cannot start.
    """
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    if settings.hand_over == "browser":
        tell(NO_AGENTS)
        settings = settings.model_copy(update={"hand_over": "callback"})
    settings = settings.model_copy(update={"console_url": ""})  # that of another process, which reads the same file
    async with open_works(settings, real_clock) as works:
        meters = Meters()
        runner = Runner(works, settings.lines, settings.calls_per_second, meters=meters)
        async with health_site(works, runner, meters, settings.health_host, settings.health_port) as port:
            tell(f"工作进程 {works.worker}，健康检查 http://{settings.health_host}:{port}/healthz")
            await asyncio.to_thread(works.prerender)
            await run_until(works, runner, stop, settings.drain_seconds)
