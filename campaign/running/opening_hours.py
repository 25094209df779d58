"""The calling hours of a campaign, as they are stored with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from rules import BadPolicy, CallingHours, Opening


def hours_from(stored: Mapping[str, Any] | None, firm: CallingHours) -> CallingHours:
    """The hours of a campaign, the firm's where it has none of its own; raises BadPolicy with the remedy.

    `week` holds seven lists from Monday of openings such as "09:00-12:00", `closed` dates such as "2026-10-01",
    `on_holidays` the openings of public holidays; which days those are the firm knows.
    """
    if stored is None:
        return firm
    try:
        week = tuple(tuple(_opening(text) for text in day) for day in stored["week"])
        closed = frozenset(date.fromisoformat(day) for day in stored.get("closed", ()))
        on_holidays = tuple(_opening(text) for text in stored.get("on_holidays", ()))
    except (KeyError, TypeError, ValueError) as error:
        raise BadPolicy(f"calling hours that cannot be read ({error}): give openings such as 09:00-12:00") from error
    return CallingHours(week, closed, firm.zone, firm.holidays, on_holidays, firm.workdays)


def hours_to(hours: CallingHours) -> dict[str, Any]:
    """What `hours_from` reads."""
    stored: dict[str, Any] = {
        "week": [[_written(one) for one in day] for day in hours.week],
        "closed": sorted(day.isoformat() for day in hours.closed),
    }
    return stored | ({"on_holidays": [_written(one) for one in hours.on_holidays]} if hours.on_holidays else {})


def _written(one: Opening) -> str:
    return f"{one.start:%H:%M}-{one.end:%H:%M}"


def _opening(text: str) -> Opening:
    start, _, end = text.partition("-")
    return Opening(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))
