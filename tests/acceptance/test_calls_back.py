"""A client misses our call, calls back, and the review is done in its own call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from campaign.calls.attempt import review_attempt
from campaign.calls.replaying import replay_call
from campaign.demo.demo_firm import demo_clock, open_demo
from campaign.demo.demo_network import simulated_network
from campaign.works import Works
from console_app import create_app
from installation import open_works
from models import IncomingCall, ReviewTask
from rules import Post
from settings import Settings
from telephony.simulator.cast import load_cast
from tests.acceptance.conftest import spoken_before
from tests.console.agent_floor import serving
from tests.signing_in import cookies_of

pytestmark = pytest.mark.audio

CAST = Path(__file__).with_name("calls_back.yaml")
CALL_SECONDS = 360
RING_SECONDS = 2.0


@dataclass
class CalledBack:
    """What was stored, and what watchers and pages saw."""

    calls: list[tuple[str, str | None, str]] = field(default_factory=list)  # direction, outcome, number
    attempt: int = 0  # the client's own
    task: tuple[str, bool, datetime | None] = ("", False, None)  # status, final, due
    entry: tuple[str, str, str, int | None] = ("", "", "", None)  # treatment, reason, caller, attempt
    live: list[dict[str, Any]] = field(default_factory=list)
    spoken: str = ""
    differences: int = 0
    register: str = ""
    call: str = ""


@pytest.fixture(scope="module")
def called_back(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Iterator[CalledBack]:
    yield asyncio.run(asyncio.wait_for(_run(tmp_path_factory.mktemp("calls_back"), kept), CALL_SECONDS))


async def _run(folder: Path, kept: Path) -> CalledBack:
    spoken_before(folder / "data", kept)
    settings, seen = Settings(data_dir=folder / "data"), CalledBack()
    async with (
        simulated_network(clients=1, number="95500", cast=CAST) as network,
        open_works(settings, demo_clock(1.0), network.dialer) as works,
        serving(create_app(works, "华夏安信证券")) as base,
    ):
        with works.database.write() as session:
            open_demo(session, load_cast(CAST), works.clock.now())
            task_id = session.scalars(select(ReviewTask.id)).one()
        script = works.scripts.script("complained")
        await asyncio.gather(
            network.ready(), asyncio.to_thread(works.voices.prompts_of(script).prerender, script.fixed_texts())
        )
        watching = asyncio.create_task(_watch(works, seen))
        await review_attempt(replace(works, ring_seconds=RING_SECONDS), task_id)
        await watching
        _look(works, task_id, seen)
        async with httpx.AsyncClient(cookies=cookies_of(works.database, Post.INSPECTOR)) as web:
            seen.register = (await web.get(f"{base}/incoming")).text
            seen.call = (await web.get(f"{base}/calls/{task_id}-2")).text
    return seen


async def _watch(works: Works, seen: CalledBack) -> None:
    """Until the second call has ended."""
    ended = 0
    async for news in works.feed.watch():
        if news["kind"] == "call":
            seen.live.append(news["call"])
            ended += news["call"]["stage"] == "已结束"
            if ended == 2:
                return


def _look(works: Works, task_id: int, seen: CalledBack) -> None:
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        seen.calls = [(one.direction, one.outcome, one.dialled) for one in task.attempts]
        seen.task = task.status, task.final, task.due_at
        called = task.attempts[-1]
        seen.attempt = called.id
        assert called.quality is not None and called.recording is not None
        seen.spoken = "".join(event.body for event in called.events if event.kind == "Say")
        seen.differences = len(replay_call(session, called.call_id).differences)
        entry = session.scalars(select(IncomingCall)).one()
        seen.entry = entry.treatment, entry.reason, entry.caller, entry.attempt_id


def test_the_review_is_completed_in_the_clients_own_call(called_back: CalledBack) -> None:
    number = "13800010000"
    missed, done = called_back.calls
    assert missed[0] == "outgoing" and missed[1] != "reviewed"
    assert done == ("incoming", "reviewed", number)
    assert called_back.task == ("已完成：已回访", True, None)


def test_the_client_is_greeted_as_one_who_calls(called_back: CalledBack) -> None:
    assert "谢谢您打来电话" in called_back.spoken
    assert "今天打电话" not in called_back.spoken
    assert called_back.differences == 0


def test_the_call_is_watched_and_registered(called_back: CalledBack) -> None:
    mine = [call for call in called_back.live if call["title"].startswith("客户来电")]
    assert mine[0]["stage"] == "客户来电" and mine[-1]["stage"] == "已结束"
    assert "通话中" in {call["stage"] for call in mine}
    assert called_back.entry == ("serve", "open_tasks", "138****0000", called_back.attempt)
    assert "接听并回访" in called_back.register and "13800010000" not in called_back.register
    for shown in ("客户来电", "来电时间", "通话质量"):
        assert shown in called_back.call
