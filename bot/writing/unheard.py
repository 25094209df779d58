"""Which words that clients are expected to say a recognition model can never hear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.nodes import Question, Script
from intents.examples import GRAMMAR_LENGTH, written_phrases

USUAL = "usual answers"


class Ears(Protocol):
    """A recogniser that knows its vocabulary; speech.recogniser.Recogniser is one."""

    def unknown_words(self, texts: Sequence[str]) -> dict[str, list[str]]: ...


def expected_answers(script: Script) -> tuple[str, ...]:
    """The phrases and choices that a script itself names."""
    texts: list[str] = []
    for node in script.nodes.values():
        if isinstance(node, Question):
            texts += [*node.phrases, *(word for choice in node.choices for word in choice.words)]
    return tuple(dict.fromkeys(texts))


def usual_answers() -> tuple[str, ...]:
    """What people usually say at any question, in a few words."""
    return tuple(dict.fromkeys(text for _, _, _, text in written_phrases() if len(text) <= GRAMMAR_LENGTH))


def unheard(scripts: Mapping[str, Script], ears: Ears) -> dict[str, tuple[str, ...]]:
    """For each script, and for the `USUAL` answers: the words that the model lacks however a phrase is cut."""
    expected = {name: expected_answers(script) for name, script in scripts.items()} | {USUAL: usual_answers()}
    lacking = {name: ears.unknown_words(texts).values() for name, texts in expected.items()}
    found = {name: tuple(dict.fromkeys(word for words in lists for word in words)) for name, lists in lacking.items()}
    return {name: words for name, words in found.items() if words}
