"""Forecasts worked out by hand: ten calling hours a day but for two examples."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import BadPolicy, CallingHours, Opening
from rules.hours import SHANGHAI
from rules.pace import Owed, calls_expected, forecast, summary_of

TEN_HOURS = CallingHours(((Opening(time(9), time(12)), Opening(time(13), time(20))),) * 7)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


NOW = at("2026-06-01 09:00")
TODAY = at("2026-06-01 23:59:59")
TOMORROW = at("2026-06-02 23:59:59")


class TestForecast:
    def test_enough(self) -> None:
        """100 calls at 20 an hour take 5 hours: 09–12 and 13–15."""
        outlook = forecast([Owed(TODAY, 100)], 20, TEN_HOURS, NOW)
        (line,) = outlook.lines
        assert (line.missed, line.finished_at, line.open_time) == (0, at("2026-06-01 15:00"), timedelta(hours=10))
        assert (outlook.missed, outlook.lost, outlook.needed_per_hour) == (0, 0, Fraction(10))
        assert summary_of(outlook) == "按目前每小时20次的速度，各期限前均可完成。"

    def test_too_slow(self) -> None:
        """300 calls in 10 hours at 20 an hour: 200 are made, 100 missed, 30 an hour would do."""
        outlook = forecast([Owed(TODAY, 300)], 20, TEN_HOURS, NOW)
        assert (outlook.missed, outlook.needed_per_hour, outlook.lines[0].finished_at) == (100, Fraction(30), None)
        assert summary_of(outlook) == (
            "按目前每小时20次的速度，2026年6月1日23:59前将有100个任务不能完成。每小时30次可按期完成。"
        )

    def test_the_earliest_deadline_goes_first(self) -> None:
        """Today 150, tomorrow 300 at 20 an hour: today takes 7.5 h, then 12.5 h are left for 250 of tomorrow's."""
        outlook = forecast([Owed(TOMORROW, 300), Owed(TODAY, 150)], 20, TEN_HOURS, NOW)
        today, tomorrow = outlook.lines
        assert (today.owed.deadline_at, today.missed, today.finished_at) == (TODAY, 0, at("2026-06-01 17:30"))
        assert (tomorrow.missed, tomorrow.needed_per_hour) == (50, Fraction(450, 20))
        assert outlook.needed_per_hour == Fraction(45, 2)
        assert "每小时23次" in summary_of(outlook)

    def test_what_was_missed_takes_no_time_afterwards(self) -> None:
        """300 due today of which 100 are missed; tomorrow's 200 fit exactly."""
        today, tomorrow = forecast([Owed(TODAY, 300), Owed(TOMORROW, 200)], 20, TEN_HOURS, NOW).lines
        assert (today.missed, tomorrow.missed) == (100, 0)
        assert tomorrow.finished_at == at("2026-06-02 20:00")
        assert (today.needed_per_hour, tomorrow.needed_per_hour) == (Fraction(30), Fraction(25))

    def test_a_deadline_within_the_morning(self) -> None:
        """09:00 to 10:30 are 1.5 hours: 30 of 33 calls."""
        outlook = forecast([Owed(at("2026-06-01 10:30"), 33)], 20, TEN_HOURS, NOW)
        assert (outlook.lines[0].open_time, outlook.missed) == (timedelta(minutes=90), 3)
        assert outlook.needed_per_hour == 22

    def test_several_calls_for_a_task(self) -> None:
        """100 tasks of 2.5 calls are 250 calls; 200 are made, and the 50 left are 20 tasks."""
        outlook = forecast([Owed(TODAY, 100, Fraction(5, 2))], 20, TEN_HOURS, NOW)
        assert (outlook.missed, outlook.needed_per_hour) == (20, Fraction(25))

    def test_a_task_half_done_is_missed(self) -> None:
        assert forecast([Owed(TODAY, 2, Fraction(2))], Fraction(3, 10), TEN_HOURS, NOW).missed == 1

    def test_days_without_calls(self) -> None:
        """Friday to Monday with weekends off: 10 + 10 hours, not 40."""
        hours = CallingHours((*[TEN_HOURS.week[0]] * 5, (), ()))
        outlook = forecast([Owed(at("2026-06-08 23:59:59"), 300)], 10, hours, at("2026-06-05 09:00"))
        assert (outlook.lines[0].open_time, outlook.missed) == (timedelta(hours=20), 100)

    def test_a_holiday_week(self) -> None:
        """From the evening of 30 September 2026 to 8 October, closed from 1 to 7 October: one day of 10 hours."""
        closed = frozenset(date(2026, 10, day) for day in range(1, 8))
        hours = CallingHours(TEN_HOURS.week, closed)
        outlook = forecast([Owed(at("2026-10-08 23:59:59"), 100)], 10, hours, at("2026-09-30 20:00"))
        assert (outlook.lines[0].open_time, outlook.missed) == (timedelta(hours=10), 0)
        assert outlook.lines[0].finished_at == at("2026-10-08 20:00")

    def test_no_calling_hours_left(self) -> None:
        """What is due tonight is lost at any pace; the rest needs 10 an hour."""
        outlook = forecast([Owed(TODAY, 5), Owed(TOMORROW, 100)], 5, TEN_HOURS, at("2026-06-01 20:00"))
        assert (outlook.missed, outlook.lost, outlook.needed_per_hour) == (55, 5, Fraction(10))
        assert outlook.lines[0].needed_per_hour is None
        assert summary_of(outlook).endswith("其中5个在期限前已没有可拨打的时间。其余每小时10次可按期完成。")

    def test_all_of_it_lost(self) -> None:
        outlook = forecast([Owed(at("2026-05-31 12:00"), 5)], 5, TEN_HOURS, NOW)
        assert (outlook.missed, outlook.lost, outlook.needed_per_hour) == (5, 5, Fraction(0))
        assert summary_of(outlook).endswith("其中5个在期限前已没有可拨打的时间。")

    def test_at_a_standstill(self) -> None:
        outlook = forecast([Owed(TODAY, 30)], 0, TEN_HOURS, NOW)
        assert (outlook.missed, outlook.lost, outlook.needed_per_hour) == (30, 0, Fraction(3))

    def test_nothing_owed(self) -> None:
        outlook = forecast([], 5, TEN_HOURS, NOW)
        assert (outlook.lines, outlook.missed, outlook.needed_per_hour) == ((), 0, Fraction(0))
        (line,) = forecast([Owed(TODAY, 0)], 5, TEN_HOURS, NOW).lines
        assert (line.missed, line.finished_at, line.needed_per_hour) == (0, None, Fraction(0))

    def test_a_whole_year(self) -> None:
        """365 days of 10 hours at 10 an hour are 36,500 calls."""
        outlook = forecast([Owed(at("2026-12-31 23:59:59"), 36_501)], 10, TEN_HOURS, at("2026-01-01 00:00"))
        assert outlook.missed == 1
        leap = forecast([Owed(at("2028-12-31 23:59:59"), 36_601)], 10, TEN_HOURS, at("2028-01-01 00:00"))
        assert leap.missed == 1


class TestCallsExpected:
    @pytest.mark.parametrize(
        ("reach", "attempts", "calls"),
        [
            (Fraction(1), 3, Fraction(1)),
            (Fraction(0), 3, Fraction(3)),
            (Fraction(1, 2), 2, Fraction(3, 2)),
            (Fraction(1, 2), 3, Fraction(7, 4)),
            (Fraction(3, 10), 1, Fraction(1)),
        ],
    )
    def test_by_hand(self, reach: Fraction, attempts: int, calls: Fraction) -> None:
        assert calls_expected(reach, attempts) == calls

    @pytest.mark.parametrize(("reach", "attempts"), [(Fraction(-1), 2), (Fraction(2), 2), (Fraction(1, 2), 0)])
    def test_nonsense(self, reach: Fraction, attempts: int) -> None:
        with pytest.raises(BadPolicy, match="attempts"):
            calls_expected(reach, attempts)


owed_lists = st.lists(
    st.builds(
        lambda hours, tasks, calls: Owed(NOW + timedelta(hours=hours), tasks, calls),
        st.integers(-5, 100),
        st.integers(0, 500),
        st.fractions(1, 3, max_denominator=7),
    ),
    max_size=8,
)


@given(owed_lists, st.fractions(0, 100, max_denominator=9))
def test_the_needed_pace_misses_nothing_that_can_be_saved(owed: list[Owed], pace: Fraction) -> None:
    outlook = forecast(owed, pace, TEN_HOURS, NOW)
    needed = outlook.needed_per_hour
    at_needed = forecast(owed, needed, TEN_HOURS, NOW)
    assert at_needed.missed == at_needed.lost == outlook.lost
    if needed:
        assert forecast(owed, needed * Fraction(999, 1000), TEN_HOURS, NOW).missed > outlook.lost
    assert (outlook.missed == outlook.lost) == (pace >= needed)


@given(owed_lists, st.fractions(0, 100, max_denominator=9), st.fractions(0, 100, max_denominator=9))
def test_the_faster_the_fewer_are_missed(owed: list[Owed], one: Fraction, other: Fraction) -> None:
    slow, fast = (forecast(owed, pace, TEN_HOURS, NOW) for pace in sorted([one, other]))
    assert slow.missed >= fast.missed
    assert all(line.finished_at <= line.owed.deadline_at for line in fast.lines if line.finished_at)
    assert sum(line.missed for line in slow.lines) <= sum(ceil(line.tasks) for line in owed)


class TestNonsense:
    def test_owed(self) -> None:
        for tasks, calls in ((-1, Fraction(1)), (1, Fraction(0)), (1, Fraction(-1))):
            with pytest.raises(BadPolicy, match="calls each"):
                Owed(TODAY, tasks, calls)
        with pytest.raises(BadPolicy, match="naive"):
            Owed(datetime(2026, 6, 1), 1)  # noqa: DTZ001

    def test_forecasts(self) -> None:
        with pytest.raises(BadPolicy, match="pace"):
            forecast([], -1, TEN_HOURS, NOW)
        with pytest.raises(BadPolicy, match="naive"):
            forecast([], 1, TEN_HOURS, datetime(2026, 6, 1))  # noqa: DTZ001
        with pytest.raises(BadPolicy, match="reaches"):
            forecast([Owed(at("2126-06-01 09:00"), 1)], 1, TEN_HOURS, NOW)
