"""What is stored where a question offers choices or leaves the answer open."""

from __future__ import annotations

import pytest

from bot.nodes import Capture, Choice, Question
from bot.walk.choices import understood
from bot.walk.said import Said
from intents import Intent

CHOICES = (
    Choice("很满意", Intent.YES, ("很满意", "非常满意")),
    Choice("满意", Intent.YES),
    Choice("一般", Intent.UNSURE, ("一般", "马马虎虎")),
    Choice("不满意", Intent.NO),
)


def question(capture: Capture) -> Question:
    choices = CHOICES if capture is Capture.CHOICE else ()
    return Question("x.y", "？", "？", "？", {}, capture=capture, choices=choices, review=True)


@pytest.mark.parametrize(
    ("intent", "words", "stored"),
    [
        (Intent.YES, "非常满意", "很满意"),
        (Intent.YES, "还算满意吧", "满意"),
        (Intent.YES, "还行", "满意"),  # no choice named: the usual one of that meaning
        (Intent.NO, "不是很满意", "不满意"),  # the polarity is the matcher's; words choose only among its choices
        (Intent.NO, "不好", "不满意"),
        (Intent.UNSURE, "一般般", "一般"),
        (Intent.UNSURE, "说不上来", ""),  # names no choice: asked again, never taken for 一般
        (Intent.QUESTION, "满意什么", ""),
        (Intent.UNCLEAR, "满意", ""),
    ],
)
def test_the_choice_whose_words_were_said_is_stored(intent: Intent, words: str, stored: str) -> None:
    assert understood(question(Capture.CHOICE), Said(intent, words)).value == stored


@pytest.mark.parametrize(
    ("intent", "words", "means", "stored"),
    [
        (Intent.UNCLEAR, "软件老是卡", Intent.YES, "words"),
        (Intent.NO, "没有谁来联系过我", Intent.NO, "words"),
        (Intent.YES, "有的，我觉得你们那个软件不好用", Intent.YES, "words"),
        (Intent.UNCLEAR, "教师", Intent.YES, "words"),
        (Intent.NO, "没有了，谢谢", Intent.NO, "none"),
        (Intent.NO, "挺好的没什么意见", Intent.NO, "none"),
        (Intent.UNCLEAR, "嗯，暂时没想到", Intent.NO, "none"),
        (Intent.UNSURE, "不知道", Intent.UNSURE, "none"),
        (Intent.REFUSE, "不方便说", Intent.NO, "none"),  # declines one question of a survey, not the review
        (Intent.REFUSE, "别再给我打电话了", Intent.REFUSE, ""),
        (Intent.YES, "有的", Intent.YES, ""),  # says that there is something, not what
        (Intent.UNCLEAR, "呃", Intent.UNCLEAR, ""),
        (Intent.QUESTION, "手续费能不能便宜一点", Intent.YES, "words"),
        (Intent.QUESTION, "客户经理来电话再勤一些", Intent.YES, "words"),
        (Intent.QUESTION, "什么意思", Intent.QUESTION, ""),
        (Intent.COMPLAINT, "我要投诉你们", Intent.COMPLAINT, ""),
        (Intent.BUSY, "我在国企上班", Intent.YES, "words"),  # says what was asked, whatever it resembles
        (Intent.BUSY, "我在开会", Intent.BUSY, ""),
        (Intent.NOT_CLIENT, "我是医生", Intent.YES, "words"),
        (Intent.NOT_CLIENT, "我是他老婆", Intent.NOT_CLIENT, ""),
        (Intent.HUMAN, "客户经理要多打打电话", Intent.YES, "words"),
        (Intent.HUMAN, "转人工", Intent.HUMAN, ""),
    ],
)
def test_an_open_answer_is_kept_as_words(intent: Intent, words: str, means: Intent, stored: str) -> None:
    said = understood(question(Capture.WORDS), Said(intent, words))
    assert (said.cue, said.value) == (means, stored)


@pytest.mark.parametrize(("cue", "stored"), [(Intent.NO, "none"), (Intent.YES, ""), (Intent.UNCLEAR, "")])
def test_a_key_at_an_open_question_can_only_say_that_there_is_nothing(cue: Intent, stored: str) -> None:
    assert understood(question(Capture.WORDS), Said.pressed(cue, "2", 0)).value == stored
