"""Where everything meets: settings become a working installation, and the installation a server."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from bot.script import Script
from bot.writing.unheard import unheard
from campaign.calls.calllog import CallLog
from campaign.calls.feed import Feed
from campaign.calls.incoming import answering
from campaign.calls.trying import Trials
from campaign.clock import Clock, RealClock
from campaign.handover.agents import Roster
from campaign.handover.consulting import ClientCalls, Consultation
from campaign.handover.presences import PresenceLog
from campaign.handover.roads import ByExchange, Road, ToBrowser, ToCallback, ToExtension
from campaign.handover.supervising import Supervisors
from campaign.house import House
from campaign.imports.import_jobs import ImportJobs
from campaign.other_ways.by_hand import ByHand
from campaign.other_ways.people import PhoneReviews
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from campaign.running.condition import Plant
from campaign.running.health import health_site
from campaign.running.lease import Lease
from campaign.running.meters import Meters
from campaign.running.runner import Runner
from campaign.running.worker import arrive, run_until, staying
from campaign.sending.channel_file import load_channels
from campaign.sending.outbox import Outbox
from campaign.shipped import take_in_shipped
from campaign.voices import Voices
from campaign.works import Works
from console import AgentLines, AskedWords, Desk, TryLines, add_pages
from firm_rules import calling_hours, trading_calendar
from intents import load_matcher
from models import Database, current_seal, load_seal, use_seal
from models.lines import TOGETHER, LineCaps, Lines
from rules import TradingCalendar
from rules.caps import ContactCaps
from settings import Settings
from speech.prompts import Prompts
from speech.recogniser import Recogniser, find_model
from speech.voice import Pyttsx3Voice
from telephony.archive import Archive
from telephony.archive_s3 import Credentials, open_archive
from telephony.archiving import Archiving
from telephony.browser import BrowserLines
from telephony.gateway import Gateway
from telephony.gateways.dialer import ExchangeDialer
from telephony.gateways.exchange_file import load_exchange
from telephony.legs import Dialer
from telephony.recording import Recorder, RecordingStore
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk_file import load_trunks

# How long a busy thread may keep the media thread waiting; Python's own 5 ms would be a quarter of a frame.
SWITCH_SECONDS = 0.001

Job = Callable[[Works], Awaitable[None]]
OpenDialer = Callable[[Recorder], AbstractAsyncContextManager[Dialer]]

NO_BOUND = 1_000_000
# Agents' browsers are connected to the console's process, which alone can join them with a call.
NO_AGENTS = (
    "HUIFANG_HAND_OVER=browser：工作进程没有座席页面，客户需要人工时告知将有专员回电，并登记待办；"
    "要当场转接，请由 huifang serve 拨打，或设为 attended、bridge、refer"
)

log = logging.getLogger(__name__)


class InstallationError(Exception):
    """The installation cannot start; the message says what to do."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """The data folder for this process alone; raises InstallationError while another works on it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "huifang.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InstallationError(
                f"another process is working on {folder}: stop it, or give this one another HUIFANG_DATA_DIR"
            ) from error
        yield


@contextmanager
def _alone(settings: Settings) -> Iterator[str]:
    """The data folder for this process alone, and its name, where the database is a file in it.

    Processes that share a PostgreSQL know each other by their heartbeats, and may share the folder too: "".
    """
    if not settings.database.startswith("sqlite"):
        yield ""
        return
    with alone_in(settings.data_dir):
        yield f"{socket.gethostname()}:{settings.data_dir.resolve()}"


def _tell_unheard(scripts: Mapping[str, Script], ears: Recogniser) -> None:
    """One line for each script with words that the recognition model can never hear: it ignores them silently."""
    for name, words in unheard(scripts, ears).items():
        log.warning("%s: the recognition model lacks the words %s", name, " ".join(words))


def open_database(settings: Settings) -> Database:
    """The migrated database of an installation, its key installed and the shipped scripts taken in.

    Raises ModelsError, and ScriptError where the shipped ledger or a script that it approves cannot be read.
    """
    use_seal(load_seal(settings.secret_key, settings.data_dir / "secret.key"))
    database = Database(settings.database)
    with database.starting():
        database.upgrade()
        take_in_shipped(database, datetime.now(UTC))
    return database


@asynccontextmanager
async def open_works(
    settings: Settings, make_clock: Callable[[Database], Clock], open_dialer: OpenDialer | None = None
) -> AsyncIterator[Works]:
    """Everything that calls are made with, as a worker among others; what dead ones left has been settled.

    `open_dialer` stands in for the line that the settings name.
    """
    async with _opened(settings, make_clock, open_dialer) as works, staying(works):
        yield works


@asynccontextmanager
async def _opened(
    settings: Settings, make_clock: Callable[[Database], Clock], open_dialer: OpenDialer | None
) -> AsyncIterator[Works]:
    sys.setswitchinterval(SWITCH_SECONDS)
    with _alone(settings) as place:
        database = open_database(settings)
        scripts = Shelf(database)
        archive = archive_of(settings)
        recordings = RecordingStore(settings.recordings, current_seal().key, archive)
        ears = Recogniser(find_model(settings.asr_model, settings.data_dir / "models"), threads=settings.asr_threads)
        _tell_unheard(scripts.current(), ears)
        clock, worker = make_clock(database), f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        channels = load_channels(settings.channels, settings.data_dir / "outbox")
        house = House(settings.firm, settings.department, settings.staff_number, settings.service_number)
        matcher = load_matcher()
        recorder = ClientCalls(recordings)
        line = open_dialer(recorder) if open_dialer else _dialer(settings, recorder)
        async with (
            CallLog(database) as call_log,
            Outbox(database, channels, clock, worker) as outbox,
            PresenceLog(database, worker) as presences,
            line as dialer,
        ):
            archiving = Archiving(recordings, archive, settings.archive_local_days) if archive else None
            works = Works(
                database=database,
                dialer=dialer,
                recordings=recordings,
                ears=ears,
                voices=_voices(settings),
                matcher=matcher,
                scripts=scripts,
                house=house,
                clock=clock,
                hours=calling_hours(settings, clock.now().date()),
                call_log=call_log,
                feed=Feed(),
                lease=Lease(database),
                lines=_lines(settings, dialer),
                caps=_client_caps(settings) if make_clock is real_clock else None,
                worker=worker,
                outbox=outbox,
                forms=Forms(database, scripts, house, clock, matcher, settings.public_address, worker),
                road=_road(settings, dialer, presences),
                archiving=archiving,
            )
            await asyncio.to_thread(scripts.current)
            await asyncio.to_thread(arrive, works, place)
            async with archiving or nullcontext(), answering(works, settings.incoming_lines):
                yield works
        ears.close()
        database.close()


def archive_of(settings: Settings) -> Archive | None:
    """Where sealed recordings go, None where they stay; raises TelephonyError."""
    credentials = Credentials(
        settings.archive_access_key, settings.archive_secret_key.get_secret_value(), settings.archive_region
    )
    return open_archive(settings.archive, credentials)


def prompts_of(settings: Settings, script: Script) -> Prompts:
    """The prompts of a script: recorded ones where there are any, else the bot's voice."""
    return _voices(settings).prompts_of(script)


def _voices(settings: Settings) -> Voices:
    return Voices(settings.data_dir / "prompts", settings.recorded_prompts)


def _dialer(settings: Settings, recordings: Recorder) -> AbstractAsyncContextManager[Dialer]:
    """The exchange or the SIP trunks of the file, else the gateway that far ends connect to; raises TelephonyError."""
    if settings.trunks is not None:
        exchange = load_exchange(settings.trunks)
        if exchange is not None:
            return ExchangeDialer(exchange, recordings)
        return SipDialer(load_trunks(settings.trunks), recordings)
    return Gateway("127.0.0.1", settings.gateway_port, recordings)


def _lines(settings: Settings, dialer: Dialer) -> Lines | None:
    """What all workers together may put on each of the dialer's trunks, and on all of them where that is set."""
    calls, per_second = settings.line_calls or NO_BOUND, settings.line_calls_per_second or NO_BOUND
    bound = settings.line_calls > 0 or settings.line_calls_per_second > 0
    together = LineCaps(TOGETHER, calls, per_second) if bound else None
    match dialer:
        case SipDialer():
            each = tuple(LineCaps(one.name, one.calls, one.calls_per_second) for one in dialer.trunks)
            return Lines(each, together)
        case ExchangeDialer():
            exchange = dialer.exchange
            return Lines((LineCaps("lines", exchange.calls, exchange.calls_per_second),), together)
        case _:
            return Lines((LineCaps("lines", calls, per_second),)) if bound else None


def _client_caps(settings: Settings) -> ContactCaps:
    return ContactCaps(settings.client_calls_per_day, settings.client_reviews_per_quarter)


def _road(settings: Settings, dialer: Dialer, presences: PresenceLog) -> Road:
    """How calls are handed over to people."""
    match settings.hand_over:
        case "browser":
            return ToBrowser(Roster(noted=presences.note))
        case "refer":
            return ByExchange(settings.refer_to)
        case "attended" | "bridge":
            return ToExtension(Consultation(dialer, settings.extensions, refers=settings.hand_over == "attended"))
        case "callback":
            return ToCallback()


def real_clock(_database: Database) -> Clock:
    """The wall clock, whatever is in the database."""
    return RealClock()


def create_app(
    works: Works,
    firm: str,
    browsers: BrowserLines | None = None,
    api_token: str = "",
    calendar: TradingCalendar | None = None,
    *,
    demo: bool = False,
    imports: ImportJobs | None = None,
    plant: Plant | None = None,
) -> FastAPI:
    """The pages and the live feed over a working installation; agents take calls where there are `browsers`.

    In a `demo` anybody may look around as one of its own people. Raises console.access.UndeclaredRoute.
    """
    app = FastAPI(title="回访", docs_url=None, redoc_url=None, openapi_url=None)
    add_pages(app)
    questions = AskedWords(lambda: works.scripts.loaded)
    agents = _agents(works, works.road, browsers) if browsers and isinstance(works.road, ToBrowser) else None
    trial = TryLines(Trials(works), browsers) if browsers else None
    app.state.desk = Desk(
        works.database,
        works.recordings,
        works.feed,
        works.clock,
        firm,
        questions,
        agents,
        trial,
        api_token,
        calendar,
        works.forms,
        demo,
        hours=works.hours,
        imports=imports,
        plant=plant,
    )
    return app


def _agents(works: Works, road: ToBrowser, browsers: BrowserLines) -> AgentLines:
    reviews = PhoneReviews(
        works.database, works.scripts, works.house, works.clock, works.matcher, works.hours, works.recordings
    )
    by_hand = ByHand(reviews, works.dialer, road.roster)
    return AgentLines(road.roster, browsers, Supervisors(road.roster, road.lines), by_hand)


def plant_of(works: Works, settings: Settings) -> Plant:
    """What the operator looks after in this process."""
    return Plant(
        works.database,
        works.clock,
        settings.data_dir,
        works.recordings.folder,
        works.archiving,
        works.dialer,
        works.ears,
        settings.asr_model or "自带的小模型（只适合演示）",
        Pyttsx3Voice(),
    )


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
    async with open_works(settings, make_clock, open_dialer) as works, BrowserLines() as browsers:
        calendar = trading_calendar(settings)
        imports = ImportJobs(works.database, works.clock.now, calendar, settings.data_dir / "imports")
        config = uvicorn.Config(
            create_app(
                works,
                settings.firm,
                browsers,
                settings.api_token,
                calendar,
                demo=demo,
                imports=imports,
                plant=plant_of(works, settings),
            ),
            host=settings.host,
            port=port or settings.port,
            log_level="warning",
        )
        working = asyncio.ensure_future(job(works))
        working.add_done_callback(_tell_failure)
        try:
            await uvicorn.Server(config).serve()
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await asyncio.to_thread(imports.close)


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
    async with open_works(settings, real_clock) as works:
        meters = Meters()
        runner = Runner(works, settings.lines, settings.calls_per_second, meters=meters)
        async with health_site(works, runner, meters, settings.health_host, settings.health_port) as port:
            tell(f"工作进程 {works.worker}，健康检查 http://{settings.health_host}:{port}/healthz")
            await asyncio.to_thread(works.prerender)
            await run_until(works, runner, stop, settings.drain_seconds)
