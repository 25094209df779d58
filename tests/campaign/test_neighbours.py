"""What one process says of itself is shown at the other: trunks and their pauses, what waits to be archived, load."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from benchmarks.cluster import Cluster
from campaign.clock import RealClock
from campaign.running.condition import Plant
from campaign.running.findings import Level, of_archives, of_load
from campaign.running.neighbours import Neighbours
from models import Database, Seal, Worker, WorkerCondition
from models.workers import database_now, sign_off, sign_on
from speech.load import Load
from telephony.archive import FolderArchive
from telephony.archiving import ArchiveCondition, Archiving
from telephony.recording import RecordingStore
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk
from tests.conftest import KEY
from tests.telephony.test_recording import frames, recorded

A, B = "calls-01-11-aa", "calls-02-22-bb"
NOTHING: Any = None


@pytest.fixture
def shared(postgresql: Cluster, seal: Seal) -> Iterator[Database]:
    opened = Database(postgresql.create("neighbours", template="huifang"))
    now = datetime.now(UTC)
    with opened.write() as session:
        for name in (A, B):
            sign_on(session, Worker(id=name, host=name[:8], place="", started_at=now, heartbeat_at=now))
    yield opened
    opened.close()
    postgresql.drop("neighbours")


def that_cannot_archive(folder: Path) -> Archiving:
    """Archiving that was refused one recording: the archive holds another one under its name."""
    (folder / "far").mkdir()
    archive = FolderArchive(folder / "far")
    store, other = RecordingStore(folder / "here", KEY, archive), RecordingStore(folder / "other", KEY)
    theirs = recorded(other, "1-1", frames(5)).seal()
    archive.keep(theirs.path, other.folder / theirs.path)
    recorded(store, "1-1", frames(5)).seal()
    archiving = Archiving(store, archive)
    archiving.archive_waiting()
    return archiving


def test_what_waits_at_one_process_is_shown_and_tried_again_at_the_other(shared: Database, tmp_path: Path) -> None:
    archiving = that_cannot_archive(tmp_path)
    here, there = Neighbours(shared, A, NOTHING, archiving), Neighbours(shared, B, NOTHING)
    here.exchange()
    there.exchange()
    plant = Plant(shared, RealClock(), tmp_path, tmp_path, neighbours=there)
    assert plant.archives() and plant.loads() == []
    (other,) = there.others
    assert other.name == "calls-01（aa）" and other.condition.archive is not None
    assert [call_id for call_id, _ in other.condition.archive.stuck] == ["1-1"]
    assert plant.retry_archive() == str(tmp_path / "far")
    here.exchange()
    assert archiving.condition().stuck == ()
    archiving.archive_waiting()
    here.exchange()  # the same wish is heard once
    assert [call_id for call_id, _ in archiving.condition().stuck] == ["1-1"]


async def test_a_paused_trunk_is_shown_with_the_process_that_paused_it(shared: Database, tmp_path: Path) -> None:
    trunk = Trunk("main", "127.0.0.1", 5999, number="95500", ping_seconds=0)
    async with SipDialer((trunk,), RecordingStore(tmp_path / "recordings", KEY)) as dialer:
        (road,) = dialer._running()[0].roads
        for _ in range(20):
            road.caps.start(time.monotonic())
            road.caps.end(True, time.monotonic())
        here, there = Neighbours(shared, A, dialer), Neighbours(shared, B, NOTHING)
        here.exchange()
        there.exchange()
    sections = await Plant(shared, RealClock(), tmp_path, tmp_path, neighbours=there).look([])
    (finding,) = next(one.findings for one in sections if one.key == "trunks")
    assert (finding.name, finding.level) == ("main · calls-01（aa）", Level.BAD)
    assert "该进程 0/" in finding.words and "起暂停" in finding.words


def test_who_has_left_or_says_it_otherwise_is_not_shown(shared: Database) -> None:
    here, there = Neighbours(shared, A, NOTHING), Neighbours(shared, B, NOTHING)
    here.exchange()
    there.exchange()
    assert [one.name for one in there.others] == ["calls-01（aa）"]
    with shared.write() as session:
        session.execute(update(WorkerCondition).where(WorkerCondition.worker == A).values(body={"trunks": "another"}))
    there.exchange()
    assert there.others == ()
    with shared.write() as session:
        sign_off(session, A, database_now(session))
    here.exchange()  # it goes on hearing
    assert [one.name for one in here.others] == ["calls-02（bb）"]
    with shared.read() as session:
        assert session.get(WorkerCondition, A) is None


def test_processes_that_share_a_folder_name_a_recording_once() -> None:
    own = ArchiveCondition("s3://b", 2, None, (("1-1", "x"),), "", None)
    theirs = ArchiveCondition("s3://b", 30, None, tuple((f"1-{n}", "x") for n in range(1, 31)), "", None).brief(10)
    found = list(of_archives(own, [("h（a）", theirs)], datetime.now(UTC)))
    names = [one.name for one in found]
    assert names[:3] == ["归档存储", "录音 1-1", "归档存储 · h（a）"]
    assert len(names) == len(set(names)) and "另有 20 个" in found[-1].words
    assert [one.level for one in of_archives(None, [], datetime.now(UTC))] == [Level.UNSET]
    assert [one.name for one in of_archives(None, [("h（a）", theirs.brief(0))], datetime.now(UTC))] == [
        "归档存储 · h（a）",
        "其余录音 · h（a）",
    ]


def test_a_recogniser_that_cannot_keep_up() -> None:
    level = {
        (share, lag): of_load(Load(2, 1, 0, share, lag), "h（a）").level
        for share, lag in ((0.2, 0.1), (0.95, 0.1), (0.2, 1.5), (1.0, 4.0))
    }
    assert list(level.values()) == [Level.GOOD, Level.WATCH, Level.WATCH, Level.BAD]
    assert "1/2 个识别线程在忙" in of_load(Load(2, 1, 0, 0.2, 0.1)).words
