"""The matcher: what an utterance means at a question, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from intents.examples import example_phrases
from intents.features import answer_features
from intents.linear import LinearModel, Scores, load
from intents.phrases import FOLDER
from intents.questions import kind_of
from intents.reading import Reader, load_reader
from intents.values import Intent, Match
from rules.outcomes import Risk


@dataclass(frozen=True, slots=True)
class Matcher:
    """Decides what an utterance means; thread-safe, holds no state between calls."""

    reader: Reader
    model: LinearModel

    def match(self, question: str, text: str) -> Match:
        """The meaning of `text`, heard after `question` (an id of intents.questions); never raises."""
        reading = self.reader.read(text)
        if not reading.heard:
            return Match(Intent.UNCLEAR, evidence="没有听到话")
        scores = self.model.scores(answer_features(self.reader, question, kind_of(question), reading))
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
    return Matcher(load_reader(), load(FOLDER / "model.npz", "answers"))


__all__ = ["Matcher", "example_phrases", "load_matcher"]
