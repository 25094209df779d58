"""When the trunk of a call is free again, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models import Attempt, Database, LinesFull, Seal
from models.incoming import known_callers
from models.lines import LineCaps, Lines, enter_lines, line_is_down, take_line
from models.queue import begin_attempt
from models.running_tables import Worker
from models.workers import sign_off, sign_on
from tests.conftest import NOON, served

MAIN = Lines((LineCaps("main", 1, 100.0),))


def call(database: Database, task_id: int) -> int:
    """A call on the one line of the trunk."""
    with database.write() as session:
        enter_lines(session, MAIN)
        return begin_attempt(
            session, served(session, task_id), dialled="13800001111", worker="w", now=NOON, script_hash="f" * 64,
            facts="{}", line="main",
        ).id  # fmt: skip


def take(database: Database) -> str:
    with database.write() as session:
        return take_line(session, MAIN, datetime.now(UTC))


def test_a_call_that_is_still_written_down_has_left_its_line(database: Database, task_id: int, seal: Seal) -> None:
    attempt_id = call(database, task_id)
    with pytest.raises(LinesFull):
        take(database)
    ended_at = NOON + timedelta(minutes=3)
    with database.write() as session:
        line_is_down(session, attempt_id, ended_at)
        line_is_down(session, attempt_id, NOON + timedelta(minutes=9))  # too late: it was down before
    assert take(database) == "main"
    with database.read() as session:
        attempt = session.get_one(Attempt, attempt_id)
        assert (attempt.line_down_at, attempt.ended_at) == (ended_at, None)
        (known,) = known_callers(session, seal.digest("13800001111"), NOON)
        assert not known.on_the_line  # who calls back meanwhile does not hear busy


def test_the_line_of_a_persons_call_is_free_when_the_worker_that_had_it_is_gone(
    database: Database, task_id: int
) -> None:
    attempt_id = call(database, task_id)
    with database.write() as session:
        session.get_one(Attempt, attempt_id).line_worker = "w1"
        sign_on(session, Worker(id="w1", host="h", place="", started_at=NOON, heartbeat_at=NOON))
    with pytest.raises(LinesFull):
        take(database)
    with database.write() as session:
        sign_off(session, "w1", NOON)
    assert take(database) == "main"
