"""Calling hours as a manager writes them."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import BadPolicy, CallingHours, Opening, TradingCalendar, may_call_at
from rules.hours import EVERY_DAY, SHANGHAI
from rules.hours_text import EXAMPLE, parse_hours, written_hours
from rules.trading_days import public_days

MORNING = (Opening(time(10), time(12)),)


class TestParsed:
    def test_the_example(self) -> None:
        hours = parse_hours(EXAMPLE)
        assert hours.week == (*[EVERY_DAY] * 5, MORNING, MORNING)
        assert hours.on_holidays == ()

    @pytest.mark.parametrize(
        "text",
        [
            "工作日 09:00-12:00 13:30-20:00\n周末 10:00-12:00",
            "星期一到星期五 9:00-12:00、13:30-20:00；星期六，星期天 10:00至12:00；",
            "周一-周五 09：00-12：00，13：30-20：00;周六 10:00~12:00;周日 10:00—12:00",
        ],
    )
    def test_other_ways_to_write_it(self, text: str) -> None:
        assert parse_hours(text).week == (*[EVERY_DAY] * 5, MORNING, MORNING)

    def test_days_that_are_not_named_get_no_calls(self) -> None:
        hours = parse_hours("周三 10:00-12:00")
        assert hours.week == ((), (), MORNING, (), (), (), ())

    def test_holidays(self) -> None:
        hours = parse_hours("每天 09:00-20:00；节假日 10:00-12:00", [public_days(2026)])
        new_year, make_up = date(2026, 1, 1), date(2026, 1, 4)  # Thursday; Sunday worked in exchange
        assert hours.openings(new_year) == MORNING
        assert hours.openings(make_up) == (Opening(time(9), time(20)),)
        quiet = parse_hours("工作日 09:00-20:00", [public_days(2026)])
        assert quiet.openings(new_year) == ()
        assert may_call_at(datetime(2026, 1, 4, 9, tzinfo=SHANGHAI), quiet)

    def test_holidays_of_a_year_from_a_file(self) -> None:
        calendar = TradingCalendar().with_file("2099年\n2099-01-01..2099-01-03\n2098年\n2098-01-01\n")
        hours = parse_hours("每天 09:00-20:00", map(calendar.public_days, [2026, 2099]))
        assert hours.openings(date(2099, 1, 2)) == ()
        assert hours.openings(date(2099, 1, 5)) != ()
        assert hours.openings(date(2098, 1, 1)) != ()
        assert hours.openings(date(2026, 10, 1)) == ()


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "named"),
        [
            ("", "没有任何"),
            ("每天 不拨打", "没有任何"),
            ("周一", "没有写时间"),
            ("09:00-12:00", "没有写是哪几天"),
            ("周八 09:00-12:00", "“周八”不是日子"),
            ("周五至周一 09:00-12:00", "次序颠倒"),
            ("周一 09:00", "“09:00”不是时间段"),
            ("周一 12:00-09:00", "开始不早于结束"),
            ("周一 09:00-09:00", "开始不早于结束"),
            ("周一 09:00-24:00", "不存在的时刻"),
            ("周一 09:00-10:75", "不存在的时刻"),
            ("周一 13:00-20:00 09:00-12:00", "次序颠倒"),
            ("周一 09:00-12:00 11:00-13:00", "重叠"),
            ("周一 09:00-12:00；工作日 10:00-11:00", "周一写了两次"),
        ],
    )
    def test_names_what_is_wrong(self, text: str, named: str) -> None:
        with pytest.raises(BadPolicy) as caught:
            parse_hours(text)
        assert named in str(caught.value)
        assert EXAMPLE in str(caught.value)

    def test_all_problems_at_once(self) -> None:
        with pytest.raises(BadPolicy) as caught:
            parse_hours("周八 09:00-12:00；周二 25:00-26:00；周三 09:00-10:00；昨天")
        message = str(caught.value)
        assert all(part in message for part in ("周八", "25:00-26:00", "“昨天”"))
        assert "“周三 09:00-10:00”" not in message


minutes = st.integers(0, 24 * 60 - 1)
days = st.lists(minutes, max_size=6, unique=True).map(
    lambda drawn: tuple(
        Opening(time(*divmod(start, 60)), time(*divmod(end, 60)))
        for start, end in zip(sorted(drawn)[::2], sorted(drawn)[1::2], strict=False)
    )
)


@given(st.lists(days, min_size=8, max_size=8).filter(any))
def test_what_is_shown_can_be_read_again(drawn: list[tuple[Opening, ...]]) -> None:
    hours = CallingHours(tuple(drawn[:7]), on_holidays=drawn[7])
    assert parse_hours(written_hours(hours)) == hours


def test_shown() -> None:
    hours = CallingHours((*[EVERY_DAY] * 5, (), MORNING))
    assert written_hours(hours) == "周一至周五 09:00-12:00 13:30-20:00；周六 不拨打；周日 10:00-12:00；节假日 不拨打"
