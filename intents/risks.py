"""Risks that the words themselves show (zh/risks.yaml): patterns that set a risk and patterns that rule it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from intents.errors import LexiconError
from intents.phrases import read_yaml
from intents.reading import Reading
from intents.values import Intent
from rules.outcomes import Risk


@dataclass(frozen=True, slots=True)
class RiskPattern:
    """What shows a risk and what rules it out; `rules_out` also overrules the learned model."""

    shows: re.Pattern[str]
    rules_out: re.Pattern[str]

    def shown_by(self, text: str) -> bool:
        """Whether a text in plain words shows the risk."""
        return bool(self.shows.search(text)) and not self.excluded_by(text)

    def excluded_by(self, text: str) -> bool:
        """Whether a text rules the risk out (没要过我密码)."""
        return bool(self.rules_out.search(text))


RiskPatterns: TypeAlias = Mapping[Risk, RiskPattern]

LEARNED_SCORE = -0.05  # margin from which the learned model alone sets a risk
# Labels that hardly ever carry a risk: there only patterns set one.
_RISKLESS = frozenset(
    {Intent.UNSURE, Intent.QUESTION, Intent.HOLD, Intent.REPEAT, Intent.DOUBT, Intent.WRONG_NUMBER, Intent.REFUSE}
)


def decided_risks(
    patterns: RiskPatterns, intent: Intent, reading: Reading, learned: Mapping[Risk, float]
) -> frozenset[Risk]:
    """The risks of an utterance: shown by its words, or learned and not ruled out; a complaint is dissatisfied."""
    found = {risk for risk, pattern in patterns.items() if pattern.shown_by(reading.repaired)}
    if intent not in _RISKLESS:
        likely = {risk for risk, score in learned.items() if score > LEARNED_SCORE}
        found |= {risk for risk in likely if risk not in patterns or not patterns[risk].excluded_by(reading.repaired)}
    if intent is Intent.COMPLAINT:
        found.add(Risk.DISSATISFIED)
    return frozenset(found)


def load_risks(path: Path) -> RiskPatterns:
    """The patterns of a file; LexiconError names the risk that cannot be used."""
    return {_risk(path, name): _pattern(path, name, entry) for name, entry in read_yaml(path).items()}


def _risk(path: Path, name: str) -> Risk:
    try:
        return Risk(name)
    except ValueError:
        raise LexiconError(f"{path}: unknown risk {name!r}; use one of {', '.join(Risk)}") from None


def _pattern(path: Path, name: str, entry: Any) -> RiskPattern:
    try:
        return RiskPattern(_any_of(entry["有"]), _any_of(entry.get("无", [])))
    except (KeyError, TypeError, AttributeError, re.error) as error:
        raise LexiconError(f"{path}: {name} cannot be used ({error}); write 有 and 无 as lists of patterns") from error


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or "(?!)")
