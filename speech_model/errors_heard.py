"""Tells sentences with a recogniser's homophone errors from plain ones, so that the language model learns none.

The labelled sets hold such errors on purpose (慢意 for 满意, 队我就是 for 对我就是): a matcher has to bear them, but
a recogniser that expects them makes them. They are rarer than the right spelling, so a sentence is taken for misheard
when other characters with the same sounds make one that is much likelier by the words of all sentences together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from speech_model import texts, units

_LONGEST = 4  # characters of a word
_OWN_SHARE = 0.9  # of the sentences' own words; the rest is jieba's
_NEVER = -25.0  # log probability of a character that is no word


class Ear:
    """Judges sentences by the words of all of them."""

    def __init__(self, sentences: Sequence[str], margin: float) -> None:
        """`margin` is in nats: how much likelier the other spelling must be."""
        self._margin = margin
        own = Counter(word for sentence in sentences for word in texts.cut(sentence))
        self._words = _mixed(own)
        self._sounds: dict[tuple[str, ...], float] = {}
        for word, chance in self._words.items():
            sounds = tuple(map(_plain, word))
            self._sounds[sounds] = max(self._sounds.get(sounds, -math.inf), chance)

    def misheard(self, sentence: str) -> bool:
        """Whether another spelling of the same sounds is much likelier."""
        return self._likeliest(tuple(map(_plain, sentence))) - self._likeliest(sentence) > self._margin

    def _likeliest(self, sequence: str | tuple[str, ...]) -> float:
        """Log probability of the best way to cut characters, or sounds, into words."""
        best = [0.0]
        for end in range(1, len(sequence) + 1):
            starts = range(max(0, end - _LONGEST), end)
            best.append(max(best[start] + self._chance(sequence[start:end]) for start in starts))
        return best[-1]

    def _chance(self, piece: str | tuple[str, ...]) -> float:
        unknown = _NEVER * len(piece)
        return self._words.get(piece, unknown) if isinstance(piece, str) else self._sounds.get(piece, unknown)


def _mixed(own: Counter[str]) -> dict[str, float]:
    """Log probabilities of the sentences' own words mixed with jieba's."""
    general = texts.jieba_freq()
    n_own, n_general = own.total(), sum(general.values())
    words = filter(texts.readable, {**general, **own})
    return {
        word: math.log(_OWN_SHARE * own[word] / n_own + (1 - _OWN_SHARE) * general.get(word, 1) / n_general)
        for word in words
    }


@lru_cache(maxsize=20_000)
def _plain(char: str) -> str:
    """A character's syllable without its tone."""
    return (units.syllables(char) or ["?"])[0][:-1]
