"""The firm's own rules, as the settings name them: trading calendar, calling hours, how often a client is called."""

from __future__ import annotations

from datetime import date

from rules import CallingHours, RulesError, TradingCalendar, UnknownYear
from rules.caps import ContactCaps
from rules.hours_text import parse_hours
from rules.trading_days import PublicDays, public_days
from settings import Settings, SettingsInvalid


def trading_calendar(settings: Settings) -> TradingCalendar:
    """The Shanghai calendar with the years of HUIFANG_CALENDAR; raises SettingsInvalid naming every wrong line."""
    if settings.calendar is None:
        return TradingCalendar()
    try:
        return TradingCalendar().with_file(settings.calendar.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, RulesError) as error:
        raise SettingsInvalid(f"HUIFANG_CALENDAR {settings.calendar}: {error}") from error


def calling_hours(settings: Settings, today: date) -> CallingHours:
    """The firm's calling hours, with the public holidays known for this year and the next; raises SettingsInvalid."""
    if not settings.calling_hours:
        return CallingHours()
    try:
        return parse_hours(settings.calling_hours, [*_public(today.year), *_public(today.year + 1)])
    except RulesError as error:
        raise SettingsInvalid(f"HUIFANG_CALLING_HOURS: {error}") from error


def client_caps(settings: Settings) -> ContactCaps:
    """How often one client may be called, whatever the campaign."""
    return ContactCaps(settings.client_calls_per_day, settings.client_reviews_per_quarter)


def _public(year: int) -> list[PublicDays]:
    try:
        return [public_days(year)]
    except UnknownYear:
        return []  # not announced yet
