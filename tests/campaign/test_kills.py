"""Real worker processes, and the database, killed with -9: nobody is dialled twice, nothing is left open.

The line is a stand-in (a file, tests/campaign/killable.py); audio under a kill is tests/acceptance/test_kill.py.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError

from benchmarks.cluster import Cluster, cluster
from models import Attempt, Campaign, Customer, Database, ReviewTask, Seal, use_seal
from tests.conftest import KEY, publish

ROOT = Path(__file__).resolve().parent.parent.parent
TASKS = 40
PATIENCE_SECONDS = 240.0  # programs start slowly where others compute


@contextmanager
def fresh(kind: str, folder: Path) -> Iterator[tuple[str, Cluster | None]]:
    """A database of its own: the server is killed too."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'kill.db'}", None
        return
    with cluster() as server:
        yield server.create("kill"), server


def fill(database: Database) -> None:
    now = datetime.now(UTC)
    sealed = {"name": "单小明", "name_digest": "n", "phone_digest": "p"}
    with database.write() as session:
        session.add(Campaign(id=1, name="甲", created_at=now))
        session.flush()
        session.execute(
            insert(Customer),
            [{"id": n, "number": f"C{n}", "phone": f"138{n:08}"} | sealed for n in range(1, TASKS + 1)],
        )
        usual = {"campaign_id": 1, "review_type": "suitability", "script": "suitability", "created_at": now}
        session.execute(
            insert(ReviewTask),
            [
                usual | {"number": f"T{n}", "customer_id": n, "due_at": now, "slots": {"业务": "购买金融产品"}}
                for n in range(1, TASKS + 1)
            ],
        )


def start(url: str, folder: Path, *given: str) -> subprocess.Popen[bytes]:
    """A worker by its name, perhaps with the seconds for which its calls ring."""
    command = [sys.executable, "-m", "tests.campaign.killable", url, str(folder), *given]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def dialled(folder: Path) -> list[list[str]]:
    """Call id and number of every call that reached the network."""
    log = folder / "network"
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def wait_for(question: Callable[[], bool]) -> None:
    """Ask again and again: across a kill there is no event to wait for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if question():
                return
        except OperationalError:
            pass  # the database is being killed
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.1)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whoever_is_killed_nobody_is_dialled_twice(kind: str, tmp_path: Path) -> None:
    use_seal(Seal(KEY))
    with fresh(kind, tmp_path) as (url, server):
        database = Database(url)
        database.upgrade()
        publish(database, "suitability")
        fill(database)
        names = (f"w{n}" for n in itertools.count())
        workers = [start(url, tmp_path, next(names), "3600")]  # its calls are on the line when it is killed
        try:
            wait_for(lambda: bool(dialled(tmp_path)))
            workers.append(start(url, tmp_path, next(names)))
            for kill in (1, 2, 3):
                wait_for(lambda kill=kill: len(dialled(tmp_path)) >= 8 * kill)  # type: ignore[misc]
                if kill == 2 and server is not None:
                    server.kill()
                    server.start()
                os.kill(workers[0].pid, signal.SIGKILL)
                workers[0].wait(timeout=60)
                workers = [*workers[1:], start(url, tmp_path, next(names))]
            wait_for(lambda: all_dealt_with(database))
        finally:
            for worker in workers:
                worker.kill()
                worker.wait(timeout=60)
        numbers = Counter(number for _, number, _ in dialled(tmp_path))
        # Nobody answers, so that nobody is to be dialled again within the hour.
        assert [number for number, count in numbers.items() if count > 1] == []
        check_rows(database, {call_id for call_id, _, _ in dialled(tmp_path)})
        database.close()


def all_dealt_with(database: Database) -> bool:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    with database.read() as session:
        waiting = session.scalar(select(ReviewTask.id).where(ReviewTask.due_at < soon).limit(1))
        on_the_line = session.scalar(select(Attempt.id).where(Attempt.ended_at.is_(None)).limit(1))
    return waiting is None and on_the_line is None


def check_rows(database: Database, on_the_network: set[str]) -> None:
    with database.read() as session:
        attempts = session.scalars(select(Attempt)).all()
        assert on_the_network <= {one.call_id for one in attempts}
        assert {one.outcome for one in attempts} <= {"no_answer", "interrupted", "own_line_failed"}
        assert any(one.outcome == "interrupted" for one in attempts)
        # An attempt that never reached the network and was not known to have failed counts as interrupted.
        for one in attempts:
            assert one.call_id in on_the_network or one.outcome != "no_answer"
        for task in session.scalars(select(ReviewTask)):
            assert task.attempts_made >= 1
            assert task.due_at is not None or task.with_human, task.number
