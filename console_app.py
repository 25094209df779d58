"""The console over a working installation: its pages, its agents' lines, and what the operator looks after."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI
from sqlalchemy.orm import Session

from campaign.calls.placing import Place, take_place
from campaign.calls.trying import Trials
from campaign.duties.outlook import LineRoom
from campaign.handover.colleagues import Consultations
from campaign.handover.roads import ToBrowser
from campaign.handover.supervising import Supervisors
from campaign.imports.import_jobs import ImportJobs
from campaign.other_ways.by_hand import ByHand
from campaign.other_ways.people import PhoneReviews
from campaign.running.condition import Plant
from campaign.works import Works
from console import AgentLines, AskedWords, Desk, TryLines, add_pages
from rules import TradingCalendar
from settings import Settings
from speech.voice import Pyttsx3Voice
from telephony.browser import BrowserLines


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
    extensions: tuple[str, ...] = (),
    line_room: LineRoom | None = None,
) -> FastAPI:
    """The pages and the live feed over a working installation; agents take calls where there are `browsers`.

    `extensions` are sip: addresses that agents may call to ask about a client, beside their colleagues on duty;
    `line_room` is what the lines carry, for the forecast.

    In a `demo` anybody may look around as one of its own people. Raises console.access.UndeclaredRoute.
    """
    app = FastAPI(title="回访", docs_url=None, redoc_url=None, openapi_url=None)
    add_pages(app)
    questions = AskedWords(lambda: works.scripts.loaded)
    agents = None
    if browsers and isinstance(works.road, ToBrowser):
        agents = _agents(works, works.road, browsers, extensions)
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
        caps=works.caps,
        imports=imports,
        plant=plant,
        line_room=line_room,
    )
    return app


def _agents(works: Works, road: ToBrowser, browsers: BrowserLines, extensions: tuple[str, ...]) -> AgentLines:
    reviews = PhoneReviews(
        works.database,
        works.scripts,
        works.house,
        works.clock,
        works.matcher,
        works.hours,
        works.recordings,
        works.caps,
    )
    claim, voice = partial(_claim, works), works.voices.prompts_of
    by_hand = ByHand(reviews, road.roster, road.lines, works.feed, voice, dialer=works.dialer, claim=claim)
    supervisors = Supervisors(road.roster, road.lines)
    consultations = Consultations(road.roster, works.dialer, extensions)
    return AgentLines(road.roster, browsers, supervisors, by_hand, consultations)


def _claim(works: Works, session: Session) -> Place:
    """Count a call that an agent dials on a trunk; the bounds of a campaign are for those that the bot dials."""
    return take_place(works, session, ())


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
        works.neighbours,
    )
