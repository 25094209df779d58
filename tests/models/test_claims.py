"""The queue: in the order of deadlines, whatever the number of tasks, each to one worker."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from models import Campaign, CampaignStopped, Customer, Database, LinesFull, ReviewTask, StaleAttempt, WorkerLost
from models.claims import claim, give_up_overdue, let_go, next_due_at, queue_length, release_holds, take_in
from models.control import do_not_call, move_campaign
from models.lines import LineCaps, count_call, enter_line
from models.queue import begin_attempt
from models.running_tables import Worker
from models.settlements import SettledTask, Settlement, settle
from models.workers import LOST_AFTER, beat, give_up_silent, left_behind, sign_on, still_alive, sweeping_alone
from tests.conftest import NOON, served

MANY = 60


@pytest.fixture
def many(database: Database, task_id: int) -> int:
    """Sixty more clients with a task each, due now, the later ones with the nearer deadline; the campaign."""
    with database.write() as session:
        first = session.get_one(ReviewTask, task_id)
        first.due_at = None
        sealed = {"name": "单小明", "name_digest": "n", "phone": "13800001111", "phone_digest": "p"}
        session.execute(insert(Customer), [{"id": 100 + n, "number": f"M{n}"} | sealed for n in range(MANY)])
        usual = {"campaign_id": first.campaign_id, "review_type": "anomaly", "script": "anomaly", "created_at": NOON}
        session.execute(
            insert(ReviewTask),
            [
                usual | {
                    "id": 100 + n, "number": f"M{n}", "customer_id": 100 + n, "due_at": NOON, "slots": {},
                    "deadline_at": NOON + timedelta(days=100 - n),
                }
                for n in range(MANY)
            ],
        )  # fmt: skip
        return first.campaign_id


def begin(database: Database, task_id: int, worker: str = "w1") -> int:
    with database.write() as session:
        still_alive(session, worker)
        return begin_attempt(
            session, served(session, task_id), dialled="13800001111", worker=worker, now=NOON,
            script_hash="f" * 64, facts="{}",
        ).id  # fmt: skip


def no_answer(task_id: int, attempt_id: int) -> Settlement:
    again = SettledTask(task_id, "未完成：无人应答", due_at=NOON + timedelta(hours=1))
    return Settlement(attempt_id, "w1", NOON + timedelta(minutes=1), "no_answer", (again,))


def test_what_comes_due_in_several_batches_is_taken_in_deadline_order(database: Database, many: int) -> None:
    counts: list[int] = []
    while not counts or counts[-1]:
        with database.write() as session:
            counts.append(take_in(session, NOON, limit=25))
    assert counts == [25, 25, 10, 0]
    with database.write() as session:
        assert queue_length(session, NOON) == MANY
        assert claim(session, "w1", NOON, 4, [many]) == [159, 158, 157, 156]
        assert claim(session, "w2", NOON, 2, [many]) == [155, 154]
        assert claim(session, "w2", NOON, 2, [many + 1]) == []
        let_go(session, "w1", 159)
    with database.write() as session:
        assert claim(session, "w2", NOON, 1, [many]) == [159]


def test_no_two_workers_are_given_the_same_task(database: Database, many: int) -> None:
    with database.write() as session:
        take_in(session, NOON)
    taken: list[int] = []
    ready = threading.Barrier(4)

    def work(worker: str) -> None:
        ready.wait()
        while True:
            with database.write() as session:
                found = claim(session, worker, NOON, 3, [many])
            if not found:
                return
            taken.extend(found)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(taken) == list(range(100, 100 + MANY))


def test_a_held_task_is_not_begun_by_another_worker(database: Database, many: int) -> None:
    with database.write() as session:
        take_in(session, NOON)
        claim(session, "w1", NOON, 1, [many])
    with pytest.raises(StaleAttempt):
        begin(database, 159, "w2")
    with database.write() as session:
        release_holds(session, ["w1"])  # it died
    assert begin(database, 159, "w2")


def test_what_is_past_its_deadline_goes_to_a_person(database: Database, many: int) -> None:
    late = NOON + timedelta(days=100 - MANY + 2)
    with database.write() as session:
        take_in(session, NOON)
        assert give_up_overdue(session, late) == 1
        task = session.get_one(ReviewTask, 159)
        assert (task.with_human, task.final, task.due_at) == (True, False, None)
        assert "期限" in task.trouble


def test_a_paused_campaign_goes_on_and_a_stopped_one_never(database: Database, many: int) -> None:
    with database.write() as session:
        take_in(session, NOON)
    for state, length in (("paused", 0), ("running", MANY), ("stopped", 0)):
        with database.write() as session:
            move_campaign(session, many, state)
            take_in(session, NOON)
            assert len(claim(session, "w", NOON, MANY, [many])) == length
            session.execute(update(ReviewTask).values(held_until=None))
    with pytest.raises(CampaignStopped), database.write() as session:
        move_campaign(session, many, "running")
    with database.read() as session:
        assert session.get_one(Campaign, many).state == "stopped"


def test_do_not_call_is_undone_by_no_later_result(database: Database, many: int) -> None:
    attempt_id = begin(database, 159)
    with database.write() as session:
        do_not_call(session, 159, "客户要求", NOON)
    with database.write() as session:
        settle(session, no_answer(159, attempt_id))
    with database.write() as session:
        task = session.get_one(ReviewTask, 159)
        assert (task.due_at, task.with_human, task.customer.do_not_call) == (None, True, True)
        assert next_due_at(session, many, NOON) == NOON
        task.due_at = NOON  # as an import would
    with pytest.raises(StaleAttempt):
        begin(database, 159)


def test_the_lines_carry_no_more_than_they_may(database: Database, many: int) -> None:
    with database.write() as session:
        enter_line(session, "lines")
        enter_line(session, "lines")
    caps, now = LineCaps("lines", calls=3, per_second=2), NOON

    def call(task_id: int, at_ms: int) -> int:
        with database.write() as session:
            at = now + timedelta(milliseconds=at_ms)
            count_call(session, caps, at)
            return begin_attempt(
                session, served(session, task_id), dialled="1", worker="w1", now=at, script_hash="f" * 64, facts="{}",
                line="lines",
            ).id  # fmt: skip

    first = call(100, 0)
    call(101, 400)
    with pytest.raises(LinesFull, match="within a second"):
        call(102, 999)
    with pytest.raises(LinesFull, match="within a second"):
        call(102, -300)  # a host whose clock is behind
    call(102, 1000)
    with pytest.raises(LinesFull, match="carry 3"):
        call(103, 9000)
    with database.write() as session:
        settle(session, no_answer(100, first))
    call(103, 9000)


def test_a_silent_worker_is_given_up_once_and_changes_nothing_when_it_wakes(database: Database, many: int) -> None:
    with database.write() as session:
        for name in ("w1", "w2"):
            sign_on(session, Worker(id=name, host="h", place="", started_at=NOON, heartbeat_at=NOON))
    attempt_id = begin(database, 159)
    late = NOON + LOST_AFTER + timedelta(seconds=1)
    with database.write() as session:
        assert left_behind(session) == []
        beat(session, "w2", late)
        assert give_up_silent(session, late, judge="w2") == ["w1"]
        assert give_up_silent(session, late, judge="w2") == []
        assert [one.id for one in left_behind(session)] == [attempt_id]
    with pytest.raises(WorkerLost), database.write() as session:
        beat(session, "w1", late)
    with pytest.raises(WorkerLost):
        begin(database, 158)
    with database.write() as session:  # the sweeper's word counts
        settle(session, no_answer(159, attempt_id))
    with pytest.raises(StaleAttempt), database.write() as session:
        settle(session, no_answer(159, attempt_id))


def test_who_works_in_a_place_has_followed_whoever_was_there(database: Database) -> None:
    with database.write() as session:
        sign_on(session, Worker(id="w1", host="h", place="h:/data", started_at=NOON, heartbeat_at=NOON))
        sign_on(session, Worker(id="w2", host="h", place="h:/data", started_at=NOON, heartbeat_at=NOON))
    with pytest.raises(WorkerLost), database.write() as session:
        beat(session, "w1", NOON)


def test_one_worker_of_all_sweeps(database: Database) -> None:
    with sweeping_alone(database) as first, sweeping_alone(database) as second:
        assert first
        assert second == (database.engine.dialect.name == "sqlite")  # there, one process has the database
    with sweeping_alone(database) as again:
        assert again
