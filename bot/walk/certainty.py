"""When an answer is too doubtful to be taken: pure. A yes taken for a no is worse than asking again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from intents.values import Intent, Match

_POLAR = frozenset({Intent.YES, Intent.NO})
_LEAST_SURE = 0.4  # of the recogniser in a yes or no; below it was guessed


class Understanding(Protocol):
    """Says what a text means at a question; intents.Matcher is one."""

    def match(self, question: str, text: str) -> Match: ...


def understand(
    matcher: Understanding, question: str, text: str, others: Iterable[str] = (), confidence: float = 1.0
) -> Match:
    """What `text` means; unclear where it is a yes or no and one of `others` is the opposite.

    `others` are what the same sound or parts of it were taken for besides; `confidence` is the recogniser's.
    """
    match = matcher.match(question, text)
    if match.intent not in _POLAR:
        return match
    if confidence < _LEAST_SURE:
        return _doubted(match, f"听得不真切（把握 {confidence:.2f}），需再问")
    for other in others:
        if other != text and matcher.match(question, other).intent in _POLAR - {match.intent}:
            return _doubted(match, f"也可能听作「{other}」，是与否相反，需再问")
    return match


def _doubted(match: Match, reason: str) -> Match:
    evidence = f"{match.evidence}；{reason}" if match.evidence else reason
    return replace(match, intent=Intent.UNCLEAR, confidence=min(match.confidence, 0.3), evidence=evidence)
