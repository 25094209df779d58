"""A client who has called us is asked in other words than one whom we call."""

from __future__ import annotations

from dataclasses import replace

from bot.moves import Heard, Say
from bot.nodes import Question
from bot.script import load_script
from intents import Intent, Match
from tests.bot.conversation import Conversation, facts_for


def asked(*, incoming: bool, script_name: str = "suitability") -> list[str]:
    """What is said up to the question whether it is convenient."""
    script = load_script(script_name)
    talk = Conversation(script, replace(facts_for(script), incoming=incoming))
    talk.feed(Heard("是我", Match(Intent.YES), 5000, 5600))
    return [move.text for move in talk.log if isinstance(move, Say)]


def test_the_opening_names_the_firm_and_the_recording_and_asks_for_the_client_either_way() -> None:
    for incoming in (True, False):
        said = asked(incoming=incoming)
        assert said[0].startswith("您好！我是") and "本次通话有录音" in said[0]
        assert said[1].startswith("请问您是")


def test_a_client_who_calls_is_thanked_for_calling() -> None:
    assert asked(incoming=True)[2].startswith("谢谢您打来电话。我们想就")
    assert asked(incoming=False)[2].startswith("今天打电话是想就")


def test_a_question_without_words_for_callers_is_asked_as_always() -> None:
    script = load_script("suitability")
    node = script.nodes["opening.convenient"]
    assert isinstance(node, Question)
    plain = replace(script, nodes={**script.nodes, node.id: replace(node, incoming="")})
    talk = Conversation(plain, replace(facts_for(plain), incoming=True))
    talk.feed(Heard("是我", Match(Intent.YES), 5000, 5600))
    assert any(isinstance(move, Say) and move.text.startswith("今天打电话") for move in talk.log)


def test_what_everybody_else_is_told_names_the_published_number_and_nobody() -> None:
    sentence = load_script("suitability").texts.turned_away
    assert "{服务电话}" in sentence and "本次通话有录音" in sentence
    assert "{客户姓名}" not in sentence and "{称谓}" not in sentence
