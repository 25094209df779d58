"""Running a campaign: which tasks are taken when, on how many lines, until nothing is left to do."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from campaign.calls.attempt import review_attempt
from campaign.calls.storing import AWAY
from campaign.masking import kind_and_place
from campaign.running.bounds import CampaignBounds
from campaign.running.opening_hours import hours_from
from campaign.running.pacing import Pace, Standing, how_many
from campaign.to_the_end import called_off, to_the_end
from campaign.works import Works
from models import CampaignFull, ClientBusy, LinesFull, StaleAttempt, WorkerLost
from models.claims import any_parked, hold_back, let_go, next_due_at, running_campaigns, take_in
from models.lines import free_lines
from models.queue import open_task_count
from models.settlements import Settlement
from rules import CallingHours, Outcome, may_call_at, next_allowed

LOOK_AGAIN_SECONDS = 1.0  # tasks also come from outside: imports, resumed campaigns
FULL_SECONDS = 1.0  # after the lines were full, doubled each time until a call goes out again
FULL_LONGEST_SECONDS = 16.0
SHORTEST_WAIT_SECONDS = 0.05  # something is due that cannot be taken just now: its client is on the line
SKIP_LEAD_SECONDS = 2.0  # a demo clock jumps to this many real seconds before the next thing to do
RECENT = 40  # attempts by which the pace is judged
FEWEST = 5  # of them, from which there is a judgement

log = logging.getLogger(__name__)


class Meters(Protocol):
    """Who counts what a runner does (campaign/running/meters.py)."""

    def settled(self, settlement: Settlement) -> None: ...

    def refused(self, why: str) -> None: ...

    def claiming(self) -> AbstractContextManager[None]: ...


Review = Callable[[Works, int], Coroutine[Any, Any, Settlement | None]]


@dataclass(slots=True)
class Runner:
    """Takes due tasks in deadline order, at most `lines` at once and `calls_per_second` new ones."""

    works: Works
    lines: int
    calls_per_second: float = 4.0
    review: Review = review_attempt
    draining: bool = False  # no new calls
    meters: Meters | None = None
    look_again_seconds: float = LOOK_AGAIN_SECONDS
    _on_the_line: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    _full_seconds: float = FULL_SECONDS
    _full_until: float = 0.0  # by the event loop's clock
    _recent: deque[Settlement] = field(default_factory=lambda: deque(maxlen=RECENT))
    _bounds: CampaignBounds = field(init=False)

    def __post_init__(self) -> None:
        self._bounds = CampaignBounds(self.works.worker)

    @property
    def busy(self) -> int:
        """Calls that are being prepared or made."""
        return len(self._on_the_line)

    async def run(self, *, until_done: bool) -> None:
        """Go on until cancelled, or with `until_done` until every task has come to its end.

        Raises WorkerLost, all calls ended, once the other workers have given this one up.
        """
        try:
            while True:
                try:
                    await self._take_due()
                    if until_done and not self._on_the_line and not await self._anything_open():
                        return
                    await self._wait()
                except AWAY:
                    log.error("the database is away: nothing new is dialled, calls on the line go on")
                    await asyncio.sleep(self.look_again_seconds)
        finally:
            await self._hang_up_all()

    async def drain(self, seconds: float) -> None:
        """Begin no more calls and wait for those on the line, clients' own among them, `seconds` at most."""
        self.draining = True
        if calls := {*self._on_the_line.values(), *self.works.incoming}:
            await asyncio.wait(calls, timeout=seconds)

    async def _take_due(self) -> None:
        lease = self.works.lease
        if lease is not None and lease.lost:
            raise WorkerLost(f"worker {self.works.worker} was given up: its calls are ended")
        if self.draining or (lease is not None and not lease.held) or self._rest() > 0:
            return
        wanted = how_many(Pace(self.lines, self.calls_per_second), self._standing(), self.look_again_seconds)
        if wanted <= 0:
            return
        try:
            taken = deque(await to_the_end(asyncio.to_thread(self._claim, wanted)))
        except LinesFull as reason:
            self._take_a_rest(reason)
            return
        try:
            while taken and not self.draining and self._rest() <= 0:
                task_id = taken.popleft()
                if task_id not in self._on_the_line:
                    self._on_the_line[task_id] = asyncio.create_task(self._attempt(task_id))
                    await asyncio.sleep(1 / self.calls_per_second)
        finally:
            if taken:
                await asyncio.to_thread(self._give_back, taken)

    def _rest(self) -> float:
        """Seconds for which nothing more is tried, because all workers together fill the lines."""
        return self._full_until - asyncio.get_running_loop().time()

    def _take_a_rest(self, reason: LinesFull) -> None:
        """Until the lines start calls again; longer and longer while they carry as many as they may."""
        if self._rest() > 0:
            return
        seconds = reason.wait_seconds
        if seconds is None:
            seconds, self._full_seconds = self._full_seconds, min(2 * self._full_seconds, FULL_LONGEST_SECONDS)
        self._full_until = asyncio.get_running_loop().time() + seconds

    def _standing(self) -> Standing:
        talked = [one for one in self._recent if one.talk_ms > 0]
        lost = sum(one.outcome == Outcome.OWN_LINE_FAILED for one in self._recent)
        return Standing(
            on_the_line=len(self._on_the_line),
            agents_free=self.works.agents_free(),
            risky_share=sum(one.escalation is not None for one in talked) / len(talked) if talked else 0.0,
            line_health=1 - lost / len(self._recent) if len(self._recent) >= FEWEST else 1.0,
        )

    def _claim(self, wanted: int) -> list[int]:
        """The next tasks; what has come due meanwhile is put in order first. Raises LinesFull."""
        database, now = self.works.database, self.works.clock.now()
        with database.read() as session:
            campaigns = running_campaigns(session)
            hours, parked = self._hours(campaigns), any_parked(session, now)
            room = self._bounds.room(session, campaigns, self._on_the_line.keys())
            free = free_lines(session, self.works.lines) if self.works.lines is not None else wanted
        while parked:
            with database.write() as session:
                parked = take_in(session, now) > 0
        open_now = [campaign_id for campaign_id, one in hours.items() if may_call_at(now, one)]
        if not open_now:
            return []
        if not free:
            raise LinesFull("all lines carry as many calls as they may")
        with self.meters.claiming() if self.meters else nullcontext(), database.write() as session:
            return self._bounds.claim(session, now, min(wanted, free), open_now, room)

    def _hours(self, campaigns: Iterable[Any]) -> dict[int, CallingHours]:
        return {one.id: hours_from(one.hours, self.works.hours) for one in campaigns}

    async def _attempt(self, task_id: int) -> None:
        try:
            settlement = await self.review(self.works, task_id)
            if settlement is not None:
                self._full_seconds, self._full_until = FULL_SECONDS, 0.0  # its line is free
                self._recent.append(settlement)
                if self.meters is not None:
                    self.meters.settled(settlement)
        except (CampaignFull, ClientBusy, LinesFull, StaleAttempt, WorkerLost) as reason:
            await self._refused(task_id, reason)
        except Exception as error:
            # Where the row of the attempt was written, the sweeper settles it; else the hold runs out.
            log.error("the attempt on task %d broke off: %s", task_id, kind_and_place(error))
        finally:
            self._on_the_line.pop(task_id, None)

    async def _refused(self, task_id: int, reason: Exception) -> None:
        """A task that was taken and not dialled goes back into the queue."""
        log.info("not dialled: %s", reason)
        if self.meters is not None:
            self.meters.refused(type(reason).__name__)
        if isinstance(reason, LinesFull):
            self._take_a_rest(reason)
        wait_seconds = FULL_SECONDS if isinstance(reason, CampaignFull) else 0.0
        await asyncio.to_thread(self._give_back, [task_id], wait_seconds)

    def _give_back(self, tasks: Iterable[int], wait_seconds: float = 0.0) -> None:
        """Let others take these tasks, at once or in a moment; a hold that cannot be given back runs out."""
        until = self.works.clock.now() + timedelta(seconds=wait_seconds)
        try:
            with self.works.database.write() as session:
                for task_id in tasks:
                    if wait_seconds:
                        hold_back(session, self.works.worker, task_id, until)
                    else:
                        let_go(session, self.works.worker, task_id)
        except AWAY:
            log.error("the database is away: what was taken and not dialled stays held for a moment")

    async def _anything_open(self) -> bool:
        return await asyncio.to_thread(self._count_open) > 0

    def _count_open(self) -> int:
        with self.works.database.read() as session:
            return open_task_count(session)

    async def _wait(self) -> None:
        rest = self._rest()
        if self._on_the_line:
            running: Iterable[asyncio.Task[None]] = self._on_the_line.values()
            seconds = rest if rest > 0 else self.look_again_seconds
            await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        elif rest > 0:
            await asyncio.sleep(rest)
        else:
            await asyncio.sleep(max(SHORTEST_WAIT_SECONDS, await self._skip_idle_time()))

    async def _skip_idle_time(self) -> float:
        at = await asyncio.to_thread(self._next_call_at)
        clock = self.works.clock
        if at is None or at <= clock.now():  # nothing is due, or another call is in its way
            return self.look_again_seconds
        clock.skip_to(at, SKIP_LEAD_SECONDS)
        return min(clock.real_seconds(at), self.look_again_seconds)

    def _next_call_at(self) -> datetime | None:
        """When the next call can be made: something of a campaign is due and it is the campaign's hours."""
        now = self.works.clock.now()
        with self.works.database.read() as session:
            due = [
                (next_due_at(session, one.id, now), hours_from(one.hours, self.works.hours))
                for one in running_campaigns(session)
            ]
        return min((next_allowed(max(at, now), hours) for at, hours in due if at is not None), default=None)

    async def _hang_up_all(self) -> None:
        await called_off(*self._on_the_line.values())
