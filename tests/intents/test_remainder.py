"""A safe answer that goes on: what follows its head is heard too, and plain assent is left in peace."""

from __future__ import annotations

import pytest

from intents import Intent, load_matcher
from intents.questions import unsafe_answer
from intents.remainder import after_pause, remainder
from rules.outcomes import Risk

READ = ("suitability.read_risk_disclosure", "new_account.read_agreement", "private_fund.read_contract")
NOT_UNDERSTOOD = [
    "读过了但是不太理解",
    "看过了不太懂",
    "看完了不太明白",
    "阅读了没有充分理解",
    "阅读过有些条款不明白",
    "读了里面的内容不太清楚",
    "都看了就是不怎么懂",
    "看过了意思不是太懂",
    "读了一遍理解得不是很透",
]
UNDERSTOOD = [
    "看过了都明白",
    "读过了没什么不懂的",
    "看过不懂的地方经理都给我讲明白了",
    "一开始不太明白后来问了就懂了",
    "看了不难理解",
    "阅读过了没有不理解的条款",
    "看完了哪有不懂的",
]
GOES_ON = [
    ("suitability.knows_risk_levels", "知道没有风险的"),
    ("suitability.knows_risk_levels", "知道了但我觉得跟我不匹配"),
    ("suitability.knows_risk_levels", "清楚清楚不过它是几级我就不清楚了"),
    ("suitability.knows_fees_losses", "知道这个不会亏的"),
    ("suitability.staff_misconduct", "没有，返过我一点佣金"),
    ("suitability.staff_misconduct", "没有就是亏了以后他补了我五千"),
    ("suitability.staff_misconduct", "没有经理交代我说没有"),
    ("suitability.read_risk_disclosure", "理解吧反正经理说没问题"),
    ("suitability.self_operated", "我自己啊平时我家那位也看着做做"),
    ("periodic.self_managed", "都是我除了出差的时候"),
    ("new_account.own_will", "愿意是愿意就是抹不开面子"),
    ("suitability.signed_documents", "签了名字是他们代写的我按的手印"),
    ("settled.unsettled", "没有了只是退的钱还差一点"),
    ("conduct.satisfied", "满意就是不接电话"),
]
PLAIN = [
    ("suitability.knows_risk_levels", "知道是匹配的"),
    ("suitability.knows_fees_losses", "知道不可能只赚不赔"),
    ("suitability.knows_fees_losses", "知道亏了自己负责"),
    ("suitability.self_operated", "是我不过我操作得不多"),
    ("new_account.own_will", "是朋友推荐的不过是我自己愿意开的"),
    ("suitability.own_application", "是我办的就是排队排了半天"),
    ("suitability.signed_documents", "签了看清楚了才签的"),
    ("suitability.staff_misconduct", "没有没有都挺好"),
    ("conduct.staff_misconduct", "没有的就是平时提醒我注意风险"),
    ("conduct.satisfied", "满意不过我跟他联系不多"),
    ("settled.unsettled", "没有了就是谢谢你们"),
    ("suitability.staff_misconduct", "没有返过我佣金"),
    ("suitability.staff_misconduct", "没有帮我操作过"),
    ("suitability.staff_misconduct", "没有，从来没推荐过股票"),
    ("suitability.self_operated", "是的，我自己操作"),
    ("qualification.contract_signed", "是我自己签的没有别人"),
    ("suitability.staff_misconduct", "没有但是他会提醒我风险"),
    ("suitability.own_application", "是我自己办的经理指导了一下"),
    ("suitability.self_operated", "是我自己就是炒着玩"),
    ("suitability.self_operated", "是我本人不过最近没怎么操作"),
    ("suitability.read_risk_disclosure", "都看了才点的同意"),
]


@pytest.mark.parametrize("question", READ)
@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_read_but_not_understood_is_unread(question: str, text: str) -> None:
    match = load_matcher().match(question, text)
    assert (match.intent, match.risks) == (Intent.NO, frozenset({Risk.UNREAD}))


@pytest.mark.parametrize("question", READ)
@pytest.mark.parametrize("text", UNDERSTOOD)
def test_read_and_understood_is_yes(question: str, text: str) -> None:
    match = load_matcher().match(question, text)
    assert (match.intent, match.risks) == (Intent.YES, frozenset())


@pytest.mark.parametrize(("question", "text"), GOES_ON)
def test_a_safe_answer_that_takes_itself_back_is_never_filed_as_safe(question: str, text: str) -> None:
    match = load_matcher().match(question, text)
    assert match.risks or match.intent in (Intent.UNCLEAR, Intent.UNSURE, unsafe_answer(question))


@pytest.mark.parametrize(("question", "text"), PLAIN)
def test_a_safe_answer_that_only_goes_on_stays_safe(question: str, text: str) -> None:
    match = load_matcher().match(question, text)
    assert match.intent in (Intent.YES, Intent.NO) and match.intent is not unsafe_answer(question)
    assert not match.risks


@pytest.mark.parametrize(
    ("plain", "rest"),
    [
        ("看过了但是不太懂", "不太懂"),
        ("没有就是返过我一点佣金", "返过我一点佣金"),
        ("是我自己的不过密码经理也有", "密码经理也有"),
        ("没有返过我佣金", ""),
        ("知道风险等级", ""),
        ("是我自己操作的", ""),
        ("就是我自己", ""),
        ("知道的对了佣金是不是涨了", ""),
        ("不知道", ""),
        ("", ""),
    ],
)
def test_the_words_behind_the_head(plain: str, rest: str) -> None:
    assert remainder(plain).text == rest


def test_a_pause_parts_a_denial_from_its_verb() -> None:
    assert after_pause("没有，返过我佣金") == "返过我佣金"
    assert after_pause("没有返过我佣金") == ""
