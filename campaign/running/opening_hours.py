"""The calling hours of a campaign, as they are stored with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from rules import BadPolicy, CallingHours, Opening


def hours_from(stored: Mapping[str, Any] | None, firm: CallingHours) -> CallingHours:
    """The hours of a campaign, the firm's where it has none of its own; raises BadPolicy with the remedy.

    `week` holds seven lists from Monday of openings such as "09:00-12:00", `closed` dates such as "2026-10-01".
    """
    if stored is None:
        return firm
    try:
        week = tuple(tuple(_opening(text) for text in day) for day in stored["week"])
        closed = frozenset(date.fromisoformat(day) for day in stored.get("closed", ()))
    except (KeyError, TypeError, ValueError) as error:
        raise BadPolicy(f"calling hours that cannot be read ({error}): give openings such as 09:00-12:00") from error
    return CallingHours(week, closed, firm.zone)


def hours_to(hours: CallingHours) -> dict[str, Any]:
    """What `hours_from` reads."""
    return {
        "week": [[f"{one.start:%H:%M}-{one.end:%H:%M}" for one in day] for day in hours.week],
        "closed": sorted(day.isoformat() for day in hours.closed),
    }


def _opening(text: str) -> Opening:
    start, _, end = text.partition("-")
    return Opening(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))
