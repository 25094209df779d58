"""What an operator is told: every trouble is found, and each comes with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from campaign.clock import RealClock
from campaign.imports.forms import Kind
from campaign.imports.job import Job, JobState
from campaign.running.condition import Plant
from campaign.running.findings import Finding, Level, Section, of_archive, of_disk, of_imports, of_trunks
from models import Attempt, Database, Event, Notice, Worker
from models.health import LineUse
from models.queue import begin_attempt
from telephony.archive import FolderArchive
from telephony.archiving import ArchiveCondition, Archiving
from telephony.errors import SoundUnavailable
from telephony.recording import RecordingStore
from telephony.sip.caps import Caps, Load
from telephony.sip.dialer import TrunkCondition
from telephony.sip.registration import Standing
from tests.conftest import KEY, served
from tests.telephony.test_recording import frames, recorded

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
LOAD = Load(3, 30, 20, 1)


def levels(findings: Iterable[Finding]) -> list[tuple[str, Level]]:
    found = list(findings)
    assert all(one.remedy for one in found if one.level is Level.BAD), found
    return [(one.name, one.level) for one in found]


def part(sections: list[Section], key: str) -> dict[str, Finding]:
    (section,) = (one for one in sections if one.key == key)
    assert levels(section.findings)
    return {one.name: one for one in section.findings}


async def test_an_installation_at_work(database: Database, task_id: int, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with database.write() as session:
        for name, beat, ended in (("a", 2, None), ("b", 20, None), ("c", 600, now - timedelta(hours=1))):
            worker = Worker(id=f"h-1-{name}", host=f"host-{name}", place="", started_at=now - timedelta(hours=2))
            worker.heartbeat_at, worker.ended_at, worker.lost = now - timedelta(seconds=beat), ended, ended is not None
            session.add(worker)
        session.flush()
        begun = begin_attempt(
            session, served(session, task_id), dialled="1", worker="h-1-a", now=now, script_hash="f" * 64, facts="{}"
        )
        session.execute(update(Attempt).where(Attempt.id == begun.id).values(line="main"))
        for no, (state, late) in enumerate((("waiting", 60), ("waiting", 0), ("failed", 0))):
            due = now - timedelta(minutes=late)
            session.add(
                Notice(task_id=task_id, kind=f"k{no}", channel="sms", text="x", created_at=now, state=state,
                       next_try_at=due)
            )  # fmt: skip
        session.add(Event(key="e", kind="x", task_id=task_id, body={}, created_at=now, state="sent"))
    (tmp_path / "recordings").mkdir()
    plant = Plant(database, RealClock(), tmp_path, tmp_path / "recordings")
    sections = await plant.look([])
    assert [one.key for one in sections] == ["workers", "trunks", "speech", "storage", "archive", "outbox", "imports"]
    workers = part(sections, "workers")
    assert [one.level for one in workers.values()] == [Level.GOOD, Level.BAD, Level.WATCH]
    assert "1 路通话" in workers["host-a（a）"].words and "失联" in workers["host-c（c）"].words
    assert "全部进程 1 路" in part(sections, "trunks")["main"].words
    outbox = part(sections, "outbox")
    assert (outbox["给客户的告知"].level, "1 条逾时" in outbox["给客户的告知"].words) == (Level.BAD, True)
    assert outbox["给公司系统的事件"].level is Level.GOOD
    assert " MB" in part(sections, "storage")["数据库"].words
    assert part(sections, "archive")["归档存储"].level is Level.UNSET


async def test_nobody_at_work_and_a_voice_that_fails(database: Database, tmp_path: Path) -> None:
    class Mute:
        key = "mute"
        tries = 0

        def speak(self, text: str, *, slower: bool = False) -> bytes:
            self.tries += 1
            raise SoundUnavailable("no device")

    voice = Mute()
    plant = Plant(database, RealClock(), tmp_path, tmp_path, voice=voice)
    sections = await plant.look([])
    assert part(sections, "workers")["工作进程"].level is Level.BAD
    assert part(sections, "speech")["语音"].level is Level.BAD
    await plant.look([])
    assert voice.tries == 1  # not at every look


async def test_a_database_that_is_away(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OSError("away")

    monkeypatch.setattr(database, "read", away)
    sections = await Plant(database, RealClock(), tmp_path, tmp_path).look([])
    assert part(sections, "storage")["数据库"].level is Level.BAD


async def test_what_is_not_archived(database: Database, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    archive = FolderArchive(tmp_path / "far")
    store = RecordingStore(tmp_path / "here", KEY, archive)
    other = RecordingStore(tmp_path / "other", KEY)
    sealed, mine = recorded(other, "1-1", frames(5)).seal(), recorded(store, "1-1", frames(5)).seal()
    archive.keep(sealed.path, other.folder / sealed.path)
    archiving = Archiving(store, archive)
    archiving.archive_waiting()
    found = part(await Plant(database, RealClock(), tmp_path, store.folder, archiving).look([]), "archive")
    assert (found["录音 1-1"].level, found["归档存储"].words.endswith("1 个录音等待归档")) == (Level.BAD, True)
    assert (store.folder / mine.path).exists()


def test_archives() -> None:
    good = ArchiveCondition("s3://b", 2, NOW - timedelta(minutes=5), (), "", NOW)
    assert levels(of_archive(good, NOW)) == [("归档存储", Level.GOOD)]
    late = ArchiveCondition("s3://b", 2, NOW - timedelta(hours=2), (), "", None)
    assert levels(of_archive(late, NOW)) == [("归档存储", Level.WATCH)]
    away = ArchiveCondition("s3://b", 2, NOW, tuple((f"1-{n}", "x") for n in range(12)), "does not answer", None)
    found = levels(of_archive(away, NOW))
    assert (len(found), found[0], found[-1]) == (12, ("归档存储", Level.BAD), ("其余录音", Level.BAD))


def test_trunks() -> None:
    later = NOW + timedelta(seconds=30)
    trunks = (
        TrunkCondition("good", True, Standing.REGISTERED, LOAD, None, None, ""),
        TrunkCondition("paused", True, None, LOAD, NOW, later, "503 Service Unavailable"),
        TrunkCondition("refused", False, Standing.REFUSED, LOAD, None, None, ""),
        TrunkCondition("silent", False, Standing.SILENT, LOAD, None, None, ""),
        TrunkCondition("dead", False, None, LOAD, None, None, ""),
        TrunkCondition("failing", True, None, LOAD, None, None, ""),
    )
    uses = [LineUse("failing", 20, 5, 1), LineUse("good", 20, 1, 1), LineUse("elsewhere", 3, 3, 1)]
    found = list(of_trunks(trunks, uses))
    assert levels(found) == [
        ("good", Level.GOOD), ("paused", Level.BAD), ("refused", Level.BAD), ("silent", Level.BAD), ("dead", Level.BAD),
        ("failing", Level.BAD), ("elsewhere", Level.GOOD),
    ]  # fmt: skip
    assert "503 Service Unavailable" in found[1].words and "6月1日 10:00:30 再试" in found[1].words
    assert levels(of_trunks((), [])) == [("线路", Level.GOOD)]


def test_a_pause_is_seen_while_it_lasts() -> None:
    caps = Caps(30, 10)
    for second in range(8):
        caps.start(float(second))
        caps.end(True, float(second))
    load = caps.load(8.0)
    assert (load.paused_since, load.paused_until, load.going) == (7.0, 37.0, 0)
    assert caps.load(37.0).paused_since is None
    caps.start(40.0)
    caps.end(False, 41.0)
    assert (caps.load(42.0).ended, caps.load(42.0).failed, caps.load(42.0).most) == (1, 0, 30)


def test_disks_and_imports() -> None:
    full, near, fine = (of_disk("盘", "/var", free, 10**12).level for free in (10**9, 5 * 10**9, 10**11))
    assert (full, near, fine) == (Level.BAD, Level.WATCH, Level.GOOD)
    jobs = [Job(state.value, f"{state}.csv", None, state=state) for state in JobState]
    found = dict(levels(of_imports(jobs, jobs[0].asked_at)))
    assert found["failed.csv"] is Level.BAD and found["refused.csv"] is Level.WATCH and found["done.csv"] is Level.GOOD
    assert levels(of_imports([], 0.0)) == [("导入", Level.GOOD)]


def test_a_failed_import_asks_for_nothing_once_its_file_was_imported_or_after_a_week() -> None:
    def job(name: str, state: JobState, at: float, kind: Kind | None = Kind.CLIENTS) -> Job:
        return Job(f"{name}{at}", name, kind, asked_at=at, state=state)

    day = 24 * 3600.0
    jobs = [
        job("客户.csv", JobState.DONE, 8 * day),
        job("又错.csv", JobState.REFUSED, 7.9 * day),
        job("客户.csv", JobState.REFUSED, 7.5 * day, None),
        job("客户.csv", JobState.FAILED, 7 * day, Kind.PRODUCTS),
        job("又错.csv", JobState.DONE, 6 * day),
        job("旧.csv", JobState.FAILED, 1 * day),
        job("旧.csv", JobState.FAILED, 0.9 * day),
    ]
    found = [level for _, level in levels(of_imports(jobs, 8 * day))]
    good, watch, bad = Level.GOOD, Level.WATCH, Level.BAD
    assert found == [good, watch, good, bad, good, bad, good]
