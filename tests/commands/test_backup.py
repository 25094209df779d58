"""`huifang backup` and `huifang restore`: what comes back is what was there, and nothing is written over."""

from __future__ import annotations

import base64
import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import huifang
from benchmarks.cluster import Cluster
from campaign.keeping.backup import Premises, back_up
from campaign.keeping.package import KeepingError
from campaign.keeping.restore import Place, restore
from models import Attempt, Customer, Database, Recording
from settings import Settings
from telephony.archive import FolderArchive
from telephony.archiving import Archiving
from telephony.recording import RecordingStore
from tests.conftest import KEY, NOON
from tests.telephony.test_recording import frames, recorded, stereo

Run = Callable[..., tuple[int, str]]
PAIRS = frames(50)


def fill(database: Database, store: RecordingStore, task_id: int) -> str:
    """One call with its recording; where that lies."""
    call_id = f"{task_id}-1"
    sealed = recorded(store, call_id, PAIRS).seal()
    with database.write() as session:
        client = session.scalars(select(Customer)).one()
        attempt = Attempt(
            call_id=call_id, task_id=task_id, customer_id=client.id, no=1, dialled="13800001111", worker="w",
            started_at=NOON, ended_at=NOON, script="suitability", script_hash="f" * 64, facts="{}",
        )  # fmt: skip
        session.add(attempt)
        session.flush()
        row = Recording(attempt_id=attempt.id, path=sealed.path, duration_ms=1000, sha256="0" * 64, sealed_at=NOON)
        session.add(row)
    return sealed.path


@pytest.fixture
def data(tmp_path: Path, database: Database, task_id: int) -> Path:
    """The data folder of an installation with one call, whose server goes on working."""
    folder = tmp_path / "data"
    fill(database, RecordingStore(folder / "recordings", KEY), task_id)
    (folder / "secret.key").write_text(base64.b64encode(KEY).decode() + "\n")
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(settings: Settings, *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(huifang, "load_settings", lambda: settings)
        monkeypatch.chdir(tmp_path)
        status = huifang.main(arguments)
        told = capsys.readouterr()
        return status, told.out + told.err

    return command


def settings_of(folder: Path, database: Database | None = None, **more: object) -> Settings:
    url = database.url if database else f"sqlite:///{folder / 'huifang.db'}"
    return Settings(data_dir=folder, database_url=url, **more)  # type: ignore[arg-type]


def name_in(url: str) -> str:
    database = Database(url)
    with database.read() as session:
        name = session.scalars(select(Customer.name)).one()
    database.close()
    return name


@pytest.mark.parametrize("target", ["copy", "copy.tar"])
def test_there_and_back(tmp_path: Path, data: Path, database: Database, run: Run, target: str) -> None:
    status, told = run(settings_of(data, database), "backup", target, "--key", "key.txt")
    assert status == 0, told
    assert "1 个录音" in told and "没有它" in told and "HUIFANG" not in told
    kept = b"".join(path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file())
    kept += (tmp_path / target).read_bytes() if target.endswith("tar") else b""
    assert base64.b64encode(KEY) not in kept and KEY not in kept
    assert "单小明".encode() not in kept and b"13800001111" not in kept
    assert {path.stat().st_mode & 0o77 for path in [tmp_path / target, tmp_path / "key.txt"]} == {0}
    there = settings_of(tmp_path / "there")
    status, told = run(there, "restore", target, "--key", "key.txt")
    assert status == 0, told
    assert "HUIFANG_DATA_DIR" in told
    assert name_in(there.database) == "单小明"
    store = RecordingStore(there.recordings, base64.b64decode((tmp_path / "there" / "secret.key").read_text()))
    assert store.read_pcm(next(there.recordings.glob("??/*.rec")).stem) == stereo(PAIRS)
    status, told = run(there, "restore", target)
    assert (status, "已经存在：恢复不会覆盖它" in told) == (1, True)
    assert run(settings_of(data, database), "backup", target)[0] == 1


def test_everything_in_the_way_is_told_at_once(tmp_path: Path, data: Path, database: Database, run: Run) -> None:
    assert run(settings_of(data, database), "backup", "copy")[0] == 0
    file = next((tmp_path / "copy" / "recordings").glob("*/*.rec"))
    damaged = bytearray(file.read_bytes())
    damaged[500] ^= 1
    file.write_bytes(damaged)
    (tmp_path / "copy" / "recordings" / "x.sh").write_text("")
    there = tmp_path / "there"
    there.mkdir()
    (there / "huifang.db").write_text("mine")
    (there / "secret.key").write_text(base64.b64encode(bytes(32)).decode())
    status, told = run(settings_of(there), "restore", "copy")
    assert status == 1
    for words in (
        f"{file.name}：内容与备份时不同",
        "x.sh：不在备份的清单里",
        "密钥不是这份备份的",
        "huifang.db 已经存在",
    ):
        assert words in told, words
    assert (there / "huifang.db").read_text() == "mine"
    assert not (there / "recordings").exists()
    status, told = run(settings_of(tmp_path / "empty"), "restore", "copy")
    assert "没有密钥" in told
    assert not (tmp_path / "empty" / "huifang.db").exists()


CHANGES: tuple[tuple[Callable[[Any], object], str], ...] = (
    (lambda body: body["backup"].update(format=9), "较新的版本"),
    (lambda body: body["backup"].update(revision="9999"), "请先升级"),
    (lambda body: body["backup"].update(made_at="2020-01-01"), "被改动过"),
    (lambda body: body["backup"].update(database="postgresql"), "这里设置的是 sqlite"),
    (lambda body: body["backup"]["files"].update({"../../passwd": {"size": 1, "sha256": ""}}), "不是备份里该有"),
    (lambda body: body.pop("seal"), "读不懂"),
)


def test_a_manifest_that_cannot_be_believed(tmp_path: Path, data: Path, database: Database, run: Run) -> None:
    assert run(settings_of(data, database), "backup", "copy", "--key", "key.txt")[0] == 0
    manifest = tmp_path / "copy" / "manifest.json"
    whole = manifest.read_text()
    for change, words in CHANGES:
        body = json.loads(whole)
        change(body)
        manifest.write_text(json.dumps(body))
        status, told = run(settings_of(tmp_path / "there"), "restore", "copy", "--key", "key.txt")
        assert (status, words in told) == (1, True), told
    assert not list((tmp_path / "there").glob("huifang.db*"))


def test_what_is_no_backup(tmp_path: Path, run: Run) -> None:
    (tmp_path / "a.tar").write_bytes(b"no tar")
    (tmp_path / "folder").mkdir()
    for source in ("a.tar", "folder", "nothing"):
        status, told = run(settings_of(tmp_path / "there"), "restore", source)
        assert (status, "备份" in told) == (1, True), told


def test_the_key_stays_out_of_the_backup(tmp_path: Path, data: Path, database: Database, run: Run) -> None:
    status, told = run(settings_of(data, database), "backup", "copy", "--key", "copy/key.txt")
    assert (status, "不能放在备份" in told) == (1, True)
    assert not (tmp_path / "copy").exists()
    (data / "secret.key").unlink()
    assert "找不到密钥" in run(settings_of(data, database), "backup", "copy")[1]
    assert not (data / "secret.key").exists()
    (data / "secret.key").write_text(base64.b64encode(bytes(32)).decode())
    for target in ("copy", "copy.tar"):
        assert "another key" in run(settings_of(data, database), "backup", target)[1]
    assert not list(tmp_path.glob("copy*"))


def test_a_writer_goes_on_beside(tmp_path: Path, data: Path, database: Database) -> None:
    """An open transaction of the server neither stops the backup nor is half in it."""
    with database.write() as session:
        session.scalars(select(Customer)).one().branch = "还没有提交"
        session.flush()
        made = back_up(Premises(database.url, data / "recordings", KEY, None, ()), tmp_path / "copy", NOON)
    assert made.missing == ()
    with sqlite3.connect(tmp_path / "copy" / "database.sqlite") as copy:
        assert copy.execute("SELECT branch FROM customer").fetchall() == [("",)]
    copy.close()


def test_archived_recordings_are_left_out_or_fetched(tmp_path: Path, data: Path, database: Database) -> None:
    (tmp_path / "far").mkdir()
    archive = FolderArchive(tmp_path / "far")
    store = RecordingStore(data / "recordings", KEY, archive)
    premises = Premises(database.url, store.folder, KEY, archive, ())
    assert back_up(premises, tmp_path / "before", NOON).recordings == 1  # no stock was taken for this archive
    archiving = Archiving(store, archive, local_days=0)
    archiving.stock_take()
    assert back_up(premises, tmp_path / "waiting", NOON).recordings == 1
    archiving.archive_waiting()
    made = back_up(premises, tmp_path / "after", NOON)
    assert (made.recordings, made.archived, made.missing) == (0, 1, ())
    assert archiving.let_go(datetime.now(UTC).timestamp() + 1) == 1
    made = back_up(premises, tmp_path / "all", NOON, everything=True)
    assert (made.recordings, made.archived, made.missing) == (1, 0, ())
    restore(tmp_path / "all", Place(f"sqlite:///{tmp_path / 'b.db'}", tmp_path / "there", None, KEY))
    (path,) = (tmp_path / "there").glob("??/*.rec")
    assert RecordingStore(tmp_path / "there", KEY).read_pcm(path.stem) == stereo(PAIRS)
    shutil.rmtree(tmp_path / "far")
    lost = back_up(Premises(database.url, store.folder, KEY, None, ()), tmp_path / "lost", NOON)
    assert [Path(one).stem for one in lost.missing] == [path.stem]


def test_there_and_back_on_postgresql(
    tmp_path: Path, postgresql: Cluster, data: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, other = postgresql.create("backed", template="huifang"), postgresql.create("restored")
    live = Database(url)
    with live.write() as session:
        session.add(Customer(number="C1", name="单小明", name_digest="n", phone="13800001111", phone_digest="p"))
    live.close()
    premises = Premises(url, tmp_path / "recordings", KEY, None, ("HUIFANG_DATABASE_URL",))
    back_up(premises, tmp_path / "copy.tar", NOON)
    place = Place(other, tmp_path / "there", None, KEY)
    done = restore(tmp_path / "copy.tar", place)
    assert (name_in(other), done.manifest.settings) == ("单小明", ("HUIFANG_DATABASE_URL",))
    with pytest.raises(KeepingError, match="张表：恢复不会覆盖"):
        restore(tmp_path / "copy.tar", place)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Exception, match="找不到 pg_dump：请安装 postgresql-client"):
        back_up(premises, tmp_path / "again", NOON)
    with pytest.raises(KeepingError, match="找不到 pg_restore"):
        restore(tmp_path / "copy.tar", place)
    for name in ("backed", "restored"):
        postgresql.drop(name)
