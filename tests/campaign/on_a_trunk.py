"""A worker process on a SIP trunk of its own, to be drained or killed: it calls whoever is due and answers who calls.

Usage: python -m tests.campaign.on_a_trunk DATABASE_URL FOLDER NAME OUR_PORT TRUNK_PORT
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from campaign.calls.calllog import CallLog
from campaign.calls.feed import Feed
from campaign.calls.incoming import answering
from campaign.clock import RealClock
from campaign.house import House
from campaign.published import Shelf
from campaign.running.lease import Lease
from campaign.running.runner import Runner
from campaign.running.worker import arrive, run_until, staying
from campaign.voices import Voices
from campaign.works import Works
from intents import load_matcher
from models import Database, Seal, use_seal
from models.lines import LineCaps, Lines
from speech.recogniser import Recogniser, find_model
from telephony.recording import RecordingStore
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk
from tests.campaign.killable import ALWAYS
from tests.conftest import KEY

DRAIN_SECONDS = 60.0


def works_for(database: Database, folder: Path, name: str, dialer: Any, ears: Any) -> Works:
    """Everything that one process calls with."""
    nothing: Any = None
    return Works(
        database=database, dialer=dialer, recordings=RecordingStore(folder / "recordings", KEY), ears=ears,
        voices=Voices(folder / "prompts"), matcher=load_matcher(), scripts=Shelf(database),
        house=House("华夏安信证券", "客户服务中心", "8001", "95500"), clock=RealClock(), hours=ALWAYS,
        call_log=CallLog(database), feed=Feed(), worker=name, outbox=nothing, forms=nothing, lease=Lease(database),
        lines=Lines((LineCaps("main", 5, 5),)),
    )  # fmt: skip


async def work(url: str, folder: Path, name: str, our_port: int, trunk_port: int) -> None:
    """Make and take calls until told to end."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = Database(url)
    ears = Recogniser(find_model("", folder / "models"), threads=1, deadline_seconds=60)
    trunk = Trunk("main", "127.0.0.1", trunk_port, number="95500", local_port=our_port, ping_seconds=0)
    async with SipDialer((trunk,), RecordingStore(folder / "recordings", KEY)) as dialer:
        works = works_for(database, folder, name, dialer, ears)
        await asyncio.to_thread(arrive, works)
        async with works.call_log, staying(works), answering(works, 2):
            await run_until(works, Runner(works, 1), stop, DRAIN_SECONDS)
    ears.close()
    database.close()


if __name__ == "__main__":
    use_seal(Seal(KEY))
    asyncio.run(work(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
