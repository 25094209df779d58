"""What watchers are told, and that the call log keeps every row in order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from campaign.calls.calllog import CallLog
from campaign.calls.feed import WATCHER_QUEUE, Feed, LiveCall, Stage
from campaign.clock import DemoClock
from models import Database
from models.queue import begin_attempt, events_of
from tests.conftest import NOON, served


@pytest.fixture
def attempt_id(database: Database, task_id: int) -> int:
    """An attempt under way."""
    with database.write() as session:
        return begin_attempt(
            session, served(session, task_id), dialled="1", worker="w", now=NOON, script_hash="", facts="{}"
        ).id


def live(number: int, stage: Stage = Stage.TALKING) -> LiveCall:
    return LiveCall(f"{number}-1", number, f"T{number}", "王**", "适当性回访", stage)


async def test_a_watcher_gets_the_picture_and_then_the_news() -> None:
    feed = Feed()
    feed.show(live(1))
    news = feed.watch()
    picture = await anext(news)
    assert [call["call_id"] for call in picture["calls"]] == ["1-1"]
    feed.change("1-1", question="suitability.knows_rules")
    assert (await anext(news))["call"]["question"] == "suitability.knows_rules"
    feed.drop("1-1")
    assert (await anext(news))["call"]["stage"] == "已结束"
    assert feed.calls() == ()
    await news.aclose()


async def test_a_watcher_that_falls_behind_gets_one_full_picture() -> None:
    feed = Feed()
    news = feed.watch()
    await anext(news)
    for number in range(WATCHER_QUEUE + 1):
        feed.show(live(number))
    caught_up = await anext(news)
    assert caught_up["kind"] == "picture"
    assert len(caught_up["calls"]) == WATCHER_QUEUE + 1
    await news.aclose()


async def test_a_page_is_told_of_many_changes_at_once_and_of_each_call_as_it_stands_last() -> None:
    feed = Feed()
    feed.show(live(1))
    news = feed.watch_for_pages()
    assert [call["call_id"] for call in (await anext(news))["calls"]] == ["1-1"]
    feed.show(live(2))
    feed.change("1-1", question="suitability.knows_rules")
    feed.change("1-1", question="suitability.self_operated")
    feed.drop("2-1")
    changed = (await anext(news))["changed"]
    assert {(one["call_id"], one["stage"], one["question"]) for one in changed} == {
        ("1-1", "通话中", "suitability.self_operated"),
        ("2-1", "已结束", ""),
    }
    for number in range(WATCHER_QUEUE + 2):
        feed.show(live(number))
    picture, after = await anext(news), await anext(news)
    assert len(picture["calls"]) == WATCHER_QUEUE + 1
    assert [one["call_id"] for one in after["changed"]] == [f"{WATCHER_QUEUE + 1}-1"]
    await news.aclose()


def test_news_of_an_unknown_call_changes_nothing() -> None:
    feed = Feed()
    feed.change("9-1", stage=Stage.TALKING)
    feed.drop("9-1")
    assert feed.calls() == ()


async def test_rows_are_kept_in_order_when_the_database_refuses_for_a_while(
    database: Database, attempt_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CallLog(database)
    refusals = [2]
    write = CallLog._write

    def refuse_twice(self: CallLog, batch: Sequence[dict[str, Any]]) -> None:
        if refusals[0]:
            refusals[0] -= 1
            raise OperationalError("insert", None, Exception("disk full"))
        write(self, list(batch))

    monkeypatch.setattr(CallLog, "_write", refuse_twice)
    for number in range(3):
        log.append(attempt_id, "Heard", f'{{"n": {number}}}', 20 * number)
        if refusals[0]:
            with pytest.raises(OperationalError):
                await log.flush()
    await log.flush()
    with database.read() as session:
        stored = [(event.seq, event.body) for event in events_of(session, attempt_id)]
    assert stored == [(0, '{"n": 0}'), (1, '{"n": 1}'), (2, '{"n": 2}')]


async def test_a_row_is_kept_once_where_the_answer_to_its_commit_is_lost(
    database: Database, attempt_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, write, lost = CallLog(database), CallLog._write, list[int]()

    def lose_an_answer(self: CallLog, batch: list[dict[str, Any]]) -> None:
        write(self, batch)
        if not lost:
            lost.append(len(batch))
            raise OperationalError("commit", None, Exception("server closed the connection"))

    monkeypatch.setattr(CallLog, "_write", lose_an_answer)
    log.append(attempt_id, "Heard", '{"n": 0}', 0)
    with pytest.raises(OperationalError):
        await log.flush()
    log.append(attempt_id, "Heard", '{"n": 1}', 20)
    await log.flush()
    with database.read() as session:
        assert [(event.seq, event.body) for event in events_of(session, attempt_id)] == [
            (0, '{"n": 0}'),
            (1, '{"n": 1}'),
        ]


async def test_what_is_refused_of_one_call_keeps_no_other_from_its_log(database: Database, attempt_id: int) -> None:
    log, nobodys = CallLog(database), attempt_id + 1000
    log.append(nobodys, "Heard", "{}", 0)
    log.append(attempt_id, "Heard", '{"n": 0}', 0)
    with pytest.raises(IntegrityError):
        await log.flush()
    with database.read() as session:
        assert [event.body for event in events_of(session, attempt_id)] == ['{"n": 0}']


async def test_a_row_is_kept_once_where_who_flushed_it_is_cancelled_in_the_midst(
    database: Database, attempt_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CallLog(database)
    write, writing, go_on = CallLog._write, threading.Event(), threading.Event()

    def slowly(self: CallLog, batch: list[dict[str, Any]]) -> None:
        writing.set()
        assert go_on.wait(60)
        write(self, batch)

    monkeypatch.setattr(CallLog, "_write", slowly)
    log.append(attempt_id, "Heard", '{"n": 0}', 0)
    flushing = asyncio.create_task(log.flush())
    assert await asyncio.to_thread(writing.wait, 60)
    flushing.cancel()
    log.append(attempt_id, "Heard", '{"n": 1}', 20)
    last = asyncio.create_task(log.flush())
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    await last
    with database.read() as session:
        stored = [(event.seq, event.body) for event in events_of(session, attempt_id)]
    assert stored == [(0, '{"n": 0}'), (1, '{"n": 1}')]


def test_a_demo_clock_jumps_over_idle_time_and_never_back() -> None:
    clock = DemoClock(NOON, 600.0)
    clock.skip_to(NOON + timedelta(hours=5), lead_seconds=2.0)
    assert clock.now() >= NOON + timedelta(hours=5) - timedelta(seconds=1200)
    assert 0 < clock.real_seconds(NOON + timedelta(hours=5)) <= 2.0
    before = clock.now()
    clock.skip_to(NOON, lead_seconds=2.0)
    assert clock.now() >= before


def test_a_demo_clock_that_has_slowed_down_goes_on_from_there_in_real_time() -> None:
    clock = DemoClock(NOON, 600.0)
    before = clock.now()
    clock.slow_down()
    assert clock.now() >= before
    hour = clock.now() + timedelta(hours=1)
    assert 3590 < clock.real_seconds(hour) <= 3600


async def test_a_closed_feed_lets_its_watchers_end() -> None:
    feed = Feed()
    async with asyncio.timeout(30):
        before, paged = feed.watch(), feed.watch_for_pages()
        assert (await anext(before))["kind"] == (await anext(paged))["kind"] == "picture"
        feed.close()
        assert [one async for one in before] == [one async for one in paged] == []
        assert [one async for one in feed.watch()] == [one async for one in feed.watch_for_pages()] == []
