"""What the pages work with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI, Request

from bot.nodes import SLOT, Question, Script, Statement
from campaign.calls.feed import Feed
from campaign.calls.trying import Trials
from campaign.clock import Clock
from campaign.duties.outlook import LineRoom
from campaign.handover.agents import Roster
from campaign.handover.colleagues import Consultations
from campaign.handover.supervising import Supervisors
from campaign.imports.import_jobs import ImportJobs
from campaign.other_ways.by_hand import ByHand
from campaign.other_ways.questionnaires import Forms
from campaign.running.condition import Plant
from console.agent_sitting import Sittings
from models import Database
from rules import CallingHours, ContactCaps, TradingCalendar
from telephony.browser import BrowserLines
from telephony.recording import RecordingStore


@dataclass(frozen=True, slots=True)
class AgentLines:
    """Who is on duty, how their browsers become telephones, and what else is done with them."""

    roster: Roster
    browsers: BrowserLines
    supervisors: Supervisors | None = None
    by_hand: ByHand | None = None
    consultations: Consultations | None = None
    sittings: Sittings = field(default_factory=Sittings)


@dataclass(frozen=True, slots=True)
class TryLines:
    """Scripts that can be talked with, by browser."""

    trials: Trials
    browsers: BrowserLines


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to the pages by the server; no page reads a setting or opens a file by itself."""

    database: Database
    recordings: RecordingStore
    feed: Feed
    clock: Clock
    firm: str
    questions: Mapping[str, str]  # what is asked, by question id
    agents: AgentLines | None = None  # None where calls are not handed over to browsers
    trial: TryLines | None = None
    api_token: str = ""  # of the firm's systems; "": they may not
    calendar: TradingCalendar | None = None  # None: the one that is shipped
    forms: Forms | None = None  # None where clients are sent no questionnaires
    imports: ImportJobs | None = field(default=None, kw_only=True)  # None: of a process without a folder of its own
    plant: Plant | None = field(default=None, kw_only=True)  # what the operator looks after; None: the database alone
    demo: bool = False  # whether anybody may look around as one of the demo's own people
    hours: CallingHours = CallingHours()  # when the firm calls
    caps: ContactCaps | None = None  # how often a client may be called; None: as often as one likes
    line_room: LineRoom | None = None  # what the lines carry; None: not known here


def desk_of(where: Request | FastAPI) -> Desk:
    """The desk of this server."""
    desk: Desk = (where if isinstance(where, FastAPI) else where.app).state.desk
    return desk


def import_jobs_of(request: Request) -> ImportJobs:
    """The imports of this server."""
    state, desk = request.app.state, desk_of(request)
    if desk.imports is not None:
        return desk.imports
    if not hasattr(state, "import_jobs"):
        state.import_jobs = ImportJobs(desk.database, desk.clock.now, desk.calendar)
    jobs: ImportJobs = state.import_jobs
    return jobs


class AskedWords(Mapping[str, str]):
    """The words of every question and reminder of the scripts in use; what differs between clients is an ellipsis."""

    def __init__(self, scripts: Callable[[], Mapping[str, Script]]) -> None:
        self._scripts = scripts
        self._of: Mapping[str, Script] = {}
        self._words: dict[str, str] = {}

    def __getitem__(self, node: str) -> str:
        return self._current()[node]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())

    def _current(self) -> dict[str, str]:
        scripts = self._scripts()
        if scripts is not self._of:  # another mapping: something was published
            self._of, self._words = scripts, _words_of(scripts.values())
        return self._words


def _words_of(scripts: Iterable[Script]) -> dict[str, str]:
    nodes = [node for script in scripts for node in script.nodes.values()]
    words = {node.id: node.ask for node in nodes if isinstance(node, Question)}
    words |= {node.id: node.say for node in nodes if isinstance(node, Statement)}
    return {node: SLOT.sub("…", text).replace("……", "…") for node, text in words.items()}
