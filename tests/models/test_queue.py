"""The life of an attempt in the database: taken once, settled once, as a whole."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models import Answer, Attempt, ClientBusy, Database, Notice, ReviewTask, StaleAttempt
from models.claims import next_due_at
from models.queue import (
    begin_attempt,
    companions,
    events_of,
    history_of,
    log_moves,
    open_task_count,
)
from models.settlements import SettledNotice, SettledRecording, SettledTask, Settlement, settle
from models.workers import left_behind
from tests.conftest import NOON, due, served


def begin(session: Session, *task_ids: int, worker: str = "w1", now: datetime = NOON) -> Attempt:
    return begin_attempt(
        session,
        served(session, *task_ids),
        dialled="13800001111",
        worker=worker,
        now=now,
        script_hash="f" * 64,
        facts="{}",
    )


def settled_task(task_id: int, **changes: object) -> SettledTask:
    values: dict[str, object] = {"status": "未完成：无人应答", "due_at": NOON + timedelta(hours=1)}
    return SettledTask(task_id, **(values | changes))  # type: ignore[arg-type]


def settlement(attempt_id: int, *tasks: SettledTask, worker: str = "w1", **changes: object) -> Settlement:
    ended_at = NOON + timedelta(minutes=1)
    return Settlement(attempt_id, worker, ended_at, "no_answer", tasks, **changes)  # type: ignore[arg-type]


def test_a_task_is_due_from_its_instant_on(database: Database, task_id: int) -> None:
    with database.read() as session:
        assert due(session, NOON - timedelta(seconds=1)) == []
        assert due(session, NOON) == [task_id]
        assert next_due_at(session, 1, NOON) == NOON


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
        assert [session.get_one(ReviewTask, one).number for one in due(session, NOON)] == ["T002", "T001", "T003"]


def test_a_begun_task_is_not_due_and_its_client_is_busy(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt = begin(session, task_id)
        assert (attempt.call_id, attempt.no, attempt.dialled) == (f"{task_id}-1", 1, "13800001111")
    with database.read() as session:
        assert due(session, NOON) == []
        assert open_task_count(session) == 1
    with pytest.raises(ClientBusy), database.write() as session:
        begin(session, task_id, worker="w2")


def test_a_client_who_must_not_be_called_is_not_due(database: Database, task_id: int) -> None:
    with database.write() as session:
        session.get_one(ReviewTask, task_id).customer.do_not_call = True
    with database.read() as session:
        assert due(session, NOON) == []


def test_a_paused_campaign_is_not_due(database: Database, task_id: int) -> None:
    with database.write() as session:
        session.get_one(ReviewTask, task_id).campaign.state = "paused"
    with database.read() as session:
        assert due(session, NOON) == []


def test_settling_writes_everything_and_frees_the_client(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id).id
    with database.write() as session:
        settle(
            session,
            settlement(
                attempt_id,
                settled_task(
                    task_id,
                    answers=(
                        {
                            "question": "suitability.self_operated",
                            "node": "suitability.self_operated",
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
                    deliveries=({"node": "suitability.reminder", "played_ms": 4000, "complete": True, "at_ms": 9000},),
                ),
                escalation={"severity": "high", "deadline_at": None},
                notices=(SettledNotice("review_sms", "sms", "尊敬的客户"),),
                recording=SettledRecording("a.rec", 12000, "0" * 64),
            ),
        )
    with database.read() as session:
        attempt = session.get_one(Attempt, attempt_id)
        assert attempt.ended_at is not None
        (kept,) = attempt.answers
        assert (kept.question, kept.node, kept.value) == ("suitability.self_operated",) * 2 + ("no",)
        assert (kept.words, kept.confidence, kept.evidence) == ("是我老婆在操作", 0.9, "规则")
        assert (kept.start_ms, kept.end_ms, kept.script_hash) == (9000, 10500, "f" * 64)
        assert attempt.flags[0].risk == "not_self_operated"
        assert (attempt.deliveries[0].node, attempt.deliveries[0].played_ms) == ("suitability.reminder", 4000)
        assert attempt.recording is not None
        assert attempt.recording.duration_ms == 12000
        assert left_behind(session) == []
        assert due(session, NOON + timedelta(minutes=59)) == []
        assert len(due(session, NOON + timedelta(hours=1))) == 1


def test_a_second_result_is_refused_and_changes_nothing(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id).id
    with database.write() as session:
        settle(session, settlement(attempt_id, settled_task(task_id)))
    with pytest.raises(StaleAttempt), database.write() as session:
        settle(session, settlement(attempt_id, settled_task(task_id, status="已完成：已回访", final=True)))
    with database.read() as session:
        assert session.get_one(ReviewTask, task_id).status == "未完成：无人应答"


def test_another_workers_attempt_cannot_be_settled(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id, worker="w1").id
    with pytest.raises(StaleAttempt), database.write() as session:
        settle(session, settlement(attempt_id, settled_task(task_id), worker="w2"))


def test_a_settlement_that_fails_leaves_nothing_behind(database: Database, task_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, task_id).id
    broken = settlement(
        attempt_id, settled_task(task_id, answers=({"question": "x"},))
    )  # lacks what an answer must have
    with pytest.raises(Exception, match="(?i)not.null"), database.write() as session:
        settle(session, broken)
    with database.read() as session:
        assert session.get_one(Attempt, attempt_id).ended_at is None
        assert session.query(Answer).count() == 0


def test_a_notice_is_written_once_per_task(database: Database, task_id: int) -> None:
    for no in (1, 2):
        with database.write() as session:
            attempt_id = begin(session, task_id, now=NOON + timedelta(hours=no)).id
        with database.write() as session:
            told = (SettledNotice("review_sms", "sms", f"第{no}次"),)
            settle(session, settlement(attempt_id, settled_task(task_id), notices=told))
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


@pytest.fixture
def other_id(database: Database, task_id: int) -> int:
    """An anomaly review of the same client, due at NOON."""
    with database.write() as session:
        first = session.get_one(ReviewTask, task_id)
        other = ReviewTask(
            number="T002",
            campaign_id=first.campaign_id,
            customer_id=first.customer_id,
            review_type="anomaly",
            script="anomaly",
            created_at=NOON,
            due_at=NOON,
            deadline_at=NOON + timedelta(days=1),
        )
        session.add(other)
        session.flush()
        return other.id


def test_only_what_is_due_now_can_join_a_call(database: Database, task_id: int, other_id: int) -> None:
    with database.read() as session:
        task = session.get_one(ReviewTask, task_id)
        assert [other.id for other in companions(session, task, NOON)] == [other_id]
        assert companions(session, task, NOON - timedelta(seconds=1)) == []
        assert due(session, NOON) == [other_id]  # one call: the nearest deadline leads
    for values in ({"due_at": NOON + timedelta(hours=1)}, {"due_at": None, "with_human": True}):
        with database.write() as session:
            for name, value in values.items():
                setattr(session.get_one(ReviewTask, other_id), name, value)
        with database.read() as session:
            assert companions(session, session.get_one(ReviewTask, task_id), NOON) == []


def test_a_call_serves_several_tasks_with_one_row_and_one_number_each(
    database: Database, task_id: int, other_id: int
) -> None:
    with database.write() as session:
        attempt_id = begin(session, other_id, task_id).id
    with database.read() as session:
        assert open_task_count(session) == 2
        assert due(session, NOON) == []
        attempt = session.get_one(Attempt, attempt_id)
        assert attempt.task_id == other_id
        assert [(one.task_id, one.place, one.no) for one in attempt.served] == [(other_id, 0, 1), (task_id, 1, 1)]
    with database.write() as session:
        tasks = (settled_task(other_id, status="已完成：无人应答", final=True, due_at=None), settled_task(task_id))
        settle(session, settlement(attempt_id, *tasks))
    with database.read() as session:
        assert session.get_one(Attempt, attempt_id).status == "已完成：无人应答"
        assert [one.status for one in session.get_one(Attempt, attempt_id).served] == [
            "已完成：无人应答",
            "未完成：无人应答",
        ]
        assert session.get_one(ReviewTask, other_id).final
        assert [one.id for one in history_of(session, task_id)] == [attempt_id]
        assert due(session, NOON + timedelta(hours=1)) == [task_id]
    with database.write() as session:
        assert begin(session, task_id, now=NOON + timedelta(hours=1)).call_id == f"{task_id}-2"


def test_a_task_that_another_call_took_cannot_be_taken_again(database: Database, task_id: int, other_id: int) -> None:
    with database.write() as session:
        attempt_id = begin(session, other_id, task_id).id
    with database.write() as session:
        ended = [settled_task(one, final=True, due_at=None) for one in (other_id, task_id)]
        settle(session, settlement(attempt_id, *ended))
    with pytest.raises(StaleAttempt), database.write() as session:
        begin(session, task_id)


def test_many_workers_take_a_task_once(database: Database, task_id: int) -> None:
    took: list[str] = []
    ready = threading.Barrier(6)

    def work(worker: str) -> None:
        ready.wait()
        try:
            with database.write() as session:
                begin(session, task_id, worker=worker)
            took.append(worker)
        except (ClientBusy, StaleAttempt):
            pass

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
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
