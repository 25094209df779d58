"""What the model expects to hear: its words, and n-grams of the domain mixed with general word frequencies."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any, TypeAlias

import pywrapfst as fst

from speech_model import texts

Line: TypeAlias = tuple[str, ...]  # a sentence as words
Fst: TypeAlias = Any
_NUMBERS = 400  # sentences of digits, dates, times and amounts
_SHORT_WEIGHT = 8  # short answers decide a call
_LEAST_SEEN = 2  # times, for a history of two words
START, END = "<s>", "</s>"


@dataclass(frozen=True, slots=True)
class Language:
    """Words with their ids (Kaldi's words.txt), general probabilities, and the sentences of the domain."""

    ids: dict[str, int]
    general: dict[str, float]
    lines: list[Line]

    @property
    def words(self) -> list[str]:
        """The words that can be heard."""
        return list(self.general)


def language(n_words: int, n_chars: int) -> Language:
    """All words of the corpora, beside the `n_words` commonest words and `n_chars` commonest characters."""
    lines = [line for line in map(texts.cut, sentences()) if all(map(texts.readable, line))]
    known = {word for line in [*lines, *map(texts.cut, texts.domain())] for word in line}
    known |= common(n_words, n_chars) | set("".join(names()))
    known |= {char for word in known for char in word}
    words = sorted(filter(texts.readable, known))
    freq = texts.jieba_freq()
    total = sum(freq.get(word, 1) + 1 for word in words)
    general = {word: (freq.get(word, 1) + 1) / total for word in words}
    return Language({word: number for number, word in enumerate(["<eps>", *words, "[unk]", "#0"])}, general, lines)


def sentences() -> list[str]:
    """The texts of the language model: what gather_phrases found, short answers, numbers."""
    rng = random.Random(0)
    numbers = [texts.numeric(rng) for _ in range(_NUMBERS)]
    return texts.read_lines(texts.CORPUS / "phrases.txt") + texts.SHORT * _SHORT_WEIGHT + numbers


def names() -> list[str]:
    """Surnames and the characters of given names."""
    return texts.read_lines(texts.CORPUS / "names.txt")


def common(n_words: int, n_chars: int) -> set[str]:
    """The commonest words and characters of jieba's dictionary; a character counts a twentieth inside a word."""
    freq = texts.jieba_freq()
    chars: dict[str, float] = defaultdict(float)
    for word, count in freq.items():
        for char in word:
            chars[char] += count if len(word) == 1 else count / 20
    top = sorted((word for word in freq if len(word) > 1), key=lambda word: -freq[word])[:n_words]
    return set(top) | set(sorted(chars, key=lambda char: -chars[char])[:n_chars])


class NGram:
    """Witten-Bell n-gram of the domain's sentences over general word frequencies, as a back-off acceptor."""

    def __init__(self, known: Language, order: int, mix: float) -> None:
        """`order` words are looked at together; `mix` is the share of general frequencies in single words."""
        self._known = known
        self._after: dict[Line, Counter[str]] = defaultdict(Counter)
        for line in known.lines:
            words = (START, *line, END)
            for end in range(2, len(words) + 1):
                for length in range(min(order, end) - 1, -1, -1):
                    self._after[words[end - 1 - length : end - 1]][words[end - 1]] += 1
        counts = self._after.pop(())
        self._after = {history: seen for history, seen in self._after.items() if _worth(history, seen)}
        n = counts.total()
        general = {word: (1 - mix) * counts[word] / n + mix * share for word, share in known.general.items()}
        self._chances: dict[Line, dict[str, float]] = {(): general | {END: counts[END] / n}}
        for history in sorted(self._after, key=len):  # shorter ones first: they are what is backed off to
            self._chances[history] = self._witten_bell(history)

    def _witten_bell(self, history: Line) -> dict[str, float]:
        counts = self._after[history]
        total = counts.total()
        trust = total / (total + len(counts))
        return {
            word: trust * count / total + (1 - trust) * self._chances[history[1:]][word]
            for word, count in counts.items()
        }

    def acceptor(self, scale: float) -> Fst:
        """The graph; costs times `scale`, back-off arcs are epsilons."""
        graph = fst.VectorFst()
        state = {history: graph.add_state() for history in self._chances}
        graph.set_start(state[(START,)])
        for history, chances in self._chances.items():
            for word, chance in chances.items():
                cost = -math.log(chance) * scale
                if word == END:
                    graph.set_final(state[history], weight(cost))
                else:
                    number = self._known.ids[word]
                    add_arc(graph, state[history], number, number, cost, state[self._longest((*history, word))])
            if history:
                add_arc(graph, state[history], 0, 0, self._back_off(history) * scale, state[history[1:]])
        return graph.arcsort("ilabel")

    def _longest(self, words: Line) -> Line:
        """The longest end of these words that has a state."""
        return next(words[start:] for start in range(len(words) + 1) if words[start:] in self._chances)

    def _back_off(self, history: Line) -> float:
        chances, shorter = self._chances[history], self._chances[history[1:]]
        left = max(1e-4, 1 - sum(chances.values())) / max(1e-4, 1 - sum(shorter[word] for word in chances))
        return -math.log(left)


def _worth(history: Line, followers: Counter[str]) -> bool:
    """A longer history that was seen once says little and would double the graph."""
    return len(history) < 2 or followers.total() >= _LEAST_SEEN


def weight(cost: float) -> Any:
    """A tropical weight."""
    return fst.Weight("tropical", cost)


def add_arc(graph: Fst, source: int, symbol_in: int, symbol_out: int, cost: float, target: int) -> None:
    """One arc."""
    graph.add_arc(source, fst.Arc(symbol_in, symbol_out, weight(cost), target))
