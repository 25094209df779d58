"""What spoken announcements decide: from the texts of a recogniser to one verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from intents import Announced, AnnouncementMatch, classify_announcement
from intents.announcements import WAITING

ENDINGS = frozenset(Announced) - WAITING
"""Announcements after which waiting brings nothing more."""

_SHORTEST = 3  # characters that can end a call
_LIKELY = 0.4  # below, what a recogniser made of music
_TOGETHER = 3  # utterances that may be one announcement: 您好 … 您拨打的用户 … 已关机
CONFIDENT = 0.7  # an announcement that has come to its point


Classify = Callable[[str], AnnouncementMatch]


@dataclass(frozen=True, slots=True)
class Quote:
    """An utterance as it was understood, with its place in the recording; `sure` as far as the recogniser is."""

    text: str
    start_ms: int
    end_ms: int
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The words that decide, what they mean (outcome None: nothing), and whether that is beyond doubt.

    `sure` needs good hearing and a text that has come to its point.
    """

    text: str
    match: AnnouncementMatch
    sure: bool


def verdict_of(quotes: Sequence[Quote], classify: Classify = classify_announcement) -> Verdict:
    """The meaning of everything understood: the latest words that end a call, else all words together."""
    best: Verdict | None = None
    for last in range(len(quotes), 0, -1):
        for first in range(last - 1, max(-1, last - 1 - _TOGETHER), -1):
            verdict = _verdict(quotes[first:last], classify)
            if verdict.match.outcome in ENDINGS and (best is None or verdict.sure > best.sure):
                best = verdict
    return best or _verdict(quotes[-_TOGETHER:], classify)


def _verdict(quotes: Sequence[Quote], classify: Classify) -> Verdict:
    text = "".join(quote.text for quote in quotes)
    match = classify(text)
    if match.outcome in ENDINGS and (len(text) < _SHORTEST or match.confidence < _LIKELY):
        match = replace(match, outcome=None)
    return Verdict(text, match, match.confidence >= CONFIDENT and all(quote.sure for quote in quotes))
