"""A desk with one settled call: words, a risk flag, a recording with a tone on each channel."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.moves import Heard, PromptFinished, Say
from bot.replay import Move, move_to_json
from bot.script import load_script
from campaign.calls.feed import Feed
from campaign.clock import RealClock
from console import AskedWords, Desk, add_pages, passwords
from console.remembered import Remembered
from intents import Intent, Match
from models import Database, Seal, use_seal
from models.queue import Served, begin_attempt, log_moves
from models.settlements import SettledQuality, SettledRecording, SettledTask, Settlement, settle
from rules import Post
from telephony.legs import FRAME_BYTES, SAMPLE_RATE
from telephony.recording import RecordingStore
from tests.conftest import KEY, NOON, publish
from tests.signing_in import cookies_of

CALL_SECONDS = 12
WORDS = "是我老婆在操作"


@dataclass(frozen=True)
class Place:
    """A running desk."""

    desk: Desk
    app: FastAPI
    call_id: str


@pytest.fixture
def place(database: Database, task_id: int, tmp_path: Path) -> Place:
    """Pages over a database with one settled, risky call."""
    publish(database, "suitability")
    store = RecordingStore(tmp_path / "recordings", KEY)
    call_id = f"{task_id}-1"
    _record(store, call_id)
    _settle_call(database, store, task_id, call_id)
    app = FastAPI(openapi_url=None)
    add_pages(app)
    scripts = {"suitability": load_script("suitability")}
    app.state.desk = Desk(database, store, Feed(), RealClock(), "华夏安信证券", AskedWords(lambda: scripts))
    app.state.remembered = Remembered(patience=60)
    return Place(app.state.desk, app, call_id)


@contextmanager
def empty_place(folder: Path) -> Iterator[Place]:
    """Pages over a database without a single call, for tests that share one."""
    use_seal(Seal(KEY))
    database = Database(f"sqlite:///{folder / 'test.db'}")
    database.upgrade()
    app = FastAPI(openapi_url=None)
    add_pages(app)
    store = RecordingStore(folder / "recordings", KEY)
    app.state.desk = Desk(database, store, Feed(), RealClock(), "华夏安信证券", AskedWords(dict))
    app.state.remembered = Remembered(patience=60)
    yield Place(app.state.desk, app, "")
    database.close()


@pytest.fixture(scope="module")
def light_hashing() -> Iterator[None]:
    """Passwords are hashed with less work than in earnest; whoever checks one takes the parameters from its hash."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()


SignIn = Callable[..., TestClient]


@pytest.fixture
def as_posts(place: Place) -> Iterator[SignIn]:
    """Gives a client that is signed in with any posts: `as_posts(Post.AGENT, number="8002", name="孙敏")`."""
    opened: list[TestClient] = []

    def sign_in(*posts: Post, **who: str) -> TestClient:
        client = TestClient(place.app, raise_server_exceptions=False)
        client.cookies.update(cookies_of(place.desk.database, *posts, **who))
        opened.append(client.__enter__())
        return client

    yield sign_in
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def pages(as_posts: SignIn) -> TestClient:
    """Somebody who holds all posts."""
    return as_posts(*Post)


def _record(store: RecordingStore, call_id: str) -> None:
    recording = store.open(call_id)
    at = np.arange(SAMPLE_RATE * CALL_SECONDS) / SAMPLE_RATE
    client = (8000 * np.sin(2 * np.pi * 440 * at) * ((at >= 9) & (at < 10.5))).astype("<i2").tobytes()
    bot = (8000 * np.sin(2 * np.pi * 880 * at) * (at < 8)).astype("<i2").tobytes()
    for start in range(0, len(client), FRAME_BYTES):
        recording.append(client[start : start + FRAME_BYTES], bot[start : start + FRAME_BYTES])
    recording.seal()


def _settle_call(database: Database, store: RecordingStore, task_id: int, call_id: str) -> None:
    moves: list[tuple[Move, int]] = [
        (Say("opening.identity/ask", "请问您是单小明先生吗？我找13800001111的机主"), 0),
        (PromptFinished("opening.identity/ask", 3000, True, 3000), 3000),
        (Say("suitability.self_operated.ask", "请问账户是您本人操作吗？"), 0),
        (PromptFinished("suitability.self_operated.ask", 8000, True, 8000), 8000),
        (Heard(WORDS, Match(Intent.NO), 9000, 10500), 10800),
    ]
    with database.write() as session:
        attempt = begin_attempt(
            session,
            [Served(task_id, 1, "suitability", "f" * 64)],
            dialled="13800001111",
            worker="w",
            now=NOON,
            script_hash="f" * 64,
            facts="{}",
        )
        rows = [
            {"attempt_id": attempt.id, "seq": seq, "at_ms": at, "kind": type(move).__name__, "body": move_to_json(move)}
            for seq, (move, at) in enumerate(moves)
        ]
        log_moves(session, rows)
        attempt_id = attempt.id
    where: dict[str, object] = {"words": WORDS, "start_ms": 9000, "end_ms": 10500}
    sealed = store.find(call_id)
    assert sealed is not None
    with database.write() as session:
        settle(
            session,
            Settlement(
                attempt_id=attempt_id,
                worker="w",
                ended_at=NOON + timedelta(minutes=1),
                outcome="needs_human",
                tasks=(_settled_task(task_id, where),),
                talk_ms=CALL_SECONDS * 1000,
                evidence={"decided_by": "对话"},
                escalation={"severity": "high", "deadline_at": None},
                recording=SettledRecording(sealed.path, sealed.duration_ms, sealed.sha256),
                quality=SettledQuality(600, 0, 3.0, 0, 91.0, 12.0, 0.1, 5.0, 65.0),
            ),
        )


def _settled_task(task_id: int, where: dict[str, object]) -> SettledTask:
    question = "suitability.self_operated"
    answer = {"question": question, "node": question, "value": "no", "intent": "no", "confidence": 0.93}
    return SettledTask(
        task_id,
        status="未完成：转人工",
        with_human=True,
        answers=(answer | {"evidence": "规则：否定"} | where,),
        flags=({"risk": "not_self_operated", "severity": "high", "node": question} | where,),
        deliveries=({"node": "suitability.reminder", "played_ms": 4200, "complete": False, "at_ms": 11500},),
    )


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The pages on a free port of this machine, until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=60)
        listening.close()
