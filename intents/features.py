"""What the learned model sees of an utterance: n-grams of characters, sounds and concepts, alone and by kind."""

from __future__ import annotations

from collections.abc import Container, Sequence

from intents.concepts import Concepts
from intents.pinyin import syllables
from intents.questions import Kind
from intents.reading import Reader, Reading

GRAMS = (1, 2, 3)


def answer_features(reader: Reader, question: str, kind: Kind | None, reading: Reading) -> list[str]:
    """The features of an answer in plain words; each n-gram also tied to the kind of question."""
    alone = text_features(reader.concepts, reading.plain)
    name = kind.value if kind else "other"
    tied = [f"{name}|{feature}" for feature in alone]
    return [*alone, *tied, f"kind={name}", f"question={question}"]


def text_features(concepts: Concepts, text: str) -> list[str]:
    """The distinct n-grams of a normalised text: c characters, p sounds, k concepts, s concepts that are no gap."""
    tokens = concepts.tokens(text)
    named = [token for token in tokens if not token.startswith("~")]
    found = set(_grams("c", ["^", *text, "$"], GRAMS))
    found.update(_grams("p", ["^", *syllables(text), "$"], GRAMS))
    found.update(_grams("k", ["^", *tokens, "$"], GRAMS))
    found.update(_grams("s", ["^", *named, "$"], GRAMS[1:]))
    return sorted(found)


def known_share(text: str, vocabulary: Container[str]) -> float:
    """The share, 0 to 1, of a text's pairs of characters that a vocabulary of features holds; murmurs have few."""
    pairs = _grams("c", ["^", *text, "$"], (2,))
    return sum(pair in vocabulary for pair in pairs) / len(pairs)


def _grams(prefix: str, units: Sequence[str], sizes: Sequence[int]) -> list[str]:
    return [prefix + " ".join(units[i : i + size]) for size in sizes for i in range(len(units) - size + 1)]
