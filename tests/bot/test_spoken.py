"""How times and telephone numbers are said back to the client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.walk.spoken import spoken_number, spoken_time

BEIJING = timezone(timedelta(hours=8))
NOW = datetime(2026, 3, 4, 10, 0, tzinfo=BEIJING)  # a Wednesday


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-04 15:00", "今天下午三点"),
        ("2026-03-05 09:30", "明天上午九点半"),
        ("2026-03-05 14:00", "明天下午两点"),
        ("2026-03-05 12:00", "明天中午十二点"),
        ("2026-03-06 20:05", "后天晚上八点零五分"),
        ("2026-03-06 07:45", "后天早上七点四十五分"),
        ("2026-03-10 10:00", "三月十号星期二上午十点"),
        ("2026-12-22 11:20", "十二月二十二号星期二上午十一点二十分"),
        ("2026-03-15 18:10", "三月十五号星期天晚上六点十分"),
    ],
)
def test_a_time_is_said_as_people_say_it(at: str, said: str) -> None:
    assert spoken_time(datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=BEIJING), NOW) == said


def test_a_time_is_said_in_the_zone_of_the_call() -> None:
    assert spoken_time(datetime(2026, 3, 5, 7, 0, tzinfo=UTC), NOW) == "明天下午三点"


@pytest.mark.parametrize(
    ("digits", "said"),
    [
        ("13812340567", "幺三八，幺二三四，零五六七"),
        ("02155550123", "零二幺五，五五五零，幺二三"),
        ("6655443", "六六五五，四四三"),
    ],
)
def test_a_number_is_said_digit_by_digit(digits: str, said: str) -> None:
    assert spoken_number(digits) == said
