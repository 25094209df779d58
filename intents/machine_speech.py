"""Whether words can only come from a machine, not from a song before the answer or a person after it.

Songs, adverts and people use a network's words too (爱已停机, 他手机关机了): the meaning of an announcement is certain
only with a mark of a machine's speech (zh/machine-marks.yaml). In doubt it is music, or a person.
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
from intents.values import Announced, AnnouncementMatch

NETWORK, VOICEMAIL, ASSISTANT, PERSON, ADVERT = PARTS = ("网络", "留言", "助理", "真人", "广告")
_SPELLED = frozenset({PERSON, ADVERT})  # not by sound
_GAP = "…"
_BETWEEN = r"(?:\S+ ){0,10}?"  # units
_DOUBTFUL = 0.5  # the most confidence without a mark
_MARKED = 0.8  # the least with one
_FORMAL = 0.9  # the least of a network's words that have no mark but nothing of talk either
_FORMAL_UNITS = 6
_FORMAL_BEGINNINGS = tuple(
    "您 对不起 抱歉 尊敬 用户 该 此 被叫 主叫 电话 号码 线路 外线 系统 网络 呼叫 本机 请 没有这".split()
)
_FORMAL_AFTER = (*_FORMAL_BEGINNINGS, "对方")  # of whom songs sing
_ENGLISH = re.compile(r"[a-z' ]+")
_SUNG = frozenset("我你俺咱吧呢吗啊呀嘛咋啥噢哎喂嗯")  # hardly in a network's mouth without a mark
_POLITE = frozenset("您嘅")
_TALK = _SUNG | frozenset("他她它哦")


@dataclass(frozen=True, slots=True)
class Marks:
    """Patterns by part: over the space-separated sounds of a text, those of no machine over its characters."""

    patterns: Mapping[str, re.Pattern[str]]

    def found_in(self, text: str) -> frozenset[str]:
        """The parts of which the text has a mark."""
        heard = units(text)
        return frozenset(part for part, pattern in self.patterns.items() if pattern.search(_line(part, heard)))


@lru_cache(maxsize=256)  # a growing text is asked for together with what stands before it, again and again
def classify_before_answer(text: str) -> AnnouncementMatch:
    """What an announcement in early media says; also for the partial text of a recogniser.

    `confidence` stays at 0.5 or below without a mark of a machine; the outcome of what sings or advertises is None.
    """
    match = classify_announcement(text)
    if match.outcome is None or match.outcome in WAITING:
        return match
    marks = _marks_of(text, match, _FORMAL_BEGINNINGS)
    if (ADVERT in marks and ASSISTANT not in marks) or _is_sung(text, match, marks):
        return AnnouncementMatch(None, evidence="像是彩铃或广告里的话")
    return match if marks - _SPELLED else replace(match, confidence=min(match.confidence, _DOUBTFUL))


@lru_cache(maxsize=256)
def classify_after_answer(text: str) -> AnnouncementMatch:
    """What an announcement says, as first words after answer; also for the partial text of a recogniser.

    `confidence` stays at 0.5 or below unless the words hold a mark of a machine and none of a person.
    """
    match = classify_announcement(text)
    if match.outcome is None or match.outcome in WAITING:
        return match
    marks = _marks_of(text, match, _FORMAL_AFTER)
    if PERSON in marks or not marks - _SPELLED:
        return replace(match, confidence=min(match.confidence, _DOUBTFUL))
    confidence = max(match.confidence, _MARKED) if marks & {VOICEMAIL, ASSISTANT} else match.confidence
    named = "、".join(sorted(marks - _SPELLED))
    return replace(match, confidence=confidence, evidence=f"{match.evidence}；机器的说法（{named}）")


def _is_sung(text: str, match: AnnouncementMatch, marks: frozenset[str]) -> bool:
    """Whether somebody speaks of you and me: a machine has 您, in Cantonese 你嘅, or speaks for a person."""
    spelled = set(units(text))
    speaks_for_one = match.outcome in (Announced.VOICEMAIL, Announced.PHONE_ASSISTANT)
    if _SUNG.isdisjoint(spelled):
        return False
    return not marks or not (speaks_for_one or spelled & _POLITE)


def _marks_of(text: str, match: AnnouncementMatch, beginnings: tuple[str, ...]) -> frozenset[str]:
    """The marks of a text; NETWORK too for a clear reason in a full sentence as nobody talks."""
    marks = _marks().found_in(text)
    return marks if marks - _SPELLED else marks | _formal(text, match, beginnings)


def _formal(text: str, match: AnnouncementMatch, beginnings: tuple[str, ...]) -> frozenset[str]:
    heard = units(text)
    clear = match.confidence >= _FORMAL and len(heard) >= _FORMAL_UNITS
    is_network = match.outcome not in (Announced.PHONE_ASSISTANT, Announced.VOICEMAIL)
    begins = "".join(heard).startswith(beginnings) or bool(_ENGLISH.fullmatch(" ".join(heard)))
    formal = begins and _TALK.isdisjoint(heard)
    return frozenset({NETWORK}) if clear and is_network and formal else frozenset()


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
    return "".join(f"{unit} " for unit in (heard if part in _SPELLED else sounds_of(heard)))


@lru_cache(maxsize=1)
def _marks() -> Marks:
    return load_marks(FOLDER / "machine-marks.yaml")
