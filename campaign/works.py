"""What a running campaign works with: one value that names every part once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from campaign.calllog import CallLog
from campaign.clock import Clock
from campaign.feed import Feed
from campaign.lease import Lease
from campaign.published import Shelf
from campaign.roads import Road, ToCallback
from campaign.voices import Voices
from intents import Matcher
from models import Database
from models.lines import LineCaps
from rules import CallingHours
from rules.caps import ContactCaps
from speech.recogniser import Recogniser
from telephony.legs import Dialer
from telephony.recording import RecordingStore


@dataclass(frozen=True, slots=True)
class House:
    """How the firm introduces itself; these fill the slots of the opening and the closing."""

    firm: str  # 券商
    department: str  # 部门
    staff_number: str  # 工号
    service_number: str  # 服务电话

    @property
    def slots(self) -> dict[str, str]:
        """What every script may say of the firm."""
        return {
            "券商": self.firm,
            "部门": self.department,
            "工号": self.staff_number,
            "服务电话": self.service_number,
        }


@dataclass(frozen=True, slots=True)
class Works:
    """Everything an attempt needs; made once when a process starts."""

    database: Database
    dialer: Dialer
    recordings: RecordingStore
    ears: Recogniser
    voices: Voices
    matcher: Matcher
    scripts: Shelf
    house: House
    clock: Clock
    hours: CallingHours
    call_log: CallLog
    feed: Feed
    worker: str  # an executor id, new at each start
    lease: Lease | None = None  # this worker's place among others; None: it is alone
    lines: LineCaps | None = None  # what all workers together may put on the lines
    caps: ContactCaps | None = None  # how often one client may be called
    agents_free: Callable[[], int | None] = lambda: None  # who could take a call over now; None: nobody ever does
    ring_seconds: float = 35.0
    road: Road = field(default_factory=ToCallback)  # to a person, when the client needs one
    turn_latencies_ms: list[int] = field(default_factory=list)
    abandoned: set[int] = field(default_factory=set)  # attempts that this worker began and could not settle

    def prerender(self) -> None:
        """Make the audio of all that the published scripts always say; blocks, quick when it is there already."""
        for script in self.scripts.current().values():
            self.voices.prompts_of(script).prerender(script.fixed_texts())
