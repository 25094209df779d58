"""Utterances as sequences of concepts (zh/concepts.yaml): what the learned model sees beside characters and sounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from intents.phrases import read_phrases
from intents.pinyin import syllables

# Sound alone never turns these into something else: they carry polarity or the person.
PROTECTED = frozenset("不没有是无我他你她的了")

# Concepts whose two-character words are so often misspelt that no character need be right (协议 heard as 写意).
SPELLED_FREELY = frozenset({"文书", "等级", "规则", "费用", "账户", "密码", "满意", "操作", "不知道", "没签"})


@dataclass(frozen=True, slots=True)
class Concepts:
    """Words and sounds of every concept."""

    words: Mapping[str, str]
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
            known = self.spelling.get(sounds[position:end])
            if heard in self.words:
                return known if known and self.words[known] == self.words[heard] else heard
            if known and self._may_stand_for(heard, known):
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
        near = self.spelling.get(sounds)
        return self.words[near] if near and self._may_stand_for(word, near) else None

    def _may_stand_for(self, heard: str, known: str) -> bool:
        """Whether a known word may replace what sounds like it: short words only with a character in common."""
        if not _keeps_protected(heard, known):
            return False
        return len(known) > 2 or self.words[known] in SPELLED_FREELY or _share_a_character(heard, known)


def _share_a_character(heard: str, known: str) -> bool:
    return any(ours == theirs and ours not in PROTECTED for ours, theirs in zip(heard, known, strict=True))


def _keeps_protected(heard: str, known: str) -> bool:
    """Whether no protected character comes or goes."""
    return all(
        ours == theirs or (ours not in PROTECTED and theirs not in PROTECTED)
        for ours, theirs in zip(heard, known, strict=True)
    )


def load_concepts(path: Path) -> Concepts:
    """The concepts of a file; LexiconError when it is broken."""
    return build_concepts(read_phrases(path))


def build_concepts(groups: Mapping[str, Sequence[str]]) -> Concepts:
    """Concepts from their words; the first concept that names a word keeps it."""
    words: dict[str, str] = {}
    spelling: dict[tuple[str, ...], str] = {}
    for concept, members in groups.items():
        for word in members:
            words.setdefault(word, concept)
            if len(word) > 1:
                spelling.setdefault(syllables(word), word)
    return Concepts(words, spelling, max(map(len, words), default=1))
