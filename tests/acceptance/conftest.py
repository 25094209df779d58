"""One whole demo campaign over real audio, shared by all acceptance tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from campaign.demo import DEMO_FACTOR, Demo
from campaign.demo_firm import demo_clock
from campaign.demo_verdict import DemoResult
from campaign.works import Works
from models import Database, load_seal, use_seal
from server import open_works
from settings import Settings
from telephony.recording import RecordingStore

LINES = 8
CAMPAIGN_SECONDS = 600


@dataclass(frozen=True)
class Ran:
    """A finished demo: its result, its database, its recordings, and the simulated network's own log."""

    result: DemoResult
    database: Database
    recordings: RecordingStore
    network: list[dict[str, Any]]
    most_at_once: int


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Call the 24 clients of the demo firm once."""
    folder = tmp_path_factory.mktemp("demo")
    settings = Settings(data_dir=folder / "data", gateway_port=0)
    log = folder / "network.jsonl"
    result, most = asyncio.run(_run(settings, log))
    seal = load_seal("", settings.data_dir / "secret.key")
    use_seal(seal)
    database = Database(settings.database)
    yield Ran(
        result=result,
        database=database,
        recordings=RecordingStore(settings.data_dir / "recordings", seal.key),
        network=[json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()],
        most_at_once=most,
    )
    database.close()


async def _run(settings: Settings, log: Path) -> tuple[DemoResult, int]:
    demo = Demo(lines=LINES, simulator_log=log)
    async with open_works(settings, demo_clock(DEMO_FACTOR)) as works:
        counted = [0]
        most = asyncio.create_task(_count_calls(works, counted))
        result = await asyncio.wait_for(demo.run(works), CAMPAIGN_SECONDS)
        most.cancel()
        await asyncio.gather(most, return_exceptions=True)
        return result, counted[0]


async def _count_calls(works: Works, most: list[int]) -> None:
    async for _ in works.feed.watch():
        most[0] = max(most[0], len(works.feed.calls()))
