"""A yes that may be a no is asked again."""

from __future__ import annotations

import pytest

from bot.walk.certainty import understand
from intents import Intent, load_matcher
from rules.outcomes import Risk

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
        ("我对你们很不满意我要投诉", (), 0.52, Intent.UNCLEAR),  # a mumble was once taken for a complaint
        ("我对你们很不满意我要投诉", (), 0.7, Intent.COMPLAINT),
        ("转人工", ("不是",), 0.3, Intent.HUMAN),  # no polarity to turn
    ],
)
def test_opposites_and_guesses_are_unclear(
    text: str, others: tuple[str, ...], confidence: float, intent: Intent
) -> None:
    match = understand(load_matcher(), QUESTION, text, others, confidence)
    assert match.intent is intent
    assert match.evidence


def test_an_ill_heard_threat_is_asked_again_and_stays_flagged() -> None:
    match = understand(load_matcher(), QUESTION, "太差劲了我要去证监会举报你们", confidence=0.5)
    assert match.intent is Intent.UNCLEAR
    assert match.risks == {Risk.THREAT}


@pytest.mark.parametrize(("confidence", "intent"), [(0.49, Intent.UNCLEAR), (1.0, Intent.NO)])
def test_what_is_half_heard_and_like_no_answer_is_asked_again(confidence: float, intent: Intent) -> None:
    """A mumble was once taken for words like these, in which a matcher sees a no that it is not sure of."""
    match = understand(load_matcher(), "anomaly.self_operated", "不用武一", confidence=confidence)
    assert match.intent is intent
