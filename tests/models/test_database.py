"""Opening and migrating databases, and what is told when it fails."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from benchmarks.cluster import Cluster
from models import Base, Database, DatabaseUnusable, KeyFileError, Seal, SealBroken, load_seal


def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    database.upgrade()


def test_sqlite_runs_in_wal_mode(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    database.close()


@pytest.mark.parametrize(("durable", "waits_for_the_disk"), [(True, 2), (False, 1)])  # PRAGMA synchronous: FULL, NORMAL
def test_an_installation_that_calls_loses_nothing_in_a_power_cut(
    tmp_path: Path, durable: bool, waits_for_the_disk: int
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}", durable=durable)
    with database.write() as session:
        assert session.scalar(text("PRAGMA synchronous")) == waits_for_the_disk
    database.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_psycopg_however_it_is_named(scheme: str) -> None:
    database = Database(f"{scheme}://huifang:geheim@db.example/huifang")
    assert database.engine.url.drivername == "postgresql+psycopg"
    assert "geheim" not in str(database.engine.url)
    database.close()


@pytest.mark.parametrize("url", ["mysql://db.example/huifang", "huifang.db", ""])
def test_an_address_that_is_no_database_of_ours_names_the_setting(url: str) -> None:
    with pytest.raises(DatabaseUnusable, match="HUIFANG_DATABASE_URL"):
        Database(url)


def test_workers_that_start_together_migrate_once(postgresql: Cluster) -> None:
    url = postgresql.create("new")
    ready = threading.Barrier(4)
    failed: list[BaseException] = []

    def start() -> None:
        database = Database(url)
        ready.wait()
        try:
            database.upgrade()
        except BaseException as error:
            failed.append(error)
        database.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failed == []
    postgresql.drop("new")


def test_a_database_that_cannot_be_opened_names_the_remedy(tmp_path: Path) -> None:
    place = tmp_path / "folder.db"
    place.mkdir()
    broken = Database(f"sqlite:///{place}")
    with pytest.raises(DatabaseUnusable, match="HUIFANG_DATABASE_URL"):
        broken.upgrade()
    broken.close()


def test_a_read_session_keeps_nothing(database: Database, task_id: int) -> None:
    from models import ReviewTask

    with database.read() as session:
        session.get_one(ReviewTask, task_id).status = "改了"
        session.flush()
    with database.read() as session:
        assert session.get_one(ReviewTask, task_id).status == "待回访"


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    first, second = load_seal("", path), load_seal("", path)
    assert first.key == second.key
    assert path.stat().st_mode & 0o077 == 0


def test_another_key_is_told_so() -> None:
    data = Seal(bytes(32)).close("单小明")
    with pytest.raises(SealBroken, match="key file"):
        Seal(bytes(range(32))).open(data)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(KeyFileError, match="32 bytes"):
        load_seal("c2hvcnQ=", Path("unused"))
