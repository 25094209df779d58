"""Calls that other processes carry are seen, change and leave; nothing is seen twice, and nothing is said in vain."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from benchmarks.cluster import Cluster
from campaign.calls.feed import Feed, LiveCall, Stage
from campaign.calls.shared_feed import looking, saying
from models import Database, LiveCallRow, Seal, Worker, WorkerLost
from models.live import say_calls
from models.workers import LOST_AFTER, database_now, give_up_silent, sign_off, sign_on

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 60.0  # for anything to come; far more than it takes
A, B = "calls-01-11-aa", "calls-02-22-bb"
CONSOLE = "https://hf1.example.com:8000"


@pytest.fixture
def url(postgresql: Cluster, seal: Seal) -> Iterator[str]:
    yield postgresql.create("beside", template="huifang")
    postgresql.drop("beside")


@pytest.fixture
def shared(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


def at_work(database: Database, name: str, console: str = "") -> Feed:
    """The feed of a process that has signed on."""
    now = datetime.now(UTC)
    with database.write() as session:
        host = name.rpartition("-")[0][:8]
        sign_on(session, Worker(id=name, host=host, place="", started_at=now, heartbeat_at=now, console=console))
    return Feed()


def live(number: int, stage: Stage = Stage.TALKING) -> LiveCall:
    return LiveCall(f"{number}-1", number, f"T{number}", "单**", "适当性回访", stage)


async def seen(news: AsyncGenerator[dict[str, Any], None], what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next news of a call for which that holds."""
    async with asyncio.timeout(SECONDS):
        async for one in news:
            for call in one["calls"] if one["kind"] == "picture" else [one["call"]]:
                if what(call):
                    return dict(call)
    raise AssertionError("the feed has ended")


async def test_a_call_is_seen_at_the_other_process_once_with_where_it_is(shared: Database) -> None:
    here, there = at_work(shared, A, CONSOLE), at_work(shared, B)
    async with AsyncExitStack() as stack:
        for feed, name in ((here, A), (there, B)):
            await stack.enter_async_context(saying(feed, shared, name))
            await stack.enter_async_context(looking(feed, shared, name))
        news = await stack.enter_async_context(aclosing(there.watch()))
        here.show(live(1))
        there.show(live(2))
        call = await seen(news, lambda call: call["call_id"] == "1-1")
        told = [call[name] for name in ("task_number", "client", "title", "stage", "process", "console")]
        assert told == ["T1", "单**", "适当性回访", "通话中", "calls-01（aa）", CONSOLE]
        here.change("1-1", question="suitability.knows_rules")
        await seen(news, lambda call: call["question"] == "suitability.knows_rules")
        assert sorted(one.call_id for one in there.calls()) == ["1-1", "2-1"]
        assert there.elsewhere("2-1") is None
        assert list(there.own()) == ["2-1"]
        here.drop("1-1")
        await seen(news, lambda call: call["call_id"] == "1-1" and call["stage"] == "已结束")
        assert [one.call_id for one in there.calls()] == ["2-1"]


async def test_a_call_at_a_stage_that_another_release_knows_hides_no_other(shared: Database) -> None:
    there = at_work(shared, B)
    at_work(shared, A)
    row = {"attempt_id": 1, "task_number": "T1", "client": "单**", "title": "t", "question": ""}
    with shared.write() as session:
        stages = {"1-1": "未知阶段", "1-2": "通话中"}
        say_calls(session, A, [row | {"call_id": call_id, "stage": stage} for call_id, stage in stages.items()], ())
    async with looking(there, shared, B), aclosing(there.watch()) as news:
        await seen(news, lambda call: call["call_id"] == "1-2")
    assert [one.call_id for one in there.calls()] == ["1-2"]


async def test_the_calls_of_a_killed_process_leave_with_it(shared: Database, url: str) -> None:
    there = at_work(shared, B)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.campaign.live_elsewhere", url, A, cwd=ROOT
    )
    try:
        async with looking(there, shared, B), aclosing(there.watch()) as news:
            await seen(news, lambda call: call["call_id"] == "7-1")
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            with shared.write() as session:
                late = database_now(session) + 2 * LOST_AFTER
                assert give_up_silent(session, late, judge=B) == [A]
            await seen(news, lambda call: call["call_id"] == "7-1" and call["stage"] == "已结束")
            assert there.calls() == ()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_call_that_the_database_refuses_is_said_again(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaign.calls.shared_feed._AGAIN_SECONDS", 0.01)
    here, there = at_work(shared, A), at_work(shared, B)
    refused = asyncio.Event()

    def refuse(_session: object, _worker: str, *_: object) -> None:
        monkeypatch.setattr("campaign.calls.shared_feed.say_calls", say_calls)
        loop.call_soon_threadsafe(refused.set)
        raise OSError("away")

    loop = asyncio.get_running_loop()
    monkeypatch.setattr("campaign.calls.shared_feed.say_calls", refuse)
    async with saying(here, shared, A), looking(there, shared, B), aclosing(there.watch()) as news:
        here.show(live(1))
        await asyncio.wait_for(refused.wait(), SECONDS)
        await seen(news, lambda call: call["call_id"] == "1-1")


def test_who_was_given_up_or_has_left_says_nothing_more(shared: Database) -> None:
    row = {"call_id": "1-1", "attempt_id": 1, "task_number": "T1", "client": "单**", "title": "t", "stage": "通话中"}
    row |= {"question": ""}
    for name in (A, B):
        at_work(shared, name)
        with shared.write() as session:
            say_calls(session, name, [row | {"call_id": name}], ())
    with shared.write() as session:
        clear = session.execute(text("SELECT client FROM live_call LIMIT 1")).scalar_one()
        assert "单".encode() not in bytes(clear)
        sign_off(session, A, database_now(session))
        assert give_up_silent(session, database_now(session) + 2 * LOST_AFTER, judge=A) == [B]
    for name in (A, B):
        with pytest.raises(WorkerLost), shared.write() as session:
            say_calls(session, name, [row], ())
    with shared.read() as session:
        assert session.scalar(select(func.count()).select_from(LiveCallRow)) == 0


async def test_a_process_alone_on_its_database_says_nothing(tmp_path: Path) -> None:
    feed, database = Feed(), Database(f"sqlite:///{tmp_path / 'alone.db'}")
    async with saying(feed, database, A), looking(feed, database, A):
        assert asyncio.all_tasks() == {asyncio.current_task()}
    database.close()


def test_calls_of_others_are_news_only_when_they_are() -> None:
    feed = Feed()
    feed.show(live(1))
    queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    feed._watchers.add(queue)
    there = [LiveCall("2-1", 2, "T2", "王**", "适当性回访", Stage.TALKING, process="h（a）")]
    for calls in (there, there, [*there, live(1)], []):
        feed.show_elsewhere(calls)
    news = [one["call"] for _ in range(queue.qsize()) if (one := queue.get_nowait()) is not None]
    assert [(one["call_id"], one["stage"]) for one in news] == [("2-1", "通话中"), ("2-1", "已结束")]
    assert [one.process for one in feed.calls()] == [""]
