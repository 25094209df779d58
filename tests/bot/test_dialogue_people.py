"""Who is on the telephone, and what a client hears after it was passed on or cut off."""

from __future__ import annotations

import pytest

from bot.moves import Attest, BargedIn, Finish, Heard, HungUp, Note, PromptFinished
from bot.script import load_script
from bot.walk.course import standing
from bot.walk.said import Said
from bot.walk.whoever import passes_on
from intents import Intent, Match
from rules.outcomes import Ending, Risk
from tests.bot.conversation import Conversation, facts_for

SUITABILITY = load_script("suitability")


def in_review() -> Conversation:
    talk = Conversation(SUITABILITY, facts_for(SUITABILITY))
    talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    assert talk.state.question == "suitability.own_application"
    return talk


@pytest.mark.parametrize(
    ("intent", "words", "passed"),
    [
        (Intent.HOLD, "稍等我叫他", True),
        (Intent.HOLD, "你等下，让我老公来接", True),
        (Intent.YES, "知道，我叫他来听电话", True),
        (Intent.NOT_CLIENT, "我把手机给他", True),
        (Intent.HOLD, "等一下啊，我老公来接", True),
        (Intent.HOLD, "稍等一下", False),
        (Intent.HOLD, "等一下我找他的号码", False),
        (Intent.HOLD, "我给他打个电话问问", False),
        (Intent.NO, "是让我老公操作的", False),
        (Intent.COMPLAINT, "叫你们经理来接电话", False),
    ],
)
def test_words_that_pass_the_telephone_on(intent: Intent, words: str, passed: bool) -> None:
    assert passes_on(Said(intent, words)) is passed


def test_an_open_answer_and_a_risky_one_pass_nothing_on() -> None:
    assert not passes_on(Said(Intent.YES, "别老让我老婆接电话", value="words"))
    assert not passes_on(Said(Intent.NO, "叫他来接", risks=frozenset({Risk.LENT_ACCOUNT})))


def test_whoever_comes_to_the_telephone_hears_nothing_private_before_identity() -> None:
    talk = in_review()
    talk.mean(Intent.HOLD, "稍等，我叫我爱人来听")
    assert not talk.state.identity_confirmed
    assert talk.spoken == "好的，不着急，我等您。"
    talk.mean(Intent.YES, "喂")
    assert [say.prompt for say in talk.says] == ["opening.identity/before", "opening.identity/ask"]


def test_passing_the_telephone_on_without_end_is_ended() -> None:
    talk = in_review()
    for _ in range(60):
        if talk.state.finished:
            break
        talk.mean(Intent.HOLD, "稍等我叫他来听")
    assert talk.state.finished


@pytest.mark.parametrize("intent", [Intent.NOT_CLIENT, Intent.WRONG_NUMBER])
def test_a_stranger_in_mid_review_hears_no_more_of_it(intent: Intent) -> None:
    talk = in_review()
    talk.mean(intent, "我不是他")
    assert not talk.state.identity_confirmed
    assert "金融产品" not in talk.spoken


def standing_answers(talk: Conversation) -> list[str]:
    return [move.question for move in standing(talk.log) if isinstance(move, Note)]


def test_what_a_stranger_answered_in_the_clients_place_is_asked_of_the_client() -> None:
    talk = in_review()
    talk.say("我不是本人，我是他老婆")
    assert (standing_answers(talk), talk.state.resume_at) == ([], "")
    for words in ("等一下我叫他来接", "喂，你好", "是的", "方便"):
        talk.say(words)
    assert talk.state.question == "suitability.self_operated"
    assert standing_answers(talk) == ["opening.identity", "opening.convenient"]


@pytest.mark.parametrize("resume_at", ["", "suitability.knows_rules"])
def test_the_call_to_a_number_that_a_stranger_gave_asks_what_the_client_has_not_answered(resume_at: str) -> None:
    talk = Conversation(SUITABILITY, facts_for(SUITABILITY, resume_at))
    for words in ("是我", "方便", "是的", "我不是本人，我是他老婆", "知道", "13812345678", "对"):
        talk.say(words)
    assert talk.finish == Finish(Ending.RELAYED, new_number="13812345678")
    assert talk.state.resume_at == resume_at


def test_a_client_who_hands_the_telephone_on_has_answered_what_was_answered() -> None:
    talk = in_review()
    talk.say("等一下，我叫我爱人来听")
    kept = ["opening.identity", "opening.convenient", "suitability.self_operated"]
    assert (standing_answers(talk), talk.state.resume_at) == (kept, "suitability.own_application")
    for words in ("喂", "是的", "方便", "我不是本人，我是他爱人"):
        talk.say(words)
    assert (standing_answers(talk), talk.state.resume_at) == (kept, "suitability.own_application")


def test_a_stranger_who_hands_the_telephone_to_the_client_has_answered_nothing() -> None:
    talk = in_review()
    talk.mean(Intent.NOT_CLIENT, "我不是本人，我叫他来接")
    assert (standing_answers(talk), talk.state.resume_at) == ([], "")
    assert talk.state.question == "opening.identity"


def test_a_stranger_under_a_reminder_and_a_hang_up_leave_no_answers() -> None:
    talk = Conversation(SUITABILITY, facts_for(SUITABILITY, "suitability.staff_misconduct"))
    talk.holds_reminders = True
    for words in ("是我", "方便", "没有"):
        talk.say(words)
    assert talk.state.owed
    talk.say("我不是本人", under_prompt=True)
    talk.feed(HungUp(talk.now_ms))
    assert (standing_answers(talk), talk.state.resume_at) == ([], "suitability.staff_misconduct")


def test_a_call_that_never_came_to_its_review_still_goes_on_where_the_last_one_broke_off() -> None:
    talk = Conversation(SUITABILITY, facts_for(SUITABILITY, "suitability.knows_rules"))
    talk.feed(HungUp(1))
    assert talk.state.resume_at == "suitability.knows_rules"


def test_words_of_care_cut_off_by_the_end_are_not_called_again_by_the_bot() -> None:
    talk = Conversation(SUITABILITY, facts_for(SUITABILITY, "suitability.reminder"))
    talk.holds_reminders = True
    talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    talk.feed(Heard("他不在了", Match(Intent.UNCLEAR, frozenset({Risk.DECEASED})), 1, 2, under_prompt=True))
    talk.feed(HungUp(3))
    assert talk.finish == Finish(Ending.HANDED_OVER)
    assert {flag.risk for flag in talk.flags} == {Risk.DECEASED, Risk.REMINDER_UNDELIVERED}


def test_what_was_played_of_a_reminder_is_attested() -> None:
    talk = Conversation(SUITABILITY, facts_for(SUITABILITY, "suitability.reminder"))
    talk.holds_reminders = True
    talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    (attest, *_) = talk.feed(PromptFinished("suitability.reminder/say", 4200, False, 90000))
    assert attest == Attest("suitability.reminder", 4200, False, 90000)
    talk.feed(HungUp(90001))
    assert sum(isinstance(move, Attest) for move in talk.log) == 1


def test_a_reminder_heard_to_its_end_is_attested_once() -> None:
    talk = Conversation(SUITABILITY, facts_for(SUITABILITY, "suitability.reminder"))
    talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    talk.feed(HungUp(1))
    (attest,) = [move for move in talk.log if isinstance(move, Attest)]
    assert (attest.node, attest.complete) == ("suitability.reminder", True)


def test_a_client_who_asks_to_wait_under_the_greeting_is_waited_for() -> None:
    talk = Conversation(SUITABILITY, facts_for(SUITABILITY))
    talk.feed(Heard("稍等一下", Match(Intent.HOLD), 0, 1, under_prompt=True))
    assert talk.spoken.startswith("好的，不着急")


def test_a_question_under_a_guarded_lead_is_answered() -> None:
    talk = Conversation(SUITABILITY, facts_for(SUITABILITY, "suitability.staff_misconduct"))
    talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    lead = "suitability.staff_misconduct/before"
    talk.feed(BargedIn(lead, 100, 1))
    talk.feed(talk.heard(Match(Intent.NO), "没有"), play=False)
    assert talk.state.owed == (lead,)
    talk.feed(talk.heard(Match(Intent.QUESTION), "什么违规", under_prompt=True), play=False)
    talk.feed(PromptFinished(lead, 9000, True, 9999))
    assert "违规代客操作，是指" in talk.spoken
