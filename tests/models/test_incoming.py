"""Who may be calling, and the attempt of a client's own call, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models import ClientBusy, Database, IncomingCall, ReviewTask, Seal, StaleAttempt
from models.incoming import incoming_calls, known_callers, register, takes_calls
from models.queue import begin_attempt
from models.running_tables import Worker
from tests.conftest import NOON, served

PHONE, LEARNT = "13800001111", "13900002222"
LATER = NOON + timedelta(hours=3)


def call_back(database: Database, task_id: int) -> int:
    with database.write() as session:
        attempt = begin_attempt(
            session, served(session, task_id), dialled=PHONE, worker="w", now=NOON, script_hash="f" * 64, facts="{}",
            incoming=True,
        )  # fmt: skip
        return attempt.id


def put(database: Database, task_id: int, **values: object) -> None:
    with database.write() as session:
        task = session.get_one(ReviewTask, task_id)
        for name, value in values.items():
            setattr(task, name, value)


def test_a_client_is_found_by_its_number_and_by_one_learnt_in_a_call(
    database: Database, task_id: int, seal: Seal
) -> None:
    with database.read() as session:
        (known,) = known_callers(session, seal.digest(PHONE), NOON)
        assert (known.on_the_line, [task.id for task in known.open_tasks], known.called_at) == (False, [task_id], None)
        assert known_callers(session, seal.digest(LEARNT), NOON) == []
    put(database, task_id, next_phone=LEARNT, next_phone_digest=seal.digest(LEARNT))
    with database.read() as session:
        assert [one.client.number for one in known_callers(session, seal.digest(LEARNT), NOON)] == ["C001"]
    put(database, task_id, due_at=None)  # nothing is open any more: whose number that was no longer matters
    with database.read() as session:
        assert known_callers(session, seal.digest(LEARNT), NOON) == []


def test_the_call_of_a_client_keeps_what_its_task_was(database: Database, task_id: int, seal: Seal) -> None:
    put(database, task_id, due_at=LATER, status="未完成：无人应答")
    call_back(database, task_id)
    with database.read() as session:
        (attempt,) = session.get_one(ReviewTask, task_id).attempts
        (row,) = attempt.served
        assert (attempt.direction, row.status_before, row.due_before) == ("incoming", "未完成：无人应答", LATER)
        (known,) = known_callers(session, seal.digest(PHONE), NOON)
        assert (known.on_the_line, known.called_at) == (True, None)  # the try was the client's, not ours
    with pytest.raises(ClientBusy):
        call_back(database, task_id)


@pytest.mark.parametrize("values", [{"due_at": None}, {"deadline_at": NOON - timedelta(seconds=1)}])
def test_what_is_done_or_past_its_deadline_is_not_served(
    database: Database, task_id: int, values: dict[str, object]
) -> None:
    put(database, task_id, **values)
    with pytest.raises(StaleAttempt):
        call_back(database, task_id)


def test_the_register_shows_the_latest_first(database: Database) -> None:
    with database.write() as session:
        for no in range(3):
            at = NOON + timedelta(minutes=no)
            register(
                session,
                IncomingCall(call_id=f"in-{no}", at=at, caller="", trunk="main", treatment="tell", reason="hidden"),
            )
    with database.read() as session:
        found = incoming_calls(session, page=1, size=2)
        assert ([one.call_id for one in found.items], found.total, found.pages) == (["in-2", "in-1"], 3, 2)


def test_a_worker_that_drains_takes_no_calls(database: Database) -> None:
    with database.write() as session:
        session.add(Worker(id="w", host="h", place="", started_at=NOON, heartbeat_at=NOON))
    with database.read() as session:
        assert takes_calls(session, "w")
        assert takes_calls(session, "alone")
    with database.write() as session:
        session.get_one(Worker, "w").draining = True
    with database.read() as session:
        assert not takes_calls(session, "w")
