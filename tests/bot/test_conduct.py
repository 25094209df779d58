"""The automatic items of a scorecard: right for calls as the dialogue holds them, and for calls that went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.conduct import findings
from bot.moves import Heard, HungUp, Pressed, PromptFinished, Say
from bot.replay import Move
from bot.script import load_script
from intents import Intent, Match
from rules.scorecards import Check, Mark
from tests.bot.conversation import Conversation, facts_for

SCRIPT = load_script("suitability")
FACTS = facts_for(SCRIPT)
ALL_WELL = dict.fromkeys(Check, Mark.FULL)


def held(*answers: Intent) -> list[Move]:
    """The log of a call in which the client means these things, one after the other."""
    call = Conversation(SCRIPT, FACTS)
    for answer in answers:
        call.mean(answer)
    return list(call.log)


def marks(log: Sequence[Move]) -> dict[Check, Mark]:
    return {check: found.mark for check, found in findings(SCRIPT, FACTS, log).items()}


YES = Intent.YES
WHOLE = (YES, YES, YES, YES, YES, YES, YES, YES, YES, Intent.NO)


def test_a_whole_review_is_faultless() -> None:
    log = held(*WHOLE)
    assert any(isinstance(move, Say) and move.must_hear for move in log)
    assert marks(log) == ALL_WELL


def test_pressing_a_key_confirms_identity_too() -> None:
    call = Conversation(SCRIPT, FACTS)
    call.feed(Pressed("1", call.now_ms))
    call.mean(YES)
    assert marks(list(call.log))[Check.IDENTITY] is Mark.FULL
    assert any(isinstance(move, Say) and move.prompt.startswith("suitability.") for move in call.log)


def test_a_call_that_nobody_spoke_in_gives_no_occasion() -> None:
    log: list[Move] = [*held()[:1], PromptFinished("opening.identity/before", 900, False, 900), HungUp(900)]
    assert marks(log) == {
        Check.GREETING: Mark.NOT_APPLICABLE,
        Check.NOTICE: Mark.NOT_APPLICABLE,
        Check.IDENTITY: Mark.FULL,
        Check.DISCLOSURES: Mark.NOT_APPLICABLE,
    }
    assert set(marks([]).values()) == {Mark.NOT_APPLICABLE}


def test_a_greeting_that_was_cut_or_left_out_is_missed() -> None:
    log = held(YES, YES)
    cut = cut_off(log, "opening.identity/before")
    assert marks(cut)[Check.GREETING] is marks(cut)[Check.NOTICE] is Mark.NONE
    gone = [move for move in log if not (isinstance(move, Say) and move.prompt == "opening.identity/before")]
    found = findings(SCRIPT, FACTS, gone)
    assert found[Check.GREETING].mark is found[Check.NOTICE].mark is Mark.NONE
    assert found[Check.NOTICE].words.startswith("请问您是")  # what came in its place
    only_heard = [move for move in gone if not isinstance(move, Say)]
    assert marks(only_heard)[Check.GREETING] is Mark.NONE


def test_a_notice_after_the_reviews_first_question_came_too_late() -> None:
    log = held(YES, YES)
    (told,) = [move for move in log if isinstance(move, Say) and move.prompt == "opening.identity/before"]
    late = [move for move in log if move is not told] + [told, PromptFinished(told.prompt, 900, True, 99_000)]
    assert marks(late)[Check.NOTICE] is Mark.NONE
    assert marks(late)[Check.GREETING] is Mark.FULL


def _finishes(move: Move, prompt: str) -> bool:
    return isinstance(move, PromptFinished) and move.prompt == prompt


def cut_off(log: list[Move], prompt: str) -> list[Move]:
    """The log of a call in which a prompt was not played to its end."""
    return [
        replace(move, complete=False) if isinstance(move, PromptFinished) and move.prompt == prompt else move
        for move in log
    ]


@pytest.mark.parametrize(
    "said",
    [
        Say("suitability.knows_rules/ask", "请问您是否已知晓业务规则？"),
        Say("opening.identity/ask", f"关于您{FACTS.slots['业务']}的事"),
    ],
    ids=["a question of the review", "a private value of the task"],
)
def test_what_a_stranger_heard_of_the_account_is_found(said: Say) -> None:
    log = held()
    told: list[Move] = [*log, said, PromptFinished(said.prompt, 1000, True, 9000)]
    found = findings(SCRIPT, FACTS, told)[Check.IDENTITY]
    assert (found.mark, found.words, found.at_ms) == (Mark.NONE, said.text, 8000)


@pytest.mark.parametrize(("then", "words"), [(Intent.NOT_CLIENT, "…"), (Intent.WRONG_NUMBER, "你打错电话了")])
def test_a_stranger_who_takes_over_takes_the_confirmation_back(then: Intent, words: str) -> None:
    said = Say("suitability.knows_rules/ask", "请问您是否已知晓业务规则？")
    call = Conversation(SCRIPT, FACTS)
    for cue, heard in ((YES, "是我"), (YES, "方便"), (then, words)):
        call.mean(cue, heard)
    log = list(call.log)
    assert marks(log)[Check.IDENTITY] is Mark.FULL
    assert marks([*log, said])[Check.IDENTITY] is Mark.NONE
    assert marks([*held(YES, YES), said])[Check.IDENTITY] is Mark.FULL


def test_what_the_client_went_on_with_counts_in_place_of_the_yes() -> None:
    call = Conversation(SCRIPT, FACTS)
    call.mean(YES)
    call.feed(replace(call.heard(replace(_match(call), intent=Intent.NOT_CLIENT), "是的不是本人"), goes_on=True))
    said = Say("suitability.knows_rules/ask", "请问您是否已知晓业务规则？")
    assert marks([*call.log, said])[Check.IDENTITY] is Mark.NONE


def _match(call: Conversation) -> Match:
    return next(move.match for move in call.log if isinstance(move, Heard))


def test_a_disclosure_that_was_cut_is_named_until_it_is_told_again() -> None:
    log = held(*WHOLE)
    (told,) = [move for move in log if isinstance(move, Say) and move.must_hear]
    cut = cut_off(log, told.prompt)
    found = findings(SCRIPT, FACTS, cut)[Check.DISCLOSURES]
    assert (found.mark, found.words) == (Mark.NONE, told.text)
    again = [*cut, told, PromptFinished(told.prompt, 9000, True, 99_000)]
    assert marks(again)[Check.DISCLOSURES] is Mark.FULL
    never_finished = [move for move in log if not _finishes(move, told.prompt)]
    assert marks(never_finished)[Check.DISCLOSURES] is Mark.NONE
