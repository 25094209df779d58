"""What was heard: words with their places in the stream and the recogniser's own confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

UNKNOWN = "[unk]"  # Vosk's word for speech that lies outside a grammar
_SYLLABLE_MS = 200  # an unknown stretch weighs as many characters as it lasts syllables


@dataclass(frozen=True, slots=True)
class Word:
    """One word; times in ms from the stream's first sample, confidence 0 to 1."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float

    @property
    def known(self) -> bool:
        """False for speech that the grammar has no word for."""
        return self.text != UNKNOWN


@dataclass(frozen=True, slots=True)
class Transcript:
    """One utterance: `text` without spaces and without what lay outside the grammar.

    `words` keeps the `[unk]` entries; they pull `confidence` (0 to 1, mean per character) down, so that a
    phrase found inside a longer unknown sentence does not look like a sure answer.
    """

    text: str = ""
    words: tuple[Word, ...] = ()
    confidence: float = 0.0

    @property
    def unknown(self) -> int:
        """How many stretches of speech the grammar had no word for."""
        return sum(not word.known for word in self.words)


def transcript_of(words: Sequence[Word]) -> Transcript:
    """The transcript of words in order."""
    text = "".join(word.text for word in words if word.known)
    return Transcript(text, tuple(words), _confidence(words))


def _confidence(words: Sequence[Word]) -> float:
    weights = [_weight(word) for word in words]
    sure = sum(word.confidence * weight for word, weight in zip(words, weights, strict=True) if word.known)
    return min(1.0, sure / sum(weights)) if weights else 0.0


def _weight(word: Word) -> int:
    return len(word.text) if word.known else max(1, round((word.end_ms - word.start_ms) / _SYLLABLE_MS))
