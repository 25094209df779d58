"""Recordings and their archive: what is sealed gets there once and whole, whatever fails; it is read from there too.

The storage is moto's server (an S3-speaking stand-in), the far folder a folder.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from telephony.archive import Archive, FolderArchive, holds
from telephony.archive_queue import ArchiveQueue
from telephony.archive_s3 import Credentials, etag_of, open_archive
from telephony.archiving import Archiving
from telephony.errors import (
    ArchiveAway,
    ArchiveConflict,
    ArchiveDamaged,
    ArchiveInvalid,
    RecordingMissing,
    RecordingUnreadable,
)
from telephony.recording import RecordingStore
from tests.telephony.storage import BUCKET, CREDENTIALS, Storage, s3_server, storage
from tests.telephony.test_recording import KEY, frames, recorded, stereo

DAY = 86_400.0


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with s3_server() as port:
        yield port


@pytest.fixture
def far(server: int) -> Iterator[Storage]:
    with storage(server) as running:
        yield running


@pytest.fixture(params=["folder", "s3"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    """Each kind of archive, empty."""
    if request.param == "folder":
        (tmp_path / "far").mkdir()
        return FolderArchive(tmp_path / "far")
    return s3(request.getfixturevalue("far"))


def s3(far: Storage) -> Archive:
    made = open_archive(far.address, CREDENTIALS)
    assert made is not None
    return made


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 (a thread has no event to await)
            await asyncio.sleep(0.01)


def test_what_is_sealed_gets_into_the_archive_and_is_read_from_there(tmp_path: Path, archive: Archive) -> None:
    store, pairs = RecordingStore(tmp_path / "here", KEY, archive), frames(60)
    growing = recorded(store, "12-1", pairs)
    archiving = Archiving(store, archive, local_days=7)
    assert (archiving.archive_waiting(), archiving.condition().waiting) == (0, 0)
    sealed = growing.seal()
    assert archiving.condition().waiting == 1
    assert (archiving.archive_waiting(), archiving.archive_waiting()) == (1, 0)
    local = store.folder / sealed.path
    assert holds(archive, sealed.path, local)
    assert (archiving.let_go(time.time() + 6 * DAY), local.exists()) == (0, True)
    assert (archiving.let_go(time.time() + 8 * DAY), local.exists()) == (1, False)
    assert stereo(pairs) not in (archive.read(sealed.path, 0, 128 + 60 * 640),)  # encrypted there as well
    assert store.read_pcm("12-1") == stereo(pairs)
    assert store.read_pcm("12-1", 100, 103) == stereo(pairs)[3200:3296]
    size = store.wav_size("12-1")
    assert b"".join(store.wav_pieces("12-1", 0, size)) == store.wav_bytes("12-1")
    assert b"".join(store.wav_pieces("12-1", 20, 5000)) == store.wav_bytes("12-1", 20, 5000)
    assert len(store.waveform("12-1").client) == 30
    store.verify("12-1")
    with pytest.raises(RecordingMissing, match="9-9"):
        store.wav_size("9-9")
    other = RecordingStore(tmp_path / "another host", KEY, archive)
    assert other.read_pcm("12-1") == stereo(pairs)
    assert other.waveform("12-1") == store.waveform("12-1")
    assert (other.folder / sealed.path).with_suffix(".peaks").exists()  # it was not computed anew
    with pytest.raises(RecordingUnreadable, match="another key"):
        RecordingStore(tmp_path / "another key", bytes(32), archive).read_pcm("12-1")


def test_a_long_recording_starts_at_once(tmp_path: Path, far: Storage) -> None:
    archive, asked = s3(far), []

    class Counting(FolderArchive):
        def read(self, name: str, start: int, end: int) -> bytes:
            asked.append(end - start)
            return archive.read(name, start, end)

        def size_of(self, name: str) -> int | None:
            asked.append(0)
            return archive.size_of(name)

    store = RecordingStore(tmp_path / "here", KEY, archive)
    sealed = recorded(store, "12-1", frames(30 * 60)).seal()
    archive.keep(sealed.path, store.folder / sealed.path)
    other = RecordingStore(tmp_path / "other", KEY, Counting(tmp_path))
    size = other.wav_size("12-1")
    assert len(next(other.wav_pieces("12-1", 0, size))) == 44
    assert sum(asked) <= 128
    other.wav_bytes("12-1", size - 1000, size)
    assert sum(asked) < 128 + 1016  # and nothing but the range, then
    assert asked.count(0) == 1


def test_a_queue_outlives_everything_and_old_recordings_join_it(tmp_path: Path, archive: Archive) -> None:
    plain = RecordingStore(tmp_path / "here", KEY)
    recorded(plain, "1-1", frames(5)).seal()
    store = RecordingStore(tmp_path / "here", KEY, archive)
    archiving = Archiving(store, archive)
    archiving.stock_take()
    recorded(store, "1-2", frames(5)).seal()
    recorded(store, "1-3", frames(50)).abandon()
    assert [one.call_id for one in store.recover()] == ["1-3"]
    (store.folder / "waiting" / "1-9").touch()  # killed before the seal was finished, then removed by hand
    again = Archiving(RecordingStore(tmp_path / "here", KEY, archive), archive)
    again.stock_take()
    assert again.archive_waiting() == 3
    assert again.condition().waiting == 0
    RecordingStore(tmp_path / "here", KEY)  # for a while without an archive
    again.stock_take()
    assert again.condition().waiting == 3
    assert again.archive_waiting() == 3  # nothing is sent, for it is there


def test_what_somebody_else_archives_is_left_to_them(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "here", KEY, archive := FolderArchive(tmp_path))
    recorded(store, "1-1", frames(5)).seal()
    with ArchiveQueue(store.folder).claimed("1-1") as taken:
        assert taken is not None
        assert Archiving(store, archive).archive_waiting() == 0
    assert Archiving(store, archive).archive_waiting() == 1


def test_nothing_in_the_archive_is_written_over(tmp_path: Path, archive: Archive) -> None:
    store = RecordingStore(tmp_path / "here", KEY, archive)
    other = RecordingStore(tmp_path / "there", KEY, archive)
    mine, theirs = recorded(store, "1-1", frames(5)).seal(), recorded(other, "1-1", frames(5)).seal()
    archive.keep(theirs.path, other.folder / theirs.path)
    archiving = Archiving(store, archive, local_days=0)
    assert archiving.archive_waiting() == 0
    ((call_id, trouble),) = archiving.condition().stuck
    assert call_id == "1-1" and "另一个录音" in trouble
    assert archiving.archive_waiting() == 0  # put off
    assert archiving.let_go(time.time() + DAY) == 0
    assert (store.folder / mine.path).exists()
    assert holds(archive, theirs.path, other.folder / theirs.path)
    archiving.hurry()
    assert archiving.condition().stuck == ()
    assert archiving.archive_waiting() == 0


def test_a_copy_that_was_lost_or_changed_keeps_the_local_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "far").mkdir()
    archive = FolderArchive(tmp_path / "far")
    store = RecordingStore(tmp_path / "here", KEY, archive)
    sealed = recorded(store, "1-1", frames(50)).seal()
    archiving = Archiving(store, archive, local_days=0)
    archiving.archive_waiting()
    kept = tmp_path / "far" / sealed.path
    kept.unlink()
    with caplog.at_level(logging.WARNING):
        assert archiving.let_go(time.time() + 1) == 0
    assert "1-1" in caplog.text
    assert archiving.archive_waiting() == 1
    assert archiving.let_go(time.time() + 1) == 1


def test_two_processes_let_go_of_the_same_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "far").mkdir()
    archive = FolderArchive(tmp_path / "far")
    store = RecordingStore(tmp_path / "here", KEY, archive)
    first, second = Archiving(store, archive, local_days=0), Archiving(store, archive, local_days=0)
    for call_id in ("1-1", "1-2"):
        recorded(store, call_id, frames(5)).seal()
    assert first.archive_waiting() == 2

    def meanwhile(*given: Any) -> bool:
        monkeypatch.undo()
        assert second.let_go(time.time() + 1) == 2
        return holds(*given)

    monkeypatch.setattr("telephony.archiving.holds", meanwhile)
    assert first.let_go(time.time() + 1) == 0


def test_bytes_that_arrive_otherwise_are_sent_again(tmp_path: Path, far: Storage) -> None:
    archive = s3(far)
    store = RecordingStore(tmp_path, KEY, archive)
    sealed = recorded(store, "1-1", frames(200)).seal()
    far.relay.spoil = True
    with pytest.raises(ArchiveDamaged):
        archive.keep(sealed.path, store.folder / sealed.path)
    assert far.names() == set()
    archiving = Archiving(store, archive, local_days=0)
    assert archiving.archive_waiting() == 0
    assert archiving.let_go(time.time() + DAY) == 0
    far.relay.spoil = False
    archiving.hurry()
    assert archiving.archive_waiting() == 1
    assert far.names() == {f"firm/a/{sealed.path}"}


async def test_a_storage_that_is_down_and_comes_back(
    tmp_path: Path, far: Storage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("telephony.archiving.AWAY_SECONDS", (0.05,))
    monkeypatch.setattr("telephony.archiving.LOOK_SECONDS", 0.05)
    archive = s3(far)
    store = RecordingStore(tmp_path, KEY, archive)
    far.relay.close()
    sealed = recorded(store, "1-1", frames(50)).seal()
    async with Archiving(store, archive, local_days=0) as archiving:
        await until(lambda: archiving.condition().trouble != "")
        assert (archiving.condition().waiting, "没有应答" in archiving.condition().trouble) == (1, True)
        far.relay.open()
        await until(lambda: archiving.condition().waiting == 0)
        await until(lambda: archiving.condition().trouble == "")
        assert archiving.condition().last_at is not None
        recorded(store, "1-2", frames(50)).seal()
        await until(lambda: archiving.condition().waiting == 0)
    assert f"firm/a/{sealed.path}" in far.names() and len(far.names()) == 2
    assert len([one for one in caplog.records if "not archived" in one.message]) == 1
    assert CREDENTIALS.secret not in caplog.text
    assert not (store.folder / sealed.path).exists()
    far.relay.close()
    with pytest.raises(ArchiveAway):
        store.read_pcm("1-1")
    far.relay.open()
    assert len(store.read_pcm("1-1")) == 50 * 640


VICTIM = """
import sys
from pathlib import Path
from telephony.archive_s3 import Credentials, open_archive
from telephony.archiving import Archiving
from telephony.recording import RecordingStore
archive = open_archive(sys.argv[2], Credentials("reviewer", "geheim-4711"))
Archiving(RecordingStore(Path(sys.argv[1]), bytes(range(32)), archive), archive).archive_waiting()
"""


def test_an_upload_that_is_killed_is_done_again(tmp_path: Path, far: Storage) -> None:
    store = RecordingStore(tmp_path, KEY, archive := s3(far))
    sealed = recorded(store, "1-1", frames(3000)).seal()  # 1.9 MB
    far.relay.stall_after = 500_000
    victim = subprocess.Popen([sys.executable, "-c", VICTIM, str(tmp_path), far.address])
    try:
        assert far.relay.stalled.wait(60)
    finally:
        victim.kill()
        victim.wait()
    assert far.names() == set()
    far.relay.stall_after = None
    assert Archiving(store, archive).condition().waiting == 1
    assert Archiving(store, archive).archive_waiting() == 1
    assert holds(archive, sealed.path, store.folder / sealed.path)


def test_a_bucket_or_a_mount_that_is_not_there(tmp_path: Path, far: Storage) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    missing = open_archive(far.address.replace(BUCKET, "nothing-here"), CREDENTIALS)
    assert missing is not None
    with pytest.raises(ArchiveAway, match="NoSuchBucket.*请创建这个存储桶"):
        missing.keep("a", path)
    with pytest.raises(ArchiveAway, match="请挂载"):
        FolderArchive(tmp_path / "no mount").keep("a", path)
    assert not (tmp_path / "no mount").exists()


def test_the_folder_conflict_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "far" / "a").write_bytes(b"y")
    with pytest.raises(ArchiveConflict, match="far"):
        FolderArchive(tmp_path / "far").keep("a", tmp_path / "a")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://host/bucket", "s3://bucket/prefix"),
        ("relative/folder", "s3://bucket/prefix"),
        ("s3+http://key:geheim-4711@host/bucket", "leave the keys out"),
        ("s3+https://host", "[Bb]ucket"),
        ("s3+http://host:99999/bucket", "[Pp]ort"),
        ("s3://", "missing"),
        ("s3://bucket?x=1", "nothing may follow"),
    ],
)
def test_addresses_that_cannot_be_used(address: str, words: str) -> None:
    with pytest.raises(ArchiveInvalid, match=words) as told:
        open_archive(address, CREDENTIALS)
    assert "geheim-4711" not in str(told.value)


def test_all_faults_at_once_and_no_secret_in_a_print() -> None:
    with pytest.raises(ArchiveInvalid, match=r"nothing may follow.*ACCESS_KEY is missing.*SECRET_KEY is missing"):
        open_archive("s3://bucket#x", Credentials("", ""))
    assert "geheim" not in repr(CREDENTIALS)
    assert open_archive("", Credentials("", "")) is None
    assert isinstance(open_archive("/mnt/archive", Credentials("", "")), FolderArchive)


def test_etags_of_parts(tmp_path: Path) -> None:
    """Values computed with md5sum: of the whole, and of the concatenated MD5s of the parts."""
    path = tmp_path / "a"
    path.write_bytes(b"abcdef")
    assert etag_of(path, 8) == "e80b5017098950fc58aad83c8c14978e"
    assert etag_of(path, 6) == "e80b5017098950fc58aad83c8c14978e"
    path.write_bytes(b"")
    assert etag_of(path) == "d41d8cd98f00b204e9800998ecf8427e"
