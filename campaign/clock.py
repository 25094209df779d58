"""The business clock: real time, or demo time in which retry intervals pass faster."""

from __future__ import annotations

import time as clocks
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from rules.hours import SHANGHAI

MORNING, EVENING = time(9), time(20)
NIGHTS = 10.0  # times as fast as the day, in a demo


class Clock(Protocol):
    """What time it is for the rules; audio never looks at it."""

    def now(self) -> datetime:
        """The aware instant."""

    def real_seconds(self, until: datetime) -> float:
        """How long a process must really wait until `until`; 0 when it has passed."""

    def skip_to(self, at: datetime, lead_seconds: float) -> None:
        """Nothing happens before `at`: a demo clock jumps to `lead_seconds` of real time before it."""


class RealClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def real_seconds(self, until: datetime) -> float:
        return max(0.0, (until - self.now()).total_seconds())

    def skip_to(self, at: datetime, lead_seconds: float) -> None:
        """Real time cannot be skipped."""


class DemoClock:
    """Time that starts at `begin` and runs `factor` times as fast, with jumps over idle stretches.

    At more than the pace of the wall's clock, nights pass NIGHTS times as fast again: nobody is called then.
    """

    def __init__(self, begin: datetime, factor: float) -> None:
        self._course = _Course(begin, clocks.monotonic(), factor)  # replaced as a whole: several threads ask

    def now(self) -> datetime:
        return self._course.at(clocks.monotonic())

    def real_seconds(self, until: datetime) -> float:
        return max(0.0, self._course.when(until) - clocks.monotonic())

    def skip_to(self, at: datetime, lead_seconds: float) -> None:
        course = self._course
        due = course.when(at)
        idle = due - lead_seconds - clocks.monotonic()
        if idle > 0:
            self._course = replace(course, started=course.started - idle)

    def slow_down(self) -> None:
        """Go on at the pace of the wall's clock, when nothing waits any more: days would race past whoever looks on."""
        self._course = _Course(self.now(), clocks.monotonic(), 1.0)


@dataclass(frozen=True, slots=True)
class _Course:
    """From an instant of the wall's clock on: `began` in demo time, `started` in seconds of the monotonic clock."""

    began: datetime
    started: float
    factor: float

    def at(self, moment: float) -> datetime:
        at, left = self.began, max(0.0, moment - self.started)
        while left > (whole := self._seconds(at, turn := _next_turn(at))):
            at, left = turn, left - whole
        return at + timedelta(seconds=left * self._pace(at))

    def when(self, wanted: datetime) -> float:
        at, moment = self.began, self.started
        while wanted > (turn := _next_turn(at)):
            at, moment = turn, moment + self._seconds(at, turn)
        return moment + self._seconds(at, wanted)

    def _seconds(self, at: datetime, until: datetime) -> float:
        return (until - at).total_seconds() / self._pace(at)

    def _pace(self, at: datetime) -> float:
        return self.factor * NIGHTS if self.factor > 1 and _is_night(at) else self.factor


def _is_night(at: datetime) -> bool:
    return not MORNING <= at.astimezone(SHANGHAI).time() < EVENING


def _next_turn(at: datetime) -> datetime:
    """When day and night change next."""
    local = at.astimezone(SHANGHAI)
    turns = (datetime.combine(local.date() + timedelta(days=day), turn, SHANGHAI)
             for day in (0, 1) for turn in (MORNING, EVENING))  # fmt: skip
    return next(turn for turn in turns if turn > local).astimezone(UTC)
