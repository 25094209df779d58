"""When a callback is offered: inside the calling hours, before the deadline, as near as can be to what was asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time

import pytest

from bot.moves import Facts
from bot.walk.callbacks import Obstacle, offer
from bot.walk.spoken import spoken_deadline, spoken_hours
from intents import TimeSpan
from rules.hours import CallingHours, Opening
from tests.bot.conversation import BEIJING, CALLED_AT

NEVER = CallingHours(week=((),) * 7)
WEEKDAYS = CallingHours(week=((Opening(time(9), time(17)),),) * 5 + ((),) * 2, closed=frozenset({date(2026, 3, 6)}))
FACTS = Facts({}, CALLED_AT)  # Wednesday 4 March 2026, 10:00


def at(text: str) -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=BEIJING)


def offered(wanted: str, words: str, facts: Facts) -> tuple[datetime | None, Obstacle | None]:
    found = offer(TimeSpan(at(wanted), words), words, facts)
    return found.at, found.why


@pytest.mark.parametrize(
    ("wanted", "words", "given", "why"),
    [
        ("03-04 15:00", "下午三点", "03-04 15:00", None),
        ("03-04 19:59", "", "03-04 19:59", None),
        ("03-04 20:00", "晚上八点", "03-04 19:30", Obstacle.OUTSIDE_HOURS),  # the end does not count
        ("03-05 12:15", "十二点一刻", "03-05 11:30", Obstacle.OUTSIDE_HOURS),
        ("03-05 13:00", "一点", "03-05 13:30", Obstacle.OUTSIDE_HOURS),
        ("03-05 12:15", "十二点一刻以后", "03-05 13:30", Obstacle.OUTSIDE_HOURS),
        ("03-04 21:00", "九点以后", "03-05 09:00", Obstacle.OUTSIDE_HOURS),
        ("03-05 09:30", "今天九点半", "03-05 09:30", Obstacle.PAST_TIME),  # today, and it was before this call
    ],
)
def test_the_nearest_time_within_the_hours_is_offered(
    wanted: str, words: str, given: str, why: Obstacle | None
) -> None:
    assert offered(wanted, words, FACTS) == (at(given), why)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [("03-06 10:00", "03-09 09:00"), ("03-07 10:00", "03-09 09:00")],  # a closed Friday, a Saturday -> Monday
)
def test_a_closed_day_gives_way_to_the_next_open_one(wanted: str, given: str) -> None:
    assert offered(wanted, "", replace(FACTS, hours=WEEKDAYS)) == (at(given), Obstacle.CLOSED_DAY)


@pytest.mark.parametrize(
    ("wanted", "before", "given"),
    [
        ("03-10 10:00", "03-06 00:00", "03-05 19:30"),
        ("03-10 10:00", "03-05 15:00", "03-05 14:30"),
        ("03-05 15:00", "03-05 15:00", "03-05 14:30"),
        ("03-10 10:00", "03-05 09:10", "03-05 09:00"),
        ("03-10 10:00", "03-04 10:05", None),
    ],
)
def test_nothing_is_offered_after_the_deadline(wanted: str, before: str, given: str | None) -> None:
    facts = replace(FACTS, callback_before=at(before))
    assert offered(wanted, "", facts) == (at(given) if given else None, Obstacle.TOO_LATE)


def test_hours_that_never_open_do_not_break_the_call() -> None:
    assert offered("03-05 15:00", "", replace(FACTS, hours=NEVER))[0] == at("03-05 15:00")


def test_hours_and_deadlines_are_said_as_people_say_them() -> None:
    openings = (Opening(time(9), time(12)), Opening(time(13, 30), time(20)))
    assert spoken_hours(openings) == "上午九点到中午十二点，下午一点半到晚上八点"
    assert spoken_deadline(at("03-06 00:00"), CALLED_AT) == "后天"
    assert spoken_deadline(at("03-10 23:59"), CALLED_AT) == "三月十一号星期三"
    assert spoken_deadline(at("03-05 17:00"), CALLED_AT) == "明天下午五点"
