"""The mind of a called person, as vectors: what was heard, what is done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telephony.simulator.cast import Client, load_cast
from telephony.simulator.client import (
    HangUp,
    Mind,
    Person,
    Press,
    Reply,
    Say,
    Stay,
    greet,
    interrupt,
    possible_texts,
    respond,
    wait,
)
from telephony.simulator.ear import Heard
from telephony.simulator.network import person_of

CAST = load_cast()


def client(name: str) -> Client:
    return next(one for one in CAST.clients if one.id == name)


def person(persona: str, of: str = "new-account-cooperative") -> Person:
    return person_of(CAST, client(of), CAST.personas.personas[persona])


def asked(question: str, **keys: str) -> Heard:
    return Heard(CAST.questions[question], 100.0, keys)


def talk(who: Person, *heard: Heard, text: str = "") -> list[Reply]:
    """The reactions to several sentences in order, always with the first wording."""
    mind, replies = Mind(), []
    for sentence in heard:
        mind, reply = respond(who, mind, sentence, text, 0)
        replies.append(reply)
    return replies


UNKNOWN = Heard()
IDENTITY, CONVENIENT = asked("opening.identity"), asked("opening.convenient")
OWN_WILL = asked("new_account.own_will")


def test_a_cooperative_client_confirms_every_question() -> None:
    replies = talk(person("cooperative"), IDENTITY, CONVENIENT, OWN_WILL, asked("new_account.read_agreement"))
    assert replies == [Say("是的，我就是"), Say("方便，您说"), Say("是的，是我自愿的"), Say("看过了，都理解")]


def test_the_safe_answer_to_staff_misconduct_is_no() -> None:
    who = person("cooperative", "suitability-talkative")
    assert talk(who, asked("suitability.staff_misconduct")) == [Say("没有")]


def test_chance_chooses_the_wording_and_a_repetition_changes_it() -> None:
    who = person("terse")
    first = respond(who, Mind(), OWN_WILL, "", 1)[1]
    assert first == Say("嗯")
    assert talk(who, OWN_WILL, OWN_WILL) == [Say("对"), Say("嗯")]


def test_nothing_understood_is_asked_again_twice_then_met_with_silence() -> None:
    replies = talk(person("cooperative"), UNKNOWN, UNKNOWN, UNKNOWN)
    assert replies == [Say("您说什么，我没听清"), Say("您说什么，我没听清"), Stay()]


def test_a_question_that_was_understood_starts_the_patience_anew() -> None:
    replies = talk(person("cooperative"), UNKNOWN, UNKNOWN, IDENTITY, UNKNOWN)
    assert replies[-1] == Say("您说什么，我没听清")


@pytest.mark.parametrize("statement", ["anywhere.reminder", "anywhere.closing", "anywhere.courtesy"])
def test_statements_are_listened_to_in_silence(statement: str) -> None:
    assert talk(person("talkative"), asked(statement)) == [Stay()]


def test_please_hold_is_waited_for_longer() -> None:
    assert talk(person("cooperative"), asked("anywhere.hold")) == [Stay(long=True)]


@pytest.mark.parametrize(
    ("persona", "question", "says"),
    [
        ("busy_later", "opening.convenient", "我现在正忙着呢"),
        ("busy_later", "opening.callback_time", "明天下午三点以后吧"),
        ("refuses", "opening.convenient", "我不接受回访，不要再打电话给我了"),
        ("asks_for_human", "opening.convenient", "给我转人工"),
        ("wrong_number", "opening.identity", "你打错了，没有这个人"),
        ("denies_operating", "anomaly.self_operated", "不是我操作的，是我儿子在操作"),
        ("staff_operates", "anomaly.self_operated", "是你们客户经理帮我操作的"),
        ("relative_gives_number", "opening.identity", "不是，我是他家里人"),
        ("colleague_unwilling", "relay.knows_contact", "不知道"),
    ],
)
def test_personas_say_what_they_are_there_for(persona: str, question: str, says: str) -> None:
    assert talk(person(persona, "anomaly-keypad"), asked(question)) == [Say(says)]


def test_who_did_not_hear_answers_the_second_time() -> None:
    replies = talk(person("did_not_hear"), OWN_WILL, OWN_WILL)
    assert replies == [Say("你说什么，没听清，再说一遍"), Say("是我本人的意愿")]


def test_who_asks_what_risk_answers_afterwards() -> None:
    question = asked("suitability.read_risk_disclosure")
    replies = talk(person("asks_what_risk", "suitability-what-risk"), question, question)
    assert replies == [Say("什么风险啊"), Say("已经阅读了，理解的")]


def test_a_number_is_dictated_and_checked_when_it_is_read_back() -> None:
    who = person("relative_gives_number", "new-account-relayed")
    assert talk(who, asked("relay.give_contact")) == [Say("幺三九，零零零零，二零零六")]
    confirm = asked("relay.confirm_contact")
    assert respond(who, Mind(), confirm, "您说的号码是幺三九零零零零二零零六对吗", 0)[1] == Say("是的，没错")
    wrong = respond(who, Mind(), confirm, "您说的号码是幺三九零零零零二零零五对吗", 0)[1]
    assert wrong == Say("不对，是幺三九，零零零零，二零零六")


def test_the_mumbler_is_clear_until_the_first_question_and_never_again() -> None:
    keys = Heard(keys={"yes": "1", "no": "2"})
    replies = talk(person("mumbles"), IDENTITY, CONVENIENT, OWN_WILL, OWN_WILL, keys, UNKNOWN)
    assert replies[:2] == [Say("是的，我就是"), Say("方便，您说")]
    assert all(isinstance(reply, Say) and reply.muffled for reply in replies[2:])


def test_keys_are_pressed_as_they_were_named_not_as_usual() -> None:
    who = person("keypad")
    assert talk(who, OWN_WILL, Heard(keys={"yes": "7", "no": "1"}))[-1] == Press("7")
    misconduct = person("keypad", "suitability-talkative")
    question = asked("suitability.staff_misconduct")
    assert talk(misconduct, question, Heard(keys={"yes": "1", "no": "2"}))[-1] == Press("2")


def test_who_never_presses_keys_answers_the_offer_by_voice() -> None:
    assert talk(person("cooperative"), OWN_WILL, Heard(keys={"yes": "1", "no": "2"}))[-1] == Say("是的，是我自愿的")


def test_keys_without_any_question_are_left_alone() -> None:
    assert talk(person("keypad"), Heard(keys={"yes": "1", "no": "2"})) == [Stay()]


def test_the_silent_client_never_speaks_and_hangs_up_in_the_end() -> None:
    who = person("silent", "identity-silent")
    assert talk(who, IDENTITY, UNKNOWN, Heard(keys={"yes": "1"})) == [Stay(), Stay(), Stay()]
    mind, first = wait(who, Mind(), 0)
    assert (first, wait(who, mind, 0)[1]) == (Stay(), HangUp())


def test_a_dead_line_is_asked_once_then_left() -> None:
    mind, first = wait(person("cooperative"), Mind(), 0)
    assert first == Say("喂，您还在吗")
    assert wait(person("cooperative"), mind, 0)[1] == HangUp()


def test_talking_over_the_reminder_happens_once_and_only_there() -> None:
    who = person("talks_over_reminder")
    mind, reply = interrupt(who, Mind(), "请问开户是您本人真实意愿", 0)
    assert reply is None
    mind, reply = interrupt(who, mind, "温馨提示请您务必妥善保管好自己的", 0)
    assert reply == Say("好的好的，我知道了")
    assert interrupt(who, mind, "温馨提示请您务必妥善保管好自己的账户", 0)[1] is None


def test_hanging_up_in_mid_question() -> None:
    assert interrupt(person("hangs_up"), Mind(), "请问您是否已阅读并", 0)[1] == HangUp()


def test_nobody_greets_unless_the_persona_does() -> None:
    assert greet(person("cooperative"), 0) == Stay()
    greeting = replace(person("cooperative"), persona=replace(person("cooperative").persona, greets=("喂，你好",)))
    assert greet(greeting, 0) == Say("喂，你好")


@pytest.mark.parametrize("one", CAST.clients, ids=lambda one: one.id)
def test_everything_that_may_be_said_is_known_beforehand(one: Client) -> None:
    for name in one.calls:
        persona = CAST.personas.personas[name]
        if not persona.manner:
            continue
        who = person_of(CAST, one, persona)
        known = set(possible_texts(who))
        keys = Heard(keys={"yes": "1", "no": "2"})
        for question in (heard for asked_id in who.questions for heard in (asked(asked_id), keys, UNKNOWN)):
            mind = Mind(asked=(question.question.id,) if question.question else ())
            for chance in range(6):
                for text in ("", "零零零"):
                    reply = respond(who, mind, question, text, chance)[1]
                    assert not isinstance(reply, Say) or (reply.text, reply.muffled) in known
