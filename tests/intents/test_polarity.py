"""Yes and no with the proposition of the question in mind; vectors from the rules of the label set."""

from __future__ import annotations

import pytest

from intents import Intent, load_matcher

VECTORS = [
    ("conduct.satisfied", "没有不满意", "yes"),
    ("conduct.satisfied", "没什么不满意的", "yes"),
    ("settled.satisfied", "不能说不满意", "yes"),
    ("leaving.satisfied", "不是不满意是很满意", "yes"),
    ("conduct.satisfied", "满意才怪", "no"),
    ("conduct.satisfied", "不满意", "no"),
    ("conduct.satisfied", "谈不上满意", "no"),
    ("suitability.staff_misconduct", "没有", "no"),
    ("suitability.staff_misconduct", "也不是没有", "yes"),
    ("suitability.staff_misconduct", "没有才怪", "yes"),
    ("suitability.staff_misconduct", "有", "yes"),
    ("conduct.staff_misconduct", "怎么可能", "no"),
    ("settled.unsettled", "没有解决", "yes"),
    ("settled.unsettled", "没有没解决的", "no"),
    ("settled.unsettled", "没有了", "no"),
    ("suitability.knows_rules", "不是不知道", "yes"),
    ("suitability.knows_rules", "不会不知道", "yes"),
    ("suitability.knows_rules", "谁不知道啊", "yes"),
    ("anomaly.self_operated", "不是我还能是谁", "yes"),
    ("anomaly.self_operated", "是我老婆在操作", "no"),
    ("anomaly.self_operated", "不是别人是我自己", "yes"),
    ("new_account.read_agreement", "没有没看的", "yes"),
    ("new_account.own_will", "不存在不自愿", "yes"),
    ("periodic.self_managed", "不全是我自己", "no"),
    ("periodic.self_managed", "以前是我自己现在是我儿子在弄", "no"),
    ("opening.convenient", "没什么不方便的", "yes"),
    ("suitability.staff_misconduct", "不能说没有", "yes"),
    ("suitability.staff_misconduct", "难道没有吗", "yes"),
    ("suitability.staff_misconduct", "哪能呢", "no"),
    ("periodic.self_managed", "难道不是吗", "yes"),
    ("periodic.self_managed", "可不是嘛", "yes"),
    ("conduct.satisfied", "不是满意是不满意", "no"),
    ("conduct.satisfied", "满意哦不是不满意", "no"),
    ("conduct.satisfied", "不满意哦说错了满意", "yes"),
    ("conduct.satisfied", "没什么好满意的", "no"),
    ("conduct.satisfied", "没什么不好", "yes"),
    ("settled.unsettled", "还有就怪了", "no"),
    ("anomaly.self_operated", "不是我爱人是我", "yes"),
    ("anomaly.self_operated", "不是我是我爱人", "no"),
    ("opening.convenient", "没有什么方便不方便的你说", "yes"),
    ("new_account.read_agreement", "没有一条没看的", "yes"),
    ("new_account.read_agreement", "都看了没有什么不明白的", "yes"),
    ("periodic.contacts_you", "没怎么断过联系", "yes"),
    ("opening.identity", "不是", "no"),
    ("opening.identity", "是的", "yes"),
]


@pytest.mark.parametrize(("question", "text", "label"), VECTORS)
def test_the_proposition_asked_decides(question: str, text: str, label: str) -> None:
    assert load_matcher().match(question, text).intent == label


@pytest.mark.parametrize(
    ("question", "text", "label"),
    [
        ("suitability.staff_misconduct", "每有每有", "no"),
        ("opening.convenient", "部方便", "no"),
        ("suitability.knows_rules", "补知道", "no"),
        ("conduct.satisfied", "慢意", "yes"),
        ("conduct.satisfied", "不慢意", "no"),
        ("conduct.satisfied", "没有不慢意", "yes"),
        ("suitability.knows_rules", "全部知道", "yes"),
    ],
)
def test_homophones_are_rescued_without_turning_the_polarity(question: str, text: str, label: str) -> None:
    assert load_matcher().match(question, text).intent == label


OPPOSITES = [
    ("conduct.satisfied", "满意", "不满意"),
    ("suitability.knows_rules", "知道", "不知道"),
    ("opening.convenient", "方便", "不方便"),
    ("opening.identity", "是我", "不是我"),
]


@pytest.mark.parametrize(("question", "said", "denied"), OPPOSITES)
def test_a_heard_negation_never_reads_like_its_opposite(question: str, said: str, denied: str) -> None:
    matcher = load_matcher()
    assert matcher.match(question, said).intent is Intent.YES
    assert matcher.match(question, denied).intent is Intent.NO


def test_every_decision_says_why() -> None:
    evidence = load_matcher().match("conduct.satisfied", "没有不慢意").evidence
    assert "满意" in evidence and "没有不…" in evidence
