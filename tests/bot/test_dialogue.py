"""Rules of the walk that a written dialogue does not show: prompts, timing, what is kept, what is ignored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.dialogue import HEEDED, advance, begin
from bot.moves import (
    AgentJoined,
    BargedIn,
    Collect,
    FellSilent,
    Finish,
    Flag,
    Heard,
    HungUp,
    Listen,
    Note,
    Pauses,
    Pressed,
    PromptFinished,
    Say,
    Transfer,
    TransferFailed,
)
from bot.nodes import Question
from bot.script import load_script
from bot.walk.state import Delivered, Stage
from intents import Intent, Match
from rules.outcomes import Ending, Risk, Severity
from rules.risks import CARE
from tests.bot.conversation import Conversation, facts_for

NEW_ACCOUNT, ANOMALY, SUITABILITY = (load_script(name) for name in ("new_account", "anomaly", "suitability"))


def talk_about(script_name: str = "new_account", resume_at: str = "") -> Conversation:
    script = {"new_account": NEW_ACCOUNT, "anomaly": ANOMALY, "suitability": SUITABILITY}[script_name]
    return Conversation(script, facts_for(script, resume_at))


def in_review(script_name: str = "new_account", resume_at: str = "") -> Conversation:
    """A conversation at its first review question."""
    talk = talk_about(script_name, resume_at)
    talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    return talk


def at_reminder() -> Conversation:
    """A conversation in which the reminder is on the line and not yet finished."""
    talk = in_review()
    talk.mean(Intent.YES)
    talk.holds_reminders = True
    talk.mean(Intent.YES)
    assert talk.state.owed == ("new_account.reminder/say",)
    return talk


# The opening


def test_the_opening_discloses_and_asks_who_is_speaking_in_a_few_words() -> None:
    _, actions = begin(NEW_ACCOUNT, facts_for(NEW_ACCOUNT))
    greeting, question, listen = actions
    assert isinstance(greeting, Say)
    assert isinstance(question, Say)
    assert (greeting.interruptible, question.interruptible) == (False, True)
    assert len(greeting.text + question.text) <= 60  # about twelve seconds of this voice
    assert listen == Listen("opening.identity", 6000)


def test_words_under_the_greeting_confirm_nobody() -> None:
    talk = talk_about()
    talk.feed(Heard("是我", Match(Intent.YES), 0, 1, under_prompt=True))
    assert not talk.state.identity_confirmed
    assert talk.state.question == "opening.identity"
    talk.mean(Intent.YES)
    assert talk.state.identity_confirmed


def test_a_wrong_number_said_under_the_greeting_is_acted_on_when_it_ends() -> None:
    state, _ = begin(NEW_ACCOUNT, facts_for(NEW_ACCOUNT))
    heard = Heard("打错了", Match(Intent.WRONG_NUMBER), 0, 1, under_prompt=True)
    state, actions = advance(NEW_ACCOUNT, state, heard)
    assert actions == ()
    state, actions = advance(NEW_ACCOUNT, state, PromptFinished("opening.identity/before", 9000, True, 9000))
    assert actions[-1] == Finish(Ending.WRONG_NUMBER)


def test_a_stranger_takes_the_confirmation_back() -> None:
    talk = in_review()
    assert talk.state.identity_confirmed
    talk.mean(Intent.NOT_CLIENT)
    assert not talk.state.identity_confirmed


# What counts as an answer


def test_an_answer_is_noted_with_words_evidence_and_place() -> None:
    talk = in_review()
    heard = Heard("是我自愿的", Match(Intent.YES, confidence=0.9, evidence="规则"), 5000, 6200, 0.7)
    actions = talk.feed(heard)
    assert actions[0] == Note("new_account.own_will", "yes", "是我自愿的", Intent.YES, 0.7, "规则", 5000, 6200)


def test_a_flag_has_the_words_their_place_and_the_node() -> None:
    talk = in_review()
    talk.mean(Intent.YES)
    talk.feed(Heard("没看", Match(Intent.NO, frozenset({Risk.UNREAD})), 7000, 7500))
    assert talk.flags == [Flag(Risk.UNREAD, Severity.MEDIUM, "new_account.read_agreement", "没看", 7000, 7500)]


@pytest.mark.parametrize(
    ("prompt", "played_ms", "counts"),
    [
        ("new_account.own_will/ask", 1500, True),
        ("new_account.own_will/ask", 200, False),
        ("opening.convenient/yes", 900, False),
    ],
)
def test_an_answer_counts_once_the_question_was_put(prompt: str, played_ms: int, counts: bool) -> None:
    talk = in_review()
    talk.feed(BargedIn(prompt, played_ms, 1))
    talk.mean(Intent.YES, "是的")
    assert ("new_account.own_will" in talk.notes) is counts
    assert talk.state.question == ("new_account.read_agreement" if counts else "new_account.own_will")


def test_a_question_that_was_put_before_may_be_answered_over_an_aside() -> None:
    talk = in_review()
    talk.mean(Intent.QUESTION, "什么叫真实意愿")
    talk.feed(BargedIn("new_account.own_will/explain", 800, 1))
    talk.mean(Intent.YES, "哦是的")
    assert talk.notes["new_account.own_will"] == "yes"


def test_silence_after_a_false_start_asks_again() -> None:
    talk = in_review()
    talk.feed(BargedIn("new_account.own_will/ask", 100, 1))
    talk.feed(FellSilent(2))
    assert talk.spoken == "请问开户是您本人真实意愿吗？"
    talk.mean(Intent.YES)
    assert talk.notes["new_account.own_will"] == "yes"


def test_the_lead_of_a_cut_question_is_not_cut_twice() -> None:
    talk = in_review("suitability", "suitability.staff_misconduct")
    talk.feed(BargedIn("suitability.staff_misconduct/before", 900, 1))
    talk.mean(Intent.NO, "没有")
    assert [say.interruptible for say in talk.says] == [False, True]
    assert "suitability.staff_misconduct" not in talk.notes


def test_a_risk_in_words_that_answer_nothing_is_still_flagged() -> None:
    talk = in_review("suitability", "suitability.staff_misconduct")
    talk.feed(BargedIn("suitability.staff_misconduct/before", 900, 1))
    talk.mean(Intent.NO, "没有就是他帮我下单", frozenset({Risk.STAFF_OPERATED}))
    assert [flag.risk for flag in talk.flags] == [Risk.STAFF_OPERATED]
    assert talk.state.stage is Stage.HANDING_OVER


def test_what_is_said_after_a_pause_does_not_answer() -> None:
    talk = in_review()
    talk.mean(Intent.HOLD)
    assert talk.latest[-1] == Listen("new_account.own_will", 20000)
    talk.mean(Intent.YES, "好了")
    assert "new_account.own_will" not in talk.notes
    assert talk.spoken == "请问开户是您本人真实意愿吗？"


def test_unsure_is_asked_in_other_words_once_and_its_risk_is_not_lost() -> None:
    talk = in_review()
    talk.mean(Intent.UNSURE, "好像是吧不太满意", frozenset({Risk.DISSATISFIED}))
    assert talk.state.question == "new_account.own_will"
    assert [flag.risk for flag in talk.flags] == [Risk.DISSATISFIED]


# Repeats and ladders


def test_the_second_repeat_is_slower_and_the_fourth_is_none() -> None:
    talk = in_review()
    slower = []
    for _ in range(3):
        talk.mean(Intent.REPEAT)
        slower.append(next(say.slower for say in talk.says if say.prompt.endswith("/ask")))
    assert slower == [False, True, True]
    talk.mean(Intent.REPEAT)
    assert [say.prompt for say in talk.says] == ["new_account.own_will/rephrase"]


def test_a_repeat_says_what_the_question_refers_to() -> None:
    talk = in_review("suitability", "suitability.staff_misconduct")
    talk.mean(Intent.REPEAT)
    assert "不允许发生违规代客操作" in talk.spoken


def test_a_reminder_can_be_repeated_and_is_then_owed_again() -> None:
    talk = at_reminder()
    talk.end_reminders()
    talk.mean(Intent.REPEAT)
    assert [say.must_hear for say in talk.says] == [False, True]
    assert len(talk.state.delivered) == 2


def test_a_reminder_repeated_too_often_is_left_behind() -> None:
    talk = at_reminder()
    talk.end_reminders()
    for _ in range(3):
        talk.mean(Intent.REPEAT)
    assert talk.says[-1].slower
    talk.mean(Intent.REPEAT)
    assert talk.finish == Finish(Ending.COMPLETED)


def test_pauses_without_end_are_taken_for_not_understood() -> None:
    talk = in_review()
    talk.mean(Intent.HOLD)
    for _ in range(3):
        talk.feed(BargedIn("new_account.own_will/hold", 100, 1))
        talk.state = replace(talk.state, put=False)
        talk.mean(Intent.YES, "好了")
    talk.state = replace(talk.state, put=False)
    talk.mean(Intent.YES, "好了")
    assert [say.prompt for say in talk.says] == ["new_account.own_will/rephrase"]


def test_a_question_about_a_reminder_is_answered_and_the_call_goes_on() -> None:
    talk = at_reminder()
    talk.end_reminders()
    talk.mean(Intent.QUESTION, "推销吗")
    assert talk.spoken.startswith("这不是推销电话")
    assert talk.finish == Finish(Ending.COMPLETED)


def test_unclear_and_silence_are_counted_apart() -> None:
    talk = in_review()
    talk.mean(Intent.UNCLEAR)
    talk.feed(FellSilent(1))
    assert talk.says[-1].prompt == "new_account.own_will/ask"
    talk.mean(Intent.UNCLEAR)
    assert talk.says[-1].prompt == "new_account.own_will/keys"


def test_an_unknown_key_is_not_understood() -> None:
    talk = in_review()
    talk.feed(Pressed("7", 1))
    assert talk.says[-1].prompt == "new_account.own_will/rephrase"


def test_a_long_call_is_ended() -> None:
    few = replace(NEW_ACCOUNT, limits=replace(NEW_ACCOUNT.limits, turns=3))
    talk = Conversation(few, facts_for(few))
    talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    talk.mean(Intent.QUESTION)
    talk.mean(Intent.YES, "我是我儿子在弄", frozenset({Risk.NOT_SELF_OPERATED}))
    assert talk.finish == Finish(Ending.HANDED_OVER)
    assert {flag.risk for flag in talk.flags} == {Risk.UNCLARIFIED, Risk.NOT_SELF_OPERATED}


def test_a_long_silent_call_is_ended() -> None:
    few = replace(NEW_ACCOUNT, limits=replace(NEW_ACCOUNT.limits, turns=1))
    talk = Conversation(few, facts_for(few))
    talk.mean(Intent.YES)
    talk.feed(FellSilent(1))
    assert talk.finish == Finish(Ending.CALLBACK)


# Numbers


def test_a_number_is_collected_and_may_be_keyed_piece_by_piece() -> None:
    talk = talk_about()
    talk.mean(Intent.NOT_CLIENT)
    talk.mean(Intent.YES)
    assert talk.latest[-1] == Collect("relay.give_contact", 10000)
    talk.feed(Pressed("138", 1))  # too short: the client is given time
    assert talk.latest[-1] == Collect("relay.give_contact", 10000)
    assert talk.spoken == "嗯，请您接着说。"
    talk.feed(Pressed("00001234", 2))
    assert talk.state.new_number == "13800001234"
    note = next(move for move in talk.log if isinstance(move, Note) and move.question == "relay.give_contact")
    assert (note.value, note.intent) == ("13800001234", Intent.YES)


# Texts that must be heard


def test_a_reminder_heard_to_its_end_is_delivered_with_its_milliseconds() -> None:
    talk = at_reminder()
    talk.feed(PromptFinished("new_account.reminder/say", 7300, True, 90000))
    assert talk.state.delivered == (Delivered("new_account.reminder", 7300, 90000),)
    assert Listen("new_account.reminder", 1500) in talk.log


def test_a_reminder_cut_short_is_flagged_once_and_the_call_is_not_complete() -> None:
    talk = at_reminder()
    talk.feed(PromptFinished("new_account.reminder/say", 900, False, 90000))
    talk.feed(Heard("好的", Match(Intent.YES), 1, 2, under_prompt=True))
    talk.feed(HungUp(90000))
    assert [(flag.risk, flag.node) for flag in talk.flags] == [(Risk.REMINDER_UNDELIVERED, "new_account.reminder")]
    assert talk.state.delivered == ()
    assert talk.finish == Finish(Ending.HUNG_UP)
    assert talk.state.resume_at == "new_account.reminder"


def test_hanging_up_under_a_reminder_keeps_what_was_said() -> None:
    talk = at_reminder()
    talk.feed(Heard("密码给过经理", Match(Intent.UNCLEAR, frozenset({Risk.PASSWORD_SHARED})), 1, 2, under_prompt=True))
    talk.feed(HungUp(3))
    assert {flag.risk for flag in talk.flags} == {Risk.PASSWORD_SHARED, Risk.REMINDER_UNDELIVERED}
    assert talk.notes["new_account.reminder"] == "unclear"


def test_keys_under_a_reminder_answer_nothing() -> None:
    talk = at_reminder()
    assert talk.feed(Pressed("1", 1)) == []


def test_the_most_urgent_of_what_was_said_under_a_reminder_is_acted_on() -> None:
    talk = at_reminder()
    for words, intent in (("好的", Intent.YES), ("再说一遍", Intent.REPEAT), ("转人工", Intent.HUMAN)):
        talk.feed(Heard(words, Match(intent), 1, 2, under_prompt=True))
    talk.end_reminders()
    assert Transfer(Risk.ASKED_FOR_HUMAN) in talk.log
    assert len(talk.state.delivered) == 1


def test_words_kept_under_a_prompt_come_before_those_said_after_it() -> None:
    talk = at_reminder()
    talk.feed(Heard("我要投诉", Match(Intent.COMPLAINT), 1, 2, under_prompt=True))
    talk.feed(Heard("没看", Match(Intent.NO, frozenset({Risk.UNREAD})), 3, 4))
    assert talk.state.stage is Stage.HANDING_OVER
    assert [flag.risk for flag in talk.flags] == [Risk.COMPLAINT, Risk.UNREAD]


# Handing over and ending


def test_a_grave_risk_fetches_a_person_and_a_lesser_one_does_not() -> None:
    talk = in_review()
    talk.mean(Intent.YES, "是的他推荐的", frozenset({Risk.IMPROPER_ADVICE}))
    assert talk.state.question == "new_account.read_agreement"
    talk.mean(Intent.YES, "看了他说保本", frozenset({Risk.PROMISED_RETURN}))
    assert Transfer(Risk.PROMISED_RETURN) in talk.latest
    assert talk.notes["new_account.read_agreement"] == "yes"


def test_words_while_a_person_is_fetched_are_flagged_only() -> None:
    talk = in_review()
    talk.mean(Intent.HUMAN)
    actions = talk.mean(Intent.NO, "经理帮我操作", frozenset({Risk.STAFF_OPERATED}))
    assert [type(action) for action in actions] == [Flag]
    assert talk.feed(AgentJoined("agent-1", 1)) == []
    assert talk.mean(Intent.NO, "经理帮我操作", frozenset({Risk.STAFF_OPERATED})) == []
    assert talk.feed(HungUp(2)) == [Finish(Ending.HANDED_OVER)]


def test_a_complaint_over_the_goodbye_is_flagged_and_changes_nothing_else() -> None:
    talk = in_review()
    talk.mean(Intent.REFUSE)
    actions = talk.mean(Intent.COMPLAINT, "我要去告你们", frozenset({Risk.THREAT}))
    assert [action.risk for action in actions if isinstance(action, Flag)] == [Risk.THREAT, Risk.COMPLAINT]
    assert talk.feed(HungUp(1)) == []
    assert talk.state.ending is Ending.REFUSED


@pytest.mark.parametrize("stage", list(Stage))
def test_events_out_of_order_change_nothing(stage: Stage) -> None:
    talk = in_review()
    state = replace(talk.state, stage=stage)
    for event in (
        Pressed("1", 1),
        FellSilent(2),
        BargedIn("new_account.own_will/ask", 10, 3),
        AgentJoined("agent-1", 4),
        TransferFailed("declined", 5),
        PromptFinished("no.such/ask", 1, True, 6),
    ):
        if not isinstance(event, HEEDED[stage]) or isinstance(event, PromptFinished):
            assert advance(NEW_ACCOUNT, state, event) == (state, ())


# Hanging up and going on


def test_a_call_broken_off_goes_on_at_the_open_question() -> None:
    talk = in_review("suitability")
    talk.mean(Intent.YES)
    talk.feed(HungUp(1))
    assert talk.state.resume_at == "suitability.own_application"
    again = talk_about("suitability", talk.state.resume_at)
    again.mean(Intent.YES)
    assert again.state.question == "opening.convenient"
    again.mean(Intent.YES)
    assert again.state.question == "suitability.own_application"


@pytest.mark.parametrize("resume_at", ["no.such.node", "opening.callback_time", "closing.thanks"])
def test_an_unusable_place_to_go_on_begins_the_review(resume_at: str) -> None:
    assert in_review("new_account", resume_at).state.question == "new_account.own_will"


def test_a_finished_review_has_nowhere_to_go_on() -> None:
    talk = at_reminder()
    talk.end_reminders()
    talk.feed(FellSilent(1))
    assert (talk.finish, talk.state.resume_at) == (Finish(Ending.COMPLETED), "")


def test_a_client_who_hangs_up_after_naming_a_time_leaves_the_time() -> None:
    talk = talk_about()
    talk.mean(Intent.YES)
    talk.mean(Intent.BUSY, "明天下午三点再打")
    (finish,) = talk.feed(HungUp(1))
    assert isinstance(finish, Finish)
    assert finish.ending is Ending.HUNG_UP
    assert finish.callback_at is not None


# What the shell is told to wait for


def test_a_question_waits_with_its_own_pauses() -> None:
    slow = Pauses(closed_ms=500, open_ms=900, unfinished_ms=1500)
    asked = NEW_ACCOUNT.nodes["new_account.own_will"]
    assert isinstance(asked, Question)
    asked = replace(asked, pauses=slow)
    script = replace(NEW_ACCOUNT, nodes={**NEW_ACCOUNT.nodes, asked.id: asked})
    talk = Conversation(script, facts_for(script))
    assert talk.latest[-1] == Listen("opening.identity", 6000)
    talk.mean(Intent.YES)
    talk.mean(Intent.YES)
    assert talk.latest[-1] == Listen("new_account.own_will", 6000, slow)


# Care, wherever it is needed


@pytest.mark.parametrize("risk", CARE)
def test_a_client_in_need_of_care_is_parted_from_at_every_question(risk: Risk) -> None:
    for answers in range(6):
        talk = talk_about("suitability")
        for _ in range(answers):
            talk.mean(Intent.YES)
        question = talk.state.question
        talk.mean(Intent.NO, "……", frozenset({risk, Risk.STAFF_OPERATED}))
        assert talk.state.node == talk.script.care[risk], question
        assert talk.finish == Finish(Ending.HANDED_OVER)
        assert not any(isinstance(move, Transfer) for move in talk.log)
        assert {risk, Risk.STAFF_OPERATED} <= {flag.risk for flag in talk.flags}


def test_words_of_care_while_a_person_is_fetched_are_flagged_and_the_person_comes() -> None:
    talk = in_review()
    talk.mean(Intent.HUMAN)
    talk.mean(Intent.UNCLEAR, "我不想活了", frozenset({Risk.DISTRESS}))
    assert talk.state.stage is Stage.HANDING_OVER
    assert talk.flags[-1].severity is Severity.CARE
