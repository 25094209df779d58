"""How quickly the pages of the console open for a large firm: p95 of each, on each database.

The pages are asked one after the other by a manager who holds all posts, through the whole application; the time to
render is in it, the network is not. What the server remembers of slow questions is asked anew meanwhile, as it would
be: the rounds go on for longer than an answer is good for. Looking for words that were said is not among the pages: a
search looks for a second and a half at most, and tells how far it came.
"""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from benchmarks.cluster import cluster
from benchmarks.console_aftermath import build_tallies
from benchmarks.console_firm import DAYS, Size, build
from campaign.calls.feed import Feed
from campaign.clock import RealClock
from campaign.house import House
from campaign.other_ways.questionnaires import Forms
from campaign.published import Shelf
from campaign.shipped import take_in_shipped
from console import AskedWords, Desk, add_pages
from console.access import COOKIE
from intents import load_matcher
from models import Database, Seal, Staff, use_seal
from models.access import begin_session, give_posts
from rules import Post
from telephony.recording import RecordingStore

TASKS, CALLS = 1_000_000, 100_000
ROUNDS = 60
PAUSE_SECONDS = 0.5  # between rounds: readers come and go
KEY = bytes(32)
PAGES = (
    "/", "/campaigns", "/campaigns/1", "/campaigns/3?status=已完成：已回访", "/campaigns/3?page_no=1000",
    "/campaigns/2?q=C{client}", "/duties", "/calls", "/calls?outcome=busy", "/calls?review_type=suitability",
    "/calls?page_no=1000", "/calls?q=C{called}", "/calls/{called}-1", "/escalations", "/people", "/people?state=all",
    "/people?q=C504", "/agent", "/agent/tasks", "/agents", "/inspections", "/inspections?standing=done", "/results",
    "/log", "/log?act=listened", "/health", "/outbox", "/outbox?state=person", "/incoming", "/dnc", "/dnc?q=C500",
    "/cases", "/conflicts", "/conflicts?client=C{client}", "/scripts", "/scripts/suitability/figures", "/import",
)  # fmt: skip


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds for each page on each database; `--rows` tasks, a tenth of them called."""
    use_seal(Seal(KEY))
    tasks = chosen.rows or TASKS
    size = Size(tasks, min(CALLS, tasks // 10))
    found: dict[str, Any] = {"tasks": size.tasks, "calls": size.calls, "rounds": ROUNDS}
    found["load"] = os.getloadavg()[0]
    for name in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder, _fresh(name, Path(folder)) as url:
            found[name] = _on(url, Path(folder), size)
    return found


@contextmanager
def _fresh(name: str, folder: Path) -> Iterator[str]:
    if name == "sqlite":
        yield f"sqlite:///{folder}/bench.db"
    else:
        with cluster() as server:
            yield server.create("bench")


def _on(url: str, folder: Path, size: Size) -> dict[str, Any]:
    database = Database(url)
    database.upgrade()
    now, began = datetime.now(UTC), time.monotonic()
    build(database, size, now)
    built = time.monotonic() - began
    take_in_shipped(database, now)
    with database.write() as session:
        build_tallies(session, "suitability", DAYS, now)
    with TestClient(_app(database, folder)) as client:
        client.cookies.set(COOKIE, _sign_in(database))
        pages = [path.format(client=size.tasks // 2 + 1, called=size.calls // 2) for path in PAGES]
        cold = {path: _timed(client, path) for path in pages}
        taken: dict[str, list[float]] = {path: [] for path in pages}
        for _ in range(ROUNDS):
            for path in pages:
                taken[path].append(_timed(client, path))
            time.sleep(PAUSE_SECONDS)
    database.close()
    return {
        "built_seconds": round(built, 1),
        "first_time_ms": {path: round(ms) for path, ms in cold.items() if ms > 300},
        "p95_ms": {path: _share(each, 0.95) for path, each in taken.items()},
        "p50_ms": {path: _share(each, 0.5) for path, each in taken.items()},
        "all_pages_p95_ms": _share([ms for each in taken.values() for ms in each], 0.95),
        "worst_p95_ms": max(_share(each, 0.95) for each in taken.values()),
    }


def _app(database: Database, folder: Path) -> FastAPI:
    app = FastAPI(openapi_url=None)
    add_pages(app)
    store = RecordingStore(folder / "recordings", KEY)
    scripts, clock = Shelf(database), RealClock()
    forms = Forms(database, scripts, House("基准证券", "客服部", "8001", "95500"), clock, load_matcher(), "", "bench")
    scripts.current()
    asked = AskedWords(lambda: scripts.loaded)
    app.state.desk = Desk(database, store, Feed(), clock, "基准证券", asked, forms=forms)
    return app


def _sign_in(database: Database) -> str:
    token = secrets.token_urlsafe(32)
    with database.write() as session:
        staff = Staff(id=9001, number="9001", name="方圆", post="manager")
        session.add(staff)
        session.flush()
        give_posts(session, staff.id, list(Post))
        begin_session(session, staff.id, token, datetime.now(UTC))
    return token


def _timed(client: TestClient, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    taken = 1000 * (time.perf_counter() - began)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return taken


def _share(taken: list[float], share: float) -> float:
    return round(sorted(taken)[int(share * (len(taken) - 1))], 1)
