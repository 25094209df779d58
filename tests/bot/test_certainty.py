"""A yes that may be a no is asked again."""

from __future__ import annotations

import pytest

from bot.walk.certainty import understand
from intents import Intent, load_matcher

QUESTION = "new_account.own_will"


@pytest.mark.parametrize(
    ("text", "others", "confidence", "intent"),
    [
        ("是的", (), 1.0, Intent.YES),
        ("是的", ("是",), 0.9, Intent.YES),
        ("是的", ("不是",), 1.0, Intent.UNCLEAR),
        ("不是", ("是",), 1.0, Intent.UNCLEAR),
        ("是的", ("十", ""), 1.0, Intent.YES),  # no word for it the second time
        ("是的", (), 0.3, Intent.UNCLEAR),
        ("我不接受回访", (), 0.74, Intent.UNCLEAR),  # mumbling was once taken for a refusal
        ("我不接受回访", ("是",), 0.9, Intent.REFUSE),
        ("你打错了", (), 0.3, Intent.UNCLEAR),
        ("转人工", ("不是",), 0.3, Intent.HUMAN),  # no polarity to turn
    ],
)
def test_opposites_and_guesses_are_unclear(
    text: str, others: tuple[str, ...], confidence: float, intent: Intent
) -> None:
    match = understand(load_matcher(), QUESTION, text, others, confidence)
    assert match.intent is intent
    assert match.evidence
