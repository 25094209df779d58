"""Calling hours, trading days, deadlines; dates from the State Council's and the exchange's own notices."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import (
    BadPolicy,
    CallingHours,
    Opening,
    ReviewType,
    RulesError,
    TradingCalendar,
    UnknownYear,
    deadline_of,
    may_call_at,
    next_allowed,
    parse_closures,
)
from rules.hours import EVERY_DAY

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = TradingCalendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


class TestHours:
    @pytest.mark.parametrize(
        ("clock", "allowed"),
        [
            ("08:59:59", False),
            ("09:00:00", True),
            ("11:59:59", True),
            ("12:00:00", False),
            ("13:29:59", False),
            ("13:30:00", True),
            ("19:59:59", True),
            ("20:00:00", False),
            ("00:00:00", False),
        ],
    )
    def test_default_hours_with_their_edges(self, clock: str, allowed: bool) -> None:
        assert may_call_at(at(f"2026-06-01 {clock}"), CallingHours()) is allowed

    def test_the_zone_is_that_of_the_firm(self) -> None:
        assert may_call_at(datetime(2026, 6, 1, 1, tzinfo=UTC), CallingHours())
        assert not may_call_at(datetime(2026, 6, 1, 9, 0, tzinfo=ZoneInfo("America/New_York")), CallingHours())

    def test_next_allowed(self) -> None:
        hours = CallingHours()
        assert next_allowed(at("2026-06-01 10:15:30"), hours) == at("2026-06-01 10:15:30")
        assert next_allowed(at("2026-06-01 12:00"), hours) == at("2026-06-01 13:30")
        assert next_allowed(at("2026-06-01 20:00"), hours) == at("2026-06-02 09:00")
        assert next_allowed(at("2026-06-01 03:00"), hours) == at("2026-06-01 09:00")

    def test_weekends_and_holidays(self) -> None:
        weekdays = CallingHours(week=(EVERY_DAY,) * 5 + ((), ()), closed=frozenset({date(2026, 6, 1)}))
        assert not may_call_at(at("2026-05-30 10:00"), weekdays)  # a Saturday
        assert next_allowed(at("2026-05-29 20:00"), weekdays) == at("2026-06-02 09:00")  # Monday is closed

    def test_hours_that_never_open(self) -> None:
        with pytest.raises(BadPolicy, match="no calling hours"):
            next_allowed(at("2026-06-01 10:00"), CallingHours(week=((),) * 7))

    def test_hours_that_make_no_sense(self) -> None:
        with pytest.raises(BadPolicy, match="seven"):
            CallingHours(week=(EVERY_DAY,))
        with pytest.raises(BadPolicy, match="overlap"):
            CallingHours(week=((Opening(time(9), time(12)), Opening(time(11), time(13))),) + (EVERY_DAY,) * 6)
        with pytest.raises(BadPolicy, match="before the end"):
            Opening(time(12), time(9))
        with pytest.raises(BadPolicy, match="naive"):
            may_call_at(datetime(2026, 6, 1, 9), CallingHours())  # noqa: DTZ001

    @given(st.integers(0, 2 * 365 * 86400))
    def test_next_allowed_is_allowed_and_not_earlier(self, seconds: int) -> None:
        instant = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        hours = CallingHours(week=(EVERY_DAY,) * 6 + ((),), closed=frozenset({date(2026, 1, 1)}))
        found = next_allowed(instant, hours)
        assert may_call_at(found, hours)
        assert instant <= found <= instant + timedelta(days=4)


class TestTradingDays:
    @pytest.mark.parametrize(
        ("day", "trading"),
        [
            ("2026-06-01", True),
            ("2026-06-06", False),  # Saturday
            ("2026-10-01", False),  # National Day
            ("2026-10-10", False),  # a Saturday made up as a workday: no trading
            ("2026-02-17", False),  # Spring Festival
            ("2024-02-09", False),  # New Year's Eve 2024: a workday by law, but the exchange was closed
            ("2024-02-08", True),
        ],
    )
    def test_known_days(self, day: str, trading: bool) -> None:
        assert CALENDAR.is_trading_day(date.fromisoformat(day)) is trading

    def test_an_unknown_year_says_how_to_add_it(self) -> None:
        with pytest.raises(UnknownYear, match=r"2090.*with_year\(2090"):
            CALENDAR.is_trading_day(date(2090, 1, 2))

    def test_a_year_can_be_added(self) -> None:
        closures = parse_closures("2090-01-02  # 元旦\n\n2090-01-30..2090-02-03\n# nothing more\n")
        calendar = CALENDAR.with_year(2090, closures)
        assert not calendar.is_trading_day(date(2090, 1, 2))
        assert not calendar.is_trading_day(date(2090, 2, 3))
        assert calendar.is_trading_day(date(2090, 1, 3))
        assert not calendar.is_trading_day(date(2090, 1, 7))  # a Saturday
        with pytest.raises(UnknownYear):
            calendar.is_trading_day(date(2091, 1, 3))

    def test_closures_of_another_year_are_refused(self) -> None:
        with pytest.raises(RulesError, match="2091-01-01"):
            CALENDAR.with_year(2090, [date(2091, 1, 1)])

    def test_every_wrong_line_is_named(self) -> None:
        with pytest.raises(RulesError, match=r"line 1: '1 January'.*line 3: '2090-02-03\.\.2090-01-30'") as caught:
            parse_closures("1 January\n2090-01-02\n2090-02-03..2090-01-30\n2090-01-01..2090-12-31\n")
        assert "line 4" in str(caught.value)
        assert "line 2" not in str(caught.value)

    def test_counting(self) -> None:
        assert CALENDAR.nth_trading_day(date(2026, 6, 1), 1) == date(2026, 6, 1)
        assert CALENDAR.nth_trading_day(date(2026, 9, 30), 2) == date(2026, 10, 8)
        with pytest.raises(RulesError, match="from 1"):
            CALENDAR.nth_trading_day(date(2026, 6, 1), 0)

    def test_a_calendar_that_never_trades(self) -> None:
        year = [date(2090, 1, 1) + timedelta(days=days) for days in range(365)]
        with pytest.raises(RulesError, match="cover everything"):
            CALENDAR.with_year(2090, year).nth_trading_day(date(2090, 1, 1), 1)


class TestDeadlines:
    @pytest.mark.parametrize(
        ("event", "deadline"),
        [
            ("2026-06-01 10:00", "2026-06-02 23:59:59"),  # Monday: Monday and Tuesday
            ("2026-06-05 10:00", "2026-06-08 23:59:59"),  # Friday: Friday and Monday
            ("2026-06-06 10:00", "2026-06-09 23:59:59"),  # Saturday: Monday and Tuesday
            ("2026-09-30 23:59", "2026-10-08 23:59:59"),  # the day before National Day's week
        ],
    )
    def test_anomaly_two_trading_days_with_the_day_itself(self, event: str, deadline: str) -> None:
        assert deadline_of(ReviewType.ANOMALY, at(event), calendar=CALENDAR) == at(deadline)

    def test_the_day_is_shanghais(self) -> None:
        late = datetime(2026, 6, 1, 17, tzinfo=UTC)  # already Tuesday in Shanghai
        assert deadline_of(ReviewType.ANOMALY, late, calendar=CALENDAR) == at("2026-06-03 23:59:59")

    def test_permission_thirty_calendar_days(self) -> None:
        assert deadline_of(ReviewType.NEW_PERMISSION, at("2026-06-01 10:00"), calendar=CALENDAR) == at(
            "2026-06-30 23:59:59"
        )
        assert deadline_of(ReviewType.NEW_PERMISSION, at("2026-12-20 10:00"), calendar=CALENDAR) == at(
            "2027-01-18 23:59:59"
        )

    @pytest.mark.parametrize("kind", [ReviewType.SUITABILITY, ReviewType.CONDUCT, ReviewType.OTHER])
    def test_year_end(self, kind: ReviewType) -> None:
        assert deadline_of(kind, at("2026-12-31 23:00"), calendar=CALENDAR) == at("2026-12-31 23:59:59")
        assert deadline_of(kind, at("2027-01-01 00:00"), calendar=CALENDAR) == at("2027-12-31 23:59:59")

    @pytest.mark.parametrize(
        "kind",
        [
            ReviewType.NEW_ACCOUNT,
            ReviewType.PRIVATE_FUND,
            ReviewType.LEAVING,
            ReviewType.COMPLAINED,
            ReviewType.SETTLED,
        ],
    )
    def test_no_date_of_their_own(self, kind: ReviewType) -> None:
        assert deadline_of(kind, at("2026-06-01 10:00"), calendar=CALENDAR) is None

    def test_a_naive_event(self) -> None:
        with pytest.raises(RulesError, match="naive"):
            deadline_of(ReviewType.OTHER, datetime(2026, 6, 1), calendar=CALENDAR)  # noqa: DTZ001
