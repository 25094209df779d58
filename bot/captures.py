"""What a question takes from the client's words beside their meaning: a time, a telephone number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from bot.nodes import Capture
from intents import parse_number, parse_time

SHORTEST_NUMBER = 7  # digits: a local number without area code


@dataclass(frozen=True, slots=True)
class Captured:
    """A value from the client's words: as stored with the answer, and as the state remembers it."""

    value: str
    remembered: Mapping[str, object]


def capture(kind: Capture, words: str, now: datetime) -> Captured | None:
    """The value in the words; None where they hold none."""
    match kind:
        case Capture.TIME:
            span = parse_time(words, now)
            if span is None:
                return None
            return Captured(span.start.isoformat(), {"callback_at": span.start, "callback_words": span.words})
        case Capture.NUMBER:
            return captured_number(parse_number(words))
        case _:
            assert_never(kind)


def captured_number(digits: str) -> Captured | None:
    """A number as dictated or keyed; None where it is too short to be dialled."""
    if len(digits) < SHORTEST_NUMBER:
        return None
    return Captured(digits, {"new_number": digits})
