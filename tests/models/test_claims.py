"""The queue: in the order of deadlines, whatever the number of tasks, each to one worker."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from models import (
    Attempt,
    Campaign,
    CampaignStopped,
    Customer,
    Database,
    LinesFull,
    ReviewTask,
    StaleAttempt,
    WorkerLost,
)
from models.claims import claim, give_up_overdue, let_go, next_due_at, queue_length, release_holds, take_in
from models.control import do_not_call, move_campaign
from models.lines import TOGETHER, LineCaps, Lines, change_line, enter_lines, take_line
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


def test_a_new_account_goes_before_what_is_due_later(database: Database, many: int) -> None:
    """Table A.1 line 1: 账户可使用前; it has no date of its own, and is never late."""
    with database.write() as session:
        for task_id, review_type in ((100, "new_account"), (101, "settled"), (102, "private_fund")):
            task = session.get_one(ReviewTask, task_id)
            task.review_type, task.deadline_at = review_type, None
        session.get_one(ReviewTask, 103).deadline_at = NOON + timedelta(hours=2)
    with database.write() as session:
        take_in(session, NOON)
        assert claim(session, "w1", NOON, 4, [many]) == [103, 100, 102, 159]
        release_holds(session, ["w1"])
        later = NOON + timedelta(days=2)
        assert give_up_overdue(session, later) == 1  # the one that was due at two o'clock
        take_in(session, later)
        assert claim(session, "w1", later, 3, [many]) == [100, 102, 159]
    with database.read() as session:
        assert not session.get_one(ReviewTask, 100).with_human


def test_who_has_waited_longest_stays_before_the_fresh(database: Database, many: int) -> None:
    """Three accounts, each a minute younger, and one of the second day: the order in which they waited stays."""

    def due(task_id: int, later: timedelta) -> None:
        with database.write() as session:
            task = session.get_one(ReviewTask, task_id)
            task.review_type, task.deadline_at, task.due_at = "new_account", None, NOON + later
            task.dial_by = None
            take_in(session, NOON + later)

    for minutes, task_id in enumerate((103, 102, 101)):
        due(task_id, timedelta(minutes=minutes))
    second_day = timedelta(days=1)
    due(100, second_day)
    for passed in range(0, 240, 7):  # minutes, one look of the sweeper each
        now = NOON + second_day + timedelta(minutes=passed)
        with database.write() as session:
            give_up_overdue(session, now)
            take_in(session, now)
            assert claim(session, "w1", now, 4, [many]) == [103, 102, 101, 100]
            release_holds(session, ["w1"])


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


def test_who_asks_in_a_call_to_be_called_no_more_is_not(database: Database, task_id: int) -> None:
    with database.write() as session:
        first = session.get_one(ReviewTask, task_id)
        usual = {"campaign_id": first.campaign_id, "customer_id": first.customer_id, "created_at": NOON}
        other = ReviewTask(
            number="T002", review_type="conduct", script="conduct", due_at=NOON + timedelta(days=1), **usual
        )
        session.add(other)
    refused = SettledTask(task_id, "已完成：拒绝回访", final=True)
    call = begin(database, task_id)
    with database.write() as session:
        settle(session, Settlement(call, "w1", NOON, "refused", (refused,), no_more_calls=True))
    with database.read() as session:
        task, later = session.get_one(ReviewTask, task_id), session.get_one(ReviewTask, other.id)
        assert (task.status, task.final, task.with_human) == ("已完成：拒绝回访", True, False)
        assert (later.due_at, later.with_human) == (None, True)
        assert task.customer.do_not_call
        assert task.customer.do_not_call_at == NOON
        assert task.customer.do_not_call_why == f"客户在通话中要求不再致电（通话{task_id}-1）"


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


class Trunks:
    """Calls on two trunks and a bound on both; every call is of its own client."""

    lines = Lines((LineCaps("main", 2, 2), LineCaps("other", 3, 0.5)), LineCaps(TOGETHER, 4, 5))

    def __init__(self, database: Database) -> None:
        self.database = database
        self.next = 100
        with database.write() as session:
            enter_lines(session, self.lines)
            enter_lines(session, self.lines)

    def call(self, at: float, *order: str) -> tuple[str, int]:
        with self.database.write() as session:
            now = NOON + timedelta(seconds=at)
            line = take_line(session, self.lines, now, order)
            attempt = begin_attempt(
                session, served(session, self.next), dialled="1", worker="w1", now=NOON, script_hash="f" * 64,
                facts="{}", line=line,
            )  # fmt: skip
        self.next += 1
        return line, attempt.id

    def change(self, attempt_id: int, name: str, at: float, unused: float | None = None) -> None:
        with self.database.write() as session:
            since = None if unused is None else NOON + timedelta(seconds=unused)
            change_line(session, self.lines, attempt_id, name, NOON + timedelta(seconds=at), since)

    def settle(self, attempt_id: int) -> None:
        with self.database.write() as session:
            settle(session, no_answer(session.get_one(Attempt, attempt_id).task_id, attempt_id))


def test_each_trunk_carries_no_more_than_it_may(database: Database, many: int) -> None:
    trunks = Trunks(database)
    line, first = trunks.call(0.0)
    assert (line, trunks.call(0.4)[0]) == ("main", "main")
    assert trunks.call(0.9)[0] == "other"  # main carries its two
    with pytest.raises(LinesFull, match="'other' take 0.5 new calls a second"):
        trunks.call(2.9)  # half a call a second: one in two seconds, and what a start may be late
    assert trunks.call(3.2)[0] == "other"
    with pytest.raises(LinesFull, match=r"4 calls are on the lines '\*'"):
        trunks.call(9.0)
    trunks.settle(first)
    assert trunks.call(9.0, "other", "main")[0] == "other"  # preferred, because main does not answer


def test_a_call_that_its_trunk_has_failed_counts_to_the_next(database: Database, many: int) -> None:
    trunks = Trunks(database)
    _, call = trunks.call(0.0)
    trunks.change(call, "other", 0.1)
    _, second = trunks.call(0.5)
    with pytest.raises(LinesFull, match="'main' take 2 new calls a second"):
        trunks.call(1.2, "main", "other")  # main has seen the failed start too
    with pytest.raises(LinesFull, match="'other'"):
        trunks.change(second, "other", 0.6)
    trunks.settle(second)
    with pytest.raises(StaleAttempt):
        trunks.change(second, "main", 9.0)


def test_a_start_that_was_too_late_is_taken_back_before_it_counts_anew(database: Database, many: int) -> None:
    trunks = Trunks(database)
    _, call = trunks.call(0.0, "other")
    with pytest.raises(LinesFull):
        trunks.change(call, "other", 1.0)
    trunks.change(call, "other", 1.0, unused=0.0)
    trunks.settle(call)
    with pytest.raises(LinesFull):
        trunks.change(trunks.call(2.6)[1], "other", 2.9)  # two seconds from the later one
    assert trunks.call(4.0, "other")[0] == "other"


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
