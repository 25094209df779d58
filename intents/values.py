"""What a sentence means: the closed set of labels and the value that the matcher returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rules.outcomes import Risk


class Intent(StrEnum):
    """What an utterance means at one question; exactly one of these."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    REPEAT = "repeat"
    QUESTION = "question"
    BUSY = "busy"
    REFUSE = "refuse"
    HUMAN = "human"
    DOUBT = "doubt"
    NOT_CLIENT = "not_client"
    WRONG_NUMBER = "wrong_number"
    COMPLAINT = "complaint"
    HOLD = "hold"
    UNCLEAR = "unclear"


class Announced(StrEnum):
    """What the network (or whoever answers for the client) said."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    POWERED_OFF = "powered_off"
    SUSPENDED = "suspended"
    EMPTY_NUMBER = "empty_number"
    REFUSED_BY_NETWORK = "refused_by_network"
    OWN_LINE = "own_line"
    VOICEMAIL = "voicemail"
    PHONE_ASSISTANT = "phone_assistant"
    RINGBACK_MUSIC = "ringback_music"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class Match:
    """The meaning of an utterance with the evidence for it.

    `confidence` is 0 to 1; `evidence` says in words which rule or which nearest example decided.
    """

    intent: Intent
    risks: frozenset[Risk] = frozenset()
    confidence: float = 1.0
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class AnnouncementMatch:
    """What an announcement says, with its evidence; `outcome` is None while the text is too short to tell."""

    outcome: Announced | None
    confidence: float = 0.0
    evidence: str = ""
