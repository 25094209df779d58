"""From what was heard to plain words: normalised, misheard words put right, double negations resolved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from intents.concepts import Concepts, load_concepts
from intents.negation import Negations, load_negations
from intents.normalise import normalise
from intents.phrases import FOLDER


@dataclass(frozen=True, slots=True)
class Reading:
    """The stages of one utterance, each a normalised text, and what was done to it in words."""

    heard: str
    repaired: str
    plain: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """Holds the word lists; `read` is what training and matching share."""

    concepts: Concepts
    negations: Negations

    def read(self, text: str) -> Reading:
        """The stages of an utterance as heard."""
        heard = normalise(text)
        repaired = self.negations.respelled(self.concepts.repaired(self.negations.respelled(heard)))
        resolved = self.negations.resolve(repaired)
        notes = (f"按读音改作「{repaired}」",) if repaired != heard else ()
        return Reading(heard, repaired, resolved.text, notes + resolved.rules)


@lru_cache(maxsize=1)
def load_reader() -> Reader:
    """The reader of this process; LexiconError when a word list is broken."""
    return Reader(load_concepts(FOLDER / "concepts.yaml"), load_negations(FOLDER / "negation.yaml"))
