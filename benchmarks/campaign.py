"""The queue under load: claims with a million tasks parked and 100,000 due, attempts settled per second, memory.

Settling is measured twice, each worker a process of its own on the database's machine: `queue` is what the database
does for an attempt (claim, count on a trunk, begin, settle, in the product's own transactions); `whole` is all that a
worker does for one besides, but for the line and the conversation: what the call carries, the caps, the rules.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, cast

from sqlalchemy import Table, insert, text, update

from benchmarks.cluster import cluster
from benchmarks.machine import resident_mib
from campaign.calls.beginning import Begun, begin, plan
from campaign.calls.settling import EndedCall
from campaign.calls.storing import store_ended
from campaign.house import House
from campaign.published import Shelf
from campaign.running.worker import arrive
from campaign.shipped import take_in_shipped
from campaign.works import Works
from models import Campaign, ClientBusy, Customer, Database, ReviewTask, Seal, StaleAttempt, use_seal
from models.claims import claim, take_in
from models.lines import LineCaps, Lines, take_line
from models.queue import Served, begin_attempt
from models.settlements import SettledTask, Settlement, settle
from models.workers import database_now
from rules import CallingHours, Evidence
from rules.caps import ContactCaps
from telephony.recording import RecordingStore

PARKED, DUE = 1_000_000, 100_000
CLAIMS = 400  # timed
AT_ONCE = 8  # tasks a claim
SECONDS = 6.0  # of settling, for each number of workers
WORKERS = (1, 2, 4)
WORKER_SECONDS = 120.0  # until a worker must have come to its end
NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)  # a Friday afternoon in Shanghai
KEY = bytes(32)
SERVER = ("shared_buffers=512MB", "max_wal_size=4GB")  # a database of this size has them
# Trunks enough never to hold the workers up: every attempt is counted on one of them all the same.
TRUNKS = Lines(tuple(LineCaps(f"trunk{n}", 10_000, 100) for n in range(8)))


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Figures on each database; `--parked` and `--due` say how many tasks wait."""
    use_seal(Seal(KEY))
    found: dict[str, Any] = {"parked": chosen.parked, "due": chosen.due}
    for name in ("sqlite", "postgresql"):
        with _fresh(name) as (url, folder):
            found[name] = _on(url, folder, chosen.parked, chosen.due)
    return found


@contextmanager
def _fresh(name: str) -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        if name == "sqlite":
            yield f"sqlite:///{folder}/bench.db", Path(folder)
        else:
            with cluster(settings=SERVER) as server:
                yield server.create("bench"), Path(folder)


def _on(url: str, folder: Path, parked: int, due: int) -> dict[str, Any]:
    database = Database(url, durable=True)  # as where calls are real
    database.upgrade()
    take_in_shipped(database, NOW)
    began = time.monotonic()
    campaign_id = fill(database, parked, due)
    filled = time.monotonic() - began
    began = time.monotonic()
    taken_in = _take_in_all(database)
    queued = time.monotonic() - began
    claims = _claims(database, campaign_id)
    with database.write() as session:
        held = update(ReviewTask).where(ReviewTask.held_by != "")
        session.execute(held.values(held_by="", held_until=None))
    database.close()
    settled = {
        (how, workers): _settled_per_second(url, folder, workers, campaign_id, how)
        for how in ATTEMPTS
        for workers in WORKERS
    }
    return {
        "filled_seconds": round(filled, 1),
        "queued": taken_in,
        "queued_seconds": round(queued, 2),
        "claim_ms": {"p50": _share(claims, 0.5), "p99": _share(claims, 0.99), "max": round(1000 * max(claims), 2)},
        "settled_per_second_by_workers": {
            how: {str(workers): settled[how, workers]["per_second"] for workers in WORKERS} for how in ATTEMPTS
        },
        "worker_mib": max(one["mib"] for one in settled.values()),
    }


def _take_in_all(database: Database) -> int:
    taken_in = 0
    while True:
        with database.write() as session:
            count = take_in(session, NOW)
        if not count:
            return taken_in
        taken_in += count


def _share(seconds: list[float], share: float) -> float:
    return round(1000 * sorted(seconds)[int(share * (len(seconds) - 1))], 2)


# Filling: one client with a task, and as many copies of both as are wanted


def fill(database: Database, parked: int, due: int, at: datetime = NOW) -> int:
    """Clients with a task each: `due` at an instant, the others hours later; deadlines in no order. The campaign's id.

    Task n is to be done within 1 + (7919 n mod 300) days, the first one within one.
    """
    with database.write() as session:
        campaign = Campaign(name="基准", created_at=at)
        session.add(campaign)
        session.flush()
        campaign_id = campaign.id
        session.execute(insert(Customer).values(_client()))
        session.execute(insert(ReviewTask).values(_task(campaign_id, at)))
    postgres = database.engine.dialect.name == "postgresql"
    later = {
        "due_at": _moved("due_at", "hour", f"(CASE WHEN n <= {due} THEN 0 ELSE 1 + n % 2000 END)", postgres),
        "deadline_at": _moved("deadline_at", "day", "(n % 300 * 7919 % 300)", postgres),
    }
    ids = {"id": "n", "number": "'N' || n"}
    _copy(database, Customer.__table__, ids | {"phone_digest": "'p' || n", "name_digest": "'m' || n"}, parked + due)
    _copy(database, ReviewTask.__table__, ids | {"customer_id": "n"} | later, parked + due)
    _settle_down(database, postgres)
    return campaign_id


def _settle_down(database: Database, postgres: bool) -> None:
    """Leave none of the work of filling for what is measured; outside of any transaction."""
    connection = database.engine.raw_connection()
    try:
        if postgres:
            cast("Any", connection.driver_connection).autocommit = True
        cursor = connection.cursor()
        for order in ("VACUUM ANALYZE", "CHECKPOINT") if postgres else ("ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"):
            cursor.execute(order)
        cursor.close()
    finally:
        connection.invalidate()


def _moved(column: str, unit: str, count: str, postgres: bool) -> str:
    """SQL for an instant so many hours or days later."""
    if postgres:
        return f"one.{column} + {count} * interval '1 {unit}'"
    return f"strftime('%Y-%m-%d %H:%M:%S.000000', one.{column}, {count} || ' {unit}s')"


def _copy(database: Database, table: Any, changed: dict[str, str], total: int) -> None:
    names = [column.name for column in cast("Table", table).columns]
    values = ", ".join(changed.get(name, f"one.{name}") for name in names)
    many = "WITH RECURSIVE many(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM many WHERE n < :total)"
    copies = f"INSERT INTO {table.name} ({', '.join(names)})"
    rows = f"SELECT {values} FROM {table.name} AS one CROSS JOIN many WHERE one.id = 1"  # noqa: S608
    postgres = database.engine.dialect.name == "postgresql"
    with database.write() as session:
        session.execute(text(f"{many} {copies} {rows}"), {"total": total})
        if postgres:
            session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), :n)"), {"n": total})  # noqa: S608


def _client() -> dict[str, Any]:
    return {
        "id": 1,
        "number": "N1",
        "name": "单小明",
        "name_digest": "m1",
        "phone": "13800001111",
        "phone_digest": "p1",
    }


def _task(campaign_id: int, at: datetime) -> dict[str, Any]:
    return {
        "id": 1, "number": "N1", "campaign_id": campaign_id, "customer_id": 1, "review_type": "suitability",
        "script": "suitability", "slots": {"业务": "购买金融产品"}, "created_at": at, "due_at": at,
        "deadline_at": at + timedelta(days=1),
    }  # fmt: skip


def _claims(database: Database, campaign_id: int) -> list[float]:
    seconds = []
    for _ in range(CLAIMS):
        began = time.perf_counter()
        with database.write() as session:
            claim(session, "bench", NOW, AT_ONCE, [campaign_id])
        seconds.append(time.perf_counter() - began)
    return seconds


# Settling: each worker a process


def _settled_per_second(url: str, folder: Path, workers: int, campaign_id: int, how: str) -> dict[str, float]:
    """Each worker claims, begins and settles for `SECONDS`, each attempt with a second one to come."""
    command = [sys.executable, "-m", "benchmarks.campaign", url, str(folder), str(campaign_id), how]
    running = [
        subprocess.Popen([*command, f"{how}{workers}-{n}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for n in range(workers)
    ]
    try:
        figures = [json.loads(out) for out in _told(running)]
    finally:
        for process in running:
            process.kill()
    return {
        "per_second": round(sum(one["attempts"] / one["seconds"] for one in figures), 1),
        "mib": round(max(one["mib"] for one in figures), 1),
    }


def _told(running: list[subprocess.Popen[bytes]]) -> list[bytes]:
    """What the workers print in the end; none begins before all are ready."""
    for process in running:
        cast("IO[bytes]", process.stdout).readline()
    for process in running:
        begin_now = cast("IO[bytes]", process.stdin)
        begin_now.write(b"go\n")
        begin_now.flush()
    return [process.communicate(timeout=WORKER_SECONDS)[0] for process in running]


@dataclass(frozen=True)
class StandingClock:
    """It is always the same moment."""

    def now(self) -> datetime:
        """See Clock."""
        return NOW

    def real_seconds(self, until: datetime) -> float:
        """See Clock."""
        return (until - NOW).total_seconds()

    def skip_to(self, at: datetime, lead_seconds: float) -> None:
        """See Clock."""


class Elsewhere:
    """A dialer that is never asked to dial; each worker prefers a trunk of its own."""

    def __init__(self, first: int) -> None:
        self._order = TRUNKS.names[first:] + TRUNKS.names[:first]

    def roads(self) -> tuple[str, ...]:
        """See Dialer."""
        return self._order


def _settle_for_a_while(url: str, folder: Path, campaign_id: int, how: str, worker: str) -> dict[str, float]:
    use_seal(Seal(KEY))
    database = Database(url, durable=True)  # as where calls are real
    works = _works(database, folder, worker)
    arrive(works)
    works.scripts.current()
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    began, attempts = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        with database.write() as session:
            taken = claim(session, worker, NOW, AT_ONCE, [campaign_id])
        if not taken:
            break
        attempts += sum(ATTEMPTS[how](works, task_id) for task_id in taken)
    seconds = time.monotonic() - began
    database.close()
    return {"attempts": attempts, "seconds": seconds, "mib": resident_mib()}


def _works(database: Database, folder: Path, worker: str) -> Works:
    nothing: Any = None
    first = int(worker.partition("-")[2])
    return Works(
        database=database, dialer=cast("Any", Elsewhere(first)), recordings=RecordingStore(folder / worker, KEY),
        ears=nothing, voices=nothing, matcher=nothing, scripts=Shelf(database),
        house=House("华夏安信证券", "客户服务中心", "8001", "95500"), clock=StandingClock(), hours=CallingHours(),
        call_log=nothing, feed=nothing, worker=worker, outbox=nothing, forms=nothing, lines=TRUNKS,
        caps=ContactCaps(),
    )  # fmt: skip


def _whole_attempt(works: Works, task_id: int) -> bool:
    try:
        planned = plan(works, task_id)
        if planned is None:
            return False
        begun = begin(works, planned)
    except (ClientBusy, StaleAttempt):
        return False
    store_ended(works, _unanswered(works, begun), begun.tasks)
    return True


def _unanswered(works: Works, begun: Begun) -> EndedCall:
    return EndedCall(
        attempt_id=begun.attempt_id, worker=works.worker, started_at=begun.started_at,
        ended_at=begun.started_at + timedelta(seconds=30), evidence=Evidence(sip_status=480, q850=19),
        details={"sip": 480, "q850": 19}, ring_ms=28_000,
    )  # fmt: skip


def _queue_attempt(works: Works, task_id: int) -> bool:
    with works.database.write() as session:
        line = take_line(session, TRUNKS, database_now(session), works.dialer.roads())
        served = [Served(task_id, 1, "suitability", "f" * 64)]
        attempt_id = begin_attempt(
            session, served, dialled="13800001111", worker=works.worker, now=NOW, script_hash="f" * 64, facts="{}",
            line=line,
        ).id  # fmt: skip
    again = SettledTask(task_id, "未完成：无人应答", due_at=NOW + timedelta(hours=1))
    with works.database.write() as session:
        ended_at = NOW + timedelta(seconds=30)
        settle(session, Settlement(attempt_id, works.worker, ended_at, "no_answer", (again,)))
    return True


ATTEMPTS: dict[str, Callable[[Works, int], bool]] = {"queue": _queue_attempt, "whole": _whole_attempt}


if __name__ == "__main__":
    print(json.dumps(_settle_for_a_while(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])))  # noqa: T201
