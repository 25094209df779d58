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
from rules.pace import Owed, calls_expected, forecast, most_per_hour, summary_of

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


class TestHoursOfTheirOwn:
    """A campaign with calling hours of its own (its hours were changed while it runs)."""

    AFTERNOON = CallingHours(((Opening(time(18), time(20)),),) * 7)
    LATE = CallingHours(((Opening(time(20), time(22)),),) * 7)

    def test_only_its_own_hours_count(self) -> None:
        """100 calls today between 18:00 and 20:00 at 20 an hour: 40 are made; 50 an hour would do."""
        (line,) = forecast([Owed(TODAY, 100, hours=self.AFTERNOON)], 20, TEN_HOURS, NOW).lines
        assert (line.open_time, line.missed, line.needed_per_hour) == (timedelta(hours=2), 60, Fraction(50))

    def test_others_are_called_before_them(self) -> None:
        """160 of the firm's hours take eight of the ten; 40 in the last two fit."""
        both = [Owed(TODAY, 160), Owed(TODAY, 40, hours=self.AFTERNOON)]
        outlook = forecast(both, 20, TEN_HOURS, NOW)
        assert (outlook.missed, outlook.needed_per_hour) == (0, Fraction(20))
        assert outlook.lines[1].finished_at == at("2026-06-01 20:00")
        assert forecast([*both, Owed(TODAY, 1)], 20, TEN_HOURS, NOW).missed == 1

    def test_hours_after_the_firms(self) -> None:
        """20:00 to 22:00 come on top of ten hours: 40 more calls."""
        outlook = forecast([Owed(TODAY, 200), Owed(TODAY, 40, hours=self.LATE)], 20, TEN_HOURS, NOW)
        assert [line.missed for line in outlook.lines] == [0, 0]
        assert outlook.lines[1].finished_at == at("2026-06-01 22:00")

    def test_its_hours_are_over_and_the_firms_are_not(self) -> None:
        morning = CallingHours(((Opening(time(9), time(10)),),) * 7)
        outlook = forecast([Owed(TODAY, 5, hours=morning), Owed(TODAY, 5)], 20, TEN_HOURS, at("2026-06-01 12:00"))
        assert (outlook.missed, outlook.lost) == (5, 5)


class TestBeginnings:
    """Tasks of a plan that begins later are not called before."""

    BEGINS = at("2026-06-02 00:00")

    def test_only_the_time_from_then_on_counts(self) -> None:
        """300 from tomorrow on, due tomorrow, at 20 an hour: 200 are made in its ten hours; 30 an hour would do."""
        (line,) = forecast([Owed(TOMORROW, 300, begins_at=self.BEGINS)], 20, TEN_HOURS, NOW).lines
        assert (line.open_time, line.missed, line.needed_per_hour) == (timedelta(hours=10), 100, Fraction(30))

    def test_what_is_due_later_is_called_before_it(self) -> None:
        """Today's ten hours are for the 200 that are due the day after, tomorrow's for the 200 that begin then."""
        later = Owed(at("2026-06-03 23:59:59"), 200)
        first, second = forecast([later, Owed(TOMORROW, 200, begins_at=self.BEGINS)], 20, TEN_HOURS, NOW).lines
        assert (first.missed, second.missed) == (0, 0)
        assert (first.finished_at, second.finished_at) == (at("2026-06-02 20:00"), at("2026-06-01 20:00"))

    def test_the_time_before_it_cannot_be_saved_up(self) -> None:
        """300 calls in twenty hours are 15 an hour, but 200 of them must be made in ten."""
        both = [Owed(TOMORROW, 100), Owed(TOMORROW, 200, begins_at=self.BEGINS)]
        outlook = forecast(both, 15, TEN_HOURS, NOW)
        assert (outlook.missed, outlook.needed_per_hour) == (50, Fraction(20))
        (together,) = outlook.deadlines
        assert (together.tasks, together.missed, together.finished_at) == (300, 50, None)

    def test_what_begins_after_its_deadline_is_lost(self) -> None:
        outlook = forecast([Owed(TODAY, 7, begins_at=self.BEGINS)], 20, TEN_HOURS, NOW)
        assert (outlook.missed, outlook.lost, outlook.needed_per_hour) == (7, 7, Fraction(0))

    def test_what_has_begun_is_as_if_it_had_no_beginning(self) -> None:
        (line,) = forecast([Owed(TODAY, 200, begins_at=at("2026-05-01 00:00"))], 20, TEN_HOURS, NOW).lines
        assert (line.open_time, line.missed) == (timedelta(hours=10), 0)


class TestSharedCalls:
    """One call for all that a client is to be asked (§5.1.7)."""

    def test_who_is_called_anyhow_takes_no_call(self) -> None:
        """100 calls at 10 an hour fill today's ten hours, and 60 of them do tomorrow's tasks as well."""
        outlook = forecast([Owed(TODAY, 100), Owed(TOMORROW, 60, joins=TODAY)], 10, TEN_HOURS, NOW)
        lead, joining = outlook.lines
        assert [lead.calls, joining.calls, outlook.missed] == [100, 0, 0]
        assert lead.finished_at == joining.finished_at == at("2026-06-01 20:00")
        assert outlook.needed_per_hour == 10

    def test_where_the_call_is_missed_another_one_is_made(self) -> None:
        """Half of today's 200 are missed: so are half of the 40 calls to share, and 20 are made tomorrow."""
        lead, joining = forecast([Owed(TODAY, 200), Owed(TOMORROW, 40, joins=TODAY)], 10, TEN_HOURS, NOW).lines
        assert [lead.missed, joining.calls, joining.missed] == [100, 20, 0]
        assert joining.finished_at == at("2026-06-02 11:00")

    def test_a_call_that_no_pace_can_save_is_not_shared(self) -> None:
        both = [Owed(TODAY, 5), Owed(TOMORROW, 20, joins=TODAY)]
        outlook = forecast(both, 5, TEN_HOURS, at("2026-06-01 20:00"))
        assert [outlook.missed, outlook.lost, outlook.lines[1].calls] == [5, 5, 20]
        assert outlook.needed_per_hour == 2

    def test_both_are_due_at_once(self) -> None:
        """150 calls are wanted for 150 clients, 30 of whom are asked twice: 100 are made, a third of both is missed."""
        outlook = forecast([Owed(TODAY, 30, joins=TODAY), Owed(TODAY, 150)], 10, TEN_HOURS, NOW)
        (together,) = outlook.deadlines
        assert (together.tasks, together.missed, together.needed_per_hour) == (180, 60, Fraction(15))

    def test_calls_of_other_hours_are_not_theirs(self) -> None:
        evening = CallingHours(((Opening(time(18), time(20)),),) * 7)
        both = [Owed(TODAY, 10), Owed(TOMORROW, 10, joins=TODAY, hours=evening)]
        assert [line.calls for line in forecast(both, 10, TEN_HOURS, NOW).lines] == [10, 10]

    def test_the_call_comes_first(self) -> None:
        with pytest.raises(BadPolicy, match="the earlier first"):
            Owed(TODAY, 1, joins=TOMORROW)


class TestLines:
    @pytest.mark.parametrize(
        ("calls", "per_second", "seconds", "most"),
        [
            (8, 4.0, Fraction(60), Fraction(480)),  # eight lines carry eight calls of a minute at once
            (1000, 0.5, Fraction(60), Fraction(1800)),  # one new call every two seconds
            (1, 4.0, Fraction(90), Fraction(40)),
        ],
    )
    def test_what_they_carry_in_an_hour(self, calls: int, per_second: float, seconds: Fraction, most: Fraction) -> None:
        assert most_per_hour(calls, per_second, seconds) == most

    @pytest.mark.parametrize(("calls", "per_second", "seconds"), [(0, 1.0, 60), (1, 0.0, 60), (1, 1.0, 0)])
    def test_nonsense(self, calls: int, per_second: float, seconds: int) -> None:
        with pytest.raises(BadPolicy, match="more than 0"):
            most_per_hour(calls, per_second, Fraction(seconds))


class TestWords:
    def test_nothing_is_owed(self) -> None:
        assert summary_of(forecast([Owed(TODAY, 0)], 0, TEN_HOURS, NOW)) == (
            "目前没有限期的待拨打任务，各期限前均可完成。"
        )

    def test_no_pace_yet(self) -> None:
        """Two days of ten hours for 30 + 70 calls: at least five an hour."""
        outlook = forecast([Owed(TODAY, 30), Owed(TOMORROW, 70)], 0, TEN_HOURS, NOW)
        assert summary_of(outlook) == (
            "目前没有在拨打，还不能按速度预测：有100个任务待拨打，最早的期限是2026年6月1日23:59。每小时5次可按期完成。"
        )

    def test_no_pace_and_no_time_left(self) -> None:
        outlook = forecast([Owed(TODAY, 3)], 0, TEN_HOURS, at("2026-06-01 20:00"))
        assert summary_of(outlook).endswith("其中3个在期限前已没有可拨打的时间。")

    def test_of_many_deadlines_only_the_first_is_named(self) -> None:
        owed = [Owed(at(f"2026-06-0{day} 23:59:59"), 300) for day in range(1, 5)]
        said = summary_of(forecast(owed, 20, TEN_HOURS, NOW))
        assert said == (
            "按目前每小时20次的速度，自2026年6月1日23:59起的4个期限前，共有400个任务不能完成。每小时30次可按期完成。"
        )


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
        lambda hours, tasks, calls, begins, joins: Owed(
            NOW + timedelta(hours=hours),
            tasks,
            calls,
            begins_at=NOW + timedelta(hours=begins) if begins else None,
            joins=NOW + timedelta(hours=min(hours, joins)) if joins else None,
        ),
        st.sampled_from([-5, 5, 10, 30, 55, 77, 100]),
        st.integers(0, 500),
        st.fractions(1, 3, max_denominator=7),
        st.sampled_from([0, 0, 15, 40]),
        st.sampled_from([0, 5, 30]),
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
