"""Whether what is owed will be done by its deadlines at today's pace, and what pace would do. Pure arithmetic.

Calls are taken earliest deadline first; what its deadline leaves undone is not called any more. The waits between the
attempts of one task are not counted: with many tasks others are called meanwhile, with few the forecast is too bright.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from operator import attrgetter

from rules.errors import BadPolicy
from rules.hours import CallingHours, stretches, written_minute

LONGEST = timedelta(days=3660)
HOUR_SECONDS = 3600
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Owed:
    """Tasks that are due by one (aware) deadline; `calls_each`: the calls that each is expected still to take."""

    deadline_at: datetime
    tasks: int
    calls_each: Fraction = Fraction(1)
    label: str = ""

    def __post_init__(self) -> None:
        if self.deadline_at.tzinfo is None:
            raise BadPolicy(f"naive deadline {self.deadline_at}: give it a time zone")
        if self.tasks < 0 or self.calls_each <= 0:
            raise BadPolicy(f"{self.tasks} tasks with {self.calls_each} calls each: give 0 or more, and more than 0")

    @property
    def calls(self) -> Fraction:
        """The calls expected in all."""
        return self.tasks * self.calls_each


@dataclass(frozen=True, slots=True)
class Due:
    """What becomes of the tasks of one deadline.

    `open_time`: calling hours left until it; `missed`: tasks not done by then; `finished_at`: when the last of them is
    done, None if some are missed; `needed_per_hour`: the pace at which this and all before it are done in time, None
    where no pace helps because no calling hours are left.
    """

    owed: Owed
    open_time: timedelta
    missed: int
    finished_at: datetime | None
    needed_per_hour: Fraction | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """All deadlines, earliest first; `lost` of the `missed` tasks can be saved by no pace.

    `needed_per_hour`: the pace at which all the others are done in time.
    """

    per_hour: Fraction
    lines: tuple[Due, ...]
    missed: int
    lost: int
    needed_per_hour: Fraction


def forecast(owed: Iterable[Owed], per_hour: Fraction | int, hours: CallingHours, now: datetime) -> Forecast:
    """What will be missed at so many calls per calling hour, earliest deadline first; instants are aware.

    Raises BadPolicy for a negative pace, a naive instant or a deadline more than ten years ahead.
    """
    if now.tzinfo is None:
        raise BadPolicy(f"naive instant {now}: give it a time zone")
    if per_hour < 0:
        raise BadPolicy(f"a pace of {per_hour} calls an hour: give 0 or more")
    lines = sorted(owed, key=attrgetter("deadline_at"))
    last = max([now, *(line.deadline_at for line in lines)])
    if last - now > LONGEST:
        raise BadPolicy(f"a deadline at {last:%Y-%m-%d}: a forecast reaches {LONGEST.days} days")
    pace = Fraction(per_hour)
    dues = tuple(_dues(lines, pace / HOUR_SECONDS, _OpenTime(list(stretches(now, last, hours)))))
    return Forecast(
        per_hour=pace,
        lines=dues,
        missed=sum(due.missed for due in dues),
        lost=sum(due.missed for due in dues if due.needed_per_hour is None),
        needed_per_hour=max(
            (due.needed_per_hour for due in dues if due.needed_per_hour is not None), default=Fraction(0)
        ),
    )


def calls_expected(reach: Fraction, attempts: int) -> Fraction:
    """The calls that a task takes on average: each ends it with the chance `reach`, the last of `attempts` anyhow."""
    if not 0 <= reach <= 1 or attempts < 1:
        raise BadPolicy(f"a chance of {reach} in {attempts} attempts: give 0 to 1, and at least one attempt")
    return sum(((1 - reach) ** before for before in range(attempts)), Fraction(0))


def summary_of(outlook: Forecast) -> str:
    """A Chinese sentence or two for the manager's page."""
    today = f"按目前每小时{ceil(outlook.per_hour)}次的速度"
    if not outlook.missed:
        return f"{today}，各期限前均可完成。"
    missed = "；".join(
        f"{written_minute(due.owed.deadline_at)}前将有{due.missed}个任务不能完成" for due in outlook.lines if due.missed
    )
    lost = f"其中{outlook.lost}个在期限前已没有可拨打的时间。" if outlook.lost else ""
    needed = f"每小时{ceil(outlook.needed_per_hour)}次可按期完成" if outlook.missed > outlook.lost else ""
    rest = ("其余" if lost else "") + needed + "。" if needed else ""
    return f"{today}，{missed}。{lost}{rest}"


def _dues(lines: Sequence[Owed], per_second: Fraction, time: _OpenTime) -> Iterator[Due]:
    used = Fraction(0)  # seconds of calling hours taken by what is due earlier
    wanted = Fraction(0)  # calls that some pace could make by this deadline, with those due earlier
    for line in lines:
        room = time.until(line.deadline_at)
        makes = min(line.calls, max(Fraction(0), room - used) * per_second)
        used += makes / per_second if makes else 0
        wanted += line.calls if room else 0
        missed = ceil((line.calls - makes) / line.calls_each)
        yield Due(
            owed=line,
            open_time=timedelta(microseconds=int(room * 1_000_000)),
            missed=missed,
            finished_at=None if missed or not line.tasks else time.at(used),
            needed_per_hour=wanted / room * HOUR_SECONDS if room else None,
        )


class _OpenTime:
    """Calling hours as one line of seconds: how many until an instant, and which instant is at so many."""

    def __init__(self, parts: list[tuple[datetime, datetime]]) -> None:
        self._parts = parts
        self._starts = [start for start, _ in parts]
        self._before: list[Fraction] = []  # seconds before each part
        total = Fraction(0)
        for start, end in parts:
            self._before.append(total)
            total += _seconds(end - start)

    def until(self, at: datetime) -> Fraction:
        place = bisect_right(self._starts, at) - 1
        if place < 0:
            return Fraction(0)
        start, end = self._parts[place]
        return self._before[place] + _seconds(min(at, end) - start)

    def at(self, seconds: Fraction) -> datetime:
        place = max(0, bisect_left(self._before, seconds) - 1)
        rest = seconds - self._before[place]
        return self._parts[place][0] + timedelta(microseconds=ceil(rest * 1_000_000))


def _seconds(length: timedelta) -> Fraction:
    return Fraction(length // _MICROSECOND, 1_000_000)
