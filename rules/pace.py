"""Whether what is owed will be done by its deadlines at today's pace, and what pace would do. Pure arithmetic.

Calls are taken earliest deadline first, each as early as it may be; what its deadline leaves undone is not called any
more. The waits between the attempts of one task are not counted: with many tasks others are called meanwhile, with few
the forecast is too bright. Tasks with calling hours of their own (a campaign's) are called in those only, beside what
is called then anyhow. A task that is asked in the call of another one of its client (一事一扰, §5.1.7) takes a call of
its own only where that one is missed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import groupby
from math import ceil
from operator import itemgetter

from rules.errors import BadPolicy
from rules.hours import CallingHours, stretches, written_minute
from rules.open_time import Instant, OpenTime, joined

LONGEST = timedelta(days=3660)
HOUR_SECONDS = 3600
MOST_NAMED = 3  # deadlines in a summary
_MICROSECOND = timedelta(microseconds=1)
HOUR = HOUR_SECONDS * 1_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Owed:
    """Tasks that are due by one (aware) deadline; `calls_each`: the calls that each is expected still to take.

    `hours`: when they may be called, None: in the firm's own hours. `begins_at`: before which none of them is called,
    None: now. `joins`: they are asked in the calls of the tasks with this deadline, the same hours and beginning.
    """

    deadline_at: datetime
    tasks: int
    calls_each: Fraction = Fraction(1)
    label: str = ""
    hours: CallingHours | None = None
    begins_at: datetime | None = None
    joins: datetime | None = None

    def __post_init__(self) -> None:
        if any(one is not None and one.tzinfo is None for one in (self.deadline_at, self.begins_at, self.joins)):
            raise BadPolicy(f"naive deadline or beginning {self.deadline_at}, {self.begins_at}: give it a time zone")
        if self.joins is not None and self.joins > self.deadline_at:
            raise BadPolicy(
                f"due at {self.deadline_at} and asked in a call due at {self.joins}: give the earlier first"
            )
        if self.tasks < 0 or self.calls_each <= 0:
            raise BadPolicy(f"{self.tasks} tasks with {self.calls_each} calls each: give 0 or more, and more than 0")

    @property
    def calls(self) -> Fraction:
        """The calls expected in all, where each has calls of its own."""
        return self.tasks * self.calls_each

    @property
    def shares(self) -> tuple[datetime, CallingHours | None, datetime | None]:
        """What tasks have in common with those in whose calls they are asked."""
        return self.joins or self.deadline_at, self.hours, self.begins_at


@dataclass(frozen=True, slots=True)
class Due:
    """What becomes of the tasks of one deadline.

    `calls`: those of their own that they are expected to take; `open_time`: calling hours left until the deadline;
    `missed`: tasks not done by then; `finished_at`: when the last of them is done, None if some are missed;
    `needed_per_hour`: the pace at which this and all before it are done in time, None where no pace helps because no
    calling hours are left.
    """

    owed: Owed
    calls: Fraction
    open_time: timedelta
    missed: int
    finished_at: datetime | None
    needed_per_hour: Fraction | None


@dataclass(frozen=True, slots=True)
class Deadline:
    """What becomes of all the tasks of one deadline, with the fields of `Due`."""

    deadline_at: datetime
    tasks: int
    calls: Fraction
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

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """The lines put together by deadline, those without a task left out."""
        lines = (due for due in self.lines if due.owed.tasks)
        return tuple(_together(at, list(dues)) for at, dues in groupby(lines, lambda due: due.owed.deadline_at))


def _together(at: datetime, dues: Sequence[Due]) -> Deadline:
    finished = [due.finished_at for due in dues if due.finished_at is not None]
    return Deadline(
        at,
        sum(due.owed.tasks for due in dues),
        sum((due.calls for due in dues), Fraction(0)),
        sum(due.missed for due in dues),
        max(finished) if len(finished) == len(dues) else None,
        max((due.needed_per_hour for due in dues if due.needed_per_hour is not None), default=None),
    )


def forecast(owed: Iterable[Owed], per_hour: Fraction | int, hours: CallingHours, now: datetime) -> Forecast:
    """What will be missed at so many calls per calling hour, earliest deadline first; instants are aware.

    Raises BadPolicy for a negative pace, a naive instant or a deadline more than ten years ahead.
    """
    if now.tzinfo is None:
        raise BadPolicy(f"naive instant {now}: give it a time zone")
    if per_hour < 0:
        raise BadPolicy(f"a pace of {per_hour} calls an hour: give 0 or more")
    lines = sorted(owed, key=lambda line: (line.deadline_at, line.joins is not None))
    last = max([now, *(line.deadline_at for line in lines)])
    if last - now > LONGEST:
        raise BadPolicy(f"a deadline at {last:%Y-%m-%d}: a forecast reaches {LONGEST.days} days")
    pace = Fraction(per_hour)
    dues = tuple(_Schedule(lines, pace, hours, now, last).dues())
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
    owed = outlook.deadlines
    if not owed:
        return "目前没有限期的待拨打任务，各期限前均可完成。"
    if not outlook.per_hour:
        return _at_a_standstill(outlook, owed)
    today = f"按目前每小时{ceil(outlook.per_hour)}次的速度"
    missed = [one for one in owed if one.missed]
    if not missed:
        return f"{today}，各期限前均可完成。"
    if len(missed) > MOST_NAMED:
        said = f"自{_spoken(missed[0])}起的{len(missed)}个期限前，共有{outlook.missed}个任务不能完成"
    else:
        said = "；".join(f"{_spoken(one)}前将有{one.missed}个任务不能完成" for one in missed)
    return f"{today}，{said}。{_what_would_do(outlook)}"


def _at_a_standstill(outlook: Forecast, owed: Sequence[Deadline]) -> str:
    """There is no pace at which anything would be done: what is owed, and by when the first of it."""
    tasks = sum(one.tasks for one in owed)
    said = f"目前没有在拨打，还不能按速度预测：有{tasks}个任务待拨打，最早的期限是{_spoken(owed[0])}"
    return f"{said}。{_what_would_do(outlook)}"


def _what_would_do(outlook: Forecast) -> str:
    lost = f"其中{outlook.lost}个在期限前已没有可拨打的时间。" if outlook.lost else ""
    if outlook.missed == outlook.lost:
        return lost
    return f"{lost}{'其余' if lost else ''}每小时{ceil(outlook.needed_per_hour)}次可按期完成。"


def _spoken(one: Deadline) -> str:
    return written_minute(one.deadline_at)


class _Schedule:
    """The open time until the last deadline, and what of it nobody has taken yet; instants in microseconds from now."""

    def __init__(
        self, lines: Sequence[Owed], pace: Fraction, hours: CallingHours, now: datetime, last: datetime
    ) -> None:
        self._lines, self._each, self._now, self._firm = lines, HOUR / pace if pace else None, now, hours
        each = {line.hours or hours for line in lines}
        self._own = {one: OpenTime(self._parts(stretches(now, last, one))) for one in each}
        together = self._parts(joined(now, last, each))
        self._together, self._free = OpenTime(together), list[tuple[Instant, Instant]](together)
        self._wanted = dict.fromkeys(sorted({self._begin(line) for line in lines}), Fraction(0))
        self._undone: dict[object, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])  # and calls
        self._finished: dict[object, datetime] = {}

    def dues(self) -> Iterator[Due]:
        for line in self._lines:
            calls, own = self._calls(line), self._own[line.hours or self._firm]
            begin, end = self._begin(line), self._at(line.deadline_at)
            room = own.between(begin, end)
            makes, taken_until = self._make(calls, own, begin, end)
            missed = ceil((calls - makes) / line.calls_each)
            yield Due(
                owed=line,
                calls=calls,
                open_time=room * _MICROSECOND,
                missed=missed,
                finished_at=None if missed or not line.tasks else self._finish(line, taken_until),
                needed_per_hour=self._needed(self._least(line, own, begin), begin, end, room) if room else None,
            )
            if line.joins is None:
                undone = self._undone[line.shares]
                undone[0] += calls - makes
                undone[1] += calls

    def _calls(self, line: Owed) -> Fraction:
        """Those of its own: of tasks that join others' calls as many as of those are missed."""
        undone, of = self._undone[line.shares] if line.joins is not None else (Fraction(1), Fraction(1))
        return line.calls * undone / of if of else line.calls

    def _least(self, line: Owed, own: OpenTime, begin: int) -> Fraction:
        """Those of its own at a pace that misses nothing which can be saved."""
        saved = line.joins is not None and self._undone[line.shares][1] and own.between(begin, self._at(line.joins))
        return Fraction(0) if saved else line.calls

    def _needed(self, calls: Fraction, begin: int, end: int, room: int) -> Fraction:
        """The calls an hour that must be made between some beginning and a deadline, of all lines so far."""
        most = calls / room
        for start, wanted in self._wanted.items():
            if start > begin:
                break
            self._wanted[start] = wanted + calls
        for start, wanted in self._wanted.items():
            if wanted and (open_time := self._together.between(start, end)):
                most = max(most, wanted / open_time)
        return most * HOUR

    def _make(self, calls: Fraction, own: OpenTime, begin: int, end: int) -> tuple[Fraction, Instant | None]:
        """The calls that are made in the first free time, and when the last of them is over."""
        if not calls or self._each is None:
            return Fraction(0), None
        left, until = calls * self._each, None
        place = bisect_right(self._free, begin, key=itemgetter(1))
        while left and place < len(self._free) and self._free[place][0] < end:
            start, stop = self._free[place]
            still_free = []
            for opens, closes in own.within(max(start, begin), min(stop, end)):
                if not left:
                    break
                took = min(left, closes - opens)
                still_free.append((start, opens))
                start = until = opens + took
                left -= took
            still_free.append((start, stop))
            self._free[place : place + 1] = kept = [(one, other) for one, other in still_free if one < other]
            place += len(kept)
        return calls - left / self._each, until

    def _finish(self, line: Owed, taken_until: Instant | None) -> datetime:
        """When a line is done that nothing is missed of, and no earlier than those in whose calls it is asked."""
        done = self._now + ceil(self._begin(line) if taken_until is None else taken_until) * _MICROSECOND
        key = line.shares
        self._finished[key] = max(done, self._finished.get(key, done))
        return self._finished[key] if line.joins is not None else done

    def _begin(self, line: Owed) -> int:
        return max(0, self._at(line.begins_at)) if line.begins_at is not None else 0

    def _at(self, instant: datetime) -> int:
        return (instant - self._now) // _MICROSECOND

    def _parts(self, parts: Iterable[tuple[datetime, datetime]]) -> list[tuple[int, int]]:
        return [(self._at(start), self._at(end)) for start, end in parts]
