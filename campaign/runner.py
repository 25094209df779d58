"""Running a campaign: which tasks are taken when, on how many lines, until nothing is left to do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from campaign.attempt import review_attempt
from campaign.masking import kind_and_place
from campaign.works import Works
from models import ClientBusy, StaleAttempt
from models.claims import any_parked, claim, take_in
from models.queue import next_due_at, open_task_count
from rules import may_call_at, next_allowed

LOOK_AGAIN_SECONDS = 1.0  # tasks also come from outside: imports, resumed campaigns
SKIP_LEAD_SECONDS = 2.0  # a demo clock jumps to this many real seconds before the next thing to do

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Runner:
    """Takes due tasks in deadline order, at most `lines` at once and `calls_per_second` new ones."""

    works: Works
    lines: int
    calls_per_second: float = 4.0
    _on_the_line: dict[int, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self, *, until_done: bool) -> None:
        """Go on until cancelled, or with `until_done` until every task has come to its end."""
        try:
            while True:
                await self._take_due()
                if until_done and not self._on_the_line and not await self._anything_open():
                    return
                await self._wait()
        finally:
            await self._hang_up_all()

    async def _take_due(self) -> None:
        now = self.works.clock.now()
        free = self.lines - len(self._on_the_line)
        if free <= 0 or not may_call_at(now, self.works.hours):
            return
        for task_id in await asyncio.to_thread(self._claim, free):
            if task_id not in self._on_the_line:
                self._on_the_line[task_id] = asyncio.create_task(self._attempt(task_id))
                await asyncio.sleep(1 / self.calls_per_second)

    def _claim(self, free: int) -> list[int]:
        """The next tasks; what has come due meanwhile is put in order first."""
        database, now = self.works.database, self.works.clock.now()
        with database.read() as session:
            parked = any_parked(session, now)
        while parked:
            with database.write() as session:
                parked = take_in(session, now) > 0
        with database.write() as session:
            return claim(session, self.works.worker, now, free)

    async def _attempt(self, task_id: int) -> None:
        try:
            await review_attempt(self.works, task_id)
        except (ClientBusy, StaleAttempt) as reason:
            log.info("not dialled: %s", reason)
        except Exception as error:
            # The row of the attempt stays open; it is settled as interrupted at the next start.
            log.error("the attempt on task %d broke off: %s", task_id, kind_and_place(error))
        finally:
            self._on_the_line.pop(task_id, None)

    async def _anything_open(self) -> bool:
        return await asyncio.to_thread(self._count_open) > 0

    def _count_open(self) -> int:
        with self.works.database.read() as session:
            return open_task_count(session)

    async def _wait(self) -> None:
        seconds = LOOK_AGAIN_SECONDS
        if not self._on_the_line:
            seconds = await self._skip_idle_time()
        running: Iterable[asyncio.Task[None]] = self._on_the_line.values()
        if self._on_the_line:
            await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    async def _skip_idle_time(self) -> float:
        due_at = await asyncio.to_thread(self._next_due)
        if due_at is None:
            return LOOK_AGAIN_SECONDS
        clock = self.works.clock
        at = next_allowed(max(due_at, clock.now()), self.works.hours)
        clock.skip_to(at, SKIP_LEAD_SECONDS)
        return min(clock.real_seconds(at), LOOK_AGAIN_SECONDS)

    def _next_due(self) -> datetime | None:
        with self.works.database.read() as session:
            return next_due_at(session)

    async def _hang_up_all(self) -> None:
        running = list(self._on_the_line.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
