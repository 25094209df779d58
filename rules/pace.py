"""Whether what is owed will be done by its deadlines at today's pace, and what pace would do. Pure arithmetic.

Calls are taken earliest deadline first; what its deadline leaves undone is not called any more. The waits between the
attempts of one task are not counted: with many tasks others are called meanwhile, with few the forecast is too bright.
Tasks with calling hours of their own (a campaign's) are called in those only, beside what is called then anyhow.
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
MOST_NAMED = 3  # deadlines in a summary
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Owed:
    """Tasks that are due by one (aware) deadline; `calls_each`: the calls that each is expected still to take.

    `hours`: when they may be called, None: in the firm's own hours.
    """

    deadline_at: datetime
    tasks: int
    calls_each: Fraction = Fraction(1)
    label: str = ""
    hours: CallingHours | None = None

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
    own = {one: _OpenTime(list(stretches(now, last, one))) for one in {line.hours or hours for line in lines}}
    together = _OpenTime(_joined(now, last, own))
    dues = tuple(_dues(lines, pace / HOUR_SECONDS, together, [own[line.hours or hours] for line in lines]))
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


def most_per_hour(calls_at_once: int, calls_per_second: float, seconds_each: Fraction) -> Fraction:
    """The calls that lines carry in an hour at most, each of them taken for so many seconds by a call."""
    if calls_at_once < 1 or calls_per_second <= 0 or seconds_each <= 0:
        raise BadPolicy(
            f"{calls_at_once} lines, {calls_per_second} calls a second of {seconds_each} s: give more than 0"
        )
    return HOUR_SECONDS * min(Fraction(calls_per_second), calls_at_once / seconds_each)


def summary_of(outlook: Forecast) -> str:
    """A Chinese sentence or two for the manager's page; of many deadlines that are missed only the first is named."""
    owed = [due for due in outlook.lines if due.owed.tasks]
    if not owed:
        return "目前没有限期的待拨打任务，各期限前均可完成。"
    if not outlook.per_hour:
        return _at_a_standstill(outlook, owed)
    today = f"按目前每小时{ceil(outlook.per_hour)}次的速度"
    missed = [due for due in owed if due.missed]
    if not missed:
        return f"{today}，各期限前均可完成。"
    if len(missed) > MOST_NAMED:
        said = f"自{_spoken(missed[0])}起的{len(missed)}个期限前，共有{outlook.missed}个任务不能完成"
    else:
        said = "；".join(f"{_spoken(due)}前将有{due.missed}个任务不能完成" for due in missed)
    return f"{today}，{said}。{_what_would_do(outlook)}"


def _at_a_standstill(outlook: Forecast, owed: Sequence[Due]) -> str:
    """There is no pace at which anything would be done: what is owed, and by when the first of it."""
    tasks = sum(due.owed.tasks for due in owed)
    said = f"目前没有在拨打，还不能按速度预测：有{tasks}个任务待拨打，最早的期限是{_spoken(owed[0])}"
    return f"{said}。{_what_would_do(outlook)}"


def _what_would_do(outlook: Forecast) -> str:
    lost = f"其中{outlook.lost}个在期限前已没有可拨打的时间。" if outlook.lost else ""
    if outlook.missed == outlook.lost:
        return lost
    return f"{lost}{'其余' if lost else ''}每小时{ceil(outlook.needed_per_hour)}次可按期完成。"


def _spoken(due: Due) -> str:
    return written_minute(due.owed.deadline_at)


def _dues(lines: Sequence[Owed], per_second: Fraction, time: _OpenTime, own: Sequence[_OpenTime]) -> Iterator[Due]:
    used = Fraction(0)  # seconds of calling hours taken by what is due earlier
    wanted = Fraction(0)  # calls that some pace could make by this deadline, with those due earlier
    for line, hours in zip(lines, own, strict=True):
        room, own_room = time.until(line.deadline_at), hours.until(line.deadline_at)
        makes = min(line.calls, max(Fraction(0), min(room - used, own_room)) * per_second)
        takes = makes / per_second if makes else Fraction(0)
        used += takes
        wanted += line.calls if own_room else 0
        missed = ceil((line.calls - makes) / line.calls_each)
        yield Due(
            owed=line,
            open_time=timedelta(microseconds=int(own_room * 1_000_000)),
            missed=missed,
            finished_at=None if missed or not line.tasks else max(time.at(used), hours.at(takes)),
            needed_per_hour=max(wanted / room, line.calls / own_room) * HOUR_SECONDS if own_room else None,
        )


def _joined(start: datetime, end: datetime, hours: Iterable[CallingHours]) -> list[tuple[datetime, datetime]]:
    """The stretches in which something may be called, in order, none of them touching another."""
    parts: list[tuple[datetime, datetime]] = []
    for opens, closes in sorted(part for one in hours for part in stretches(start, end, one)):
        if parts and opens <= parts[-1][1]:
            parts[-1] = (parts[-1][0], max(parts[-1][1], closes))
        else:
            parts.append((opens, closes))
    return parts


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
