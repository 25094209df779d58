"""What a running campaign works with: one value that names every part once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from campaign.calls.calllog import CallLog
from campaign.calls.feed import Feed
from campaign.clock import Clock
from campaign.handover.duty import Presence
from campaign.handover.roads import Road, ToBrowser, ToCallback
from campaign.house import House
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from campaign.running.lease import Lease, boot_seconds
from campaign.running.neighbours import Neighbours
from campaign.sending.outbox import Outbox
from campaign.voices import Voices
from intents import Matcher
from models import Database
from models.lines import Lines
from rules import CallingHours
from rules.caps import ContactCaps
from speech.recogniser import Recogniser
from telephony.archiving import Archiving
from telephony.legs import Dialer
from telephony.recording import RecordingStore, SealedRecording


class _BrokenOff(Exception):
    """No more audio is wanted."""


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
    outbox: Outbox
    forms: Forms
    lease: Lease | None = None  # this worker's place among others; None: it is alone
    lines: Lines | None = None  # what all workers together may put on each trunk
    caps: ContactCaps | None = None  # how often one client may be called
    seconds: Callable[[], float] = boot_seconds  # go on while the process stands still
    neighbours: Neighbours | None = None  # the other processes, as they say that they stand; None: there are none
    console: str = ""  # the address of this process's pages, for those of others; "": it has none
    archiving: Archiving | None = None  # of sealed recordings; None: they stay in their folder
    ring_seconds: float = 35.0
    road: Road = field(default_factory=ToCallback)  # to a person, when the client needs one
    turn_latencies_ms: list[int] = field(default_factory=list)
    incoming: set[asyncio.Task[None]] = field(default_factory=set)  # calls of clients, being decided on or served
    abandoned: set[int] = field(default_factory=set)  # attempts that this worker began and could not settle
    # Tasks whose attempt may have been begun, the database's answer being lost, and whether by a call of the client's;
    # and when that was.
    doubtful: dict[tuple[int, bool], datetime] = field(default_factory=dict)
    recovered: list[SealedRecording] = field(default_factory=list)  # and not yet linked with their calls

    def agents_free(self) -> int | None:
        """How many people could take a call over now; None where nobody is on duty for that."""
        on_duty = self.road.roster.on_duty() if isinstance(self.road, ToBrowser) else ()
        return sum(seat.presence is Presence.FREE for seat in on_duty) if on_duty else None

    async def voices_made(self, stop: asyncio.Event | None = None) -> None:
        """Make the audio of all that the published scripts always say; quick when it is there already.

        A cancellation, or `stop`, ends it after the sentence that is being made.
        """
        broken_off = threading.Event()
        try:
            await asyncio.to_thread(
                self._make_voices, lambda: broken_off.is_set() or (stop is not None and stop.is_set())
            )
        finally:
            broken_off.set()

    def _make_voices(self, enough: Callable[[], bool]) -> None:
        def look(_done: int, _wanted: int) -> None:
            if enough():
                raise _BrokenOff

        with contextlib.suppress(_BrokenOff):
            for script in self.scripts.current().values():
                self.voices.prompts_of(script).prerender(script.fixed_texts(), look)
