"""Which question was just heard: the tail of the heard text against the table of known questions. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from pypinyin import lazy_pinyin
from rapidfuzz import fuzz

from telephony.simulator.sheet import Sheet

QUESTIONS = Path(__file__).with_name("questions.yaml")
NEAR = 76.0  # of 100: spoken prompts score 90 and more, other questions up to 75
_SURE_SYLLABLES = 12  # a shorter phrase must be nearer, two points a syllable
TRAILING = 5  # syllables that may follow the question
ANYWHERE = ("opening", "relay", "anywhere")

_FOLDS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))  # the sounds that speakers and recognisers mix
_SLOT = re.compile(r"\{([^{}]*)\}")
_DIGITS = {
    "ling": "0",
    "yi": "1",
    "yao": "1",
    "er": "2",
    "liang": "2",
    "san": "3",
    "si": "4",
    "wu": "5",
    "liu": "6",
    "qi": "7",
    "ba": "8",
    "jiu": "9",
}


class Kind(StrEnum):
    """What a heard sentence asks of the listener."""

    QUESTION = "question"  # an answer
    STATEMENT = "statement"  # nothing: listen on
    HOLD = "hold"  # nothing, for a long while
    CLOSING = "closing"  # nothing: the call ends


@dataclass(frozen=True, slots=True)
class Question:
    """One row of the table; `safe` is the answer of a client with nothing to report ("" where there is none).

    `stores` is what a correct bot stores of that answer: the same, or the choice or kind of answer it stands for.
    """

    id: str
    kind: Kind
    safe: str
    phrases: tuple[str, ...]
    stores: str = ""

    @property
    def review(self) -> str:
        """The part before the dot: a review type, or opening, relay, anywhere."""
        return self.id.split(".")[0]


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood: the question (None: none was recognised), how near it was (0 to 100), the keys offered.

    `keys` maps yes and no to the key that was named for them; a prompt that only offers keys has no question.
    """

    question: Question | None = None
    near: float = 0.0
    keys: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def sounds(text: str) -> tuple[str, ...]:
    """The toneless syllables of a text, with the sounds folded that are easily mixed."""
    return tuple(_fold(syllable) for syllable in lazy_pinyin("".join(re.findall(r"\w", text))))


def _fold(syllable: str) -> str:
    for mixed, plain in _FOLDS:
        syllable = syllable.replace(mixed, plain)
    return syllable


def nearness(phrase: str, heard: tuple[str, ...]) -> float:
    """How near (0 to 100) the end of what was heard is to a phrase."""
    wanted = sounds(phrase)
    tail = " ".join(heard[-(len(wanted) + TRAILING) :])
    said = " ".join(wanted)
    if len(tail) < len(said):
        return fuzz.ratio(said, tail)
    return fuzz.partial_ratio(said, tail)


def needed(syllables: int) -> float:
    """How near a phrase of so many syllables must be."""
    return NEAR + 2 * max(0, _SURE_SYLLABLES - syllables)


@dataclass(frozen=True)
class Ear:
    """The questions that one client may be asked, in its own words (name, business)."""

    table: tuple[tuple[Question, str], ...]  # with each filled phrase

    def listen(self, text: str) -> Heard:
        """What the heard text asks, with the keys that it offers at its end."""
        offered = keys_offered(text)
        if offered is None:
            return self.find(text)
        start, keys = offered
        found = self.find(text[:start])
        return Heard(found.question, found.near, keys)

    def find(self, text: str) -> Heard:
        """The known question at the end of the heard text, if there is one: not where it is garbled or unknown."""
        heard = sounds(text)
        scored = [(nearness(phrase, heard), len(sounds(phrase)), question) for question, phrase in self.table]
        near = [entry for entry in scored if heard and entry[0] >= needed(entry[1])]
        if not near:
            return Heard()
        score, _, question = max(near, key=lambda entry: entry[0] + min(entry[1], 16) / 4)
        return Heard(question, score)


def ear_for(questions: Mapping[str, Question], reviews: Collection[str], slots: Mapping[str, str]) -> Ear:
    """The ear of a client under one review or more; slots without a value leave their phrase shorter."""
    rows = [
        (question, _SLOT.sub(lambda slot: slots.get(slot[1], ""), phrase))
        for question in questions.values()
        if question.review in (*reviews, *ANYWHERE)
        for phrase in question.phrases
    ]
    return Ear(tuple(rows))


def contains(text: str, phrase: str) -> bool:
    """Whether a phrase was heard anywhere in a text (used while the other side still speaks)."""
    wanted, heard = " ".join(sounds(phrase)), " ".join(sounds(text))
    return len(heard) >= len(wanted) and fuzz.partial_ratio(wanted, heard) >= 85


def keys_offered(text: str) -> tuple[int, dict[str, str]] | None:
    """Where an offer of keys begins (…请按一…请按二) and which key stands for yes and for no; None without one."""
    said = [(place, lazy_pinyin(char)[0]) for place, char in enumerate(text)]
    presses = [
        (place, _DIGITS[after]) for (place, sound), (_, after) in pairwise(said) if sound == "an" and after in _DIGITS
    ]
    if len(presses) < 2:
        return None
    keys: dict[str, str] = {}
    start = max(0, presses[0][0] - 6)
    for (place, digit), begin in zip(presses, (start, *(place + 2 for place, _ in presses)), strict=False):
        negative = any(word in text[begin:place] for word in "不没否无") or "yes" in keys
        keys.setdefault("no" if negative else "yes", digit)
    return start, keys


def digits(text: str) -> str:
    """The digits that were spoken one by one, in order, by their sound."""
    return "".join(_DIGITS.get(syllable, syllable if syllable.isdigit() else "") for syllable in lazy_pinyin(text))


def load_questions(path: Path = QUESTIONS) -> dict[str, Question]:
    """The table of known questions by id; raises SheetError naming every fault."""
    sheet = Sheet(path)
    questions: dict[str, Question] = {}
    for name, key, node in sheet.entries(sheet.root()):
        fields = sheet.fields(node, ("phrases",), ("kind", "safe", "stores"))
        kind = sheet.text(fields.get("kind"), "question")
        if kind not in list(Kind):
            sheet.complain(fields["kind"], f"{kind} is no kind: one of {', '.join(Kind)}")
            continue
        safe = sheet.text(fields.get("safe"))
        if safe not in ("", "yes", "no"):
            sheet.complain(fields["safe"], f"{safe} cannot be safe: yes or no")
        phrases = sheet.texts(fields.get("phrases"))
        if "." not in name or not phrases:
            sheet.complain(key, f"{name} needs an id of the form review.question and at least one phrase")
        questions[name] = Question(name, Kind(kind), safe, phrases, sheet.text(fields.get("stores"), safe))
    sheet.raise_problems()
    return questions
