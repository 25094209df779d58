"""A worker with calls on the line that is told to end, or killed: what is said goes on, or is kept."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaign.running.sweeper import sweep
from models import Attempt, CallEvent, Database, IncomingCall, ReviewTask, Seal, Worker, current_seal
from models.lines import enter_lines
from models.workers import LOST_AFTER, database_now, give_up_silent
from telephony.legs import Answered, HungUp
from telephony.recording import RecordingStore
from telephony.sip.dialer import SipDialer
from telephony.sip.sipleg import SipLeg
from telephony.sip.trunk import Trunk
from tests.campaign.on_a_trunk import works_for
from tests.campaign.test_kills import ROOT
from tests.conftest import KEY, publish
from tests.ports import free_port

pytestmark = pytest.mark.audio

CLIENT, OTHER = "13800001111", "13800002222"
PATIENCE_SECONDS = 180.0


@pytest.fixture
def database(tmp_path: Path, seal: Seal, migrated: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'test.db')}")
    yield opened
    opened.close()


@asynccontextmanager
async def at_work(database: Database, folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, SipDialer]]:
    """A worker process, and the telephone of its clients."""
    ours, theirs = free_port(), free_port()
    trunk = Trunk("phone", "127.0.0.1", ours, number=CLIENT, local_port=theirs, ping_seconds=0)
    command = ["-m", "tests.campaign.on_a_trunk", database.url, str(folder), "w1", str(ours), str(theirs)]
    async with SipDialer((trunk,), RecordingStore(folder / "phones", KEY)) as phone:
        process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT)
        try:
            yield process, phone
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def until(database: Database, question: Callable[[Any], bool]) -> None:
    """Ask the database of another process until it says yes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with database.read() as session:
                if question(session):
                    return
            await asyncio.sleep(0.1)


async def called(phone: SipDialer) -> SipLeg:
    """Call the worker, again while it is not yet at its telephone."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for no in itertools.count():
            leg = await phone.dial(f"to-us-{no}", "95500", ring_seconds=60)
            async for event in leg.events():
                if isinstance(event, Answered):
                    return leg
            await asyncio.sleep(0.1)
    raise AssertionError("the loop returns or times out")


def kinds(session: Any) -> list[str]:
    return list(session.scalars(select(CallEvent.kind).order_by(CallEvent.id)))


def prepare(database: Database, task_id: int, *, due_in: timedelta) -> None:
    publish(database, "suitability")
    with database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.due_at, task.attempts_made = datetime.now(UTC) + due_in, int(due_in > timedelta(0))  # tried once already
        task.customer.phone, task.customer.phone_digest = CLIENT, current_seal().digest(CLIENT)
        waits = ReviewTask(
            number="T-waits", campaign_id=task.campaign_id, customer_id=_another(session, task), created_at=task.due_at,
            due_at=task.due_at, review_type="suitability", script="suitability", slots=dict(task.slots),
        )  # fmt: skip
        session.add(waits)


def _another(session: Any, task: ReviewTask) -> int:
    customer = type(task.customer)(
        number="C-other", name="王小明", name_digest="w", phone=OTHER, phone_digest=current_seal().digest(OTHER)
    )
    session.add(customer)
    session.flush()
    return int(customer.id)


async def test_a_worker_that_is_to_end_lets_its_call_go_on_and_begins_no_other(
    database: Database, task_id: int, tmp_path: Path
) -> None:
    prepare(database, task_id, due_in=timedelta(0))
    async with at_work(database, tmp_path) as (process, phone), aclosing(phone.incoming()) as calls:
        async with asyncio.timeout(PATIENCE_SECONDS):
            ringing = await anext(calls)
            leg = await phone.accept(ringing, "client-1")
        await until(database, lambda session: "Listen" in kinds(session))
        process.terminate()
        await until(database, lambda session: session.get_one(Worker, "w1").draining)
        another = await phone.dial("client-2", "95500", ring_seconds=60)
        async with asyncio.timeout(PATIENCE_SECONDS):
            refused = [event async for event in another.events() if isinstance(event, HungUp)]
            assert refused[0].sip_status == 480
            assert process.returncode is None
            await leg.hang_up()
            assert await process.wait() == 0
    with database.read() as session:
        (attempt,) = session.scalars(select(Attempt)).all()
        assert (attempt.task_id, attempt.outcome) == (task_id, "hung_up")
        assert attempt.recording is not None
        assert session.scalars(select(IncomingCall.reason)).one() in ("closing", "on_the_line")
        worker = session.get_one(Worker, "w1")
        assert worker.ended_at is not None and not worker.lost


async def test_what_a_client_who_called_has_said_outlives_the_process(
    database: Database, task_id: int, tmp_path: Path
) -> None:
    prepare(database, task_id, due_in=timedelta(hours=3))
    async with at_work(database, tmp_path) as (process, phone):
        await until(database, lambda session: session.get(Worker, "w1") is not None)
        leg = await called(phone)
        for question in range(3):  # is it you, is it convenient, the first of the review
            await until(database, lambda session, so_far=question: kinds(session).count("Listen") > so_far)  # type: ignore[misc]
            assert await leg.press("1")
        await until(database, lambda session: kinds(session).count("Note") >= 2)
        process.kill()
        await process.wait()
        await leg.hang_up()
    with database.read() as session:
        said = [json.loads(one.body) for one in session.scalars(select(CallEvent).where(CallEvent.kind == "Note"))]
    swept(database, tmp_path)
    with database.read() as session:
        (attempt,) = session.scalars(select(Attempt)).all()
        assert (attempt.direction, attempt.outcome) == ("incoming", "interrupted")
        assert [one.question for one in attempt.answers] == [note["question"] for note in said]
        assert attempt.recording is not None
        assert attempt.task.due_at is not None
        assert session.scalars(select(IncomingCall.attempt_id)).one() == attempt.id


def swept(database: Database, folder: Path) -> None:
    """Another worker finds the first one silent, and settles what it left."""
    other = works_for(database, folder, "w2", None, None)
    with database.write() as session:
        assert other.lines is not None
        enter_lines(session, other.lines)
        late = database_now(session) + 2 * LOST_AFTER
        assert give_up_silent(session, late, judge="w2") == ["w1"]
    assert sweep(other) == 1
