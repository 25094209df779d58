"""Times that a list is narrowed to, as an address has them: what is no time narrows nothing."""

from __future__ import annotations

from datetime import datetime

from rules.hours import SHANGHAI


def instant_of(text: str) -> datetime | None:
    """A day or a minute in Shanghai; None for what is neither."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) if text else None
    except ValueError:
        return None


def day_of(text: str) -> datetime | None:
    """The midnight with which a day begins in Shanghai; None for what is no day."""
    at = instant_of(text)
    return at and at.replace(hour=0, minute=0, second=0, microsecond=0)
