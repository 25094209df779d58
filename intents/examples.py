"""The examples that people wrote: zh/phrases*.yaml (whole phrases) and zh/patterns.yaml (phrases with slots)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from intents.errors import LexiconError
from intents.labelled import Answer
from intents.phrases import FOLDER, read_yaml
from intents.questions import QUESTIONS, Kind, kind_of
from intents.values import Intent
from rules.outcomes import Risk

ANY = "any"
SLOTS = "空"
FILLINGS = 4  # examples made of one pattern
SPREAD = 6  # kinds of question that an example for any question is shown with
GRAMMAR_LENGTH = 12  # characters; longer phrases are no use in a grammar
Entry: TypeAlias = tuple[str, Intent, frozenset[Risk], str]  # kind, label, risks, text
_SLOT = re.compile("「(.+?)」")
_ANSWERS = frozenset({Intent.YES, Intent.NO, Intent.UNSURE})


def written_examples(folder: Path = FOLDER) -> tuple[Answer, ...]:
    """Every written example as a labelled answer; LexiconError names the entry that cannot be used."""
    patterns = read_yaml(folder / "patterns.yaml")
    slots = patterns.pop(SLOTS, {})
    whole = written_phrases(folder)
    filled = [
        (kind, label, risks, text)
        for kind, label, risks, pattern in _entries(folder / "patterns.yaml", patterns)
        for text in _filled(pattern, slots)
    ]
    return tuple(
        Answer(question, text, label, risks)
        for number, (kind, label, risks, text) in enumerate([*whole, *filled])
        for question in _questions(kind, number)
    )


def written_phrases(folder: Path = FOLDER) -> list[Entry]:
    """Every whole phrase of zh/phrases*.yaml with its kind (or any), label and risks."""
    return [entry for path in sorted(folder.glob("phrases*.yaml")) for entry in _entries(path, read_yaml(path))]


@lru_cache(maxsize=64)
def example_phrases(question: str) -> tuple[str, ...]:
    """Short phrases likely as answers to a question: its own first, then those that fit anywhere; no repetitions."""
    kind = kind_of(question)
    phrases = written_phrases(FOLDER)
    own = [text for name, label, _, text in phrases if kind and name == kind.value and label in _ANSWERS]
    other = [text for name, label, _, text in phrases if kind and name == kind.value and label not in _ANSWERS]
    anywhere = [text for name, _, _, text in phrases if name == ANY]
    return tuple(dict.fromkeys(text for text in (*own, *other, *anywhere) if len(text) <= GRAMMAR_LENGTH))


def _entries(path: Path, content: Mapping[str, Any]) -> Iterator[Entry]:
    """Kind, label, risks and text of every entry."""
    for kind, groups in content.items():
        if kind != ANY and kind not in set(Kind):
            raise LexiconError(f"{path}: unknown kind {kind!r}; use any or one of {', '.join(Kind)}")
        for name, texts in groups.items():
            label, risks = _meaning(path, f"{kind}: {name}", name)
            if not isinstance(texts, list):
                raise LexiconError(f"{path}: {kind}: {name} is not a list of phrases; write [短语, 短语]")
            for text in texts:
                yield kind, label, risks, str(text)


def _meaning(path: Path, place: str, name: str) -> tuple[Intent, frozenset[Risk]]:
    label, *risks = name.split("+")
    try:
        return Intent(label), frozenset(map(Risk, risks))
    except ValueError as error:
        raise LexiconError(f"{path}: {place}: {error}; write label+risk+risk") from error


def _filled(pattern: str, slots: Mapping[str, Sequence[str]]) -> list[str]:
    """A pattern with its slots filled in turn, the same way every time."""
    start = sum(map(ord, pattern))
    return list(dict.fromkeys(_filling(pattern, slots, start + 3 * turn) for turn in range(FILLINGS)))


def _filling(pattern: str, slots: Mapping[str, Sequence[str]], turn: int) -> str:
    count = 0

    def fill(slot: re.Match[str]) -> str:
        nonlocal count
        count += 1
        if slot[1] not in slots:
            raise LexiconError(f"patterns.yaml: {pattern}: unknown slot 「{slot[1]}」; use one of {', '.join(slots)}")
        words = slots[slot[1]]
        return str(words[(turn + 5 * count) % len(words)])

    return _SLOT.sub(fill, pattern)


def _questions(kind: str, number: int) -> list[str]:
    """The questions that an example is shown with: one of its kind, or one each of a few kinds."""
    spread = [tuple(Kind)[(5 * number + 3 * turn) % len(Kind)] for turn in range(SPREAD)]
    kinds = spread if kind == ANY else [Kind(kind)]
    return [asked[number % len(asked)] for asked in ([q for q in QUESTIONS if kind_of(q) is one] for one in kinds)]
