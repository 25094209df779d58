"""The log of a call as it is kept: what the client said in it, and whether it can be read at all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from models.tables import Attempt, CallEvent


def heard_in(events: Iterable[CallEvent]) -> Iterator[str]:
    """What the client said in a call, one utterance after the other, as far as it can be read."""
    return (text for event in events if event.kind == "Heard" and (text := _text(event)) is not None)


def is_readable(attempt: Attempt) -> bool:
    """Whether a call's facts and every entry of its log can be opened and are JSON objects, what was heard with words.

    Whether the program still knows such entries is not asked here.
    """
    if _fields(attempt.facts) is None or any(_fields(event.body) is None for event in attempt.events):
        return False
    return all(_text(event) is not None for event in attempt.events if event.kind == "Heard")


def _text(event: CallEvent) -> str | None:
    text = (_fields(event.body) or {}).get("text")
    return text if isinstance(text, str) else None


def _fields(body: str) -> dict[str, Any] | None:
    try:
        fields = json.loads(body)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None
