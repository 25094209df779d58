"""When an answer is too doubtful to be taken: pure. A yes taken for a no is worse than asking again, and so is a
mumble taken for a refusal, which closes the review for good, or for a complaint, which calls a person to the line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from intents.values import Intent, Match
from rules.outcomes import Risk

_POLAR = frozenset({Intent.YES, Intent.NO})
_GUESSED = 0.4  # of the recogniser; below it the words were guessed
_MUMBLED = 0.8  # a refusal closes the review for good (table F.1 row 1); who means it says it again when asked again
_ILL_HEARD = 0.6  # a complaint fetches a person at once; who complains says it again, and louder
_LEAST_SURE = {  # of the recogniser
    Intent.YES: _GUESSED, Intent.NO: _GUESSED, Intent.WRONG_NUMBER: _GUESSED,
    Intent.REFUSE: _MUMBLED, Intent.COMPLAINT: _ILL_HEARD,
}  # fmt: skip
_TWICE_DOUBTED = 0.3  # the recogniser's times the matcher's: words half heard that nobody answers with


class Understanding(Protocol):
    """Says what a text means at a question; intents.Matcher is one."""

    def match(self, question: str, text: str) -> Match: ...


def understand(
    matcher: Understanding, question: str, text: str, others: Iterable[str] = (), confidence: float = 1.0
) -> Match:
    """What `text` means; unclear where a yes or no may be its opposite, or where what closes the review was ill heard.

    `others` are what the same sound or parts of it were taken for besides; `confidence` is the recogniser's.
    """
    match = matcher.match(question, text)
    if confidence < _LEAST_SURE.get(match.intent, 0.0):
        return _doubted(match, f"听得不真切（把握 {confidence:.2f}），需再问")
    if match.intent in _LEAST_SURE and confidence * match.confidence < _TWICE_DOUBTED:
        return _doubted(match, f"听得不真切（把握 {confidence:.2f}），也不像任何回答，需再问")
    for other in others if match.intent in _POLAR else ():
        if other != text and matcher.match(question, other).intent in _POLAR - {match.intent}:
            return _doubted(match, f"也可能听作「{other}」，是与否相反，需再问")
    return match


def _doubted(match: Match, reason: str) -> Match:
    """Asked again; that a client is dissatisfied is then asked again too, graver risks stay flagged."""
    evidence = f"{match.evidence}；{reason}" if match.evidence else reason
    risks = match.risks - {Risk.DISSATISFIED} if match.intent is Intent.COMPLAINT else match.risks
    return replace(match, intent=Intent.UNCLEAR, risks=risks, confidence=min(match.confidence, 0.3), evidence=evidence)
