"""What the scripts say is what the standard and the firms' rules say, and the unsafe answers are theirs."""

from __future__ import annotations

import pytest

from bot.nodes import Capture, Goodbye, Question, Script, Statement
from bot.script import load_script, script_names
from intents import Intent
from rules.outcomes import ReviewType, Risk

MISCONDUCT_LEAD = (
    "按规定，我公司工作人员在产品销售或提供服务的过程中，不允许发生违规代客操作或接受全权委托等损害您合法权益的行为。"
)
MISCONDUCT = "请问我司工作人员是否存在上述违规行为？"
SATISFIED = "请问您对{工作人员}的服务满意吗？"
ANOMALY = (
    "我司发现您的{异常类型}存在异常情形，在此郑重提醒：请您务必妥善保管好自己的账户和密码，切勿交由他人使用或操作，"
    "也不得借用他人账户使用。{异常类型}必须严格遵守相关法律法规。对于违规行为，我司有权对{异常类型}进行限制，并上报监管机构。"
)
UPDATE = (
    "温馨提示：您账户的常用联系方式、家庭住址、身份证有效期等基本信息近期若有变更，可及时在我司交易软件等办理更新。"
)
# Typed from T/SAC 002-2024 annex E; the business kinds and names that it leaves open are slots.
ANNEX_E = {
    "new_account.own_will": "请问开户是您本人真实意愿吗？",
    "new_account.read_agreement": "请问您是否已阅读并充分理解开户协议相关条款？",
    "new_account.reminder": "温馨提示：请您务必妥善保管好自己的账户和密码，切勿交由他人使用或操作。",
    "anomaly.self_operated": "请问账户是您本人操作吗？",
    "anomaly.reminder": ANOMALY,
    "suitability.self_operated": "请问账户是您本人操作吗？",
    "suitability.own_application": "请问是您本人自愿申请并亲自办理{业务}的吗？",
    "suitability.signed_documents": "请问您是否自愿并按规定签署了相关协议及问卷？",
    "suitability.knows_rules": "请问您是否已知晓所购买产品或接受服务的业务规则？",
    "suitability.read_risk_disclosure": "请问您是否已阅读并充分理解产品或服务相关风险揭示书等文件内容？",
    "suitability.knows_risk_levels": (
        "请问您是否已知晓自己的风险承受能力等级、购买的产品或者接受服务的风险等级以及适当性匹配意见？"
    ),
    "suitability.knows_fees_losses": "是否知晓承担的费用以及可能产生的投资损失？",
    "suitability.staff_misconduct": MISCONDUCT,
    "suitability.reminder": UPDATE,
    "identity.reminder": UPDATE,
    "conduct.satisfied": SATISFIED,
    "conduct.staff_misconduct": MISCONDUCT,
    "leaving.satisfied": SATISFIED,
    "leaving.staff_misconduct": MISCONDUCT,
    "leaving.new_manager": (
        "我们已经为您安排了新的客户经理{新客户经理}，他的联系方式是{新联系方式}，如有问题可直接与其联系。"
    ),
    "complained.satisfied": SATISFIED,
    "complained.staff_misconduct": MISCONDUCT,
    "settled.unsettled": (
        "根据我们工作人员反馈，对于{投诉日期}您投诉的关于{投诉事项}事项，已经与您进行了沟通并达成了和解，"
        "请问是否还存在未了事项？"
    ),
    "settled.satisfied": "请问您对我公司的服务满意吗？",
    "private_fund.staff_misconduct": MISCONDUCT,
    "abnormal.reminder": ANOMALY,
    "qualification.own_will": "请问开户是您本人真实意愿吗？",
    "qualification.reminder": "温馨提示：请您务必妥善保管好自己的账户和密码，切勿交由他人使用或操作。",
    "aml.reminder": UPDATE,
    "opening.identity": "请问您是{客户姓名}{称谓}吗？",
    "opening.convenient": "今天打电话是想就{回访业务}对您做一个简单的回访，耽误您两分钟，请问您现在方便吗？",
    "opening.callback_time": "请问您大概什么时间有空？",
    "relay.knows_contact": "请问您知道{客户姓名}{称谓}的联系方式吗？",
    "closing.thanks": (
        "非常感谢您的支持！今后若有问题或建议，欢迎拨打咨询电话{服务电话}，我们将竭诚为您服务。祝您投资愉快！再见！"
    ),
    "closing.refused": "很抱歉，打扰了！祝您愉快！再见！",
    "closing.number_kept": "打扰了！祝您愉快！再见！",
}
# Typed from 附件5 of the implementation rule (客户经理 for 客户经理(证券经纪人)); its 的吧 is left out, see the files.
ANNEX_5 = {
    "new_client.knows_manager": "请问您是否知道客户经理的姓名和联系方式？",
    "new_client.guided": "客户经理是否给予了您转账和交易流程方面的指导？",
    "new_client.satisfied": "您对客户经理的服务是否满意？",
    "new_client.received_info": "请问您是否接收过营业部提供的资讯服务？",
    "new_client.info_satisfied": "对接收的资讯类信息是否满意？",
    "new_client.info_wanted": "希望接收到哪方面的信息？",
    "new_client.advice": "请您对我们的服务提些意见或建议。",
    "periodic.satisfied": "您对客户经理的服务是否满意？",
    "periodic.received_info": "请问您是否接收过营业部提供的资讯服务？",
    "periodic.info_satisfied": "对接收的资讯类信息是否满意？",
    "periodic.improve": "您觉得我司的服务还有哪些需要改进或增加的？",
    "abnormal.self_managed": "请问您的交易账户是否您亲自管理并操作的？",
}
WARNING = (
    "希望您能继续妥善保管好账号和密码信息，不要在公用电脑上做网上交易，更不要委托他人操作，即使是熟人比如客户经理也不行，"
    "我司规定包括员工、证券经纪人在内的所有人员绝对不允许代客操作。"
)
# Which answer goes to a person, from the standing list (domain rules §3) and the clause of each question.
UNSAFE = {
    "suitability": {
        "self_operated": (Intent.NO, Risk.NOT_SELF_OPERATED),
        "own_application": (Intent.NO, Risk.NOT_OWN_WILL),
        "signed_documents": (Intent.NO, Risk.UNSIGNED),
        "knows_rules": (Intent.NO, Risk.UNAWARE),
        "read_risk_disclosure": (Intent.NO, Risk.UNREAD),
        "knows_risk_levels": (Intent.NO, Risk.UNAWARE),
        "knows_fees_losses": (Intent.NO, Risk.UNAWARE),
        "staff_misconduct": (Intent.YES, Risk.STAFF_MISCONDUCT),
    },
    "conduct": {
        "satisfied": (Intent.NO, Risk.DISSATISFIED),
        "staff_misconduct": (Intent.YES, Risk.STAFF_MISCONDUCT),
    },
    "leaving": {
        "satisfied": (Intent.NO, Risk.DISSATISFIED),
        "staff_misconduct": (Intent.YES, Risk.STAFF_MISCONDUCT),
    },
    "settled": {"unsettled": (Intent.YES, Risk.UNSETTLED), "satisfied": (Intent.NO, Risk.DISSATISFIED)},
    "new_client": {
        "satisfied": (Intent.NO, Risk.DISSATISFIED),
        "info_satisfied": (Intent.NO, Risk.DISSATISFIED),
        "self_managed": (Intent.NO, Risk.NOT_SELF_OPERATED),
    },
    "abnormal": {
        "self_managed": (Intent.NO, Risk.NOT_SELF_OPERATED),
        "aware": (Intent.NO, Risk.NOT_SELF_OPERATED),
    },
    "aml": {
        "id_valid": (Intent.NO, Risk.RECORD_MISMATCH),
        "id_dates": (Intent.NO, Risk.RECORD_MISMATCH),
        "beneficiary": (Intent.NO, Risk.LENT_ACCOUNT),
    },
}
# 私募投资基金募集行为管理办法 article 30, items 2 to 8, one asked thing each; the person is confirmed by the opening.
ARTICLE_30 = (
    "自己购买",
    "签名",
    "基金合同",
    "风险揭示",
    "相匹配",
    "费用",
    "权利",
    "信息披露",
    "投资损失",
    "冷静期",
    "纠纷",
)


def spoken(script: Script, node_id: str) -> str:
    node = script.nodes[node_id]
    return node.ask if isinstance(node, Question) else node.say


def questions(name: str) -> list[Question]:
    return [node for node in load_script(name).nodes.values() if isinstance(node, Question) and node.review]


@pytest.mark.parametrize("name", script_names())
def test_what_the_standard_words_is_spoken_word_for_word(name: str) -> None:
    script = load_script(name)
    worded = ANNEX_E | ANNEX_5
    for node_id in worded.keys() & script.nodes.keys():
        assert spoken(script, node_id) == worded[node_id]
    assert {node_id for node_id in worded if node_id.startswith(f"{name}.")} <= set(script.nodes)


@pytest.mark.parametrize("name", ["suitability", "conduct", "leaving", "complained", "private_fund"])
def test_misconduct_is_asked_with_the_rule_before_it(name: str) -> None:
    node = load_script(name).nodes[f"{name}.staff_misconduct"]
    assert isinstance(node, Question)
    assert node.before is not None
    assert node.before.say + node.ask == MISCONDUCT_LEAD + MISCONDUCT


def test_the_leaving_staff_is_named_before_the_question() -> None:
    node = load_script("leaving").nodes["leaving.satisfied"]
    assert isinstance(node, Question)
    assert node.before is not None
    assert node.before.say == "您的客户经理{工作人员}岗位调整。"


def test_every_review_type_of_the_standard_has_a_script() -> None:
    assert {one for name in script_names() for one in load_script(name).review_types} == set(ReviewType)
    assert len({load_script(name).title for name in script_names()}) == len(script_names())


@pytest.mark.parametrize(
    ("name", "clause"),
    [
        ("new_account", "附录E.2.1"), ("anomaly", "附录E.2.2"), ("suitability", "附录E.2.3"), ("conduct", "附录E.2.4"),
        ("leaving", "附录E.2.5"), ("complained", "附录E.2.6"), ("settled", "附录E.2.7"), ("new_client", "附件5 一"),
        ("periodic", "附件5 二"), ("abnormal", "附件5 三"), ("qualification", "第五条第1项"), ("aml", "第五条第4项"),
        ("satisfaction", "第五条第5项"), ("private_fund", "第三十条"),
    ],
)  # fmt: skip
def test_each_script_names_its_clause(name: str, clause: str) -> None:
    assert clause in load_script(name).clause


@pytest.mark.parametrize("name", UNSAFE)
def test_the_unsafe_answer_is_that_of_the_standing_list(name: str) -> None:
    unsafe = {
        node.id.partition(".")[2]: next((answer, risk) for answer in ("yes", "no") if (risk := node.answers[answer]))
        for node in questions(name)
        if not node.survey
    }
    assert unsafe == UNSAFE[name]


def test_each_item_of_article_30_is_a_question_of_its_own() -> None:
    asked = [node.ask for node in questions("private_fund")]
    for item in ARTICLE_30:
        assert any(item in ask for ask in asked), item
    assert len(asked) >= len(ARTICLE_30)


@pytest.mark.parametrize("name", ["new_client", "periodic"])
def test_the_warning_of_annex_5_must_be_heard(name: str) -> None:
    warning = load_script(name).nodes[f"{name}.reminder"]
    assert isinstance(warning, Statement)
    assert (warning.say, warning.must_hear) == (WARNING, True)


@pytest.mark.parametrize("name", script_names())
def test_every_statement_of_a_review_must_be_heard(name: str) -> None:
    for node in load_script(name).nodes.values():
        if isinstance(node, Statement):
            assert node.must_hear, node.id


@pytest.mark.parametrize("name", ["anomaly", "suitability", "new_client", "periodic", "abnormal"])
def test_who_takes_over_a_delegated_account_knows_what_to_ask(name: str) -> None:
    """附件5: 何时开始, 口头或书面, 有无分成, 价格数量谁决定; only recorded, not judged."""
    asked = "".join(next(node for node in questions(name) if node.topic == "本人操作").for_agent)
    for fragment in ("什么时候开始", "口头约定还是书面约定", "分成", "价格和数量由谁决定", "不作评判", "揭示"):
        assert fragment in asked


def test_open_questions_keep_the_words_and_choices_are_four() -> None:
    nodes = {node.id: node for name in ("new_client", "periodic", "satisfaction", "aml") for node in questions(name)}
    for node_id in ("new_client.info_wanted", "new_client.advice", "periodic.improve", "aml.occupation"):
        assert nodes[node_id].capture is Capture.WORDS
    for node in nodes.values():
        if node.capture is Capture.CHOICE:
            assert [choice.means for choice in node.choices] == ["yes", "yes", "unsure", "no"]
            assert [*node.keypad] == ["1", "2", "3", "4"]


def test_what_is_the_same_is_asked_once_in_a_merged_call() -> None:
    """一事一扰: one topic for the same thing, so that it is asked or told once."""
    topics: dict[str, set[str]] = {}
    for name in script_names():
        for node in load_script(name).nodes.values():
            if not isinstance(node, Goodbye) and node.review:
                topics.setdefault(node.topic, set()).add(name)
    assert topics["本人操作"] == {"anomaly", "suitability", "new_client", "periodic", "abnormal"}
    assert topics["工作人员违规"] == {"suitability", "conduct", "leaving", "complained", "private_fund"}
    assert topics["满意度 {工作人员}"] == {"conduct", "leaving", "complained"}
    assert topics["账户密码提示"] == {"new_account", "qualification"}
    assert topics["资料更新提示"] == {"suitability", "identity", "aml"}


def test_the_opening_names_no_complaint_about_staff_and_no_group_of_clients() -> None:
    """就{回访业务}对您做一个简单的回访: said before any question, so it must not colour the answers."""
    for name in ("conduct", "leaving", "complained"):
        assert load_script(name).business == "客户服务情况"
    assert all(
        load_script(name).business for name in script_names() if ReviewType.OTHER in load_script(name).review_types
    )
