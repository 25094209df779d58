"""A process at work: the console with a worker, or a worker alone, until a signal ends it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn

from campaign.calls.feed import Feed
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
Tell = Callable[[str], None]

_CLOSE_SECONDS = 5  # for the pages that are open when the console closes

# Agents' browsers are connected to the console's process, which alone can join them with a call.
NO_AGENTS = (
    "HUIFANG_HAND_OVER=browser：工作进程没有座席页面，客户需要人工时告知将有专员回电，并登记待办；"
    "要当场转接，请由 huifang serve 拨打，或设为 attended、bridge、refer"
)

log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it, and does not end the process by one when it has ended."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    settings: Settings,
    *,
    job: Job,
    make_clock: Callable[[Database], Clock] = real_clock,
    open_dialer: OpenDialer | None = None,
    port: int | None = None,
    demo: bool = False,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve the console and carry out `job` (run campaigns, or a demo) until cancelled, or until `stop` and its end.

    The job heeds `stop` itself; the console stays until it has ended, for the agents whose talks go on. Raises the
    room errors of whatever cannot start, before anything is served.
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
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=port or settings.port,
            log_level="warning",
            timeout_graceful_shutdown=_CLOSE_SECONDS,
        )
        reckon_ahead(app)
        working = asyncio.ensure_future(job(works))
        working.add_done_callback(_tell_failure)
        try:
            await _serve_until(_Server(config), working, works.feed, stop or asyncio.Event())
        finally:
            await asyncio.to_thread(imports.close)
            await asyncio.to_thread(remembered_of(app).close)


async def _serve_until(server: uvicorn.Server, working: asyncio.Future[None], feed: Feed, stop: asyncio.Event) -> None:
    """Serve until cancelled, or until `stop` and the end of the work; then the open pages are told and closed."""
    serving, stopping = asyncio.create_task(server.serve()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            await asyncio.wait({serving, working}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        feed.close()
        server.should_exit = True
        await called_off(stopping, working)
        await asyncio.wait({serving})
    serving.result()


def _tell_failure(working: asyncio.Future[None]) -> None:
    if not working.cancelled() and working.exception() is not None:
        log.error("calling has stopped: %s", working.exception(), exc_info=working.exception())


async def run_campaigns(works: Works, settings: Settings, stop: asyncio.Event) -> None:
    """Take due tasks until `stop`; then begin no more calls, and let those on the line end."""
    await works.voices_made(stop)
    await run_until(works, Runner(works, settings.lines, settings.calls_per_second), stop, settings.drain_seconds)


async def work(settings: Settings, tell: Tell, stop: asyncio.Event) -> None:
    """Be one worker of many until `stop`: then begin no more calls, let those on the line end, and go.

    Raises WorkerLost when the others have given this worker up, and the room errors of what cannot start.
    """
    if settings.hand_over == "browser":
        tell(NO_AGENTS)
        settings = settings.model_copy(update={"hand_over": "callback"})
    settings = settings.model_copy(update={"console_url": ""})  # that of another process, which reads the same file
    async with open_works(settings, real_clock) as works:
        meters = Meters()
        runner = Runner(works, settings.lines, settings.calls_per_second, meters=meters)
        async with health_site(works, runner, meters, settings.health_host, settings.health_port) as port:
            tell(f"工作进程 {works.worker}，健康检查 http://{settings.health_host}:{port}/healthz")
            await works.voices_made(stop)
            await run_until(works, runner, stop, settings.drain_seconds)
