"""When clients may be called (T/SAC 002-2024 §6.2: 选定适宜的回访时间): hours per weekday, a lunch break, holidays.

Hours may change while calls are waiting: an instant found earlier is put through `next_allowed` again before dialling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rules.errors import BadPolicy

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONGEST_SEARCH_DAYS = 366  # hours that leave no opening within a year are a mistake


def written_minute(at: datetime) -> str:
    """An instant as it stands in a Chinese sentence, by Shanghai's clock: 2026年11月24日23:59."""
    local = at.astimezone(SHANGHAI)
    return f"{local.year}年{local.month}月{local.day}日{local:%H:%M}"


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

    `week` holds seven days from Monday, each with its openings in order (none: no calls on that day). `holidays` are
    public holidays with the openings `on_holidays`; `workdays` are weekend days worked in exchange (调休上班), with
    Monday's openings. `closed` names whole days without calls, before all else.
    """

    week: tuple[tuple[Opening, ...], ...] = (EVERY_DAY,) * 7
    closed: frozenset[date] = field(default_factory=frozenset)
    zone: ZoneInfo = SHANGHAI
    holidays: frozenset[date] = field(default_factory=frozenset)
    on_holidays: tuple[Opening, ...] = ()
    workdays: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise BadPolicy(f"calling hours for {len(self.week)} days: give seven from Monday, empty for no calls")
        for day in (*self.week, self.on_holidays):
            for earlier, later in zip(day, day[1:], strict=False):
                if earlier.end > later.start:
                    raise BadPolicy(f"calling hours until {earlier.end} and from {later.start} overlap: mend them")

    def openings(self, day: date) -> tuple[Opening, ...]:
        """The openings of one calendar day."""
        if day in self.closed:
            return ()
        if day in self.holidays:
            return self.on_holidays
        return self.week[0 if day in self.workdays else day.weekday()]

    def within(self, stated: tuple[Opening, ...]) -> CallingHours | None:
        """These hours as far as a client's own stated times go (本人方便的时间); None: they have nothing in common."""
        week = tuple(_common(day, stated) for day in self.week)
        on_holidays = _common(self.on_holidays, stated)
        return replace(self, week=week, on_holidays=on_holidays) if any(week) or on_holidays else None


def may_call_at(at: datetime, hours: CallingHours) -> bool:
    """Whether a call may start at this (aware) instant."""
    local = _local(at, hours)
    return any(one.start <= local.time() < one.end for one in hours.openings(local.date()))


def next_allowed(at: datetime, hours: CallingHours) -> datetime:
    """The first instant from `at` on at which a call may start, in the zone of `hours`.

    Raises BadPolicy when no opening comes within a year.
    """
    local = _local(at, hours)
    for start, _ in stretches(local, local + timedelta(days=LONGEST_SEARCH_DAYS), hours):
        return start
    raise BadPolicy(f"no calling hours within {LONGEST_SEARCH_DAYS} days of {local:%Y-%m-%d}: open a weekday")


def stretches(start: datetime, end: datetime, hours: CallingHours) -> Iterator[tuple[datetime, datetime]]:
    """The stretches between two (aware) instants in which calls may start, in order, in the zone of `hours`."""
    local, last = _local(start, hours), _local(end, hours)
    for days in range((last.date() - local.date()).days + 1):
        day = local.date() + timedelta(days=days)
        for one in hours.openings(day):
            opens = max(local, datetime.combine(day, one.start, hours.zone))
            closes = min(last, datetime.combine(day, one.end, hours.zone))
            if opens < closes:
                yield opens, closes


def _common(day: tuple[Opening, ...], stated: tuple[Opening, ...]) -> tuple[Opening, ...]:
    """What two lists of openings share, in order."""
    shared = ((max(one.start, other.start), min(one.end, other.end)) for one in day for other in stated)
    return tuple(Opening(start, end) for start, end in sorted(shared) if start < end)


def _local(at: datetime, hours: CallingHours) -> datetime:
    if at.tzinfo is None:
        raise BadPolicy(f"naive instant {at}: give it a time zone")
    return at.astimezone(hours.zone)
