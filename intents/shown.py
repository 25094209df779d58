"""Patterns written by people: what shows a thing, and what rules it out (zh/risks.yaml, zh/rules.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from intents.errors import LexiconError
from intents.phrases import read_yaml

_Member = TypeVar("_Member", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Shown:
    """What shows a thing in a text in plain words, and what rules it out."""

    shows: re.Pattern[str]
    rules_out: re.Pattern[str]

    def by(self, text: str) -> str:
        """The words of a text that show the thing; empty when none do or it is ruled out."""
        found = self.shows.search(text)
        return found[0] if found and not self.excluded_by(text) else ""

    def excluded_by(self, text: str) -> bool:
        """Whether a text rules the thing out (没要过我密码)."""
        return bool(self.rules_out.search(text))


def load_shown(path: Path, members: type[_Member]) -> Mapping[_Member, Shown]:
    """The patterns of a file by member, in its order; LexiconError names the entry that cannot be used."""
    return {_member(path, members, name): _shown(path, name, entry) for name, entry in read_yaml(path).items()}


def _member(path: Path, members: type[_Member], name: str) -> _Member:
    try:
        return members(name)
    except ValueError:
        raise LexiconError(f"{path}: unknown name {name!r}; use one of {', '.join(members)}") from None


def _shown(path: Path, name: str, entry: Any) -> Shown:
    try:
        return Shown(_any_of(entry["有"]), _any_of(entry.get("无", [])))
    except (KeyError, TypeError, AttributeError, re.error) as error:
        raise LexiconError(f"{path}: {name} cannot be used ({error}); write 有 and 无 as lists of patterns") from error


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or "(?!)")
