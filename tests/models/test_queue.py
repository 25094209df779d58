"""The life of an attempt in the database: taken once, settled once, as a whole."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models import Answer, Attempt, ClientBusy, Database, Notice, ReviewTask, StaleAttempt
from models.queue import (
    SettledNotice,
    SettledRecording,
    Settlement,
    begin_attempt,
    due_tasks,
    events_of,
    log_moves,
    next_due_at,
    open_task_count,
    settle,
    unended_attempts,
)
from tests.conftest import NOON


def begin(session: Session, task_id: int, worker: str = "w1") -> Attempt:
    task = session.get_one(ReviewTask, task_id)
    return begin_attempt(session, task, worker=worker, now=NOON, script="suitability", script_hash="f" * 64, facts="{}")


def settlement(attempt_id: int, worker: str = "w1", **changes: object) -> Settlement:
    values: dict[str, object] = {
        "attempt_id": attempt_id,
        "worker": worker,
        "ended_at": NOON + timedelta(minutes=1),
        "outcome": "no_answer",
        "sub_reason": "",
        "status": "未完成：无人应答",
        "final": False,
        "with_human": False,
        "due_at": NOON + timedelta(hours=1),
    }
    return Settlement(**(values | changes))  # type: ignore[arg-type]


def test_a_task_is_due_from_its_instant_on(database: Database, task_id: int) -> None:
    with database.read() as session:
        assert due_tasks(session, NOON - timedelta(seconds=1), 10) == []
        assert [task.id for task in due_tasks(session, NOON, 10)] == [task_id]
        assert next_due_at(session) == NOON


def test_the_nearest_deadline_is_taken_first(database: Database, task_id: int) -> None:
    with database.write() as session:
        first = session.get_one(ReviewTask, task_id)
        first.deadline_at = NOON + timedelta(days=30)
        for number, days in (("T002", 2), ("T003", None)):
            client = type(first.customer)(
                number=number, name=number, name_digest=number, phone=number, phone_digest=number
            )
            session.add(client)
            session.flush()
            deadline = NOON + timedelta(days=days) if days else None
            session.add(
                ReviewTask(
                    number=number,
                    campaign_id=first.campaign_id,
                    customer_id=client.id,
                    review_type="anomaly",
                    script="anomaly",
                    created_at=NOON,
                    due_at=NOON,
                    deadline_at=deadline,
                )
            )
    with database.read() as session:
        assert [task.number for task in due_tasks(session, NOON, 10)] == ["T002", "T001", "T003"]


def test_a_begun_task_is_not_due_and_its_client_is_busy(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt = begin(session, task_id)
        assert (attempt.call_id, attempt.no, attempt.dialled) == (f"{task_id}-1", 1, "13800001111")
    with database.read() as session:
        assert due_tasks(session, NOON, 10) == []
        assert open_task_count(session) == 1
    with pytest.raises(ClientBusy), database.write() as session:
        begin(session, task_id, worker="w2")


def test_a_client_who_must_not_be_called_is_not_due(database: Database, task_id: int) -> None:
    with database.write() as session:
        session.get_one(ReviewTask, task_id).customer.do_not_call = True
    with database.read() as session:
        assert due_tasks(session, NOON, 10) == []


def test_a_paused_campaign_is_not_due(database: Database, task_id: int) -> None:
    with database.write() as session:
        session.get_one(ReviewTask, task_id).campaign.state = "paused"
    with database.read() as session:
        assert due_tasks(session, NOON, 10) == []


def test_settling_writes_everything_and_frees_the_client(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id).id
    with database.write() as session:
        settle(
            session,
            settlement(
                attempt_id,
                answers=(
                    {
                        "question": "suitability.self_operated",
                        "value": "no",
                        "words": "是我老婆在操作",
                        "intent": "no",
                        "confidence": 0.9,
                        "evidence": "规则",
                        "start_ms": 9000,
                        "end_ms": 10500,
                    },
                ),
                flags=(
                    {
                        "risk": "not_self_operated",
                        "severity": "high",
                        "node": "suitability.self_operated",
                        "words": "是我老婆在操作",
                        "start_ms": 9000,
                        "end_ms": 10500,
                    },
                ),
                escalation={"severity": "high", "deadline_at": None},
                notice=SettledNotice("review_sms", "sms", "尊敬的客户"),
                recording=SettledRecording("a.rec", 12000, "0" * 64),
            ),
        )
    with database.read() as session:
        attempt = session.get_one(Attempt, attempt_id)
        assert attempt.ended_at is not None
        assert attempt.answers[0].words == "是我老婆在操作"
        assert attempt.flags[0].risk == "not_self_operated"
        assert attempt.recording is not None
        assert attempt.recording.duration_ms == 12000
        assert unended_attempts(session) == []
        assert due_tasks(session, NOON + timedelta(minutes=59), 10) == []
        assert len(due_tasks(session, NOON + timedelta(hours=1), 10)) == 1


def test_a_second_result_is_refused_and_changes_nothing(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id).id
    with database.write() as session:
        settle(session, settlement(attempt_id))
    with pytest.raises(StaleAttempt), database.write() as session:
        settle(session, settlement(attempt_id, status="已完成：已回访", final=True))
    with database.read() as session:
        assert session.get_one(ReviewTask, task_id).status == "未完成：无人应答"


def test_another_workers_attempt_cannot_be_settled(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id, worker="w1").id
    with pytest.raises(StaleAttempt), database.write() as session:
        settle(session, settlement(attempt_id, worker="w2"))


def test_a_settlement_that_fails_leaves_nothing_behind(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id).id
    broken = settlement(attempt_id, answers=({"question": "x"},))  # lacks what an answer must have
    with pytest.raises(Exception, match="NOT NULL"), database.write() as session:
        settle(session, broken)
    with database.read() as session:
        assert session.get_one(Attempt, attempt_id).ended_at is None
        assert session.query(Answer).count() == 0


def test_a_notice_is_written_once_per_task(database: Database, task_id: int) -> None:
    for no in (1, 2):
        with database.write() as session:
            attempt_id = begin(session, task_id).id
        with database.write() as session:
            settle(session, settlement(attempt_id, notice=SettledNotice("review_sms", "sms", f"第{no}次")))
    with database.read() as session:
        assert [notice.text for notice in session.query(Notice)] == ["第1次"]


def test_the_log_comes_back_in_order(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id).id
        rows = [
            {"attempt_id": attempt_id, "seq": seq, "at_ms": 20 * seq, "kind": "Heard", "body": f'{{"n":{seq}}}'}
            for seq in (2, 0, 1)
        ]
        log_moves(session, rows)
    with database.read() as session:
        assert [event.body for event in events_of(session, attempt_id)] == ['{"n":0}', '{"n":1}', '{"n":2}']


def test_many_workers_take_a_task_once(database: Database, task_id: int) -> None:
    took: list[str] = []
    ready = threading.Barrier(6)

    def work(worker: str) -> None:
        ready.wait()
        try:
            with database.write() as session:
                begin(session, task_id, worker)
            took.append(worker)
        except (ClientBusy, StaleAttempt):
            pass

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(took) == 1


def test_names_and_words_are_not_readable_in_the_file(database: Database, task_id: int, tmp_path: Path) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id).id
        log_moves(
            session,
            [{"attempt_id": attempt_id, "seq": 0, "at_ms": 0, "kind": "Heard", "body": '{"text":"是我老婆在操作"}'}],
        )
    database.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in ("单小明", "13800001111", "是我老婆在操作"):
        assert secret.encode() not in stored
