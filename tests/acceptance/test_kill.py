"""A process that is killed in mid-call loses nothing that was said, and dials nobody twice at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import select

from models import Attempt, CallEvent, Database, ReviewTask, load_seal, use_seal
from telephony.recording import RecordingStore
from tests.acceptance.conftest import spoken_before

pytestmark = pytest.mark.audio

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENTS = 4
PATIENCE_SECONDS = 240
RECORDING_LOSS_MS = 1000


class Demos:
    """Demos, each a group of processes of its own."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, data: Path, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "import huifang; raise SystemExit(huifang.main())"]
        process = subprocess.Popen(
            [*command, "demo", "--exit", "--json", "--calls", str(CLIENTS)],
            cwd=ROOT,
            env=os.environ | {"HUIFANG_DATA_DIR": str(data)} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def end(self) -> None:
        """Kill what is left of each group."""
        for process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def demos() -> Iterator[Demos]:
    made = Demos()
    yield made
    made.end()


def await_in(database: Database, question: Callable[[Database], bool], process: subprocess.Popen[bytes]) -> None:
    """Ask the database of another process until it says yes; there is no event to wait for across a kill."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not question(database):
        assert time.monotonic() < deadline, "nothing was heard in time"
        assert process.poll() is None, f"the demo ended by itself: {process.communicate()[1].decode()}"
        time.sleep(0.1)


def answers_are_logged(database: Database) -> bool:
    """Whether there are answers of calls that are not settled."""
    notes = select(CallEvent.id).join(Attempt).where(CallEvent.kind == "Note", Attempt.ended_at.is_(None))
    with database.read() as session:
        return len(session.scalars(notes).all()) >= 3


def stands_still_in_mid_call(database: Database, process: subprocess.Popen[bytes]) -> bool:
    """Stop the process where answers are logged; it goes on where their calls were settled in that moment."""
    if not tables_exist(database) or not answers_are_logged(database):
        return False
    os.kill(process.pid, signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)
    if answers_are_logged(database):
        return True
    os.kill(process.pid, signal.SIGCONT)
    return False


def test_a_killed_process_is_settled_at_the_next_start(tmp_path: Path, kept: Path, demos: Demos) -> None:
    data = tmp_path / "data"
    spoken_before(data, kept)
    first = demos.start(data)
    while not (data / "secret.key").exists() or not (data / "huifang.db").exists():
        assert first.poll() is None
        time.sleep(0.1)
    seal = load_seal("", data / "secret.key")
    use_seal(seal)
    database = Database(f"sqlite:///{data / 'huifang.db'}")
    await_in(database, lambda opened: stands_still_in_mid_call(opened, first), first)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate(timeout=60)

    with database.read() as session:
        cut = {one.call_id: one for one in session.scalars(select(Attempt).where(Attempt.ended_at.is_(None)))}
        said = {
            call_id: [json.loads(event.body) for event in attempt.events if event.kind == "Note"]
            for call_id, attempt in cut.items()
        }
        last_ms = {call_id: max((e.at_ms for e in attempt.events), default=0) for call_id, attempt in cut.items()}
    assert any(said.values())

    second = demos.start(data, HUIFANG_TRUNKS="trunks.yaml")
    printed, told = second.communicate(timeout=PATIENCE_SECONDS * 2)
    assert "HUIFANG_TRUNKS 指定的线路不会使用" in told.decode()  # not even read: the file is not there
    result = json.loads(printed)
    assert result["calls"] == CLIENTS

    recordings = RecordingStore(data / "recordings", seal.key)
    with database.read() as session:
        assert session.scalars(select(Attempt).where(Attempt.ended_at.is_(None))).all() == []
        for call_id in cut:
            attempt = session.scalars(select(Attempt).where(Attempt.call_id == call_id)).one()
            assert attempt.outcome in ("interrupted", "reviewed", "needs_human"), call_id
            assert [(a.question, a.words) for a in attempt.answers] == [
                (note["question"], note["words"]) for note in said[call_id]
            ]
            if attempt.recording is not None:
                assert attempt.recording.duration_ms >= last_ms[call_id] - RECORDING_LOSS_MS
                recordings.verify(call_id)
        for task in session.scalars(select(ReviewTask)):
            assert task.final or task.with_human, task.number
            numbers = [attempt.no for attempt in task.attempts]
            assert numbers == sorted(set(numbers))
            for earlier, later in zip(task.attempts, task.attempts[1:], strict=False):
                assert earlier.ended_at is not None
                assert later.started_at >= earlier.ended_at
    database.close()


def tables_exist(database: Database) -> bool:
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'call_event'").scalar()
        return bool(found)
