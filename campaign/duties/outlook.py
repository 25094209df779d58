"""Whether what is owed will be done by its deadlines: the open tasks and the pace of today, put before the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from fractions import Fraction
from math import ceil

from sqlalchemy.orm import Session

from models.managing_figures import OpenByDeadline, open_by_type_and_deadline
from models.plans import calls_between
from rules import CallingHours
from rules.hours import SHANGHAI, stretches, written_minute
from rules.pace import LONGEST, Forecast, Owed, calls_expected, forecast, summary_of

ATTEMPTS = 3  # that a task is owed at most (table F.1)
FEWEST_CALLS = 20  # from which a share of completed reviews is taken
USUAL_REACH = Fraction(1, 2)  # until there are so many
MOST_NAMED = 3  # deadlines in the summary
_DAYS_BACK = 7
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast and what it rests on; `today`: the pace is today's, not that of the last days.

    `by_people`: tasks with a deadline that people have to do: the bot's pace does nothing for them. `missed_by_type`:
    of each type of review the tasks that will be late, those that are late already left out.
    """

    forecast: Forecast
    calls: int
    reach: Fraction
    today: bool
    by_people: int
    missed_by_type: Mapping[str, int] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """A Chinese sentence or two; of many deadlines that are missed only the first is named."""
        missed = [line for line in self.forecast.lines if line.missed]
        if len(missed) <= MOST_NAMED:
            return summary_of(self.forecast)
        first = written_minute(missed[0].owed.deadline_at)
        said = (
            f"按目前每小时{ceil(self.forecast.per_hour)}次的速度，自{first}起的{len(missed)}个期限前，"
            f"共有{self.forecast.missed}个任务不能完成"
        )
        if self.forecast.lost:
            said += f"，其中{self.forecast.lost}个在期限前已没有可拨打的时间"
        rest = "其余任务" if self.forecast.lost else ""
        return f"{said}。每小时{ceil(self.forecast.needed_per_hour)}次可按期完成{rest}。"


def outlook(session: Session, now: datetime, hours: CallingHours) -> Outlook:
    """The forecast at the pace of today, or of the last seven days while today is young."""
    local = now.astimezone(SHANGHAI)
    midnight = datetime.combine(local.date(), time(), SHANGHAI)
    today = _open_time(midnight, now, hours) >= _HOUR
    since = midnight if today else midnight - timedelta(days=_DAYS_BACK)
    made, _ = calls_between(session, since, now)
    all_made, all_reviewed = calls_between(session, midnight - timedelta(days=_DAYS_BACK), now)
    reach = Fraction(all_reviewed, all_made) if all_made >= FEWEST_CALLS else USUAL_REACH
    open_seconds = _open_time(since, now, hours).total_seconds()
    per_hour = Fraction(made) * 3600 / Fraction(round(open_seconds)) if open_seconds >= 1 else Fraction(0)
    each = calls_expected(reach, ATTEMPTS)
    still_open = open_by_type_and_deadline(session, now + LONGEST - timedelta(days=1))
    return Outlook(
        forecast(_by_deadline(still_open, each), per_hour, hours, now),
        made,
        reach,
        today,
        sum(one.by_people for one in still_open),
        _missed_by_type(still_open, each, per_hour, hours, now),
    )


def _by_deadline(still_open: Sequence[OpenByDeadline], each: Fraction) -> list[Owed]:
    tasks: Counter[datetime] = Counter()
    for one in still_open:
        tasks[one.deadline_at] += one.by_bot
    return [Owed(at, count, each) for at, count in tasks.items() if count]


def _missed_by_type(
    still_open: Sequence[OpenByDeadline], each: Fraction, per_hour: Fraction, hours: CallingHours, now: datetime
) -> Mapping[str, int]:
    owed = [Owed(one.deadline_at, one.by_bot, each, one.review_type) for one in still_open if one.by_bot]
    missed: Counter[str] = Counter()
    for line in forecast(owed, per_hour, hours, now).lines:
        if line.owed.deadline_at > now and line.missed:
            missed[line.owed.label] += line.missed
    return missed


def _open_time(since: datetime, until: datetime, hours: CallingHours) -> timedelta:
    return sum((end - start for start, end in stretches(since, until, hours)), timedelta())
