"""Session timers (RFC 4028): who refreshes a call, when, and when it counts as dead."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sipmessage.message import Message

from telephony.sip.message import tokens_of

LEAST_SECONDS = 90  # §5: no interval is shorter
WISHED_SECONDS = 1800
_EXPIRES = re.compile(r"(\d{1,9})\s*(?:;.*?refresher\s*=\s*(uac|uas)\b.*|;.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Interval:
    """An agreed session interval; `ours` is whether we refresh."""

    seconds: int
    ours: bool

    @property
    def refresh_seconds(self) -> float:
        """When we refresh: after half of it (§7.2)."""
        return self.seconds / 2

    @property
    def dead_seconds(self) -> float:
        """When a call that nobody refreshed ends: a little before the interval does (§10)."""
        return self.seconds - min(32.0, self.seconds / 3)


@dataclass(frozen=True, slots=True)
class Stated:
    """A Session-Expires header."""

    seconds: int
    refresher: str  # "uac", "uas", or empty


def stated_in(message: Message) -> Stated | None:
    """The Session-Expires of a message; None where there is none that can be read."""
    found = _EXPIRES.fullmatch((message.headers.get("Session-Expires") or "").strip())
    return Stated(int(found[1]), (found[2] or "").lower()) if found else None


def least_of(message: Message) -> int:
    """The Min-SE of a message, ninety seconds where it has none."""
    found = re.match(r"\d{1,9}", (message.headers.get("Min-SE") or "").strip())
    return max(LEAST_SECONDS, int(found[0])) if found else LEAST_SECONDS


def settled_by_answer(response: Message) -> Interval | None:
    """What a 2xx to our request settles (§7.2); None: no timer runs."""
    stated = stated_in(response)
    return Interval(max(stated.seconds, LEAST_SECONDS), stated.refresher != "uas") if stated else None


def answer_to_request(request: Message) -> tuple[Interval, str] | None:
    """The interval for a request with Session-Expires and the header of our 2xx (§9); None where it asked for none.

    Whoever asks refreshes where it can; else we do.
    """
    stated = stated_in(request)
    if stated is None:
        return None
    theirs = "timer" in tokens_of(request, "Supported") and stated.refresher != "uas"
    seconds = max(stated.seconds, LEAST_SECONDS)
    return Interval(seconds, ours=not theirs), f"{seconds};refresher={'uac' if theirs else 'uas'}"
