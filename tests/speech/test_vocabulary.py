"""How phrases are cut into the words of a model."""

from __future__ import annotations

import json

from speech.vocabulary import Vocabulary

WORDS = {"不", "知道", "不知道", "是", "的", "是的", "风险", "风", "险", "ok"}


def vocabulary() -> Vocabulary:
    return Vocabulary(WORDS.__contains__)


def test_the_fewest_words_are_taken_and_punctuation_is_left_out() -> None:
    assert vocabulary().cut("是的，不知道 OK！") == (["是的", "不知道", "ok"], [])


def test_what_the_model_lacks_is_told_for_each_text() -> None:
    assert vocabulary().unknown_words(["是的", "魑风险魅", "5"]) == {"魑风险魅": ["魑", "魅"], "5": ["5"]}


def test_a_phrase_with_an_unknown_piece_is_left_out_whole() -> None:
    assert json.loads(vocabulary().grammar(["不知道", "不魑", "是的"])) == ["不知道", "是的", "[unk]"]


def test_a_grammar_of_nothing_is_no_grammar() -> None:
    assert vocabulary().grammar(["魑魅", "。"]) == ""
