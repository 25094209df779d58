"""When clients may be called (T/SAC 002-2024 §6.2: 选定适宜的回访时间): hours per weekday, a lunch break, holidays."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rules.errors import BadPolicy

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONGEST_SEARCH_DAYS = 366  # hours that leave no opening within a year are a mistake


@dataclass(frozen=True, slots=True)
class Opening:
    """A stretch of one day in which calls may start: `start` counts, `end` does not."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise BadPolicy(f"calling hours {self.start}-{self.end}: the start must come before the end")


EVERY_DAY = (Opening(time(9), time(12)), Opening(time(13, 30), time(20)))


@dataclass(frozen=True, slots=True)
class CallingHours:
    """The calling hours of a firm in its own zone.

    `week` holds seven days from Monday, each with its openings in order (none: no calls on that day);
    `closed` names whole days without calls, whatever the weekday.
    """

    week: tuple[tuple[Opening, ...], ...] = (EVERY_DAY,) * 7
    closed: frozenset[date] = field(default_factory=frozenset)
    zone: ZoneInfo = SHANGHAI

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise BadPolicy(f"calling hours for {len(self.week)} days: give seven from Monday, empty for no calls")
        for day in self.week:
            for earlier, later in zip(day, day[1:], strict=False):
                if earlier.end > later.start:
                    raise BadPolicy(f"calling hours until {earlier.end} and from {later.start} overlap: mend them")

    def openings(self, day: date) -> tuple[Opening, ...]:
        """The openings of one calendar day."""
        return () if day in self.closed else self.week[day.weekday()]


def may_call_at(at: datetime, hours: CallingHours) -> bool:
    """Whether a call may start at this (aware) instant."""
    local = _local(at, hours)
    return any(one.start <= local.time() < one.end for one in hours.openings(local.date()))


def next_allowed(at: datetime, hours: CallingHours) -> datetime:
    """The first instant from `at` on at which a call may start, in the zone of `hours`.

    Raises BadPolicy when no opening comes within a year.
    """
    local = _local(at, hours)
    for days in range(LONGEST_SEARCH_DAYS + 1):
        day = local.date() + timedelta(days=days)
        for one in hours.openings(day):
            start = datetime.combine(day, one.start, hours.zone)
            if local < datetime.combine(day, one.end, hours.zone):
                return max(start, local)
    raise BadPolicy(f"no calling hours within {LONGEST_SEARCH_DAYS} days of {local:%Y-%m-%d}: open a weekday")


def _local(at: datetime, hours: CallingHours) -> datetime:
    if at.tzinfo is None:
        raise BadPolicy(f"naive instant {at}: give it a time zone")
    return at.astimezone(hours.zone)
