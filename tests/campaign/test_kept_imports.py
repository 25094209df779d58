"""Imports outlive their server: what was sent is kept, encrypted and bounded, and goes on after a restart."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from campaign.imports import import_jobs
from campaign.imports.import_jobs import ImportJobs
from campaign.imports.job import Job, JobState
from campaign.imports.kept_jobs import KeptBroken, KeptJobs
from campaign.imports.reading import read_sheet
from models import Customer, Database, Seal
from tests.campaign.importers import NOW

CLIENTS = "客户号,姓名,手机号\nC1,王小明,13800001111\nC2,单丽,13800002222\n"
Begin = Callable[[], ImportJobs]

# What is kept is files: one kind of database says it all.
pytestmark = pytest.mark.parametrize("either_database", ["sqlite"], indirect=True)


@pytest.fixture
def begin(database: Database, tmp_path: Path) -> Begin:
    """Makes the imports of one server after the other, over one folder."""
    return lambda: ImportJobs(database, lambda: NOW, folder=tmp_path / "imports")


class Held:
    """Holds every check back until `let_go`; what is held when a server is killed never goes on."""

    def __init__(self) -> None:
        self._going, self._killed = threading.Event(), 0

    def __call__(self, *given: Any) -> Any:
        lives = self._killed
        self._going.wait(60)
        if lives != self._killed:
            raise RuntimeError("killed")
        return read_sheet(*given)

    def kill(self, jobs: ImportJobs) -> None:
        """What a kill leaves: the lock is free, and nothing more comes of what was under way."""
        self._killed += 1
        kill(jobs)

    def let_go(self) -> None:
        """Let the checks begin."""
        self._going.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    holding = Held()
    monkeypatch.setattr("campaign.imports.import_jobs.read_sheet", holding)
    yield holding
    holding.let_go()


def submit(jobs: ImportJobs, text: str = CLIENTS, *, preview: bool = False) -> Job:
    return jobs.submit(io.BytesIO(text.encode()), "客户.csv", preview=preview)


def kill(jobs: ImportJobs) -> None:
    """What a kill leaves: the lock is free, and nothing more comes of what was under way."""
    assert jobs._kept is not None
    jobs._kept.close()
    jobs._kept = None


def clients(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Customer)) or 0


def found(jobs: ImportJobs, job: Job) -> Job:
    again = jobs.find(job.id)
    assert again is not None
    again.wait(60)
    return again


def test_what_waited_is_imported_after_a_restart(database: Database, begin: Begin, tmp_path: Path, held: Held) -> None:
    killed = begin()
    first, second = submit(killed), submit(killed, CLIENTS.replace("C2", "C3"), preview=True)
    files = {path.name: path.read_bytes() for path in (tmp_path / "imports").iterdir()}
    assert f"{first.id}.data" in files and f"{second.id}.job" in files
    assert not any("王小明".encode() in data or b"13800001111" in data for data in files.values())
    held.kill(killed)
    with closing(begin()) as jobs:
        held.let_go()
        one, two = found(jobs, first), found(jobs, second)
        assert (one.state, one.summary, one.name) == (
            JobState.DONE,
            "已导入客户：新增2名，更新0名，未变0名。",
            "客户.csv",
        )
        assert (two.state, two.prepared is not None) == (JobState.READY, True)
        assert not (tmp_path / "imports" / f"{first.id}.data").exists()
        assert [job.id for job in jobs.all()] == [second.id, first.id]
    assert clients(database) == 2


def test_a_preview_is_confirmed_after_a_restart(database: Database, begin: Begin) -> None:
    before = begin()
    job = submit(before, preview=True)
    job.wait(60)
    kill(before)
    again = begin()
    ready = found(again, job)
    assert (ready.state, ready.ready_at) == (JobState.READY, job.ready_at)
    again.confirm(ready)
    ready.wait(60)
    assert (ready.state, clients(database)) == (JobState.DONE, 2)
    again.close()
    with closing(begin()) as after:
        assert (found(after, job).state, found(after, job).summary) == (JobState.DONE, ready.summary)


def test_a_write_that_was_broken_off_is_done(database: Database, begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    before = begin()
    job = submit(before, preview=True)
    job.wait(60)
    with monkeypatch.context() as patched:
        patched.setattr(ImportJobs, "_write", lambda self, job: None)  # killed before it began
        before.confirm(job)
        job.wait(60)
    kill(before)
    with closing(begin()) as jobs:
        assert found(jobs, job).state is JobState.DONE
    assert clients(database) == 2


def test_faults_are_told_after_a_restart(begin: Begin) -> None:
    before = begin()
    job = submit(before, CLIENTS + "C3,,1\n")
    job.wait(60)
    before.close()
    with closing(begin()) as jobs:
        again = found(jobs, job)
        assert again.state is JobState.REFUSED
        assert again.problems == job.problems and len(again.problems) == 2


def test_results_are_kept_in_bounds(begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_jobs, "MOST_KEPT", 3)
    monkeypatch.setattr(import_jobs, "MOST_READY", 1)
    jobs = begin()
    for _ in range(5):
        submit(jobs).wait(60)
    first, second = submit(jobs, preview=True), submit(jobs, preview=True)
    second.wait(60)
    third = submit(jobs, preview=True)
    third.wait(60)
    assert (first.state, jobs.find(third.id)) == (JobState.DROPPED, third)
    monkeypatch.setattr(import_jobs, "KEPT_SECONDS", -1.0)
    jobs.close()
    with closing(begin()) as again:
        again.drop(found(again, second))
        again.drop(found(again, third))
        with again._guard:
            again._forget()
        assert list(again.all()) == []
    assert [path.name for path in (tmp_path / "imports").iterdir()] == ["lock"]


def test_what_cannot_be_read_any_more(begin: Begin, tmp_path: Path, held: Held) -> None:
    before = begin()
    job, other = submit(before), submit(before)
    held.kill(before)
    data = tmp_path / "imports" / f"{job.id}.data"
    data.write_bytes(data.read_bytes()[:-5])
    (tmp_path / "imports" / f"{other.id}.job").write_bytes(b"x")
    (tmp_path / "imports" / "abc.data.part").write_bytes(b"x")
    with closing(begin()) as jobs:
        held.let_go()
        assert (found(jobs, job).state, "重新发送" in found(jobs, job).summary) == (JobState.FAILED, True)
        assert jobs.find(other.id) is None
        assert not (tmp_path / "imports" / "abc.data.part").exists()


def test_a_second_server_keeps_its_own_in_memory(begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    with closing(begin()), closing(begin()) as second:
        assert "another process" in caplog.text
        job = submit(second)
        job.wait(60)
        assert job.state is JobState.DONE


def test_another_key_opens_nothing(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptJobs(tmp_path / "imports")
    kept.keep("a", io.BytesIO(b"x" * 3_000_000))
    with kept.sent("a") as file:
        assert file.read() == b"x" * 3_000_000
    monkeypatch.setattr("campaign.imports.kept_jobs.current_seal", lambda: Seal(b"1" * 32))
    with pytest.raises(KeptBroken):
        kept.sent("a")
    kept.close()
