"""The bounds of one campaign hold over all workers: whoever comes too much in the same moment waits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from benchmarks.cluster import Cluster
from models import Campaign, CampaignFull, Customer, Database, Line, LinesFull, ReviewTask, Seal, database, row_locks
from models.bounds import OwnCalls, count_call, count_late, pace_of, room_of
from models.lines import LineCaps, Lines, enter_lines, take_line
from models.managing import set_pace
from models.queue import begin_attempt
from models.settlements import SettledTask, Settlement, settle
from tests.conftest import NOON, served

HOUR_SECONDS = 3600
TRUNKS = Lines((LineCaps("main", 0, 5), LineCaps("other", 5, 5)))


@pytest.fixture
def campaign(either_database: Database) -> Iterator[int]:
    """One with twelve clients who are to be called."""
    with either_database.write() as session:
        session.add_all([Campaign(id=n, name=f"方案{n}", created_at=NOON) for n in (1, 2)])
        session.flush()
        for n in range(1, 13):
            session.add(Customer(id=n, number=f"C{n}", name="客户", name_digest="", phone="1", phone_digest=""))
            session.flush()
            session.add(
                ReviewTask(
                    id=n, number=f"T{n}", campaign_id=1, customer_id=n, review_type="other", script="periodic",
                    created_at=NOON, due_at=NOON,
                )
            )  # fmt: skip
    yield 1


def begin(session: Session, task_id: int, worker: str, at: float) -> int:
    """As a worker begins a call `at` seconds after noon; the attempt's id."""
    now = NOON + timedelta(seconds=at)
    count_call(session, [session.get_one(Campaign, 1)], now)
    return begin_attempt(
        session, served(session, task_id), dialled="1", worker=worker, now=now, script_hash="f" * 64, facts="{}"
    ).id


def end(session: Session, task_id: int, attempt_id: int, worker: str) -> None:
    again = SettledTask(task_id, "未完成：无人应答", due_at=NOON + timedelta(hours=1))
    settle(session, Settlement(attempt_id, worker, NOON, "no_answer", (again,)))


def test_workers_that_begin_in_the_same_moment_keep_to_the_lines_together(
    either_database: Database, campaign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_locks, "KEPT_SECONDS", 60)
    with either_database.write() as session:
        set_pace(session, campaign, 3, None)
    together = Barrier(12)

    def try_one(task_id: int) -> int | None:
        together.wait(timeout=60)
        try:
            with either_database.write() as session:
                return begin(session, task_id, f"w{task_id % 2}", 0)
        except CampaignFull:
            return None

    with ThreadPoolExecutor(12) as workers:
        begun = {n: attempt for n, attempt in enumerate(workers.map(try_one, range(1, 13)), start=1) if attempt}
    assert len(begun) == 3
    waits = next(n for n in range(1, 13) if n not in begun)
    assert try_one_now(either_database, waits) is None
    ended, attempt_id = next(iter(begun.items()))
    with either_database.write() as session:
        end(session, ended, attempt_id, f"w{ended % 2}")
    assert try_one_now(either_database, waits) is not None


def try_one_now(database: Database, task_id: int) -> int | None:
    try:
        with database.write() as session:
            return begin(session, task_id, "w0", 60)
    except CampaignFull:
        return None


def test_an_hours_calls_are_spread_over_it_whoever_begins_them(either_database: Database, campaign: int) -> None:
    with either_database.write() as session:
        set_pace(session, campaign, None, 120)  # two a minute
    for task_id, worker, at in ((1, "a", 0), (2, "b", 20)):
        with either_database.write() as session:
            begin(session, task_id, worker, at)
    with pytest.raises(CampaignFull, match="120"), either_database.write() as session:
        begin(session, 3, "b", 59)
    with either_database.write() as session:  # the second goes out late
        count_late(session, [campaign], NOON + timedelta(seconds=40), NOON + timedelta(seconds=20))
    with pytest.raises(CampaignFull), either_database.write() as session:  # the first cannot, a third one neither
        count_late(session, [campaign], NOON + timedelta(seconds=50), NOON + timedelta(seconds=7))
    with either_database.write() as session:
        begin(session, 3, "b", 61)
    with pytest.raises(CampaignFull), either_database.write() as session:
        begin(session, 4, "a", 99)
    with either_database.write() as session:
        begin(session, 4, "a", 101)
        set_pace(session, campaign, None, 6)  # one in ten minutes
    with pytest.raises(CampaignFull), either_database.write() as session:
        begin(session, 5, "a", 700)
    with either_database.write() as session:
        begin(session, 5, "a", 702)


def test_how_many_are_worth_taking(either_database: Database, campaign: int) -> None:
    def room(at: float = 0, own: OwnCalls | None = None) -> int | None:
        now = NOON + timedelta(seconds=at)
        return room_of(session, [session.get_one(Campaign, campaign)], now, own or OwnCalls("b")).get(campaign)

    with either_database.write() as session:
        assert room() is None
        set_pace(session, campaign, 2, None)
        assert room() == 2
        begin(session, 1, "a", 0)
        assert room() == 1
        assert room(own=OwnCalls("b", {campaign: 1})) == 0  # one is being prepared here
        assert room(own=OwnCalls("a", {campaign: 1})) == 1  # the same call, known twice
        set_pace(session, campaign, None, 120)
        begin(session, 2, "a", 0)
        assert (room(30), room(61), room(61, OwnCalls("b", {campaign: 3}))) == (1, 2, 0)


@given(st.integers(1, 500_000))
def test_no_hour_holds_more_calls_than_it_may(calls_per_hour: int) -> None:
    pace = pace_of(calls_per_hour)
    windows = HOUR_SECONDS / pace.seconds
    assert windows == pytest.approx(round(windows))  # an hour is a whole number of them
    assert calls_per_hour * 2 / 3 < pace.starts * round(windows) <= calls_per_hour


@pytest.fixture
def trunks(postgresql: Cluster, seal: Seal) -> Iterator[Database]:
    """A database on PostgreSQL with the rows of two trunks."""
    opened = Database(postgresql.create("trunks", template="huifang"))
    with opened.write() as session:
        enter_lines(session, TRUNKS)
    yield opened
    opened.close()
    postgresql.drop("trunks")


def test_who_has_one_trunks_row_waits_for_no_others(trunks: Database) -> None:
    with trunks.write() as another, trunks.write() as session:
        another.get(Line, "other", with_for_update=True)  # and would want that of `main` next
        session.execute(text("SET LOCAL lock_timeout = '5s'"))
        with pytest.raises(LinesFull) as refused:
            take_line(session, TRUNKS, NOON)
        assert refused.value.wait_seconds is not None  # soon again
    with trunks.write() as session:
        assert take_line(session, TRUNKS, NOON) == "other"


def test_nobody_waits_long_for_who_stands_still_while_it_counts(
    trunks: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_locks, "KEPT_SECONDS", 1)
    with trunks.write() as session:
        session.add(Campaign(id=1, name="方案", created_at=NOON, lines=3))
    with trunks.write() as still:
        count_call(still, [still.get_one(Campaign, 1)], NOON)
        take_line(still, TRUNKS, NOON)
        with pytest.raises(CampaignFull), trunks.write() as session:
            count_call(session, [session.get_one(Campaign, 1)], NOON)
        with pytest.raises(LinesFull), trunks.write() as session:
            take_line(session, TRUNKS, NOON)


def test_who_stands_still_loses_the_rows_that_it_keeps(trunks: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "STILL_SECONDS", 1)
    with pytest.raises(DBAPIError), trunks.write() as still:
        still.get(Line, "main", with_for_update=True)
        with trunks.write() as session:
            assert session.get(Line, "main", with_for_update=True) is not None
