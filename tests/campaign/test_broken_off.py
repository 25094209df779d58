"""Whatever breaks an attempt off (an outage, a fault, a cancellation, the worker's end), it is settled, and once."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, TimeoutError
from sqlalchemy.orm import Session

from bot.script import Script
from campaign.calls import storing
from campaign.calls.attempt import carry_out
from campaign.calls.beginning import begin, plan
from campaign.calls.calllog import CallLog
from campaign.calls.recovery import settle_interrupted
from campaign.running import runner as running_calls
from campaign.running.runner import Runner
from campaign.running.sweeper import sweep
from campaign.running.worker import run_until, staying
from campaign.voices import Voices
from campaign.works import Works
from models import Attempt, CallEvent, Customer, Database, LinesFull, ReviewTask, Seal, Worker
from models.claims import claim, take_in
from models.queue import begin_attempt
from models.settlements import Settlement
from models.workers import sign_on
from speech.prompts import Prompts
from telephony.errors import TelephonyError
from telephony.legs import Leg
from tests.campaign.test_attempt import begun_for, ears, works
from tests.conftest import NOON, publish, served

__all__ = ["ears", "works"]

PATIENCE_SECONDS = 60.0


@pytest.fixture
def database(tmp_path: Path, seal: Seal, migrated: Path) -> Iterator[Database]:
    """An empty, migrated SQLite database."""
    opened = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'test.db')}")
    yield opened
    opened.close()


class Shaky(Database):
    """A database of which the next transactions meet what the test puts before them."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.meets: list[Callable[[], None]] = []

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self.meets:
            self.meets.pop(0)()
        with super().write() as session:
            yield session


def away() -> None:
    raise OperationalError("BEGIN", {}, Exception("the server has gone away"))


def no_connection() -> None:
    raise TimeoutError("all connections are in use")


class Unanswered(Database):
    """A database whose answers to what it has committed are lost."""

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            yield session
        away()


@pytest.fixture
def shaky(works: Works, task_id: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Works]:
    """A worker that has signed on, whose database may be away for a moment."""
    monkeypatch.setattr(storing, "SETTLE_AGAIN_SECONDS", (0.0, 0.0))
    publish(works.database, "suitability")
    with works.database.write() as session:
        sign_on(session, Worker(id=works.worker, host="h", place="", started_at=NOON, heartbeat_at=NOON))
    database = Shaky(works.database.engine.url.render_as_string(hide_password=False))
    yield replace(works, database=database, call_log=CallLog(database))
    database.close()


def shaken(works: Works, *meets: Callable[[], None]) -> None:
    assert isinstance(works.database, Shaky)
    works.database.meets[:] = meets


def outcome_of(works: Works) -> str | None:
    with works.database.read() as session:
        return session.scalars(select(Attempt)).one().outcome


async def no_line() -> Leg:
    raise TelephonyError("no trunk takes the call")


class Faulty(Voices):
    """Voices with a fault that nobody has thought of."""

    def prompts_of(self, script: Script) -> Prompts:
        raise RuntimeError("what nobody has thought of")


async def test_an_outage_while_the_log_is_written_delays_the_settlement(shaky: Works, task_id: int) -> None:
    begun = begun_for(shaky, task_id)
    shaky.call_log.append(begun.attempt_id, "Listen", "{}", 0)
    shaken(shaky, away)
    assert (await carry_out(shaky, begun, no_line)).outcome == "own_line_failed"
    with shaky.database.read() as session:
        assert [row.seq for row in session.scalars(select(CallEvent))] == [0]


async def test_when_no_connection_is_free_the_settlement_is_delayed(shaky: Works, task_id: int) -> None:
    begun = begun_for(shaky, task_id)
    shaken(shaky, no_connection)
    assert (await carry_out(shaky, begun, no_line)).outcome == "own_line_failed"


async def test_whoever_sweeps_leaves_alone_what_is_still_being_settled(shaky: Works, task_id: int) -> None:
    begun, swept = begun_for(shaky, task_id), []

    def sweep_and_be_away() -> None:
        swept.append(settle_interrupted(shaky))
        away()

    shaken(shaky, sweep_and_be_away)
    assert (await carry_out(shaky, begun, no_line)).outcome == "own_line_failed"
    assert swept == [0]


async def test_a_fault_that_nobody_thought_of_leaves_no_client_on_the_line_for_ever(
    shaky: Works, task_id: int, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError):
        await carry_out(replace(shaky, voices=Faulty(tmp_path)), begun_for(shaky, task_id), no_line)
    assert outcome_of(shaky) is None
    assert settle_interrupted(shaky) == 1
    assert outcome_of(shaky) == "interrupted"
    assert settle_interrupted(shaky) == 0
    assert shaky.abandoned == set()


async def test_what_was_said_until_a_call_broke_off_is_in_its_log(shaky: Works, task_id: int, tmp_path: Path) -> None:
    begun = begun_for(shaky, task_id)
    shaky.call_log.append(begun.attempt_id, "Listen", "{}", 0)
    with pytest.raises(RuntimeError):
        await carry_out(replace(shaky, voices=Faulty(tmp_path)), begun, no_line)
    with shaky.database.read() as session:
        assert session.scalars(select(CallEvent.kind)).all() == ["Listen"]


def test_an_attempt_whose_beginning_was_not_answered_is_left_to_the_sweeper(shaky: Works, task_id: int) -> None:
    works = replace(shaky, database=Unanswered(shaky.database.engine.url.render_as_string(hide_password=False)))
    planned = plan(works, task_id)
    assert planned is not None
    with pytest.raises(OperationalError):
        begin(works, planned)
    works.database.close()
    assert outcome_of(shaky) is None
    assert [sweep(replace(works, database=shaky.database)), outcome_of(shaky)] == [1, "interrupted"]
    assert works.doubtful == {} and works.abandoned == set()


def test_a_call_on_the_line_is_not_taken_for_a_clients_own_that_may_have_begun(shaky: Works, task_id: int) -> None:
    begun_for(shaky, task_id)
    shaky.doubtful[task_id, True] = shaky.clock.now()
    assert [sweep(shaky), outcome_of(shaky)] == [0, None]
    assert shaky.doubtful == {}


def test_a_recovered_recording_is_linked_though_the_database_was_away_at_first(shaky: Works, task_id: int) -> None:
    begun = begun_for(shaky, task_id)
    shaky.abandoned.add(begun.attempt_id)
    open_still = shaky.recordings.open(begun.call_id)
    assert settle_interrupted(shaky) == 1
    open_still.abandon()
    shaken(shaky, away)
    with pytest.raises(OperationalError):
        settle_interrupted(shaky)
    sweep(shaky)
    with shaky.database.read() as session:
        assert session.scalars(select(Attempt)).one().recording is not None


async def test_a_call_that_is_broken_off_while_it_is_settled_is_settled_then(shaky: Works, task_id: int) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        writing.set()
        assert go_on.wait(PATIENCE_SECONDS)

    begun = begun_for(shaky, task_id)
    shaken(shaky, slow)
    call = asyncio.create_task(carry_out(shaky, begun, no_line))
    assert await asyncio.to_thread(writing.wait, PATIENCE_SECONDS)
    call.cancel()
    await asyncio.wait({call}, timeout=0.1)
    assert not call.done()  # or who leaves next would settle it a second time, as interrupted
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert outcome_of(shaky) == "own_line_failed"


def test_a_log_that_cannot_be_read_keeps_no_attempt_from_being_settled(works: Works, task_id: int) -> None:
    others = more_clients(works.database, task_id, 1)
    for each in (task_id, *others):
        with works.database.write() as session:
            left = begin_attempt(
                session, served(session, each), dialled="1", worker="dead", now=NOON, script_hash="f" * 64, facts="{}"
            )
            session.add(
                CallEvent(attempt_id=left.id, seq=0, at_ms=0, kind="Listen", body="{" if each == task_id else "")
            )
    assert settle_interrupted(works) == 2
    with works.database.read() as session:
        assert {one.outcome for one in session.scalars(select(Attempt))} == {"interrupted"}


def more_clients(database: Database, task_id: int, count: int) -> list[int]:
    """As many others, each with a task like this one."""
    with database.write() as session:
        task, made = session.get_one(ReviewTask, task_id), []
        for n in range(count):
            client = Customer(number=f"M{n}", name="王小明", name_digest="", phone=f"1390000{n:04}", phone_digest="")
            session.add(client)
            session.flush()
            one = ReviewTask(
                number=f"M{n}", campaign_id=task.campaign_id, customer_id=client.id, review_type=task.review_type,
                script=task.script, slots=dict(task.slots), created_at=NOON, due_at=NOON,
            )  # fmt: skip
            session.add(one)
            session.flush()
            made.append(one.id)
        return made


async def test_a_worker_that_drains_begins_nothing_of_what_it_has_taken(works: Works, task_id: int) -> None:
    more_clients(works.database, task_id, 3)
    reviewed: list[int] = []

    async def review(_works: Works, task_id: int) -> None:
        reviewed.append(task_id)
        runner.draining = True

    runner = Runner(works, 4, 100.0, review=review)
    running = asyncio.create_task(runner.run(until_done=False))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not reviewed or await asyncio.to_thread(held, works.database) > 1:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert len(reviewed) == 1  # what was taken besides has been given back


def held(database: Database) -> int:
    with database.read() as session:
        return len(session.scalars(select(ReviewTask.id).where(ReviewTask.held_by != "")).all())


async def test_a_line_that_gets_free_here_is_used_at_once(
    works: Works, task_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    more_clients(works.database, task_id, 1)
    monkeypatch.setattr(running_calls, "FULL_SECONDS", 3600.0)
    hung_up, full = asyncio.Event(), asyncio.Event()
    tries: list[int] = []

    async def review(_works: Works, task_id: int) -> Settlement:
        tries.append(task_id)
        if len(tries) == 2:
            full.set()
            raise LinesFull("the lines carry as many calls as they may")
        if len(tries) == 1:
            await hung_up.wait()
        else:
            running.cancel()
        return Settlement(1, "w", NOON, "hung_up", ())

    runner = Runner(works, 4, 100.0, review=review, _full_seconds=3600.0)
    running = asyncio.create_task(runner.run(until_done=False))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await full.wait()
        hung_up.set()
        with suppress(asyncio.CancelledError):
            await running
    assert tries[2:] == [tries[1]]


async def test_a_worker_that_leaves_gives_back_what_it_has_taken(shaky: Works, task_id: int) -> None:
    with shaky.database.write() as session:
        take_in(session, NOON)
    async with staying(shaky):
        with shaky.database.write() as session:
            campaign_id = session.get_one(ReviewTask, task_id).campaign_id
            assert claim(session, shaky.worker, NOON, 4, [campaign_id]) == [task_id]
    with shaky.database.write() as session:
        assert claim(session, "another", NOON + timedelta(seconds=1), 4, [campaign_id]) == [task_id]


async def test_calls_have_their_time_to_end_even_when_the_database_is_away(shaky: Works, task_id: int) -> None:
    talking, stop, said = asyncio.Event(), asyncio.Event(), []

    async def review(_works: Works, _task_id: int) -> None:
        talking.set()
        await asyncio.sleep(0.1)
        said.append("goodbye")

    works, gone = shaky, [away] * 10
    running = asyncio.create_task(run_until(works, Runner(works, 4, 100.0, review=review), stop, PATIENCE_SECONDS))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await talking.wait()
        shaken(works, *gone)
        stop.set()
        await running
    assert said == ["goodbye"]
