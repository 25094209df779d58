"""A worker's place among the others: it beats while it lives, and dials nobody once the others may think it dead."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable

from campaign.masking import kind_and_place
from models import Database, WorkerLost
from models.workers import LOST_AFTER, beat, database_now

BEAT_SECONDS = 5.0
# A worker stops dialling by itself before the others give it up: the difference outlasts any doubt about whose
# clock is right and how long a heartbeat was under way.
HELD_SECONDS = LOST_AFTER.total_seconds() * 2 / 3

log = logging.getLogger(__name__)


class LeaseDoubtful(Exception):
    """This worker has stood still for so long that what it knew may hold no more: it dials nobody."""


def boot_seconds() -> float:
    """Seconds since the machine started, sleeps of the machine included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """What a worker knows of its own standing; `held` is asked before every call, and is false before `start`."""

    def __init__(self, database: Database, seconds: Callable[[], float] = boot_seconds) -> None:
        self._database, self._seconds = database, seconds
        self._worker = ""
        self._beaten = self._steady_since = -math.inf
        self.lost = False

    def start(self, worker: str) -> None:
        """The worker has just signed on."""
        self._worker = worker
        self._beaten = self._steady_since = self._seconds()

    @property
    def held(self) -> bool:
        """Whether nobody can have given this worker up yet."""
        return not self.lost and self._seconds() - self._beaten < HELD_SECONDS

    @property
    def steady(self) -> bool:
        """Whether it has beaten without a gap for so long that it may judge others: not just after an outage."""
        return self.held and self._seconds() - self._steady_since >= LOST_AFTER.total_seconds()

    def renew(self) -> None:
        """Beat once; blocks. Raises `WorkerLost` when the others have given this worker up."""
        asked = self._seconds()
        try:
            with self._database.write() as session:
                beat(session, self._worker, database_now(session))
        except WorkerLost:
            self.lost = True
            raise
        if asked - self._beaten >= HELD_SECONDS:
            self._steady_since = asked
        self._beaten = asked

    async def keep(self) -> None:
        """Beat until cancelled, whatever the database does; raises `WorkerLost`."""
        while True:
            try:
                await asyncio.to_thread(self.renew)
            except WorkerLost:
                raise
            except Exception as error:
                log.error("no heartbeat: %s; trying again", kind_and_place(error))
            await asyncio.sleep(BEAT_SECONDS)
