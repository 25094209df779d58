"""Whole campaigns over real audio, each run once and shared by the tests about it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaign.calls.replaying import replay_call
from campaign.demo.demo import DEMO_FACTOR, Demo
from campaign.demo.demo_firm import demo_clock
from campaign.demo.demo_verdict import DemoResult
from campaign.works import Works
from installation import open_works
from models import Attempt, Database, load_seal, use_seal
from settings import Settings
from telephony.recording import RecordingStore
from telephony.simulator.cast import load_cast

ALOUD = Path(__file__).with_name("aloud.yaml")
LINES = 8
ALOUD_LINES = 16
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
    with _ran(tmp_path_factory.mktemp("demo"), Demo(lines=LINES)) as ran:
        yield ran


@pytest.fixture(scope="session")
def aloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """Call one client for every pair of a persona and a script in aloud.yaml once."""
    clients = len(load_cast(ALOUD).clients)
    with _ran(tmp_path_factory.mktemp("aloud"), Demo(clients=clients, lines=ALOUD_LINES, cast=ALOUD)) as ran:
        yield ran


def replayed(ran: Ran) -> int:
    """Replay every conversation from its log and hold it against what was done; returns how many there were."""
    with ran.database.read() as session:
        talked = session.scalars(select(Attempt.call_id).where(Attempt.talk_ms > 0)).all()
        for call_id in talked:
            assert replay_call(session, call_id).differences == (), call_id
        return len(talked)


@contextmanager
def _ran(folder: Path, demo: Demo) -> Iterator[Ran]:
    settings = Settings(data_dir=folder / "data")
    demo.simulator_log = folder / "network.jsonl"
    result, most = asyncio.run(_run(settings, demo))
    seal = load_seal("", settings.data_dir / "secret.key")
    use_seal(seal)
    database = Database(settings.database)
    yield Ran(
        result=result,
        database=database,
        recordings=RecordingStore(settings.data_dir / "recordings", seal.key),
        network=[json.loads(line) for line in demo.simulator_log.read_text(encoding="utf-8").splitlines()],
        most_at_once=most,
    )
    database.close()


async def _run(settings: Settings, demo: Demo) -> tuple[DemoResult, int]:
    async with (
        demo.network(settings.service_number) as network,
        open_works(settings, demo_clock(DEMO_FACTOR), network.dialer) as works,
    ):
        counted = [0]
        most = asyncio.create_task(_count_calls(works, counted))
        result = await asyncio.wait_for(demo.run(works, network), CAMPAIGN_SECONDS)
        most.cancel()
        await asyncio.gather(most, return_exceptions=True)
        return result, counted[0]


async def _count_calls(works: Works, most: list[int]) -> None:
    async for _ in works.feed.watch():
        most[0] = max(most[0], len(works.feed.calls()))
