"""Risks of an utterance: those that its words show, and those that the learned model adds."""

from __future__ import annotations

from collections.abc import Mapping

from intents.reading import Reading
from intents.shown import Shown
from intents.values import Intent
from rules.outcomes import Risk

LEARNED_SCORE = -0.05  # margin from which the learned model alone sets a risk
# Labels that hardly ever carry a risk: there only patterns set one.
_RISKLESS = frozenset(
    {Intent.UNSURE, Intent.QUESTION, Intent.HOLD, Intent.REPEAT, Intent.DOUBT, Intent.WRONG_NUMBER, Intent.REFUSE}
)


def decided_risks(
    patterns: Mapping[Risk, Shown], intent: Intent, reading: Reading, learned: Mapping[Risk, float]
) -> frozenset[Risk]:
    """The risks of an utterance: shown by its words, or learned and not ruled out; a complaint is dissatisfied."""
    found = {risk for risk, pattern in patterns.items() if pattern.by(reading.repaired)}
    if intent not in _RISKLESS:
        likely = {risk for risk, score in learned.items() if score > LEARNED_SCORE}
        found |= {risk for risk in likely if risk not in patterns or not patterns[risk].excluded_by(reading.repaired)}
    if intent is Intent.COMPLAINT:
        found.add(Risk.DISSATISFIED)
    return frozenset(found)
