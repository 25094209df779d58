"""Whole campaigns over real audio, each run once and shared by the tests about it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaign.calls.replaying import replay_call
from campaign.demo.demo_verdict import DemoResult, Difference
from models import Attempt, Database, load_seal, use_seal
from settings import Settings
from telephony.recording import RecordingStore
from tests.acceptance.campaigns import SECONDS

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Ran:
    """A finished demo: its result, its database, its recordings, and the simulated network's own log."""

    result: DemoResult
    database: Database
    recordings: RecordingStore
    network: list[dict[str, Any]]
    most_at_once: int


@dataclass(frozen=True)
class Running:
    """A campaign under way in a process of its own, and the folder of all that it leaves."""

    process: subprocess.Popen[bytes]
    folder: Path


@pytest.fixture(scope="session")
def campaigns(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kept: Path
) -> Iterator[dict[str, Running]]:
    """The campaigns that tests of this run ask for, all begun at once."""
    wanted = {name for item in request.session.items for name in ("demo", "aloud") if name in _fixtures(item)}
    running: dict[str, Running] = {name: _begun(name, tmp_path_factory.mktemp(name), kept) for name in sorted(wanted)}
    yield running
    for one in running.values():
        one.process.kill()
        one.process.communicate()


@pytest.fixture(scope="session")
def demo(campaigns: dict[str, Running]) -> Iterator[Ran]:
    """The 24 clients of the demo firm, called once."""
    with _ended(campaigns["demo"]) as ran:
        yield ran


@pytest.fixture(scope="session")
def aloud(campaigns: dict[str, Running]) -> Iterator[Ran]:
    """One client for every pair of a persona and a script in aloud.yaml, called once."""
    with _ended(campaigns["aloud"]) as ran:
        yield ran


def replayed(ran: Ran) -> int:
    """Replay every conversation from its log and hold it against what was done; returns how many there were."""
    with ran.database.read() as session:
        talked = session.scalars(select(Attempt.call_id).where(Attempt.talk_ms > 0)).all()
        for call_id in talked:
            assert replay_call(session, call_id).differences == (), call_id
        return len(talked)


def spoken_before(data: Path, kept: Path) -> None:
    """Have an installation hear and speak with what other tests have unpacked and rendered."""
    data.mkdir()
    for name in ("models", "prompts"):
        (kept / name).mkdir(exist_ok=True)
        (data / name).symlink_to(kept / name)


def _fixtures(item: pytest.Item) -> tuple[str, ...]:
    return tuple(getattr(item, "fixturenames", ()))


def _begun(name: str, folder: Path, kept: Path) -> Running:
    spoken_before(folder / "data", kept)
    command = [sys.executable, "-m", "tests.acceptance.campaigns", name, str(folder)]
    with (folder / "said").open("wb") as said:
        # It ends with its input, should this process be killed.
        return Running(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=said, stderr=said), folder)


@contextmanager
def _ended(running: Running) -> Iterator[Ran]:
    folder = running.folder
    try:
        status: int | str = running.process.wait(SECONDS + 60)
    except subprocess.TimeoutExpired:
        status = "not ended"
    assert status == 0, (folder / "said").read_text(errors="replace")[-4000:]
    told = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    most_at_once, differences = told.pop("most_at_once"), tuple(Difference(**one) for one in told.pop("differences"))
    settings = Settings(data_dir=folder / "data")
    seal = load_seal("", settings.data_dir / "secret.key")
    use_seal(seal)
    database = Database(settings.database)
    yield Ran(
        result=DemoResult(**told, differences=differences),
        database=database,
        recordings=RecordingStore(settings.data_dir / "recordings", seal.key),
        network=[json.loads(line) for line in (folder / "network.jsonl").read_text(encoding="utf-8").splitlines()],
        most_at_once=most_at_once,
    )
    database.close()
