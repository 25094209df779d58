"""When a callback can be: the client's time, or the nearest one within the calling hours and the deadline. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.moves import Facts
from bot.nodes import HOURS_SLOT, LATEST_SLOT
from bot.walk.spoken import spoken_deadline, spoken_hours
from intents import TimeSpan, parse_time
from rules.errors import BadPolicy
from rules.hours import CallingHours, may_call_at, next_allowed

BEFORE_THE_END = timedelta(minutes=30)  # so long before an opening ends a call is still offered
LONGEST_SEARCH_DAYS = 60
_TODAY = re.compile("今[天日儿早晚]")
_FROM_THEN = re.compile("以后|之后|过后|后再|后打")
_CLOCK = re.compile("[点时:：]")


class Obstacle(StrEnum):
    """Why a time cannot be had; each is the name of a text."""

    PAST_TIME = "past_time"
    CLOSED_DAY = "closed_day"
    OUTSIDE_HOURS = "outside_hours"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Offer:
    """The time to be confirmed, None where none is left; `why` it is not the one asked for, with the slots of that."""

    at: datetime | None
    why: Obstacle | None = None
    told: Mapping[str, str] = field(default_factory=dict)


def amended_time(words: str, agreed: str, now: datetime) -> TimeSpan | None:
    """The time in words that correct one agreed before (明天下午三点 … 不，四点吧); None where they name none."""
    alone = parse_time(words, now)
    return parse_time(f"{agreed}，改成{words}", now) if alone and agreed else alone


def contradicts(span: TimeSpan, agreed: datetime) -> bool:
    """Whether a time said in a yes is another than the agreed one; a day without an hour only where the day differs."""
    return span.start != agreed if _CLOCK.search(span.words) else span.start.date() != agreed.date()


def offer(span: TimeSpan, words: str, facts: Facts) -> Offer:
    """What can be offered for the time that a client asked for."""
    now, wanted = facts.called_at, span.start
    if wanted <= now or (_TODAY.search(span.words) and wanted.date() > now.date()):
        later = wanted if wanted > now else now + timedelta(hours=1)
        return _by_deadline(_allowed(later, facts), Obstacle.PAST_TIME, {}, facts)
    if may_call_at(wanted, facts.hours):
        return _by_deadline(wanted, None, {}, facts)
    openings = facts.hours.openings(wanted.astimezone(facts.hours.zone).date())
    earlier = None if _FROM_THEN.search(words) else _earlier(wanted, facts)
    later = _allowed(wanted, facts)
    nearer = earlier is not None and wanted - earlier < later - wanted
    at = earlier if earlier is not None and nearer else later
    if not openings:
        return _by_deadline(at, Obstacle.CLOSED_DAY, {}, facts)
    return _by_deadline(at, Obstacle.OUTSIDE_HOURS, {HOURS_SLOT: spoken_hours(openings)}, facts)


def _by_deadline(at: datetime, why: Obstacle | None, told: Mapping[str, str], facts: Facts) -> Offer:
    """The same offer where it lies before the deadline, else the latest that does."""
    before = facts.callback_before
    if before is None or at < before:
        return Offer(at, why, told)
    latest = _latest(before, facts)
    return Offer(latest, Obstacle.TOO_LATE, {LATEST_SLOT: spoken_deadline(before, facts.called_at)})


def _earlier(wanted: datetime, facts: Facts) -> datetime | None:
    """The last moment of the same day before `wanted` at which a call is still offered."""
    last = _last_on(wanted, facts.hours, wanted)
    return last if last is not None and last > facts.called_at else None


def _latest(before: datetime, facts: Facts) -> datetime | None:
    """The last moment before a deadline at which a call is still offered; None where none is left."""
    for days in range(LONGEST_SEARCH_DAYS):
        day = before - timedelta(days=days)
        last = _last_on(day, facts.hours, before)
        if last is not None:
            return last.astimezone(facts.called_at.tzinfo) if last > facts.called_at else None
    return None


def _last_on(day: datetime, hours: CallingHours, before: datetime) -> datetime | None:
    """The last moment on one day, before `before`, at which a call is still offered."""
    date = day.astimezone(hours.zone).date()
    for opening in reversed(hours.openings(date)):
        start = datetime.combine(date, opening.start, hours.zone)
        end = min(datetime.combine(date, opening.end, hours.zone), before)
        if start < end:
            return max(start, end - BEFORE_THE_END)
    return None


def _allowed(at: datetime, facts: Facts) -> datetime:
    """The next moment at which a call may start; hours that never open allow any time rather than end the call."""
    try:
        return next_allowed(at, facts.hours).astimezone(facts.called_at.tzinfo)
    except BadPolicy:
        return at
