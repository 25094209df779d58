"""A worker process with a stand-in line, to be killed: every call is a line in a file, and nobody ever answers.

Usage: python -m tests.campaign.killable DATABASE_URL FOLDER NAME [RING_SECONDS]
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import time, timedelta
from pathlib import Path
from typing import Any, cast

import campaign.calls.attempt
import campaign.running.lease
import campaign.running.sweeper
import models.workers
from campaign.calls.attempt import TakeLine
from campaign.calls.beginning import Begun
from campaign.calls.calllog import CallLog
from campaign.calls.feed import Feed
from campaign.calls.settling import EndedCall
from campaign.clock import RealClock
from campaign.house import House
from campaign.published import Shelf
from campaign.running.lease import Lease
from campaign.running.runner import Runner
from campaign.running.worker import arrive, staying
from campaign.works import Works
from models import Database, Seal, use_seal
from rules import CallingHours, Evidence, Opening
from telephony.legs import Leg, Places
from telephony.recording import RecordingStore
from tests.campaign.world import Mute
from tests.conftest import KEY

LOST_AFTER = timedelta(seconds=3)
ALWAYS = CallingHours(week=((Opening(time(0), time(23, 59, 59, 999999)),),) * 7)
RING_SECONDS = 0.3


class FileLine:
    """A dialer whose network is a file: one line a call, in the file before the call goes on."""

    def __init__(self, log: Path) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def roads(self) -> Sequence[str]:
        """See Dialer."""
        return ()

    async def dial(self, call_id: str, number: str, *, ring_seconds: float, places: Places | None = None) -> Leg:
        """See Dialer."""
        os.write(self._log, f"{call_id} {number} {os.getpid()}\n".encode())
        return cast("Leg", None)


async def carried(works: Works, begun: Begun, take_line: TakeLine) -> EndedCall:
    """In the place of `campaign.calls.attempt._carry`."""
    await take_line()
    await asyncio.sleep(float(sys.argv[4]) if len(sys.argv) > 4 else RING_SECONDS)
    return EndedCall(
        attempt_id=begun.attempt_id, worker=works.worker, started_at=begun.started_at, ended_at=works.clock.now(),
        evidence=Evidence(sip_status=480, q850=19), details={},
    )  # fmt: skip


async def work(url: str, folder: Path, name: str) -> None:
    """Make calls until killed."""
    database = Database(url)
    nothing: Any = None
    works = Works(
        database=database, dialer=FileLine(folder / "network"), recordings=RecordingStore(folder / "recordings", KEY),
        ears=nothing, voices=Mute(folder), matcher=nothing, scripts=Shelf(database),
        house=House("华夏安信证券", "客户服务中心", "8001", "95500"), clock=RealClock(), hours=ALWAYS,
        call_log=CallLog(database), feed=Feed(), worker=name, outbox=nothing, forms=nothing, lease=Lease(database),
    )  # fmt: skip
    await asyncio.to_thread(arrive, works)
    async with staying(works):
        await Runner(works, 4, 8.0).run(until_done=False)


if __name__ == "__main__":
    use_seal(Seal(KEY))
    models.workers.LOST_AFTER = LOST_AFTER
    campaign.running.lease.LOST_AFTER = LOST_AFTER  # type: ignore[attr-defined]
    campaign.running.lease.BEAT_SECONDS, campaign.running.lease.HELD_SECONDS, campaign.running.sweeper.SWEEP_SECONDS = (
        0.5,
        2.0,
        0.5,
    )
    campaign.calls.attempt._carry = carried
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
