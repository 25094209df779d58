"""Opening and migrating databases, and what is told when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from models import Base, Database, DatabaseUnusable, KeyFileError, Seal, SealBroken, load_seal


def test_the_migrations_make_exactly_the_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    database.upgrade()


def test_sqlite_runs_in_wal_mode(database: Database) -> None:
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


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
