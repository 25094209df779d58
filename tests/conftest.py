"""Fixtures that several rooms share: a sealed database with one client and one task."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy.orm import Session

from benchmarks.cluster import Cluster, cluster
from bot.script import script_sources
from campaign import script_life
from campaign.script_life import Actor
from models import Campaign, Customer, Database, ReviewTask, Seal, Staff, use_seal
from models.claims import queued, take_in
from models.queue import Served
from speech.model_slot import find_model
from tests.order import (
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_runtest_setup,
    pytest_xdist_make_scheduler,
)

__all__ = [
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_runtest_setup",
    "pytest_xdist_make_scheduler",
]

settings.load_profile("ci")  # the same examples in every run, without limits of time; --hypothesis-profile explores

KEY = bytes(range(32))
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # noon in Shanghai


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what all tests of a run need and none changes: models and rendered speech, made when first wanted.

    The processes that share a run share it too; who writes into it does so safely from several processes.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "kept"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def shipped_model(kept: Path) -> Path:
    """The shipped recognition model, unpacked."""
    return find_model("", kept / "models")


@pytest.fixture
def seal() -> Seal:
    """The key of the test database, installed."""
    made = Seal(KEY)
    use_seal(made)
    return made


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL server with a migrated database `huifang` to copy from."""
    use_seal(Seal(KEY))
    with cluster(durable=False) as server:
        template = Database(server.create("huifang"))
        template.upgrade()
        template.close()
        yield server


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite database to copy from."""
    use_seal(Seal(KEY))
    path = tmp_path_factory.mktemp("migrated") / "empty.db"
    template = Database(f"sqlite:///{path}")
    template.upgrade()
    template.close()
    return path


@pytest.fixture
def database(tmp_path: Path, seal: Seal, migrated: Path) -> Iterator[Database]:
    """An empty, migrated SQLite database in a file."""
    opened = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'test.db')}")
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_database(request: pytest.FixtureRequest, tmp_path: Path, seal: Seal) -> Iterator[Database]:
    """An empty, migrated database, once on SQLite and once on PostgreSQL."""
    server: Cluster | None = None
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{shutil.copy(request.getfixturevalue('migrated'), tmp_path / 'test.db')}")
    else:
        server = request.getfixturevalue("postgresql")
        opened = Database(server.create("test", template="huifang"))
    yield opened
    opened.close()
    if server is not None:
        server.drop("test")


def publish(database: Database, *names: str, edited: tuple[str, str] = ("", "")) -> None:
    """Put scripts into use as they stand on disk, or with one wording edited, submitted and approved by two people."""
    with database.write() as session:
        for name in names:
            sources = {file: text.replace(*edited) for file, text in script_sources(name).items()}
            script_life.submit(session, name, sources, Actor("0101", NOON))
            script_life.approve(session, name, Actor("0102", NOON))
            script_life.publish(session, name, Actor("0101", NOON))


def served(session: Session, *task_ids: int, script: str = "suitability") -> list[Served]:
    """The tasks as their next attempt takes them, with a script of no particular content."""
    tasks = [session.get_one(ReviewTask, task_id) for task_id in task_ids]
    return [Served(task.id, task.attempts_made + 1, script, "f" * 64) for task in tasks]


def due(session: Session, now: datetime) -> list[int]:
    """The tasks that a worker would be given now, in order."""
    take_in(session, now)
    return queued(session, now, 10)


@pytest.fixture
def task_id(database: Database, seal: Seal) -> int:
    """One suitability review of 单小明, due at NOON."""
    with database.write() as session:
        broker = Staff(number="B01", name="赵立", post="broker")
        client = Customer(
            number="C001",
            name="单小明",
            name_digest=seal.digest("单小明"),
            gender="先生",
            phone="13800001111",
            phone_digest=seal.digest("13800001111"),
            served_by=broker,
        )
        campaign = Campaign(name="年度适当性回访", created_at=NOON)
        session.add_all([client, campaign])
        session.flush()
        task = ReviewTask(
            number="T001",
            campaign_id=campaign.id,
            customer_id=client.id,
            review_type="suitability",
            script="suitability",
            slots={"业务": "购买金融产品"},
            created_at=NOON,
            due_at=NOON,
        )
        session.add(task)
        session.flush()
        return task.id
