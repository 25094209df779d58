"""Calls that come over a real trunk: who is served, who is told, who is refused, and what is left of each."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from bot.moves import Listen
from bot.replay import move_to_json
from campaign.calls.incoming import Answering
from campaign.calls.reception import PAUSE
from campaign.calls.recovery import settle_interrupted
from campaign.voices import Voices
from campaign.works import Works
from models import Attempt, Customer, Database, IncomingCall, ReviewTask, Seal, current_seal
from models.queue import begin_attempt, log_moves
from telephony.legs import AudioIn, HangupCause, HungUp, LegEvent
from telephony.recording import RecordingStore
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk
from tests.campaign.test_attempt import ears
from tests.campaign.test_attempt import works as silent
from tests.conftest import KEY, NOON, publish, served
from tests.ports import free_port
from tests.telephony.farend import WAIT

__all__ = ["ears", "silent"]

pytestmark = pytest.mark.audio

CLIENT, STRANGER = "13800001111", "13900009999"
STATUS = "未完成：无人应答"


@pytest.fixture
def database(tmp_path: Path, seal: Seal, migrated: Path) -> Iterator[Database]:
    """On SQLite only: what is said to a caller does not depend on the database."""
    opened = Database(f"sqlite:///{shutil.copy(migrated, tmp_path / 'test.db')}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def prompts(kept: Path) -> Path:
    """What the product has said before."""
    return kept / "prompts"


@pytest.fixture
def works(silent: Works, prompts: Path) -> Works:
    """Everything but a line."""
    return replace(silent, voices=Voices(prompts))


@asynccontextmanager
async def answered(works: Works, *, lines: int = 2, incoming: bool = True) -> AsyncIterator[int]:
    """The product answers on a port while this lasts."""
    port = free_port()
    trunk = Trunk("main", "127.0.0.1", free_port(), number="95500", local_port=port, ping_seconds=0, incoming=incoming)
    async with SipDialer((trunk,), works.recordings) as dialer, works.call_log:
        desk = asyncio.create_task(Answering(replace(works, dialer=dialer), dialer, lines).run())
        await asyncio.sleep(0)
        try:
            yield port
        finally:
            desk.cancel()
            await asyncio.gather(desk, return_exceptions=True)


async def call(folder: Path, port: int, number: str, *, hang_up_after: float = 60.0) -> list[LegEvent]:
    """Call the product as `number`, and hang up after so many seconds of audio; what came of it."""
    trunk = Trunk("caller", "127.0.0.1", port, number=number, ping_seconds=0)
    events: list[LegEvent] = []
    async with SipDialer((trunk,), RecordingStore(folder / "callers", KEY)) as phone:
        leg = await phone.dial(f"to-{port}", "95500", ring_seconds=60)
        async with asyncio.timeout(120):
            async for event in leg.events():
                events.append(event)
                if isinstance(event, AudioIn) and event.at_ms > 1000 * hang_up_after:
                    await leg.hang_up()
    return events


def ending(events: list[LegEvent]) -> HungUp:
    last = events[-1]
    assert isinstance(last, HungUp)
    return last


async def done_with_callers(works: Works) -> None:
    """A caller who has hung up is gone before the product has written down that they called."""
    async with asyncio.timeout(WAIT):
        await asyncio.gather(*works.incoming)


def entry(database: Database) -> IncomingCall:
    with database.read() as session:
        found = session.scalars(select(IncomingCall)).one()
        session.expunge(found)
        return found


async def test_an_unknown_caller_hears_where_to_call(works: Works, tmp_path: Path) -> None:
    publish(works.database, "suitability")
    async with answered(works) as port:
        events = await call(tmp_path, port, STRANGER)
        await done_with_callers(works)
    assert ending(events).cause is HangupCause.NORMAL  # the product hung up
    heard = np.frombuffer(b"".join(event.pcm for event in events if isinstance(event, AudioIn)), "<i2").astype(int)
    assert (np.abs(heard) > 1000).sum() > 8000  # a second of speech and more
    found = entry(works.database)
    assert (found.treatment, found.reason, found.attempt_id) == ("tell", "unknown", None)
    assert found.caller == "139****9999"
    assert works.recordings.find(found.call_id) is not None


@pytest.mark.parametrize(
    ("number", "reason", "masked"), [("anonymous", "hidden", ""), (CLIENT, "do_not_call", "138****1111")]
)
async def test_who_hides_and_who_must_not_be_called_are_told_the_same(
    works: Works, task_id: int, tmp_path: Path, number: str, reason: str, masked: str
) -> None:
    publish(works.database, "suitability")
    with works.database.write() as session:
        session.get_one(ReviewTask, task_id).customer.do_not_call = True
    async with answered(works) as port:
        await call(tmp_path, port, number, hang_up_after=0.5)
        await done_with_callers(works)
    found = entry(works.database)
    assert (found.treatment, found.reason, found.caller) == ("tell", reason, masked)
    with works.database.read() as session:
        assert session.scalars(select(Attempt)).all() == []


async def test_a_client_to_whom_we_are_talking_is_busy(works: Works, task_id: int, tmp_path: Path) -> None:
    publish(works.database, "suitability")
    with works.database.write() as session:
        begin_attempt(
            session, served(session, task_id), dialled=CLIENT, worker="w", now=NOON, script_hash="f" * 64, facts="{}"
        )
    async with answered(works) as port:
        over = ending(await call(tmp_path, port, CLIENT))
    assert (over.cause, over.sip_status, over.q850) == (HangupCause.BUSY, 486, 17)
    found = entry(works.database)
    assert (found.treatment, found.reason) == ("refuse", "on_the_line")


async def test_a_client_whose_last_call_is_still_written_down_is_told_where_to_call(
    works: Works, task_id: int, tmp_path: Path
) -> None:
    publish(works.database, "suitability")
    with works.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        session.add(
            Attempt(
                call_id="by-hand", task_id=task_id, customer_id=task.customer_id, no=9, method="human_call", worker="w",
                dialled=CLIENT, started_at=NOON, line_down_at=NOON, script="suitability", script_hash="f" * 64,
                facts="{}",
            )
        )  # fmt: skip
    async with answered(works) as port:
        await call(tmp_path, port, CLIENT, hang_up_after=0.5)
        await done_with_callers(works)
    found = entry(works.database)
    assert (found.treatment, found.attempt_id) == ("tell", None)


async def test_when_all_lines_are_busy_the_caller_is_told_so_by_the_network(
    works: Works, task_id: int, tmp_path: Path
) -> None:
    publish(works.database, "suitability")
    async with answered(works, lines=0) as port:
        over = ending(await call(tmp_path, port, CLIENT))
    assert (over.sip_status, over.q850) == (480, 34)
    assert entry(works.database).reason == "lines_full"


async def test_a_trunk_for_outgoing_calls_only_takes_none(works: Works, tmp_path: Path) -> None:
    async with answered(works, incoming=False) as port:
        over = ending(await call(tmp_path, port, STRANGER))
    assert over.sip_status == 403
    with works.database.read() as session:
        assert session.scalars(select(IncomingCall)).all() == []


async def test_a_caller_who_hangs_up_before_saying_who_it_is_leaves_the_task_as_it_was(
    works: Works, task_id: int, tmp_path: Path
) -> None:
    publish(works.database, "suitability")
    due_at = NOON + timedelta(hours=3)
    with works.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.attempts_made, task.status, task.due_at = 1, STATUS, due_at
    async with answered(works) as port:
        await call(tmp_path, port, "+86" + CLIENT, hang_up_after=3.0)
        await settled(works)
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        (attempt,) = task.attempts
        assert (attempt.direction, attempt.outcome, attempt.dialled) == ("incoming", "hung_up", CLIENT)
        assert attempt.evidence["counted"] is False
        assert (task.status, task.due_at, task.final) == (STATUS, due_at, False)


async def test_a_client_is_known_by_a_number_learnt_in_a_call(works: Works, task_id: int, tmp_path: Path) -> None:
    publish(works.database, "suitability")
    with works.database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        task.next_phone, task.next_phone_digest = STRANGER, current_seal().digest(STRANGER)
    async with answered(works) as port:
        await call(tmp_path, port, STRANGER, hang_up_after=1.0)
        await settled(works)
    with works.database.read() as session:
        assert session.scalars(select(IncomingCall)).one().customer_id == session.scalars(select(Customer.id)).one()


async def settled(works: Works) -> None:
    """Wait until nobody is on the line."""
    async with asyncio.timeout(WAIT):
        async for news in works.feed.watch():
            if news["kind"] == "picture" and not news["calls"]:
                return
            if news["kind"] == "call" and news["call"]["stage"] == "已结束":
                return


def left_behind(works: Works, task_id: int, *asked: str) -> None:
    """An incoming call in which these questions were asked when the process was killed."""
    publish(works.database, "suitability")
    script_hash = works.scripts.script("suitability").hash
    with works.database.write() as session:
        session.get_one(ReviewTask, task_id).resume_at = "suitability.knows_rules"
        begun = begin_attempt(
            session, [replace(one, script_hash=script_hash) for one in served(session, task_id)],
            dialled=CLIENT, worker="dead", now=NOON, script_hash=script_hash, facts="{}", incoming=True,
        )  # fmt: skip
        rows = [
            {"attempt_id": begun.id, "seq": seq, "at_ms": 0, "kind": "Listen", "body": move_to_json(Listen(question))}
            for seq, question in enumerate(asked)
        ]
        log_moves(session, rows)


@pytest.mark.parametrize(
    ("asked", "status", "counted"),
    [
        (("opening.identity",), "待回访", False),
        (("opening.identity", "opening.convenient", "suitability.self_operated"), "未完成：通话中断", True),
    ],
)
def test_an_incoming_call_of_a_killed_process_is_settled_as_one(
    works: Works, task_id: int, asked: tuple[str, ...], status: str, counted: bool
) -> None:
    left_behind(works, task_id, *asked)
    assert settle_interrupted(works) == 1
    with works.database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        (attempt,) = task.attempts
        assert (attempt.outcome, attempt.evidence.get("counted", True)) == ("interrupted", counted)
        assert task.status == status and task.due_at is not None
        if not counted:
            assert task.due_at - works.clock.now() <= PAUSE
            assert task.resume_at == "suitability.knows_rules"  # of an earlier call
