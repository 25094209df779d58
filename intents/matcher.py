"""The matcher: what an utterance means at a question, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from intents.concepts import Concepts, load_concepts
from intents.features import answer_features
from intents.linear import LinearModel, Scores, load
from intents.normalise import normalise
from intents.phrases import FOLDER
from intents.questions import kind_of
from intents.values import Intent, Match
from rules.outcomes import Risk


@dataclass(frozen=True, slots=True)
class Matcher:
    """Decides what an utterance means; thread-safe, holds no state between calls."""

    concepts: Concepts
    model: LinearModel

    def match(self, question: str, text: str) -> Match:
        """The meaning of `text`, heard after `question` (an id of intents.questions); never raises."""
        plain = normalise(text)
        if not plain:
            return Match(Intent.UNCLEAR, evidence="没有听到话")
        scores = self.model.scores(answer_features(self.concepts, question, kind_of(question), plain))
        labels = scores[: len(Intent)]
        best = int(np.argmax(labels))
        risks = self._risks(scores)
        return Match(Intent(self.model.classes[best]), risks, _confidence(labels, best), "模型")

    def _risks(self, scores: Scores) -> frozenset[Risk]:
        names = self.model.classes[len(Intent) :]
        return frozenset(Risk(name) for name, score in zip(names, scores[len(Intent) :], strict=True) if score > 0)


def _confidence(labels: Scores, best: int) -> float:
    spread = np.exp(4 * (labels - labels[best]))
    return round(float(1 / spread.sum()), 3)


@lru_cache(maxsize=1)
def load_matcher() -> Matcher:
    """The matcher of this process; LexiconError when its files are missing or broken."""
    return Matcher(load_concepts(FOLDER / "concepts.yaml"), load(FOLDER / "model.npz", "answers"))


def example_phrases(question: str) -> tuple[str, ...]:
    """Short phrases that are likely answers to a question, for a recogniser's grammar and language model."""
    return ()
