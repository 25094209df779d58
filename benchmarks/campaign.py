"""The queue under load: claims with many tasks parked and due, attempts settled per second, memory.

Attempts go through the product's own claim, beginning and settlement; the line is left out. Each worker is a process
of its own, over all of its database's cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from benchmarks.cluster import cluster
from benchmarks.machine import resident_mib
from models import Campaign, Customer, Database, ReviewTask, Seal, use_seal
from models.claims import claim, take_in
from models.queue import Served, begin_attempt
from models.settlements import SettledTask, Settlement, settle

PARKED, DUE = 100_000, 10_000
CLAIMS = 300  # timed
AT_ONCE = 8  # tasks a claim
SECONDS = 10.0  # of settling, for each number of workers
WORKERS = (1, 2, 4)
CHUNK = 5000
NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
KEY = bytes(32)


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Figures on each database; `--parked` and `--due` say how many tasks wait."""
    use_seal(Seal(KEY))
    found: dict[str, Any] = {"parked": chosen.parked, "due": chosen.due}
    for name in ("sqlite", "postgresql"):
        with _fresh(name) as url:
            found[name] = _on(url, chosen.parked, chosen.due)
    return found


@contextmanager
def _fresh(name: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        if name == "sqlite":
            yield f"sqlite:///{folder}/bench.db"
        else:
            with cluster() as server:
                yield server.create("bench")


def _on(url: str, parked: int, due: int) -> dict[str, Any]:
    database = Database(url)
    database.upgrade()
    began = time.monotonic()
    campaign_id = _fill(database, parked, due)
    filled = time.monotonic() - began
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    before = resident_mib()
    began = time.monotonic()
    taken_in = 0
    while True:
        with database.write() as session:
            count = take_in(session, NOW)
        taken_in += count
        if not count:
            break
    queued = time.monotonic() - began
    claims = _claims(database, campaign_id)
    grown = resident_mib() - before
    with database.write() as session:
        session.execute(update(ReviewTask).values(held_by="", held_until=None))
    settled = {str(workers): _settled_per_second(url, workers, campaign_id) for workers in WORKERS}
    database.close()
    return {
        "filled_seconds": round(filled, 1),
        "queued": taken_in,
        "queued_seconds": round(queued, 2),
        "claim_ms": {"p50": _share(claims, 0.5), "p99": _share(claims, 0.99), "max": round(1000 * max(claims), 2)},
        "mib_grown_by_claiming": round(grown, 1),
        "settled_per_second_by_workers": settled,
    }


def _share(seconds: list[float], share: float) -> float:
    return round(1000 * sorted(seconds)[int(share * (len(seconds) - 1))], 2)


def _fill(database: Database, parked: int, due: int) -> int:
    with database.write() as session:
        campaign = Campaign(name="基准", created_at=NOW)
        session.add(campaign)
        session.flush()
        campaign_id = campaign.id
    total = parked + due
    for start in range(0, total, CHUNK):
        numbers = range(start + 1, min(start + CHUNK, total) + 1)
        with database.write() as session:
            session.connection().execute(
                insert(Customer.__table__),  # type: ignore[arg-type]
                [_client(n) for n in numbers],
            )
            session.connection().execute(
                insert(ReviewTask.__table__),  # type: ignore[arg-type]
                [_task(n, campaign_id, due) for n in numbers],
            )
    return campaign_id


def _client(n: int) -> dict[str, Any]:
    return {
        "id": n, "number": f"C{n}", "name": "单小明", "name_digest": f"{n:064}", "gender": "", "phone": "13800001111",
        "phone_digest": f"{n:064}", "email": "", "branch": "", "do_not_call": False, "do_not_call_why": "",
    }  # fmt: skip


def _task(n: int, campaign_id: int, due: int) -> dict[str, Any]:
    due_at = NOW if n <= due else NOW + timedelta(hours=1 + n % 2000)
    return {
        "id": n, "number": f"T{n}", "campaign_id": campaign_id, "customer_id": n, "review_type": "suitability",
        "script": "suitability", "slots": {}, "created_at": NOW, "due_at": due_at, "status": "待回访", "final": False,
        "with_human": False, "resume_at": "", "attempts_made": 0, "trouble": "", "held_by": "",
        "deadline_at": NOW + timedelta(days=1 + (n * 7919) % 300),
    }  # fmt: skip


def _claims(database: Database, campaign_id: int) -> list[float]:
    seconds = []
    for _ in range(CLAIMS):
        began = time.perf_counter()
        with database.write() as session:
            claim(session, "bench", NOW, AT_ONCE, [campaign_id])
        seconds.append(time.perf_counter() - began)
    return seconds


def _settled_per_second(url: str, workers: int, campaign_id: int) -> float:
    """Each worker claims, begins and settles for `SECONDS`, each attempt with a second one to come."""
    command = [sys.executable, "-m", "benchmarks.campaign", url, str(campaign_id)]
    running = [
        subprocess.Popen([*command, f"w{n}"], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.getcwd()})
        for n in range(workers)
    ]
    figures = [json.loads(process.communicate(timeout=20 * SECONDS)[0]) for process in running]
    return float(round(sum(one["attempts"] / one["seconds"] for one in figures), 1))


def _settle_for_a_while(url: str, campaign_id: int, worker: str) -> dict[str, float]:
    use_seal(Seal(KEY))
    database = Database(url)
    began, attempts = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        with database.write() as session:
            taken = claim(session, worker, NOW, AT_ONCE, [campaign_id])
        if not taken:
            break
        for task_id in taken:
            _one_attempt(database, task_id, worker)
            attempts += 1
    seconds = time.monotonic() - began
    database.close()
    return {"attempts": attempts, "seconds": seconds}


def _one_attempt(database: Database, task_id: int, worker: str) -> None:
    with database.write() as session:
        no = session.scalars(select(ReviewTask.attempts_made).where(ReviewTask.id == task_id)).one() + 1
        attempt = begin_attempt(
            session, [Served(task_id, no, "suitability", "f" * 64)], dialled="13800001111", worker=worker, now=NOW,
            script_hash="f" * 64, facts="{}",
        )  # fmt: skip
        attempt_id = attempt.id
    again = SettledTask(task_id, "未完成：无人应答", due_at=NOW + timedelta(hours=1))
    with database.write() as session:
        settle(session, Settlement(attempt_id, worker, NOW + timedelta(seconds=30), "no_answer", (again,)))


if __name__ == "__main__":
    print(json.dumps(_settle_for_a_while(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
