"""What the client gave in one turn, by voice, by key or by silence."""

from __future__ import annotations

from dataclasses import dataclass

from bot.moves import Heard
from bot.nodes import Ladder
from intents.values import Intent
from rules.outcomes import Risk


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of the client; milliseconds as in the moves."""

    cue: Intent | Ladder
    words: str = ""
    risks: frozenset[Risk] = frozenset()
    confidence: float = 1.0
    evidence: str = ""
    start_ms: int = 0
    end_ms: int = 0
    value: str = ""  # what is stored where it is more than the meaning: a choice, words or none
    keyed: bool = False

    @staticmethod
    def heard(heard: Heard) -> Said:
        """By voice."""
        match = heard.match
        confidence = min(heard.confidence, match.confidence)
        return Said(match.intent, heard.text, match.risks, confidence, match.evidence, heard.start_ms, heard.end_ms)

    @staticmethod
    def pressed(cue: Intent, keys: str, at_ms: int, value: str = "") -> Said:
        """By key; `words` name the keys."""
        return Said(cue, f"按键{keys}", evidence=f"按键{keys}", start_ms=at_ms, end_ms=at_ms, value=value, keyed=True)

    @staticmethod
    def nothing(at_ms: int) -> Said:
        """By silence."""
        return Said(Ladder.SILENT, start_ms=at_ms, end_ms=at_ms)
