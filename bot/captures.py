"""What a question takes from the client's words beside their meaning: a time, a telephone number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from bot.nodes import Capture, Question
from intents import parse_number, parse_time

SHORTEST_NUMBER = 7  # digits: a local number without area code


@dataclass(frozen=True, slots=True)
class Captured:
    """A value that `question` asks for: as stored with the answer, and as the state remembers it.

    The conversation goes on at `then`, where the client confirms it.
    """

    question: str
    then: str
    value: str
    remembered: Mapping[str, object]


def capture(question: Question, words: str, now: datetime) -> Captured | None:
    """The value that a question asks for in the client's words; None where they hold none."""
    match question.capture:
        case Capture.TIME:
            span = parse_time(words, now)
            if span is None:
                return None
            remembered = {"callback_at": span.start, "callback_words": span.words}
            return Captured(question.id, question.captured, span.start.isoformat(), remembered)
        case Capture.NUMBER:
            digits = parse_number(words)
            if len(digits) < SHORTEST_NUMBER:
                return None
            return Captured(question.id, question.captured, digits, {"new_number": digits})
        case Capture.CHOICE | Capture.WORDS | None:
            return None
        case _:
            assert_never(question.capture)
