"""What the words deny is never taken for yes, what they admit never for no, however the model weighs the rest."""

from __future__ import annotations

import pytest

from intents import Intent, load_matcher
from intents.polarity import contradicts
from intents.questions import kind_of

DENIED = [
    ("new_account.own_will", "不是我自己要开的"),
    ("new_account.own_will", "是的不对不是我自己要开的"),
    ("new_account.own_will", "这个账户不是我自己想开的是我儿子让我去办的"),
    ("suitability.own_application", "不是我自己办的"),
    ("suitability.self_operated", "并非我本人操作"),
    ("suitability.signed_documents", "字不是我签的"),
    ("suitability.knows_rules", "规则我不太清楚"),
    ("suitability.read_risk_disclosure", "那个书我没看过"),
    ("conduct.satisfied", "说实话不太满意"),
]
ADMITTED = [
    ("suitability.staff_misconduct", "有的"),
    ("conduct.staff_misconduct", "确实有过一次"),
    ("settled.unsettled", "有啊钱还差着"),
]
NOT_DENIED = [
    ("suitability.self_operated", "可不是我嘛"),
    ("suitability.self_operated", "不是我还能是谁"),
    ("suitability.self_operated", "是我自己操作不是别人"),
    ("suitability.own_application", "是我自己办的就是问卷不是我做的"),
    ("suitability.knows_rules", "老股民了能不知道"),
    ("suitability.knows_rules", "不是不知道"),
    ("suitability.knows_rules", "以前不知道现在知道了"),
    ("conduct.satisfied", "没有不满意"),
    ("conduct.satisfied", "谁说不满意"),
    ("suitability.signed_documents", "在营业部签的"),
]


@pytest.mark.parametrize(("question", "text"), DENIED)
def test_a_denial_is_never_a_yes(question: str, text: str) -> None:
    assert load_matcher().match(question, text).intent is not Intent.YES
    assert contradicts(kind_of(question), Intent.YES, load_matcher().reader.read(text).plain)


@pytest.mark.parametrize(("question", "text"), ADMITTED)
def test_what_is_admitted_is_never_a_no(question: str, text: str) -> None:
    assert load_matcher().match(question, text).intent is not Intent.NO
    assert contradicts(kind_of(question), Intent.NO, load_matcher().reader.read(text).plain)


@pytest.mark.parametrize(("question", "text"), NOT_DENIED)
def test_a_turned_denial_is_left_to_the_model(question: str, text: str) -> None:
    assert contradicts(kind_of(question), Intent.YES, load_matcher().reader.read(text).plain) == ""
    assert load_matcher().match(question, text).intent is Intent.YES
