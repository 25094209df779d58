"""Who or what picked up: whether the first words after answer can only come from a machine.

What a person says at the telephone may well hold a network's words (他手机关机了), so the meaning of an announcement
counts here only together with a mark of a machine's speech (zh/machine-marks.yaml). In doubt it is a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from intents.announcement_terms import Units, sounds_of, units
from intents.announcements import WAITING, classify_announcement
from intents.errors import LexiconError
from intents.phrases import FOLDER, read_yaml
from intents.values import AnnouncementMatch

NETWORK, VOICEMAIL, ASSISTANT, PERSON = PARTS = ("网络", "留言", "助理", "真人")
_GAP = "…"
_BETWEEN = r"(?:\S+ ){0,10}?"  # units
_DOUBTFUL = 0.5  # the most confidence without a mark
_MARKED = 0.8  # the least with one


@dataclass(frozen=True, slots=True)
class Marks:
    """Patterns by part: over the space-separated sounds of a text, those of a person over its characters."""

    patterns: Mapping[str, re.Pattern[str]]

    def found_in(self, text: str) -> frozenset[str]:
        """The parts of which the text has a mark."""
        heard = units(text)
        return frozenset(part for part, pattern in self.patterns.items() if pattern.search(_line(part, heard)))


def classify_answer(text: str) -> AnnouncementMatch:
    """What an announcement says, as first words after answer; also for the partial text of a recogniser.

    `confidence` stays at 0.5 or below unless the words hold a mark of a machine and none of a person.
    """
    match = classify_announcement(text)
    if match.outcome is None or match.outcome in WAITING:
        return match
    marks = _marks().found_in(text)
    if PERSON in marks or not marks:
        return replace(match, confidence=min(match.confidence, _DOUBTFUL))
    confidence = max(match.confidence, _MARKED) if marks & {VOICEMAIL, ASSISTANT} else match.confidence
    return replace(match, confidence=confidence, evidence=f"{match.evidence}；机器的说法（{'、'.join(sorted(marks))}）")


def load_marks(path: Path) -> Marks:
    """The marks of a file; LexiconError when it is broken."""
    content = read_yaml(path)
    if set(content) != set(PARTS) or not all(isinstance(words, list) and words for words in content.values()):
        raise LexiconError(f"{path}: must have the parts {', '.join(PARTS)}, each a list of words")
    return Marks({part: _pattern(path, part, map(str, words)) for part, words in content.items()})


def _pattern(path: Path, part: str, marks: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_compiled(path, part, mark)})" for mark in marks))


def _compiled(path: Path, part: str, mark: str) -> str:
    """A mark as a pattern; every piece is whole syllables or characters."""
    pieces = [_line(part, units(piece)) for piece in mark.split(_GAP)]
    if not all(pieces):
        raise LexiconError(f"{path}: {mark!r} has no words on one side of {_GAP}; write both or leave {_GAP} out")
    return r"(?<!\S)" + _BETWEEN.join(map(re.escape, pieces))


def _line(part: str, heard: Units) -> str:
    """The units as the marks of a part see them, each with a space behind it."""
    return "".join(f"{unit} " for unit in (heard if part == PERSON else sounds_of(heard)))


@lru_cache(maxsize=1)
def _marks() -> Marks:
    return load_marks(FOLDER / "machine-marks.yaml")
