"""What the learned model sees of an announcement: n-grams of characters, sounds and terms of the trade.

Chinese counts by characters, English by words; the terms (zh/announcement-words.yaml) are found by sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from intents.errors import LexiconError
from intents.normalise import LONGEST, folded
from intents.phrases import read_yaml
from intents.pinyin import syllable

# Heard in every announcement, where it comes to its point, where the point may be yet to come, in none.
PARTS = OPENINGS, POINTS, HALVES, OTHERS = "开头", "要点", "半句", "其他"
_UNITS = re.compile(r"[a-z']+|[0-9\u3400-\u9fff]")
_SHORT = 2  # characters
_SPELLED_FREELY = frozenset({"关机", "停机", "空号", "欠费", "占线"})  # terms heard in every spelling
_OFTEN = 3  # times in a row: la la la

Units = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A term as it was heard, with its part of the file and its place among the units; without name: no term."""

    name: str | None
    heard: str
    start: int
    part: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms by spelling and by sound (those of two characters or more)."""

    spelled: Mapping[Units, str]
    sounding: Mapping[Units, Units]  # the spelling of a sound
    parts: Mapping[str, str]
    longest: int

    def found_in(self, heard: Units) -> list[Term]:
        """The terms from left to right, longest first, and the units between them one by one."""
        sounds, found, position = sounds_of(heard), [], 0
        while position < len(heard):
            name, length = self._at(heard, sounds, position)
            words = "".join(heard[position : position + length])
            found.append(Term(name, words, position, self.parts.get(name or "", "")))
            position += length
        return found

    def _at(self, heard: Units, sounds: Units, start: int) -> tuple[str | None, int]:
        for end in range(min(len(heard), start + self.longest), start, -1):
            if name := self.spelled.get(heard[start:end]) or self._by_sound(heard[start:end], sounds[start:end]):
                return name, end - start
        return None, 1

    def _by_sound(self, heard: Units, sounds: Units) -> str | None:
        """The term that sounds so: short ones only with a character in common (流言 for 留言, not 路硬 for 录音)."""
        word = self.sounding.get(sounds)
        if word is None or not (len(word) > _SHORT or set(word) & set(heard) or self.spelled[word] in _SPELLED_FREELY):
            return None
        return self.spelled[word]


def load_terms(path: Path) -> Terms:
    """The terms of a file; LexiconError when it is broken."""
    content = read_yaml(path)
    if set(content) != set(PARTS) or not all(isinstance(groups, dict) for groups in content.values()):
        raise LexiconError(f"{path}: must have the parts {', '.join(PARTS)}, each a mapping of terms to words")
    spelled: dict[Units, str] = {}
    sounding: dict[Units, Units] = {}
    for name, words in (entry for groups in content.values() for entry in groups.items()):
        if not isinstance(words, list) or not all(map(units, words)):
            raise LexiconError(f"{path}: {name} is not a list of words; write it as `{name}: [词, 词]`")
        for word in map(units, words):
            spelled.setdefault(word, name)
            if len(word) > 1:
                sounding.setdefault(sounds_of(word), word)
    parts = {name: part for part, groups in content.items() for name in groups}
    return Terms(spelled, sounding, parts, max(map(len, spelled), default=1))


def units(text: str) -> Units:
    """The characters of the Chinese parts and the words of the English parts of a text as heard."""
    return tuple(_UNITS.findall(folded(str(text)))[:LONGEST])


def sounds_of(heard: Units) -> Units:
    """The folded syllable of every character; English words as they are."""
    return tuple(map(syllable, heard))


def features(found_terms: Sequence[Term], heard: Units) -> list[str]:
    """The distinct features: c characters, p sounds, s terms, & two terms anywhere, and repetition (la la la)."""
    named = [term.name for term in found_terms if term.name]
    found = set(_grams("c", ["^", *heard, "$"], (1, 2, 3)))
    found.update(_grams("p", ["^", *sounds_of(heard), "$"], (1, 2, 3)))
    found.update(_grams("s", ["^", *named, "$"], (1, 2)))
    found.update("&".join(pair) for pair in combinations(sorted(set(named)), 2))
    if any(len(set(heard[at : at + _OFTEN])) == 1 for at in range(len(heard) - _OFTEN + 1)):
        found.add("again and again")
    return sorted(found)


def _grams(prefix: str, of: Sequence[str], sizes: Iterable[int]) -> list[str]:
    return [prefix + " ".join(of[at : at + size]) for size in sizes for at in range(len(of) - size + 1)]
