"""How quickly the recording of an hour opens for an inspector: the page, its waveform, the first sound.

The recording is a real one: an hour in two channels, written frame by frame as a call writes it, sealed, encrypted.
Over HTTP the page, the waveform and the first 64 KiB of sound are fetched as a browser needs them; in Chromium, where
it is installed, time runs from the navigation until both sides are drawn and the sound runs: with what a browser keeps
of earlier pages, and with nothing kept.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from benchmarks.console_firm import Size, build
from bot.moves import Heard, Listen, PromptFinished, Say, Spoken
from bot.replay import Move, move_to_json
from campaign.calls.feed import Feed
from campaign.clock import RealClock
from console import Desk, add_pages
from console.access import COOKIE
from intents import Intent, Match
from models import Attempt, CallEvent, Database, Recording, Seal, Staff, use_seal
from models.access import begin_session, give_posts
from rules import Post
from speech.voice import Pyttsx3Voice
from telephony.recording import RecordingStore

KEY = bytes(32)
MINUTES = 60
TURN_SECONDS = 8  # from one sentence of the bot to the next
FRAME_BYTES = 320  # 20 ms
FIRST_BYTES = 1 << 16
HTTP_ROUNDS, BROWSER_ROUNDS = 30, 7
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
STATE = """() => ({
  drawn: document.getElementById("player")?.dataset.drawn === "yes",
  ready: (document.getElementById("audio")?.readyState ?? 0) >= 1,
  at: document.getElementById("audio")?.currentTime ?? 0,
  now: performance.now(),
})"""
ASKED, SAID = "请问您的账户是由您本人操作的吗？", "是我本人在操作"


def measure(_chosen: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds until a recording of an hour can be heard."""
    use_seal(Seal(KEY))
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/opening.db")
        database.upgrade()
        build(database, Size(1000, 100), datetime.now(UTC))
        store = RecordingStore(Path(folder) / "recordings", KEY)
        began = time.monotonic()
        call_id = _record(database, store)
        sealed, token = time.monotonic() - began, _inspector(database)
        with _serving(database, store) as base:
            found = {
                "minutes": MINUTES,
                "load": os.getloadavg()[0],
                "recorded_and_sealed_seconds": round(sealed, 1),
                "http": _over_http(base, token, call_id),
                "chromium": _in_chromium(base, token, call_id) if Path(CHROMIUM).exists() else None,
            }
        database.close()
    return found


def _record(database: Database, store: RecordingStore) -> str:
    """An hour of questions and answers, with its log; returns the id of the call."""
    voice = Pyttsx3Voice()
    bot, client = (_turn(voice.speak(text)) for text in (ASKED, SAID))
    with database.write() as session:
        attempt = session.get_one(Attempt, 5)
        tape = store.open(attempt.call_id)
        turns = MINUTES * 60 // TURN_SECONDS
        for _ in range(turns):
            for at in range(0, len(bot), FRAME_BYTES):
                tape.append(client[at : at + FRAME_BYTES], bot[at : at + FRAME_BYTES])
        sealed = tape.seal()
        attempt.ended_at, attempt.talk_ms = attempt.started_at + timedelta(minutes=MINUTES), MINUTES * 60_000
        moves = [move for turn in range(turns) for move in _moves(turn)]
        session.add_all(
            CallEvent(attempt_id=attempt.id, seq=seq, at_ms=0, kind=type(move).__name__, body=move_to_json(move))
            for seq, move in enumerate(moves)
        )
        session.add(
            Recording(
                attempt_id=attempt.id,
                path=sealed.path,
                duration_ms=sealed.duration_ms,
                sha256=sealed.sha256,
                sealed_at=datetime.now(UTC),
            )
        )
        return attempt.call_id


def _turn(pcm: bytes) -> bytes:
    """One turn of one side, filled up with silence."""
    return pcm[: TURN_SECONDS * 16000].ljust(TURN_SECONDS * 16000, b"\0")


def _moves(turn: int) -> Iterator[Move]:
    start, prompt = turn * TURN_SECONDS * 1000, f"suitability.self_operated:{turn}"
    yield Say(prompt, ASKED)
    yield PromptFinished(prompt, 3000, True, start + 3000)
    yield Listen("suitability.self_operated")
    words = tuple(
        Spoken(word, start + 3500 + 200 * place, start + 3700 + 200 * place) for place, word in enumerate(SAID)
    )
    yield Heard(SAID, Match(Intent.YES), start + 3500, start + 3500 + 200 * len(SAID), words=words)


def _inspector(database: Database) -> str:
    token = secrets.token_urlsafe(32)
    with database.write() as session:
        staff = Staff(number="9001", name="方圆", post="inspector")
        session.add(staff)
        session.flush()
        give_posts(session, staff.id, list(Post))
        begin_session(session, staff.id, token, datetime.now(UTC))
    return token


@contextmanager
def _serving(database: Database, store: RecordingStore) -> Iterator[str]:
    """The pages on a free port, on a thread of their own."""
    app = FastAPI(openapi_url=None)
    add_pages(app)
    app.state.desk = Desk(database, store, Feed(), RealClock(), "基准证券", {})
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listening.close()


def _over_http(base: str, token: str, call_id: str) -> dict[str, Any]:
    parts: dict[str, list[float]] = {"page": [], "waveform": [], "first_sound": [], "together": []}
    with httpx.Client(base_url=base, cookies={COOKIE: token}, timeout=30) as client:
        for _ in range(HTTP_ROUNDS):
            began = time.perf_counter()
            page = _fetched(client, f"/calls/{call_id}")
            wave = _fetched(client, f"/calls/{call_id}/waveform")
            sound = _fetched(client, f"/calls/{call_id}/recording.wav", {"Range": f"bytes=0-{FIRST_BYTES - 1}"})
            parts["together"].append(1000 * (time.perf_counter() - began))
            for name, (ms, _) in (("page", page), ("waveform", wave), ("first_sound", sound)):
                parts[name].append(ms)
    sizes = {"page_kb": page[1] // 1000, "waveform_kb": wave[1] // 1000}
    return sizes | {name: _spread(each) for name, each in parts.items()}


def _fetched(client: httpx.Client, path: str, headers: dict[str, str] | None = None) -> tuple[float, int]:
    began = time.perf_counter()
    answer = client.get(path, headers=headers)
    answer.raise_for_status()
    return 1000 * (time.perf_counter() - began), len(answer.content)


def _in_chromium(base: str, token: str, call_id: str) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright  # of the developers' tools: a server has none

    def sitting() -> Any:
        """A browser's window with nothing kept."""
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        context.add_cookies([{"name": COOKIE, "value": token, "url": base}])
        return context.new_page()

    address = f"{base}/calls/{call_id}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = sitting()
        kept = [_opened(page, address) for _ in range(BROWSER_ROUNDS)]
        empty = [_opened(sitting(), address) for _ in range(BROWSER_ROUNDS)]
        browser.close()
    return {
        "drawn": _spread([drawn for drawn, _ in kept[1:]]),
        "sounding": _spread([sounding for _, sounding in kept[1:]]),
        "drawn_with_empty_cache": _spread([drawn for drawn, _ in empty]),
        "sounding_with_empty_cache": _spread([sounding for _, sounding in empty]),
    }


def _opened(page: Any, address: str) -> tuple[float, float]:
    """Milliseconds until both sides are drawn and the recording is ready, and until it sounds."""
    page.goto(address, wait_until="commit")
    while not ((drawn := page.evaluate(STATE))["drawn"] and drawn["ready"]):
        page.wait_for_timeout(5)
    page.evaluate("() => document.getElementById('audio').play()")
    while not (sounding := page.evaluate(STATE))["at"]:
        page.wait_for_timeout(5)
    page.goto("about:blank")
    return drawn["now"], sounding["now"]


def _spread(taken: list[float]) -> dict[str, int]:
    ordered = sorted(taken)
    return {"p50_ms": round(ordered[len(ordered) // 2]), "max_ms": round(ordered[-1])}
