"""The words that a script may not use and how long it may speak: a list that compliance extends.

The list is `leading_words.yaml` in `scripts_zh/`: groups of phrases with a reason each, and bounds in characters. In
a phrase … stands for any characters within one sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from bot.errors import Problem
from bot.writing.source import Form, parse, read_text
from scripts_zh import FOLDER, LEADING_WORDS

ANY, MOST_BETWEEN = "…", 20
LEAST, MOST = 2, 20  # characters of one phrase: a single one would strike everywhere


@dataclass(frozen=True, slots=True)
class Phrase:
    """A way of speaking that is not allowed, and why."""

    text: str
    reason: str

    def found_in(self, said: str) -> str:
        """The words of `said` that the phrase strikes; "" for none."""
        pieces = (re.escape(piece) for piece in self.text.split(ANY))
        found = re.search(f"[^。！？；]{{0,{MOST_BETWEEN}}}?".join(pieces), said)
        return found[0] if found else ""


@dataclass(frozen=True, slots=True)
class Longest:
    """How many characters are spoken at most: in one breath, in one text, in the sample of a slot."""

    sentence: int = 100
    text: int = 200
    sample: int = 40


@dataclass(frozen=True, slots=True)
class Wording:
    """What the list says; `problems` are those of the list itself."""

    leading: tuple[Phrase, ...] = ()
    selling: tuple[Phrase, ...] = ()
    longest: Longest = Longest()
    problems: tuple[Problem, ...] = field(default=())


@lru_cache(maxsize=8)
def load_wording(path: Path = FOLDER / LEADING_WORDS) -> Wording:
    """The list of one file; a broken one is read as far as it goes and its problems are named."""
    problems: list[Problem] = []
    text = read_text(path, path.name, problems)
    tree = parse(text, path.name, problems) if text is not None else None
    if tree is None:
        return Wording(problems=tuple(problems))
    form = Form(tree, problems)
    leading, selling = _phrases(form.form("leading")), _phrases(form.form("selling"))
    longest = _longest(form.form("longest")) if form.has("longest") else Longest()
    form.close()
    return Wording(leading, selling, longest, tuple(problems))


def _phrases(block: Form) -> tuple[Phrase, ...]:
    for phrase in block.keys():
        if not LEAST <= len(phrase.replace(ANY, "")) <= MOST:
            block.report(phrase, f"说法“{phrase}”应当有 {LEAST} 到 {MOST} 个字；请写得更具体，或者删去")
    return tuple(Phrase(phrase, block.text(phrase)) for phrase in block.keys())


def _longest(block: Form) -> Longest:
    longest = Longest(
        sentence=int(block.number("sentence", 20, 200)),
        text=int(block.number("text", 20, 500)),
        sample=int(block.number("sample", 1, 200)),
    )
    block.close()
    return longest
