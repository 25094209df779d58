"""Which words a recognition model knows, and how phrases are cut into them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain

from speech.transcript import UNKNOWN

_TOKEN = re.compile(r"[\u3400-\u9fff]+|[A-Za-z']+|[0-9]+")
_LONGEST_WORD = 8  # characters


class Vocabulary:
    """Cuts text into the fewest words that a model has; `has_word` asks the model itself.

    Asking the model rather than reading `graph/words.txt` works for models that keep their words inside the
    graph and ship no such file.
    """

    def __init__(self, has_word: Callable[[str], bool]) -> None:
        self._has = lru_cache(maxsize=100_000)(has_word)

    def cut(self, text: str) -> tuple[list[str], list[str]]:
        """The words of a text and, beside them, the pieces that the model lacks; punctuation is left out."""
        words: list[str] = []
        lacking: list[str] = []
        for token in _TOKEN.findall(text):
            for piece in self._cut_run(token) if token[0] > "\u3000" else [token.lower()]:
                (words if self._has(piece) else lacking).append(piece)
        return words, lacking

    def unknown_words(self, texts: Iterable[str]) -> dict[str, list[str]]:
        """For each text that cannot be heard in full: the pieces that the model lacks, in order."""
        cuts = ((text, self.cut(text)[1]) for text in texts)
        return {text: lacking for text, lacking in cuts if lacking}

    def grammar(self, phrases: Iterable[str]) -> str:
        """Vosk's JSON for the phrases that the model knows in full, plus `[unk]`; empty when none is left.

        A phrase with an unknown piece is left out whole: without the piece it would mean something else.
        """
        known: set[str] = set()
        for phrase in phrases:
            words, lacking = self.cut(phrase)
            if words and not lacking:
                known.add(" ".join(words))
        return json.dumps([*sorted(known), UNKNOWN], ensure_ascii=False) if known else ""

    def _cut_run(self, run: str) -> Sequence[str]:
        """Fewest words; a character that no word covers stays alone and counts as ten words."""
        best: list[tuple[int, tuple[str, ...]]] = [(0, ())]
        for end in range(1, len(run) + 1):
            options = (self._option(best[start], run[start:end]) for start in range(max(0, end - _LONGEST_WORD), end))
            best.append(min(chain.from_iterable(options), key=lambda option: option[0]))
        return best[-1][1]

    def _option(self, before: tuple[int, tuple[str, ...]], piece: str) -> list[tuple[int, tuple[str, ...]]]:
        cost, words = before
        if self._has(piece):
            return [(cost + 1, (*words, piece))]
        return [(cost + 10, (*words, piece))] if len(piece) == 1 else []
