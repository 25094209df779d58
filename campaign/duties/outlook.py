"""Whether what is owed will be done by its deadlines: the open tasks and the pace of today, put before the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from fractions import Fraction

from sqlalchemy.orm import Session

from campaign.running.opening_hours import hours_from
from models.lines import Lines
from models.managing_owed import OpenByDeadline, open_by_type_and_deadline
from models.plans import BotCalls, anything_due, bot_calls_between
from models.workers import workers_alive
from rules import CallingHours
from rules.hours import SHANGHAI, stretches
from rules.pace import LONGEST, Forecast, Owed, calls_expected, forecast, most_per_hour, summary_of

ATTEMPTS = 3  # that a task is owed at most (table F.1)
FEWEST_CALLS = 20  # from which a share of completed reviews and the length of a call are taken
USUAL_REACH = Fraction(1, 2)  # until there are so many
USUAL_SECONDS = Fraction(60)  # that a call takes its line, as above
WINDOWS = (7, 30)  # days looked back for a pace while today is young
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LineRoom:
    """What may be on the line: `calls` at once and `per_second` new ones of each worker, `trunks` of all of them."""

    calls: int
    per_second: float
    trunks: Lines | None = None

    def of(self, workers: int) -> tuple[int, float]:
        """Calls at once and new ones a second of so many workers together."""
        calls, per_second = self.calls * workers, self.per_second * workers
        if self.trunks is not None:
            bounds = [(sum(one.calls for one in self.trunks.each), sum(one.per_second for one in self.trunks.each))]
            bounds += [(one.calls, one.per_second) for one in (self.trunks.together,) if one is not None]
            calls, per_second = min(calls, *(one for one, _ in bounds)), min(per_second, *(one for _, one in bounds))
        return calls, per_second


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast as of `at` and what it rests on; `days`: over how many the pace was taken (0: today's).

    `by_people`: tasks with a deadline that people have to do: the bot's pace does nothing for them. `paused`: tasks of
    paused campaigns, which are in the forecast as if they were resumed now. `missed_by_type`: of each type of review
    the tasks that will be late, those that are late already left out. `most_per_hour`: what the lines carry, None where
    that is not known, and `missed_at_most` the tasks that would be missed even then.
    """

    at: datetime
    forecast: Forecast
    calls: int
    reach: Fraction
    days: int
    by_people: int
    paused: int = 0
    missed_by_type: Mapping[str, int] = field(default_factory=dict)
    most_per_hour: Fraction | None = None
    missed_at_most: int = 0

    @property
    def window(self) -> str:
        """Since when the calls are counted."""
        return f"近{self.days}天" if self.days else "今天"

    @property
    def beyond(self) -> bool:
        """Whether the pace that would do is more than the lines carry."""
        return self.most_per_hour is not None and self.forecast.needed_per_hour > self.most_per_hour

    @property
    def summary(self) -> str:
        """A few Chinese sentences."""
        said = summary_of(self.forecast)
        if self.most_per_hour is not None and self.beyond:
            said += f"线路每小时最多拨打约{int(self.most_per_hour)}次，"
            said += f"即使用满仍有{self.missed_at_most}个任务不能按期完成：请增加线路、延长拨打时段，或改由人工回访。"
        if self.paused:
            said += f"待拨打任务中有{self.paused}个所在批次已暂停，恢复之前不会拨打。"
        return said


@dataclass(frozen=True, slots=True)
class _Pace:
    """Calls in an hour of calling hours, the calls that say so, and over how many days."""

    per_hour: Fraction
    calls: int
    days: int


def outlook(session: Session, now: datetime, hours: CallingHours, room: LineRoom | None = None) -> Outlook:
    """The forecast at the pace of today, or of the last days while today says nothing."""
    midnight = datetime.combine(now.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    lately = bot_calls_between(session, midnight - timedelta(days=WINDOWS[0]), now)
    reach = Fraction(lately.reviewed, lately.made) if lately.made >= FEWEST_CALLS else USUAL_REACH
    each, pace = calls_expected(reach, ATTEMPTS), _pace(session, now, midnight, hours)
    still_open = open_by_type_and_deadline(session, now, now + LONGEST - timedelta(days=1))
    owed = _owed(still_open, each, hours)
    most = _most(session, room, lately) if room is not None else None
    seen = forecast(_together(owed), pace.per_hour, hours, now)
    beyond = most is not None and seen.needed_per_hour > most
    return Outlook(
        now,
        seen,
        pace.calls,
        reach,
        pace.days,
        sum(one.by_people for one in still_open),
        sum(one.by_bot for one in still_open if one.paused),
        _missed_by_type(forecast(owed, pace.per_hour, hours, now), now),
        most,
        forecast(_together(owed), most, hours, now).missed if most is not None and beyond else 0,
    )


def _pace(session: Session, now: datetime, midnight: datetime, hours: CallingHours) -> _Pace:
    """Today's pace once an hour of it was open and there was something to dial, else that of the last days."""
    today = bot_calls_between(session, midnight, now)
    if _open_time(midnight, now, hours) >= _HOUR and (today.made or anything_due(session, now)):
        return _Pace(_per_hour(today, midnight, now, hours), today.made, 0)
    for days in WINDOWS:
        since = midnight - timedelta(days=days)
        if (made := bot_calls_between(session, since, now)).made:
            return _Pace(_per_hour(made, since, now, hours), made.made, days)
    return _Pace(Fraction(0), 0, WINDOWS[0])


def _per_hour(calls: BotCalls, since: datetime, now: datetime, hours: CallingHours) -> Fraction:
    """Never too bright: where the hours were changed meanwhile, those in which calls were made count too."""
    worked = max(_open_time(since, now, hours), (calls.clock_hours - 1) * _HOUR, timedelta(seconds=1))
    return Fraction(calls.made) * 3600 / Fraction(round(worked.total_seconds()))


def _most(session: Session, room: LineRoom, lately: BotCalls) -> Fraction:
    calls, per_second = room.of(max(1, len(workers_alive(session))))
    known = lately.made >= FEWEST_CALLS and lately.busy_ms >= lately.made * 1000
    return most_per_hour(calls, per_second, Fraction(lately.busy_ms, 1000 * lately.made) if known else USUAL_SECONDS)


def _owed(still_open: Sequence[OpenByDeadline], each: Fraction, hours: CallingHours) -> list[Owed]:
    return [
        Owed(
            one.deadline_at,
            one.by_bot,
            each,
            one.review_type,
            hours_from(one.hours, hours) if one.hours else None,
            begins_at=one.begins_at,
            joins=one.joins,
        )
        for one in still_open
        if one.by_bot
    ]


def _together(owed: Sequence[Owed]) -> list[Owed]:
    """One for each deadline, whatever the type, apart by what the forecast tells apart."""
    tasks: Counter[Owed] = Counter()
    for one in owed:
        tasks[replace(one, label="", tasks=0)] += one.tasks
    return [replace(one, tasks=count) for one, count in tasks.items()]


def _missed_by_type(seen: Forecast, now: datetime) -> Mapping[str, int]:
    missed: Counter[str] = Counter()
    for line in seen.lines:
        if line.owed.deadline_at > now and line.missed:
            missed[line.owed.label] += line.missed
    return missed


def _open_time(since: datetime, until: datetime, hours: CallingHours) -> timedelta:
    return sum((end - start for start, end in stretches(since, until, hours)), timedelta())
