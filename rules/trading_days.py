"""Trading days of the Shanghai exchange: weekdays that are no public holiday.

Make-up workdays (调休) on weekends are not trading days. Public holidays come from the package
chinesecalendar; for a year that it does not know, the official closures are added by hand (`with_year`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import chinese_calendar

from rules.errors import RulesError, UnknownYear

_YEAR = re.compile(r"([1-9]\d{3})年")
LONGEST_CLOSURE_DAYS = 60  # no closure of the exchange was ever near this long

# Weekdays on which the exchange was closed although they were no public holiday.
EXCHANGE_CLOSURES = frozenset({date(2024, 2, 9)})  # 除夕 2024


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """Which days are trading days; `closures` are closed weekdays known beside the package's public holidays.

    `years`: the years whose closures are all in `closures`; for them the package is not asked.
    """

    closures: frozenset[date] = EXCHANGE_CLOSURES
    years: frozenset[int] = field(default_factory=frozenset)

    def with_year(self, year: int, closures: Iterable[date]) -> TradingCalendar:
        """This calendar with all the closed weekdays of one year, as the exchange announced them."""
        days = frozenset(closures)
        strays = sorted(day.isoformat() for day in days if day.year != year)
        if strays:
            raise RulesError(f"closures of {year} hold days of another year: {', '.join(strays)}; remove them")
        return replace(self, closures=self.closures | days, years=self.years | {year})

    def with_file(self, text: str) -> TradingCalendar:
        """This calendar with the years of a file of official closures.

        A line `2027年` opens a year; the lines after it are all its closed days, as `parse_closures` reads them. Raises
        RulesError that names every wrong line, and every year that lists no closed weekday.
        """
        calendar = self
        for year, days in parse_years(text).items():
            calendar = calendar.with_year(year, days)
        return calendar

    def public_days(self, year: int) -> PublicDays:
        """The holidays of a year: the closures added for it, else what the package knows; raises UnknownYear."""
        if year in self.years:
            return PublicDays(frozenset(day for day in self.closures if day.year == year))
        return public_days(year)

    def is_trading_day(self, day: date) -> bool:
        """Whether the exchange trades on this day; raises UnknownYear where nobody said."""
        if not _is_weekday(day) or day in self.closures:
            return False
        return day.year in self.years or not _public_holiday(day)

    def nth_trading_day(self, start: date, count: int) -> date:
        """The `count`-th trading day from `start` on; `start` itself is the first if it is one (§9.1)."""
        if count < 1:
            raise RulesError(f"trading day number {count}: count from 1")
        day = start
        for _ in range(count * LONGEST_CLOSURE_DAYS):
            count -= self.is_trading_day(day)
            if count == 0:
                return day
            day += timedelta(days=1)
        raise RulesError(f"no trading day near {start}: the closures added to the calendar cover everything; mend them")


def parse_closures(text: str) -> frozenset[date]:
    """Closed days from text: one ISO date or a range `2027-02-05..2027-02-11` per line, `#` starts a comment.

    Raises RulesError that names every line that is neither.
    """
    days: set[date] = set()
    wrong: list[str] = []
    for number, line in _lines(text):
        try:
            days |= _days(line)
        except ValueError:
            wrong.append(f"line {number}: {line!r}")
    if wrong:
        raise RulesError("closures must be dates like 2027-01-01 or ranges 2027-02-05..2027-02-11; " + "; ".join(wrong))
    return frozenset(days)


def parse_years(text: str) -> dict[int, frozenset[date]]:
    """The closed days of a file by year; raises RulesError as `TradingCalendar.with_file` says."""
    years: dict[int, set[date]] = {}
    year = 0
    wrong: list[str] = []
    for number, line in _lines(text):
        if heading := _YEAR.fullmatch(line):
            year = int(heading[1])
            years.setdefault(year, set())
            continue
        try:
            days = _days(line)
        except ValueError:
            wrong.append(f"line {number}: {line!r} is no date, no range and no year")
            continue
        if {day.year for day in days} != {year}:
            wrong.append(f"line {number}: {line!r} stands under {f'{year}年' if year else 'no year'}")
        else:
            years[year] |= days
    wrong += [f"{year}年 lists no closed weekday" for year, days in years.items() if not any(map(_is_weekday, days))]
    if wrong:
        raise RulesError(f"closures: {'; '.join(wrong)}; write a line 2027年, then days like 2027-02-05..2027-02-11")
    return {year: frozenset(days) for year, days in years.items()}


@dataclass(frozen=True, slots=True)
class PublicDays:
    """The public holidays of a year (法定节假日) with their weekends, and the weekend days worked for them (调休)."""

    holidays: frozenset[date]
    workdays: frozenset[date] = frozenset()


def public_days(year: int) -> PublicDays:
    """What the State Council announced for a year; raises UnknownYear where the package does not know it."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    try:
        holidays = chinese_calendar.get_holidays(first, last, include_weekends=False)
        workdays = chinese_calendar.get_workdays(first, last, include_weekends=True)
    except NotImplementedError as error:
        raise _unknown(year) from error
    return PublicDays(frozenset(holidays), frozenset(day for day in workdays if not _is_weekday(day)))


def _is_weekday(day: date) -> bool:
    return day.weekday() < 5


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers, without comments."""
    for number, raw in enumerate(text.splitlines(), start=1):
        if line := raw.partition("#")[0].strip():
            yield number, line


def _days(line: str) -> set[date]:
    start, _, end = line.partition("..")
    first = date.fromisoformat(start.strip())
    last = date.fromisoformat(end.strip()) if end else first
    length = (last - first).days
    if not 0 <= length <= LONGEST_CLOSURE_DAYS:
        raise ValueError("a range runs forward and spans one closure")
    return {first + timedelta(days=days) for days in range(length + 1)}


def _public_holiday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_holiday(day))
    except NotImplementedError as error:
        raise _unknown(day.year) from error


def _unknown(year: int) -> UnknownYear:
    return UnknownYear(
        f"no trading calendar for {year}: update the package chinesecalendar, or add the exchange's official closures "
        f"with TradingCalendar.with_year({year}, parse_closures(text)) or in a file for TradingCalendar.with_file"
    )
