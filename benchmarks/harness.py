"""Calls for measuring: the whole product in this process, the simulated network in another, audio between them."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import resident_mib
from campaign.demo.demo_firm import demo_clock, open_demo
from campaign.demo.demo_network import SimulatedNetwork, simulated_network
from campaign.running.runner import Runner
from campaign.works import Works
from installation import open_works
from models import Database
from models.calls import figures_of
from settings import Settings
from telephony.simulator.cast import load_cast
from telephony.sip.dialer import SipDialer

SAMPLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Measured:
    """What one round of calls showed.

    Turn latencies are as heard at the client's ear, behind its jitter buffer: from its last audible sample to the
    first audible sample of the bot. Frames are late against the 20 ms schedule of the media clock.
    """

    calls: int
    seconds: float
    reviewed: int
    turn_latencies_ms: tuple[int, ...]
    frames_late_p99_ms: float
    mib_per_call: float
    asr_rtf: float
    cpu_cores: float  # processor seconds of this process per second

    def as_json(self) -> dict[str, Any]:
        """Figures for the table."""
        latencies = list(self.turn_latencies_ms) or [0]
        p50, p95 = np.percentile(latencies, [50, 95])
        return {
            "calls_at_once": self.calls,
            "seconds": round(self.seconds, 1),
            "reviewed": self.reviewed,
            "turns": len(self.turn_latencies_ms),
            "turn_latency_p50_ms": round(float(p50)),
            "turn_latency_p95_ms": round(float(p95)),
            "frames_late_p99_ms": round(self.frames_late_p99_ms, 1),
            "mib_per_call": round(self.mib_per_call, 2),
            "asr_rtf": round(self.asr_rtf, 4),
            "server_cpu_cores": round(self.cpu_cores, 2),
        }


async def run_calls(calls: int) -> Measured:
    """Hold `calls` conversations at once, one per client, and measure them."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "network.jsonl"
        settings = Settings(data_dir=Path(folder) / "data")
        async with (
            simulated_network(clients=calls, number=settings.service_number, log=log, benchmark=True) as network,
            # calling hours are kept whatever the time is
            open_works(settings, demo_clock(1.0), network.dialer) as works,
        ):
            return await _run(works, network, calls, log)


async def _run(works: Works, network: SimulatedNetwork, calls: int, log: Path) -> Measured:
    dialer = works.dialer
    if not isinstance(dialer, SipDialer):
        raise TypeError("measured over SIP")
    cast = load_cast().of(calls, benchmark=True)
    await asyncio.gather(works.voices_made(), network.ready())
    with works.database.write() as session:
        campaign_id = open_demo(session, cast, works.clock.now()).id
    dialer.lateness(reset=True)
    before, began, cpu = resident_mib(), time.monotonic(), time.process_time()
    async with _peak_memory() as peak:
        await Runner(works, calls).run(until_done=True)
    seconds, used = time.monotonic() - began, time.process_time() - cpu
    late = dialer.lateness()
    await network.stop()
    return Measured(
        calls=calls,
        seconds=seconds,
        reviewed=_reviewed(works.database, campaign_id),
        turn_latencies_ms=tuple(_latencies(log)),
        frames_late_p99_ms=late.p99_ms,
        mib_per_call=(peak[0] - before) / calls,
        asr_rtf=works.ears.usage.real_time_factor,
        cpu_cores=used / seconds,
    )


@asynccontextmanager
async def _peak_memory() -> AsyncIterator[list[float]]:
    peak = [resident_mib()]

    async def watch() -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            peak[0] = max(peak[0], resident_mib())

    watching = asyncio.create_task(watch())
    try:
        yield peak
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def _reviewed(database: Database, campaign_id: int) -> int:
    with database.read() as session:
        return figures_of(session, campaign_id).reviewed


def _latencies(log: Path) -> list[int]:
    stories = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [ms for story in stories if story["event"] == "call" for ms in story["turn_latencies_ms"]]
