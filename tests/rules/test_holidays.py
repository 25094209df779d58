"""Holidays, make-up workdays, a client's own times and the exchange's closures from a file."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import BadPolicy, CallingHours, Opening, RulesError, TradingCalendar, UnknownYear, may_call_at, next_allowed
from rules.hours import EVERY_DAY, SHANGHAI, stretches
from rules.trading_days import parse_years, public_days

NOON_ONLY = (Opening(time(10), time(12)),)
OFFICE = (*[EVERY_DAY] * 5, (), ())  # no calls on weekends


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class TestPublicDays:
    def test_2026_as_the_state_council_announced(self) -> None:
        """国务院办公厅关于2026年部分节假日安排的通知."""
        days = public_days(2026)
        spring = {date(2026, 2, day) for day in range(15, 24)}
        national = {date(2026, 10, day) for day in range(1, 8)}
        new_year = {date(2026, 1, day) for day in range(1, 4)}
        assert spring | national | new_year <= days.holidays
        assert len(days.holidays) == 3 + 9 + 3 + 5 + 3 + 3 + 7
        assert {day.isoformat() for day in days.workdays} == {
            "2026-01-04",
            "2026-02-14",
            "2026-02-28",
            "2026-05-09",
            "2026-09-20",
            "2026-10-10",
        }

    def test_a_year_that_nobody_knows(self) -> None:
        with pytest.raises(UnknownYear, match="2099"):
            public_days(2099)


class TestHolidayHours:
    DAYS = public_days(2026)
    HOURS = CallingHours(OFFICE, holidays=DAYS.holidays, on_holidays=NOON_ONLY, workdays=DAYS.workdays)

    @pytest.mark.parametrize(
        ("instant", "allowed"),
        [
            ("2026-10-01 09:30", False),  # Thursday, National Day
            ("2026-10-01 10:00", True),
            ("2026-10-01 14:00", False),
            ("2026-10-10 09:30", True),  # Saturday worked in exchange: Monday's hours
            ("2026-10-10 12:30", False),
            ("2026-10-11 10:30", False),  # a Sunday like any other
            ("2026-10-12 09:30", True),
        ],
    )
    def test_each_kind_of_day_has_its_own(self, instant: str, allowed: bool) -> None:
        assert may_call_at(at(instant), self.HOURS) is allowed

    def test_holidays_without_calls(self) -> None:
        hours = CallingHours(OFFICE, holidays=self.DAYS.holidays, workdays=self.DAYS.workdays)
        assert next_allowed(at("2026-09-30 20:00"), hours) == at("2026-10-08 09:00")
        assert next_allowed(at("2026-10-09 20:00"), hours) == at("2026-10-10 09:00")

    def test_a_closed_day_goes_before_all_else(self) -> None:
        closed = frozenset({date(2026, 10, 1), date(2026, 10, 10)})
        hours = CallingHours(OFFICE, closed, SHANGHAI, self.DAYS.holidays, NOON_ONLY, self.DAYS.workdays)
        assert not may_call_at(at("2026-10-01 10:00"), hours)
        assert not may_call_at(at("2026-10-10 10:00"), hours)

    def test_hours_of_holidays_must_not_overlap(self) -> None:
        with pytest.raises(BadPolicy, match="overlap"):
            CallingHours(on_holidays=(Opening(time(9), time(11)), Opening(time(10), time(12))))

    def test_an_opening_of_nothing(self) -> None:
        with pytest.raises(BadPolicy, match="start must come before"):
            Opening(time(9), time(9))

    def test_hours_that_change_while_a_call_waits(self) -> None:
        due_at = next_allowed(at("2026-06-01 20:30"), CallingHours())
        assert due_at == at("2026-06-02 09:00")
        assert next_allowed(due_at, CallingHours((NOON_ONLY,) * 7)) == at("2026-06-02 10:00")


class TestStatedTimes:
    def test_only_what_both_allow(self) -> None:
        """晚上六点以后、上午十一点到两点."""
        hours = CallingHours().within((Opening(time(11), time(14)), Opening(time(18), time(23, 59))))
        assert hours is not None
        assert hours.openings(date(2026, 6, 1)) == (
            Opening(time(11), time(12)),
            Opening(time(13, 30), time(14)),
            Opening(time(18), time(20)),
        )

    def test_nothing_in_common(self) -> None:
        assert CallingHours().within((Opening(time(12), time(13, 30)),)) is None
        assert CallingHours().within(()) is None

    def test_holidays_only(self) -> None:
        hours = CallingHours(((),) * 7, on_holidays=NOON_ONLY, holidays=frozenset({date(2026, 10, 1)}))
        stated = hours.within((Opening(time(11), time(14)),))
        assert stated is not None
        assert stated.openings(date(2026, 10, 1)) == (Opening(time(11), time(12)),)
        assert stated.openings(date(2026, 10, 2)) == ()

    @given(st.lists(st.tuples(st.integers(0, 1438), st.integers(1, 1439)), max_size=4), st.integers(0, 7 * 1440))
    def test_never_outside_either(self, drawn: list[tuple[int, int]], minute: int) -> None:
        stated = tuple(
            Opening(time(*divmod(start, 60)), time(*divmod(end, 60)))
            for start, end in sorted(drawn)
            if start < end and not any(start < e and s < end for s, e in drawn if (s, e) != (start, end))
        )
        stated = tuple(dict.fromkeys(stated))
        instant = at("2026-06-01 00:00") + timedelta(minutes=minute)
        narrowed = CallingHours(OFFICE).within(stated)
        own = any(one.start <= instant.time() < one.end for one in stated)
        allowed = own and may_call_at(instant, CallingHours(OFFICE))
        assert (narrowed is not None and may_call_at(instant, narrowed)) == allowed


class TestStretches:
    def test_are_clipped_to_the_span(self) -> None:
        found = list(stretches(at("2026-06-01 11:00"), at("2026-06-02 09:30"), CallingHours()))
        assert found == [
            (at("2026-06-01 11:00"), at("2026-06-01 12:00")),
            (at("2026-06-01 13:30"), at("2026-06-01 20:00")),
            (at("2026-06-02 09:00"), at("2026-06-02 09:30")),
        ]

    def test_none_backwards(self) -> None:
        assert list(stretches(at("2026-06-02 09:00"), at("2026-06-01 09:00"), CallingHours())) == []
        assert list(stretches(at("2026-06-01 09:00"), at("2026-06-01 09:00"), CallingHours())) == []


FILE = """
# 上海证券交易所关于2099年部分节假日休市安排的通知
2099年
2099-01-01            # 元旦
2099-01-21..2099-01-28
2100年
2100-01-01
"""


class TestClosuresFile:
    def test_a_coming_year(self) -> None:
        with pytest.raises(UnknownYear, match="2099"):
            TradingCalendar().is_trading_day(date(2099, 1, 5))
        calendar = TradingCalendar().with_file(FILE)
        assert not calendar.is_trading_day(date(2099, 1, 1))
        assert calendar.is_trading_day(date(2099, 1, 2))
        assert not calendar.is_trading_day(date(2099, 1, 3))  # a Saturday
        assert calendar.nth_trading_day(date(2099, 1, 21), 1) == date(2099, 1, 29)
        assert calendar.is_trading_day(date(2100, 1, 4))
        with pytest.raises(UnknownYear, match="2101"):
            calendar.is_trading_day(date(2101, 1, 3))

    def test_an_empty_file_adds_nothing(self) -> None:
        assert TradingCalendar().with_file("# nothing yet\n") == TradingCalendar()

    def test_all_problems_at_once(self) -> None:
        wrong = "2098-12-31\n2099年\n2099-02-30\n2100-01-01\n2099-01-03\n2101年\n正月初一\n0年\n"
        with pytest.raises(RulesError) as caught:
            parse_years(wrong)
        message = str(caught.value)
        for named in (
            "line 1: '2098-12-31' stands under no year",
            "line 3: '2099-02-30'",
            "line 4: '2100-01-01' stands under 2099年",
            "2099年 lists no closed weekday",
            "2101年 lists no closed weekday",
            "line 7: '正月初一'",
            "line 8: '0年'",
        ):
            assert named in message
        assert "line 5" not in message
