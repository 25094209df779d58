"""Double negations, rhetorical questions and corrections turned into plain words (zh/negation.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intents.errors import LexiconError
from intents.phrases import read_yaml

_JOINED = "全局大内外干一业来又再后要去"  # before 部 or 补 they make a word: 全部看, 营业部签, 后来补看


@dataclass(frozen=True, slots=True)
class Rewriting:
    """One rule: what is said, what it plainly means, and the name shown as evidence."""

    pattern: re.Pattern[str]
    replacement: str
    name: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """A text in plain words and the names of the rules that changed it."""

    text: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Negations:
    """The rules in their order: misheard negation words first, then rewritings."""

    spellings: tuple[Rewriting, ...]
    rewritings: tuple[Rewriting, ...]

    def respelled(self, text: str) -> str:
        """A normalised text with misheard negation words (部方便, 每有, 不四) put right; none is ever removed."""
        for rule in self.spellings:
            text = rule.pattern.sub(rule.replacement, text)
        return text

    def resolve(self, text: str) -> Resolved:
        """A respelled text with double negations, rhetorical questions and corrections resolved."""
        used = []
        for rule in self.rewritings:
            plain = rule.pattern.sub(rule.replacement, text)
            if plain != text:
                used.append(rule.name)
                text = plain
        return Resolved(text, tuple(used))


def load_negations(path: Path) -> Negations:
    """The rules of a file; LexiconError names the rule that cannot be used."""
    content = read_yaml(path)
    try:
        words = "|".join(sorted(map(str, content["命题词"]), key=len, reverse=True))
        rewritings = tuple(_rewriting(path, entry, words) for entry in content["改写"])
        return Negations(tuple(_spellings(content, words)), rewritings)
    except (KeyError, TypeError) as error:
        raise LexiconError(f"{path}: {error} is missing or misshapen; restore that part") from error


def _spellings(content: Mapping[str, Any], words: str) -> list[Rewriting]:
    rules = [Rewriting(re.compile("|".join(content[word])), word, word) for word in ("没有", "不是")]
    for word, misheard in content["否定字"].items():
        pattern = f"(?<![{_JOINED}])(?:{'|'.join(misheard)})(?={words})"
        rules.append(Rewriting(re.compile(pattern), word, word))
    return rules


def _rewriting(path: Path, entry: Any, words: str) -> Rewriting:
    try:
        pattern, replacement, name = map(str, entry)
        return Rewriting(re.compile(pattern.replace("(?:词)", f"(?:{words})")), replacement, name)
    except (ValueError, TypeError, re.error) as error:
        raise LexiconError(f"{path}: 改写 {entry!r} cannot be used ({error}); write [说法, 直说, 名称]") from error
