"""Utterances as sequences of concepts (zh/concepts.yaml): what the learned model sees beside characters and sounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from intents.phrases import read_phrases
from intents.pinyin import syllables

# Sound alone never turns these into something else: they carry polarity or the person.
PROTECTED = frozenset("不没有是无我他你她的了")


@dataclass(frozen=True, slots=True)
class Concepts:
    """Words and sounds of every concept."""

    words: Mapping[str, str]
    sounds: Mapping[tuple[str, ...], str]
    spelling: Mapping[tuple[str, ...], str]  # the word to write for a sound
    longest: int

    def tokens(self, text: str) -> list[str]:
        """The concepts of a normalised text from left to right, longest words first; other characters as `~sound`."""
        return list(self._tokens(text, syllables(text)))

    def repaired(self, text: str) -> str:
        """A normalised text with the words that only sound like a known one spelled as that one."""
        sounds = syllables(text)
        written, position = "", 0
        while position < len(text):
            word = self._word_at(text, sounds, position)
            written += word
            position += len(word)
        return written

    def _word_at(self, text: str, sounds: tuple[str, ...], position: int) -> str:
        for end in range(min(len(text), position + self.longest), position + 1, -1):
            heard = text[position:end]
            if heard in self.words:
                return heard
            if (known := self.spelling.get(sounds[position:end])) and PROTECTED.isdisjoint(heard):
                return known
        return text[position]

    def _tokens(self, text: str, sounds: tuple[str, ...]) -> Iterator[str]:
        position = 0
        while position < len(text):
            for end in range(min(len(text), position + self.longest), position, -1):
                if concept := self._concept(text[position:end], sounds[position:end]):
                    yield concept
                    position = end
                    break
            else:
                yield "~" + sounds[position]
                position += 1

    def _concept(self, word: str, sounds: tuple[str, ...]) -> str | None:
        exact = self.words.get(word)
        if exact or len(word) == 1:
            return exact
        near = self.sounds.get(sounds)
        return near if near and PROTECTED.isdisjoint(word) else None


def load_concepts(path: Path) -> Concepts:
    """The concepts of a file; LexiconError when it is broken."""
    return build_concepts(read_phrases(path))


def build_concepts(groups: Mapping[str, Sequence[str]]) -> Concepts:
    """Concepts from their words; the first concept that names a word keeps it."""
    words: dict[str, str] = {}
    sounds: dict[tuple[str, ...], str] = {}
    spelling: dict[tuple[str, ...], str] = {}
    for concept, members in groups.items():
        for word in members:
            words.setdefault(word, concept)
            if len(word) > 1:
                sounds.setdefault(syllables(word), concept)
                spelling.setdefault(syllables(word), word)
    return Concepts(words, sounds, spelling, max(map(len, words), default=1))
