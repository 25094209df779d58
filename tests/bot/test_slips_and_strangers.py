"""Clients who correct themselves keep their answers; who says outright not to be the client has answered nothing."""

from __future__ import annotations

import pytest

from bot.conduct import findings
from bot.moves import Finish, Flag, Note
from bot.script import load_script
from bot.walk.course import standing
from bot.walk.whoever import says_to_be_another
from intents import Intent
from rules.outcomes import Ending, Risk
from rules.scorecards import Check, Mark
from tests.bot.conversation import Conversation, facts_for

SUITABILITY = load_script("suitability")
CONDUCT = load_script("conduct")
OPENED = ("opening.identity", "opening.convenient")


def talk_of(name: str, *lines: str) -> Conversation:
    script = {"suitability": SUITABILITY, "conduct": CONDUCT}[name]
    talk = Conversation(script, facts_for(script))
    for words in lines:
        talk.say(words)
    return talk


def answered(talk: Conversation) -> tuple[str, ...]:
    return tuple(move.question for move in standing(talk.log) if isinstance(move, Note))


def endings(talk: Conversation) -> list[Ending]:
    return [move.ending for move in standing(talk.log) if isinstance(move, Finish)]


@pytest.mark.parametrize(
    "words",
    [
        "我不是本人，我是他老婆",
        "其实我不是他本人",
        "不是本人，他出去了",
        "我刚才说错了，我不是本人",
        "我是他妈妈",
        "我真不是他",
        "我不是王小明",
        "我替他接的",
        "他不在",
        "他现在不在家",
        "本人不在",
        "你打错了",
        "你们打错电话了",
        "我姓李你打错了",
        "打错电话了吧",
        "我不是你们客户打错了",
    ],
)
def test_outright_words_of_another(words: str) -> None:
    assert says_to_be_another(words, ["王小明"])


@pytest.mark.parametrize(
    "words",
    [
        "我刚才说错了搞错了不满意",
        "好的打错了",
        "好再见，哎打错字了",
        "我刚才打错了",
        "你刚才打错我名字了",
        "搞错了刚才那个我不满意",
        "没有你搞错了",
        "没有这个人",
        "我弄错了刚才那个不是我签的",
        "不是本人操作的",
        "不是我本人签的字",
        "不是他本人办的是我办的",
        "我不是他推荐的",
        "我是他朋友介绍的",
        "经理他不在",
        "他不在你们公司了",
        "是不是本人都行",
        "我不是很满意",
    ],
)
def test_a_slip_and_words_about_somebody_else_say_nothing_of_the_kind(words: str) -> None:
    assert not says_to_be_another(words, ["王小明"])


@pytest.mark.parametrize("words", ["我刚才说错了搞错了不满意", "好的打错了", "好再见，哎打错字了", "没有这个人"])
def test_a_slip_over_the_goodbye_strikes_nothing(words: str) -> None:
    talk = talk_of("conduct", "是我", "方便", "满意", "没有")
    kept = answered(talk)
    assert kept == (*OPENED, "conduct.satisfied", "conduct.staff_misconduct")
    talk.say(words)
    assert (answered(talk), endings(talk), talk.flags) == (kept, [Ending.COMPLETED], [])


@pytest.mark.parametrize("words", ["我不是本人我是他弟弟", "我刚才说错了，我不是本人", "你打错电话了", "他不在"])
def test_outright_words_over_the_goodbye_strike_the_answers_and_call_a_person(words: str) -> None:
    talk = talk_of("conduct", "是我", "方便", "满意", "没有")
    talk.say(words)
    assert (answered(talk), endings(talk)) == ((), [Ending.NOT_CLIENT])
    assert [(flag.risk, flag.words) for flag in talk.flags] == [(Risk.UNCLARIFIED, words)]


@pytest.mark.parametrize(
    ("script", "before", "words"),
    [
        ("conduct", ("满意",), "搞错了刚才那个我不满意"),
        ("conduct", ("满意",), "没有你搞错了"),
        ("conduct", (), "没有这个人"),
        ("suitability", ("是", "是", "签了"), "我弄错了刚才那个不是我签的"),
    ],
)
def test_what_sounds_like_a_wrong_number_in_mid_review_is_asked_again(
    script: str, before: tuple[str, ...], words: str
) -> None:
    talk = talk_of(script, "是我", "方便", *before)
    kept, question = answered(talk), talk.state.question
    talk.say(words)
    assert (answered(talk), talk.state.question, endings(talk)) == (kept, question, [])
    assert [say.prompt for say in talk.says][-1] == f"{question}/rephrase"
    assert findings(talk.script, talk.facts, talk.log)[Check.IDENTITY].mark is Mark.FULL


def test_the_risk_in_a_slip_is_flagged_all_the_same() -> None:
    talk = talk_of("suitability", "是我", "方便", "是", "是", "签了", "我弄错了刚才那个不是我签的")
    assert [move.risk for move in talk.log if isinstance(move, Flag)] == [Risk.UNSIGNED]


@pytest.mark.parametrize(
    ("words", "ending"), [("你打错电话了", [Ending.WRONG_NUMBER]), ("他不在", []), ("我不是本人，我是他老婆", [])]
)
def test_outright_words_in_mid_review_strike_the_answers(words: str, ending: list[Ending]) -> None:
    talk = talk_of("conduct", "是我", "方便", "满意", words)
    assert (answered(talk), endings(talk), talk.state.identity_confirmed) == ((), ending, False)


def doubted() -> Conversation:
    """In mid-review the client was understood as somebody else, without having said so."""
    talk = talk_of("suitability", "是我", "方便", "是")
    talk.mean(Intent.NOT_CLIENT, "那都是我家里人管的")
    assert talk.state.question == "opening.identity"
    assert "金融产品" not in talk.spoken
    return talk


def test_who_only_sounds_like_another_is_asked_who_is_speaking_and_keeps_the_answers() -> None:
    talk = doubted()
    for words in ("是我", "方便"):
        talk.say(words)
    assert talk.state.question == "suitability.own_application"
    assert answered(talk)[:3] == (*OPENED, "suitability.self_operated")
    talk.say("我不是本人，我是他老婆")
    assert (answered(talk), talk.state.resume_at) == ((), "")


@pytest.mark.parametrize("words", ["不是", "我不是他", "不是，打错了"])
def test_who_then_says_not_to_be_the_client_has_answered_nothing(words: str) -> None:
    talk = doubted()
    talk.say(words)
    reviewed = [question for question in answered(talk) if question.startswith("suitability.")]
    assert (reviewed, talk.state.resume_at, talk.state.identity_confirmed) == ([], "", False)


def test_a_doubted_client_may_call_somebody_to_the_telephone() -> None:
    talk = doubted()
    talk.say("稍等我叫他来听")
    talk.mean(Intent.NO, "不是")
    assert "suitability.self_operated" in answered(talk)


def test_a_wrong_number_before_the_review_ends_the_call() -> None:
    talk = talk_of("conduct", "是我", "打错了")
    assert endings(talk) == [Ending.WRONG_NUMBER]
