"""How often one client may be called: per day, and per quarter across all campaigns. Pure.

The quarterly cap (每季度对同一客户回访次数不应超过两次) is a rule for drawing clients (在客户抽样方面): it holds
back only the types that are drawn (table A.1). A type that every client concerned is owed is exempt, but its reviews
count all the same. A redial of a review that was begun in this quarter is no further review. Days and quarters are
Shanghai's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from rules.annex_a import SAMPLED
from rules.errors import BadPolicy
from rules.hours import SHANGHAI
from rules.outcomes import ReviewType

MOST_PER_DAY = 24
MOST_PER_QUARTER = 92


@dataclass(frozen=True, slots=True)
class ContactCaps:
    """A firm's caps for one client: calls a day, reviews a quarter."""

    per_day: int = 3
    per_quarter: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.per_day <= MOST_PER_DAY:
            raise BadPolicy(f"{self.per_day} calls per client and day: give 1 to {MOST_PER_DAY}")
        if not 1 <= self.per_quarter <= MOST_PER_QUARTER:
            raise BadPolicy(f"{self.per_quarter} reviews per client and quarter: give 1 to {MOST_PER_QUARTER}")


@dataclass(frozen=True, slots=True)
class Contact:
    """One call that went out to a client at an (aware) instant, and the tasks that it served.

    A call that our own line lost is no contact: leave it out.
    """

    at: datetime
    tasks: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        _aware(self.at)


def allowed_at(
    past: Sequence[Contact],
    review_type: ReviewType,
    caps: ContactCaps,
    now: datetime,
    *,
    tasks: Iterable[int] = (),
    agreed: bool = False,
) -> datetime:
    """The first instant from `now` on at which the caps let this client be called, whatever the calling hours.

    `past`: the client's calls in any order, of all campaigns, at least since the quarter began. `tasks`: what the
    coming call serves. `agreed`: the client asked for a call at this time, which no cap forbids. A call for several
    tasks is judged by the type that comes first (`precedence`).
    """
    _aware(now)
    if agreed:
        return now
    mine = frozenset(tasks)
    at = now
    while True:
        at = day_allows_at(past, caps, at)
        if review_type in SAMPLED and _is_quarter_full(past, _day(at), mine, caps):
            at = _midnight(next_quarter(_day(at)))
        else:
            return at


def day_allows_at(past: Sequence[Contact], caps: ContactCaps, now: datetime) -> datetime:
    """The first instant from `now` on at which the calls a day let this client be called."""
    _aware(now)
    at = now
    while _calls_on(past, _day(at)) >= caps.per_day:
        at = _midnight(_day(at) + timedelta(days=1))
    return at


def quarter_start(day: date) -> date:
    """The first day of the calendar quarter of a day."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def next_quarter(day: date) -> date:
    """The first day of the calendar quarter after that of a day."""
    start = quarter_start(day)
    return date(start.year + 1, 1, 1) if start.month == 10 else date(start.year, start.month + 3, 1)


def reviews_in(past: Iterable[Contact]) -> list[frozenset[int]]:
    """The reviews that these calls belong to, each as its tasks: calls that share a task are of one review."""
    reviews: list[frozenset[int]] = []
    for contact in past:
        same = [review for review in reviews if review & contact.tasks]
        reviews = [review for review in reviews if not review & contact.tasks]
        reviews.append(contact.tasks.union(*same))
    return reviews


def _is_quarter_full(past: Sequence[Contact], day: date, mine: frozenset[int], caps: ContactCaps) -> bool:
    start = quarter_start(day)
    reviews = reviews_in(contact for contact in past if quarter_start(_day(contact.at)) == start)
    begun = any(review & mine for review in reviews)
    return not begun and len(reviews) >= caps.per_quarter


def _calls_on(past: Sequence[Contact], day: date) -> int:
    return sum(_day(contact.at) == day for contact in past)


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _aware(at: datetime) -> None:
    if at.tzinfo is None:
        raise BadPolicy(f"naive instant {at}: give it a time zone")
