"""A small world on a virtual clock: a scripted telephone network, processes that die and freeze, clients with fates.

Everything is the product's own code except the line (`Network`, in the place of the dialer and of the conversation,
`_carry`), the clock, and the moments at which a process dies: before or after any transaction, and in mid-call.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy.orm import Session

from bot.moves import Finish
from bot.script import Script
from campaign.calls.beginning import Begun
from campaign.calls.calllog import CallLog
from campaign.calls.feed import Feed
from campaign.calls.settling import EndedCall
from campaign.house import House
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from campaign.running.lease import Lease, LeaseDoubtful
from campaign.running.runner import Runner
from campaign.running.sweeper import sweep
from campaign.running.worker import arrive
from campaign.voices import Voices
from campaign.works import Works
from models import Database, WorkerLost
from models.lines import Lines
from rules import CallingHours, Ending, Evidence
from rules.caps import ContactCaps
from rules.hours import SHANGHAI
from speech.errors import VoiceUnavailable
from speech.prompts import Prompts
from telephony.errors import TelephonyError
from telephony.legs import Leg, Places
from telephony.recording import RecordingStore
from tests.conftest import KEY

BEGIN = datetime(2026, 3, 2, 8, 0, tzinfo=SHANGHAI).astimezone(UTC)  # a Monday
LOST_AFTER = timedelta(hours=12)  # heartbeats are rarer than in earnest, so that months take seconds
BEAT_SECONDS = 2 * 3600.0
HELD_SECONDS = 8 * 3600.0
OUTAGE = (BEGIN + timedelta(days=1, hours=2), BEGIN + timedelta(days=1, hours=8))  # of the first trunk


class Killed(BaseException):
    """The process has died here; nothing of it runs on."""


class VirtualClock:
    """The business clock: the event loop's own time."""

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=loop_seconds())

    def real_seconds(self, until: datetime) -> float:
        return max(0.0, (until - self.now()).total_seconds())

    def skip_to(self, at: datetime, lead_seconds: float) -> None:
        """The loop skips idle time by itself."""


_loop: list[asyncio.AbstractEventLoop] = []


def loop_seconds() -> float:
    """The time of the running simulation, from any thread."""
    return _loop[0].time()


@dataclass(slots=True)
class NetworkCall:
    """One call as the network saw it."""

    call_id: str
    number: str
    began: datetime
    process: str
    trunk: str
    ended: datetime | None = None


@dataclass(slots=True)
class Network:
    """What is dialled, by whom, from when to when: the judge of what really reached a client."""

    clock: VirtualClock
    log: list[NetworkCall] = field(default_factory=list)
    started: list[tuple[datetime, str]] = field(default_factory=list)  # every start that a trunk saw
    refusals: int = 0

    def dial(self, call_id: str, number: str, process: str, trunk: str, refused: bool) -> NetworkCall | None:
        """A call reaches a trunk and the network behind it; None: the trunk does not take it."""
        now = self.clock.now()
        self.started.append((now, trunk))
        if refused or (trunk == "main" and OUTAGE[0] <= now < OUTAGE[1]):
            self.refusals += 1
            return None
        call = NetworkCall(call_id, number, now, process, trunk)
        self.log.append(call)
        return call

    def end(self, call: NetworkCall) -> None:
        """The call is over, whoever ended it."""
        if call.ended is None:
            call.ended = self.clock.now()


class FragileDatabase(Database):
    """A database whose process may die before a transaction begins, before it is committed, or right after."""

    def __init__(self, url: str, process: Process) -> None:
        super().__init__(url)
        self._process = process

    @contextmanager
    def read(self) -> Iterator[Session]:
        self._process.risk()
        with super().read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        self._process.risk()
        with super().write() as session:
            yield session
            self._process.risk()
        self._process.risk()


class Mute(Voices):
    """Voices that are not there: the simulated conversation needs none."""

    def prompts_of(self, script: Script) -> Prompts:
        raise VoiceUnavailable("no voice")


@dataclass(eq=False)
class Process:
    """One worker process, from its start to its death or end."""

    name: str
    url: str
    folder: Path
    network: Network
    chance: random.Random
    death_rate: float  # at each step
    freeze_rate: float  # at each step of a call
    lines: Lines
    caps: ContactCaps
    hours: CallingHours
    scripts: Shelf
    frozen_until: float = 0.0
    dead: bool = False
    died: asyncio.Event = field(default_factory=asyncio.Event)
    calls: set[int] = field(default_factory=set)

    def risk(self) -> None:
        """A step at which the process may die; what is dead stays dead."""
        if not self.dead and self.chance.random() < self.death_rate:
            self.dead = True
            _loop[0].call_soon_threadsafe(self.died.set)
        if self.dead:
            raise Killed

    async def awake(self) -> None:
        """A step of a call: the process may freeze here, and everything that comes to such a step waits with it."""
        if self.chance.random() < self.freeze_rate:
            self.frozen_until = loop_seconds() + self.chance.choice((60.0, 5400.0, 10 * 3600.0, 30 * 3600.0))
        await self.thawed()
        self.risk()

    async def thawed(self) -> None:
        """Wait until the process is not frozen."""
        await asyncio.sleep(max(0.0, self.frozen_until - loop_seconds()))

    async def live(self) -> None:
        """Work until killed, lost to the others, or cancelled."""
        database = FragileDatabase(self.url, self)
        works = self._works(database)
        working: list[asyncio.Task[None]] = []
        try:
            await asyncio.to_thread(arrive, works)
            runner = Runner(works, 8, 2.0, look_again_seconds=4 * 3600.0)
            working = [
                asyncio.create_task(runner.run(until_done=False)),
                asyncio.create_task(self._beat(works)),
                asyncio.create_task(self._sweep(works)),
            ]
            dying = asyncio.create_task(cast("Any", self.died.wait()))
            await asyncio.wait([*working, dying], return_when=asyncio.FIRST_COMPLETED)
            dying.cancel()
        except Killed:
            pass
        finally:
            self.dead = True  # the rest is only the interpreter's tidying up: no transaction comes through
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
            database.close()

    async def _beat(self, works: Works) -> None:
        assert works.lease is not None
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self.thawed()
            with contextlib.suppress(WorkerLost):
                await asyncio.to_thread(works.lease.renew)

    async def _sweep(self, works: Works) -> None:
        while True:
            await asyncio.sleep(2 * BEAT_SECONDS)
            if self.frozen_until <= loop_seconds():
                await asyncio.to_thread(sweep, works)

    def _works(self, database: Database) -> Works:
        clock = self.network.clock
        nothing: Any = None
        return Works(
            database=database,
            dialer=_Trunks(self),
            recordings=RecordingStore(self.folder, KEY),
            ears=nothing,
            voices=Mute(self.folder),
            matcher=nothing,
            scripts=self.scripts,
            house=House("华夏安信证券", "客户服务中心", "8001", "95500"),
            clock=clock,
            hours=self.hours,
            call_log=CallLog(database),
            feed=Feed(),
            worker=self.name,
            outbox=nothing,
            forms=cast("Forms", _NoForms()),
            lease=Lease(database, loop_seconds),
            lines=self.lines,
            seconds=loop_seconds,
            caps=self.caps,
        )


class _NoForms:
    def send(self, _session: Session, _task: object) -> None: ...


class _Trunks:
    """The dialer of a process: one trunk after the other, and what one takes reaches the network at once."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def roads(self) -> Sequence[str]:
        """See Dialer; that a trunk is out of order is seen when it is tried."""
        return self._process.lines.names

    async def dial(self, call_id: str, number: str, *, ring_seconds: float, places: Places | None = None) -> Leg:
        """See Dialer; the leg is the network's own entry."""
        process = self._process
        assert places is not None
        for trunk in self.roads():
            await process.awake()
            if not await places.take(trunk):
                continue
            refused = process.chance.random() < 0.05
            if call := process.network.dial(call_id, number, process.name, trunk, refused):
                return cast("Leg", call)
        raise TelephonyError("no trunk takes the call")


TakeLine = Callable[[], Awaitable[Leg]]


async def carried(works: Works, begun: Begun, take_line: TakeLine) -> EndedCall:
    """In the place of `campaign.calls.attempt._carry`: a call with a fate instead of audio."""
    process = cast("_Trunks", works.dialer)._process
    await process.awake()  # between the row and the line: the worst moment to freeze
    try:
        call = cast("NetworkCall", await take_line())
    except (TelephonyError, LeaseDoubtful):
        return _ended(works, begun, Evidence(own_line_failed=True), None)
    try:
        process.risk()
        evidence, finish = _fate(process.chance, works.clock.now())
        await asyncio.sleep(process.chance.uniform(5, 180))
        process.network.end(call)  # a client does not stay on a line that has gone silent
        await process.awake()
    finally:
        process.network.end(call)
    return _ended(works, begun, evidence, finish)


def _ended(works: Works, begun: Begun, evidence: Evidence, finish: Finish | None) -> EndedCall:
    return EndedCall(
        attempt_id=begun.attempt_id,
        worker=works.worker,
        started_at=begun.started_at,
        ended_at=works.clock.now(),
        evidence=evidence,
        details={},
        talk_ms=9000 if evidence.answered else 0,
        finish=finish,
    )


def _fate(chance: random.Random, now: datetime) -> tuple[Evidence, Finish | None]:
    drawn = chance.random()
    for share, evidence in _FATES:
        drawn -= share
        if drawn < 0:
            return evidence, Finish(evidence.ending) if evidence.ending else None
    callback_at = now + timedelta(minutes=chance.choice((5, 90, 26 * 60)))
    evidence = Evidence(ending=Ending.CALLBACK, answered=True)
    return evidence, Finish(Ending.CALLBACK, callback_at=callback_at)


_FATES = (
    (0.25, Evidence(ending=Ending.COMPLETED, answered=True)),
    (0.12, Evidence(sip_status=486)),
    (0.20, Evidence(sip_status=480, q850=19)),
    (0.08, Evidence(announced="powered_off")),
    (0.06, Evidence(announced="unreachable")),
    (0.05, Evidence(announced="suspended")),
    (0.02, Evidence(announced="empty_number")),
    (0.05, Evidence(ending=Ending.REFUSED, answered=True)),
    (0.09, Evidence(ending=Ending.HUNG_UP, answered=True)),
    (0.03, Evidence(ending=Ending.HANDED_OVER, answered=True)),
)


async def keep_alive(make: Callable[[int], Process], back_after: float) -> None:
    """Start a process again a while after each death, until cancelled."""
    life = 0
    while True:
        await make(life).live()
        life += 1
        await asyncio.sleep(back_after)


async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    """In the place of asyncio.to_thread: nothing here is waited for but virtual time."""
    return work(*arguments)


def begin_time(loop: asyncio.AbstractEventLoop) -> None:
    """From now on the clock shows the time of this loop."""
    _loop[:] = [loop]
