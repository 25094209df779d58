"""Whatever is heard: a member of the closed set, never an exception; and the room stays light and pure."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents import Intent, classify_announcement, example_phrases, load_matcher, normalise
from intents.questions import QUESTIONS
from rules.outcomes import Risk

HAN = st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=40)
ANYTHING = st.one_of(st.text(max_size=60), HAN)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([*QUESTIONS, "", "x.y"]), ANYTHING)
def test_any_text_has_a_meaning(question: str, text: str) -> None:
    match = load_matcher().match(question, text)
    assert match.intent in set(Intent) and match.risks <= set(Risk)
    assert 0 <= match.confidence <= 1 and match.evidence


@settings(deadline=None, max_examples=100)
@given(ANYTHING)
def test_any_announcement_is_classified_or_not(text: str) -> None:
    assert 0 <= classify_announcement(text).confidence <= 1


@given(ANYTHING)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("text", ["满意" * 5000, "不" * 10_000, "😀🎉", "\x00\ufffd", "a" * 10_000, "没有不" * 3000])
def test_absurd_texts(text: str) -> None:
    assert load_matcher().match("conduct.satisfied", text).intent in set(Intent)
    assert classify_announcement(text).confidence <= 1


def test_the_same_answer_means_the_same_every_time() -> None:
    matcher = load_matcher()
    assert matcher.match("conduct.satisfied", "还行吧") == matcher.match("conduct.satisfied", "还行吧")


@pytest.mark.parametrize("question", QUESTIONS)
def test_example_phrases_are_short_and_fit_the_question(question: str) -> None:
    phrases = example_phrases(question)
    assert len(phrases) == len(set(phrases)) >= 50
    assert max(map(len, phrases)) <= 12
    assert load_matcher().match(question, phrases[0]).intent in (Intent.YES, Intent.NO, Intent.BUSY)


def test_the_room_loads_nothing_heavy() -> None:
    code = "import sys, intents; intents.load_matcher(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sklearn", "scipy", "pipecat", "sqlalchemy", "vosk", "jieba", "pypinyin"} & set(loaded)
