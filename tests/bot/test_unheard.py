"""Words that a recognition model lacks are found when scripts are loaded."""

from __future__ import annotations

from collections.abc import Sequence

from bot.script import load_script
from bot.writing.unheard import USUAL, unheard, usual_answers
from speech.vocabulary import Vocabulary

SCRIPT = load_script("new_account")
SURVEY = load_script("satisfaction")


class Deaf:
    """A model without some words; every single character else is known."""

    def __init__(self, *lacking: str) -> None:
        self._vocabulary = Vocabulary(lambda word: (len(word) == 1 or word.isascii()) and word not in lacking)

    def unknown_words(self, texts: Sequence[str]) -> dict[str, list[str]]:
        return self._vocabulary.unknown_words(texts)


def test_what_clients_usually_say_is_expected() -> None:
    assert {"是的", "不是", "没有"} <= set(usual_answers())


def test_a_word_that_can_be_cut_otherwise_is_no_loss() -> None:
    assert unheard({"new_account": SCRIPT}, Deaf()) == {}


def test_a_character_that_the_model_lacks_is_named_once() -> None:
    found = unheard({"satisfaction": SURVEY}, Deaf("满"))
    assert found == {"satisfaction": ("满",), USUAL: ("满",)}
