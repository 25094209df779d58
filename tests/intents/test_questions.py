"""The questions of the scripts: their kinds, their wording, and answers to those that only the scripts ask."""

from __future__ import annotations

import pytest

from intents import load_matcher
from intents.phrases import FOLDER, read_yaml
from intents.questions import QUESTIONS, Kind, kind_of, unsafe_answer
from rules.outcomes import Risk

ANSWERS = [
    ("private_fund.own_purchase", "给我自己买的", "yes", set()),
    ("private_fund.own_purchase", "替朋友买的", "no", {"not_own_will"}),
    ("private_fund.risk_matches", "是匹配的呀", "yes", set()),
    ("private_fund.risk_matches", "这个风险太高了我承受不了", "no", set()),
    ("private_fund.risk_matches", "没有不匹配", "yes", set()),
    ("private_fund.knows_cooling_off", "没听说过什么冷静期", "no", {"unaware"}),
    ("periodic.received_info", "从来没有收到过呢", "no", set()),
    ("periodic.received_info", "天天都有收到的", "yes", set()),
    ("periodic.contacts_you", "隔三差五就打电话", "yes", set()),
    ("periodic.contacts_you", "开完户就再也没联系过", "no", set()),
    ("periodic.contacts_you", "偶尔联系一下", "unsure", set()),
    ("periodic.helps_you", "会给我一些建议", "yes", set()),
    ("qualification.met_staff", "没见过网上办的", "no", set()),
    ("qualification.met_staff", "见了面当面办的", "yes", set()),
    ("qualification.identity_true", "用的我爱人的", "no", set()),
    ("qualification.info_true", "都是真实的没填错", "yes", set()),
    ("qualification.risk_test_own", "是经理帮我填的", "no", {"staff_operated"}),
    ("qualification.risk_test_own", "我自己一题一题答的", "yes", set()),
    ("aml.id_valid", "长期有效的", "yes", set()),
    ("aml.id_valid", "已经过期了还没去换", "no", set()),
    ("aml.id_valid", "没过期", "yes", set()),
    ("abnormal.aware", "是我自己转的", "yes", set()),
    ("abnormal.aware", "不是我转的", "no", {"not_self_operated"}),
    ("satisfaction.software", "一般般吧", "unsure", set()),
    ("satisfaction.software", "很满意", "yes", set()),
    ("new_client.advice", "没有什么建议", "no", set()),
    ("new_client.advice", "希望佣金再低一点", "yes", set()),
    ("aml.occupation", "退休了", "yes", set()),
    ("new_client.advice", "转人工", "human", set()),
]


@pytest.mark.parametrize(("question", "text", "label", "risks"), ANSWERS)
def test_answers_to_the_questions_of_the_scripts(question: str, text: str, label: str, risks: set[str]) -> None:
    match = load_matcher().match(question, text)
    assert match.intent == label
    assert match.risks == {Risk(name) for name in risks}


def test_every_question_has_its_wording() -> None:
    assert set(read_yaml(FOLDER / "questions.yaml")) == set(QUESTIONS)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("branch.satisfied", Kind.SATISFIED),
        ("options.knows_margin", Kind.KNOWS),
        ("options.read_agreement_terms", Kind.READ),
        ("anything.staff_misconduct", Kind.MISCONDUCT),
        ("margin.self_operated", Kind.OPERATED),
        ("no.such", None),
    ],
)
def test_ids_of_other_scripts_are_judged_by_their_last_part(question: str, kind: Kind | None) -> None:
    assert kind_of(question) is kind


def test_a_question_for_statistics_has_no_unsafe_answer() -> None:
    assert unsafe_answer("periodic.contacts_you") is None
    assert unsafe_answer("aml.id_valid") == "no"
    assert unsafe_answer("private_fund.staff_misconduct") == "yes"
