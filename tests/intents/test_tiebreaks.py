"""The choices made where two labels could fit."""

from __future__ import annotations

import pytest

from intents import load_matcher
from rules.outcomes import Risk

LABELS = [
    ("opening.convenient", "不方便", "no"),
    ("opening.convenient", "我在开会", "busy"),
    ("opening.convenient", "明天下午再打吧", "busy"),
    ("opening.callback_time", "明天下午三点以后", "busy"),
    ("opening.callback_time", "现在问吧", "yes"),
    ("suitability.knows_rules", "不知道", "no"),
    ("new_client.knows_manager", "不知道", "no"),
    ("anomaly.self_operated", "不知道", "unsure"),
    ("suitability.staff_misconduct", "不知道", "unsure"),
    ("new_account.own_will", "应该是吧", "unsure"),
    ("conduct.satisfied", "一般", "unsure"),
    ("conduct.satisfied", "马马虎虎", "unsure"),
    ("conduct.satisfied", "还可以", "yes"),
    ("conduct.satisfied", "还行", "yes"),
    ("relay.give_contact", "幺三八零零幺三八零零零", "yes"),
    ("suitability.knows_fees_losses", "什么费用", "question"),
    ("opening.identity", "转人工", "human"),
    ("opening.identity", "你是不是骗子", "doubt"),
    ("opening.identity", "打错了", "wrong_number"),
    ("opening.identity", "他不在我是他爱人", "not_client"),
    ("opening.convenient", "稍等一下", "hold"),
    ("opening.convenient", "没听清再说一遍", "repeat"),
    ("opening.convenient", "以后别打了", "refuse"),
    ("conduct.satisfied", "我要去证监会投诉你们", "complaint"),
    ("opening.identity", "请问您是先生女士吗", "unclear"),
    ("opening.identity", "", "unclear"),
    ("no.such.question", "转人工", "human"),
]

RISKS = [
    ("suitability.knows_rules", "不知道", set()),
    ("suitability.knows_risk_levels", "不知道自己什么等级", {"unaware"}),
    ("conduct.satisfied", "不", set()),
    ("conduct.satisfied", "不满意", {"dissatisfied"}),
    ("new_account.read_agreement", "没有", set()),
    ("new_account.read_agreement", "没看", {"unread"}),
    ("new_account.read_agreement", "看了没看懂", {"unread"}),
    ("suitability.signed_documents", "没签", {"unsigned"}),
    ("anomaly.self_operated", "有时候是我女儿弄", {"not_self_operated"}),
    ("suitability.staff_misconduct", "没有违规就是帮我下过单", {"staff_operated"}),
    ("suitability.staff_misconduct", "没要过我密码", set()),
    ("conduct.satisfied", "我要去证监会投诉你们", {"dissatisfied", "threat"}),
    ("opening.convenient", "我不想活了", {"distress"}),
]


@pytest.mark.parametrize(("question", "text", "label"), LABELS)
def test_label(question: str, text: str, label: str) -> None:
    assert load_matcher().match(question, text).intent == label


@pytest.mark.parametrize(("question", "text", "risks"), RISKS)
def test_risks_that_the_words_show(question: str, text: str, risks: set[str]) -> None:
    assert load_matcher().match(question, text).risks == {Risk(name) for name in risks}
