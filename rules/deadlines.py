"""Until when a review must be done (T/SAC 002-2024 §7.3.3 and table A.1)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from rules.annex_a import Term, line_of
from rules.errors import RulesError
from rules.hours import SHANGHAI
from rules.outcomes import ReviewType
from rules.trading_days import TradingCalendar

ANOMALY_TRADING_DAYS = 2
PERMISSION_DAYS = 30
LAST_SECOND = time(23, 59, 59)


def deadline_of(review_type: ReviewType, event_at: datetime, *, calendar: TradingCalendar) -> datetime | None:
    """The last second (Shanghai) in which a review counts as in time; None where no date follows from the event.

    `event_at` (aware) is when the anomaly was discovered, the permission granted, the task drawn. "Within N
    days" includes the day itself (§9.1). None: new accounts (before the account may be used), private funds
    (not before the cooling-off period has ended), leaving and complained-about staff and settled complaints
    (bound to that person's or that complaint's own date, which the firm gives).
    """
    if event_at.tzinfo is None:
        raise RulesError(f"naive instant {event_at}: give it a time zone")
    day = event_at.astimezone(SHANGHAI).date()
    match line_of(review_type).term:
        case Term.TRADING_DAYS_2:
            return end_of(calendar.nth_trading_day(day, ANOMALY_TRADING_DAYS))
        case Term.DAYS_30:
            return end_of(day + timedelta(days=PERMISSION_DAYS - 1))
        case Term.YEAR_END:
            return end_of(date(day.year, 12, 31))
        case _:
            return None


def questionnaire_until(closed_at: datetime) -> datetime:
    """Until when an exhausted suitability review goes on as a questionnaire (table F.1 note 2: 在年度内)."""
    if closed_at.tzinfo is None:
        raise RulesError(f"naive instant {closed_at}: give it a time zone")
    return end_of(date(closed_at.astimezone(SHANGHAI).year, 12, 31))


def end_of(day: date) -> datetime:
    """The last second of a day in Shanghai."""
    return datetime.combine(day, LAST_SECOND, SHANGHAI)
