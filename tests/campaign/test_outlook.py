"""What will be missed at today's pace, and what pace would do: where the pace comes from, and where there is none."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.duties.outlook import LineRoom, outlook
from campaign.running.opening_hours import hours_to
from models import Attempt, Campaign, ReviewTask
from models.lines import LineCaps, Lines
from rules import CallingHours, Opening, ReviewType
from tests.campaign.importers import NOW, SHANGHAI
from tests.campaign.test_drawing import client, firm, review, task_for

__all__ = ["firm"]  # a fixture

HOURS = CallingHours(((Opening(time(9), time(12)), Opening(time(13), time(20))),) * 5 + ((), ()))  # ten, no weekends
EVENING = datetime(2026, 6, 1, 18, tzinfo=SHANGHAI)  # eight of Monday's ten hours have passed
TONIGHT = datetime(2026, 6, 1, 23, 59, 59, tzinfo=SHANGHAI)
TOMORROW = TONIGHT + timedelta(days=1)


def owe(session: Session, count: int, deadline_at: datetime, due_at: datetime | None = None) -> list[ReviewTask]:
    tasks = [task_for(session, client(session, number), ReviewType.SUITABILITY) for number in range(count)]
    for task in tasks:
        task.deadline_at, task.due_at = deadline_at, due_at
    session.flush()
    return tasks


def called(
    session: Session, count: int, first: datetime, apart: timedelta, outcome: str = "no_answer", passed: int = 0
) -> None:
    """So many calls of the bot to clients from C89 downwards, each of 30 s ringing and 60 s talk."""
    for number in range(count):
        review(session, client(session, 89 - passed - number), ReviewType.OTHER, first + number * apart)
    for attempt in session.scalars(select(Attempt)):
        attempt.outcome, attempt.ring_ms, attempt.talk_ms = outcome, 30_000, 60_000
    session.flush()


def test_what_will_be_missed_and_what_pace_would_do(firm: Session) -> None:
    """16 calls in the eight hours since nine, half of a task's 7/4 calls missing: two an hour, two hours left."""
    owe(firm, 8, TONIGHT, due_at=NOW)
    called(firm, 16, datetime(2026, 6, 1, 9, tzinfo=SHANGHAI), timedelta(minutes=30))
    found = outlook(firm, EVENING, HOURS)
    assert (found.window, found.calls, found.forecast.per_hour) == ("今天", 16, Fraction(2))
    assert found.reach * 2 == 1  # sixteen calls are too few to say
    (line,) = found.forecast.lines
    assert (line.owed.tasks, line.missed, line.needed_per_hour) == (8, 6, Fraction(7))
    assert found.summary == ("按目前每小时2次的速度，2026年6月1日23:59前将有6个任务不能完成。每小时7次可按期完成。")


def test_nothing_is_owed(firm: Session) -> None:
    found = outlook(firm, NOW, HOURS)
    assert (found.forecast.missed, found.by_people) == (0, 0)
    assert found.summary == "目前没有限期的待拨打任务，各期限前均可完成。"


def test_nobody_has_called_yet(firm: Session) -> None:
    """Tomorrow's ten hours and the nine left today for 38 tasks of 7/4 calls: 3.5 an hour."""
    owe(firm, 38, TOMORROW)
    found = outlook(firm, NOW, HOURS)
    assert (found.calls, found.forecast.per_hour) == (0, Fraction(0))
    assert found.summary == (
        "目前没有在拨打，还不能按速度预测：有38个任务待拨打，最早的期限是2026年6月2日23:59。每小时4次可按期完成。"
    )


def test_an_idle_day_says_nothing_but_a_standstill_does(firm: Session) -> None:
    """Nothing is due today, so that last week's pace counts; once something is due and nobody calls, it is zero."""
    called(firm, 30, datetime(2026, 5, 28, 9, tzinfo=SHANGHAI), timedelta(minutes=1))
    tasks = owe(firm, 5, TOMORROW, due_at=TOMORROW - timedelta(hours=10))
    found = outlook(firm, EVENING, HOURS)
    assert (found.window, found.calls) == ("近7天", 30)
    tasks[0].due_at = NOW
    firm.flush()
    found = outlook(firm, EVENING, HOURS)
    assert (found.window, found.calls, found.forecast.per_hour) == ("今天", 0, Fraction(0))
    assert "目前没有在拨打" in found.summary


def test_a_weekend_goes_by_the_days_before_it(firm: Session) -> None:
    """Thursday's 30 calls, over the seven days to Saturday noon: five weekdays of ten hours."""
    called(firm, 30, datetime(2026, 6, 4, 9, tzinfo=SHANGHAI), timedelta(minutes=10))
    owe(firm, 5, datetime(2026, 6, 7, 23, 59, 59, tzinfo=SHANGHAI))
    found = outlook(firm, datetime(2026, 6, 6, 12, tzinfo=SHANGHAI), HOURS)
    assert (found.window, found.forecast.per_hour) == ("近7天", Fraction(30, 50))
    assert found.summary.endswith("其中5个在期限前已没有可拨打的时间。")  # Sunday night: no hours are left


def test_after_a_long_holiday_the_month_counts(firm: Session) -> None:
    called(firm, 30, datetime(2026, 9, 28, 9, tzinfo=SHANGHAI), timedelta(minutes=10))
    owe(firm, 5, datetime(2026, 10, 9, 23, 59, 59, tzinfo=SHANGHAI))
    found = outlook(firm, datetime(2026, 10, 8, 9, tzinfo=SHANGHAI), HOURS)
    assert (found.window, found.calls) == ("近30天", 30)


def test_hours_cut_since_make_no_faster_pace(firm: Session) -> None:
    """60 calls in ten hours of Friday; with one hour a day they would look like 60 in an hour or so."""
    friday = datetime(2026, 5, 29, 9, tzinfo=SHANGHAI)
    called(firm, 60, friday, timedelta(minutes=10))
    owe(firm, 20, TOMORROW)
    short = CallingHours(((Opening(time(9), time(10)),),) * 5 + ((), ()))
    found = outlook(firm, datetime(2026, 6, 1, 8, tzinfo=SHANGHAI), short)
    assert found.forecast.per_hour == Fraction(60, 9)  # calls began in ten hours of the clock, nine apart


def test_the_hours_of_a_campaign(firm: Session) -> None:
    """Its own hours are over for today, the firm's are not."""
    called(firm, 30, datetime(2026, 6, 1, 9, tzinfo=SHANGHAI), timedelta(minutes=10))
    owe(firm, 5, TONIGHT, due_at=NOW)
    assert outlook(firm, EVENING, HOURS).forecast.lost == 0
    morning = CallingHours(((Opening(time(9), time(12)),),) * 7)
    firm.scalars(select(Campaign)).one().hours = hours_to(morning)
    firm.flush()
    assert outlook(firm, EVENING, HOURS).forecast.lost == 5


@pytest.mark.parametrize(
    ("room", "workers", "most"),
    [
        (LineRoom(8, 4.0), 1, (8, 4.0)),
        (LineRoom(8, 4.0), 3, (24, 12.0)),
        (LineRoom(8, 4.0, Lines((LineCaps("a", 5, 1.0), LineCaps("b", 6, 1.0)))), 3, (11, 2.0)),
        (LineRoom(8, 4.0, Lines((LineCaps("a", 50, 10.0),), LineCaps("*", 9, 3.0))), 3, (9, 3.0)),
    ],
)
def test_what_the_lines_carry(room: LineRoom, workers: int, most: tuple[int, float]) -> None:
    assert room.of(workers) == most


def test_more_than_the_lines_can_do(firm: Session) -> None:
    """One line, calls of 90 s: 40 an hour. 80 tasks of 7/4 calls in two hours need 70; 80 calls end 45 of them."""
    owe(firm, 80, TONIGHT, due_at=NOW)
    called(firm, 10, datetime(2026, 6, 1, 9, tzinfo=SHANGHAI), timedelta(minutes=40))
    assert not outlook(firm, EVENING, HOURS).beyond
    one_minute = outlook(firm, EVENING, HOURS, LineRoom(1, 4.0))
    assert (one_minute.most_per_hour, one_minute.beyond) == (Fraction(60), True)  # ten calls are too few to say
    called(firm, 20, datetime(2026, 6, 1, 9, 5, tzinfo=SHANGHAI), timedelta(minutes=20), "hung_up", passed=10)
    for attempt in firm.scalars(select(Attempt)).all()[:15]:
        attempt.outcome = "reviewed"
    firm.flush()
    found = outlook(firm, EVENING, HOURS, LineRoom(1, 4.0))
    assert (found.reach, found.most_per_hour) == (Fraction(1, 2), Fraction(40))
    assert (found.forecast.needed_per_hour, found.missed_at_most) == (Fraction(70), 35)
    assert found.summary.endswith(
        "每小时70次可按期完成。线路每小时最多拨打约40次，即使用满仍有35个任务不能按期完成："
        "请增加线路、延长拨打时段，或改由人工回访。"
    )
    assert not outlook(firm, EVENING, HOURS, LineRoom(2, 4.0)).beyond


def test_one_call_for_all_that_a_client_is_asked(firm: Session) -> None:
    """Two an hour with two hours left tonight, 7/4 calls a task: two tasks, and with them what is due tomorrow."""
    called(firm, 16, datetime(2026, 6, 1, 9, tzinfo=SHANGHAI), timedelta(minutes=30))
    for number in range(2):
        for review_type, deadline_at in ((ReviewType.SUITABILITY, TONIGHT), (ReviewType.CONDUCT, TOMORROW)):
            task = task_for(firm, client(firm, number), review_type)
            task.deadline_at, task.due_at = deadline_at, NOW
    firm.flush()
    found = outlook(firm, EVENING, HOURS)
    assert [[one.tasks, one.calls, one.missed] for one in found.forecast.deadlines] == [
        [2, Fraction(7, 2), 0],
        [2, 0, 0],
    ]
    assert found.forecast.needed_per_hour == Fraction(7, 4)


def test_a_plan_that_begins_later_is_not_called_before(firm: Session) -> None:
    """Ten hours tomorrow for 40 tasks of 7/4 calls: seven an hour, though two hours are left today."""
    owe(firm, 40, TOMORROW, due_at=datetime(2026, 6, 2, tzinfo=SHANGHAI))
    found = outlook(firm, EVENING, HOURS)
    assert (found.forecast.lines[0].open_time, found.forecast.needed_per_hour) == (timedelta(hours=10), Fraction(7))


def test_only_the_bots_own_calls_make_its_pace(firm: Session) -> None:
    """Calls of people, calls of clients, and calls that our own line lost are not."""
    called(firm, 40, datetime(2026, 6, 1, 9, tzinfo=SHANGHAI), timedelta(minutes=10))
    attempts = firm.scalars(select(Attempt)).all()
    for attempt in attempts[:10]:
        attempt.method = "human_call"
    for attempt in attempts[10:15]:
        attempt.direction = "incoming"
    for attempt in attempts[15:18]:
        attempt.outcome = "own_line_failed"
    firm.flush()
    assert outlook(firm, EVENING, HOURS).calls == 22


def test_many_missed_deadlines_are_told_as_one(firm: Session) -> None:
    called(firm, 1, datetime(2026, 5, 28, 9, tzinfo=SHANGHAI), timedelta(minutes=1))
    for days in range(30):
        task = task_for(firm, client(firm, days), ReviewType.NEW_PERMISSION)
        task.deadline_at = datetime(2026, 6, 1 + days, 23, 59, 59, tzinfo=SHANGHAI)
    firm.flush()
    found = outlook(firm, NOW, CallingHours())
    assert found.summary.startswith("按目前每小时1次的速度，自2026年6月1日23:59起的30个期限前，共有30个任务不能完成")
    assert len(found.summary) < 80


def test_tasks_of_people_and_stopped_campaigns_are_not_the_bots(firm: Session) -> None:
    tasks = owe(firm, 5, TOMORROW)
    for task in tasks[:2]:
        task.with_human = True
    firm.flush()
    found = outlook(firm, NOW, HOURS)
    assert (found.by_people, found.forecast.lines[0].owed.tasks) == (2, 3)
    campaign = firm.scalars(select(Campaign)).one()
    campaign.state = "paused"
    firm.flush()
    found = outlook(firm, NOW, HOURS)
    assert (found.paused, found.forecast.lines[0].owed.tasks) == (3, 3)
    assert found.summary.endswith("待拨打任务中有3个所在批次已暂停，恢复之前不会拨打。")
    campaign.state = "stopped"
    firm.flush()
    assert outlook(firm, NOW, HOURS).forecast.lines == ()


def test_by_type_of_review(firm: Session) -> None:
    called(firm, 30, datetime(2026, 6, 1, 0, tzinfo=UTC), timedelta(minutes=1))
    tasks = owe(firm, 80, TONIGHT)
    for task in tasks[:40]:
        task.review_type = "anomaly"
    tasks[0].deadline_at = NOW
    firm.flush()
    found = outlook(firm, EVENING, HOURS)
    assert set(found.missed_by_type) == {"anomaly", "suitability"}
    assert sum(found.missed_by_type.values()) == found.forecast.missed - 1  # one is late already
