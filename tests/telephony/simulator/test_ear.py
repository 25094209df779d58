"""The question finder on texts: homophones pass, other questions and noise do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from telephony.simulator.ear import (
    Kind,
    contains,
    digits,
    ear_for,
    keys_offered,
    load_questions,
    nearness,
    sounds,
)
from telephony.simulator.errors import SheetError

QUESTIONS = load_questions()
SLOTS = {"客户姓名": "解志强", "称谓": "先生", "业务": "购买金融产品"}
EAR = ear_for(QUESTIONS, ["suitability"], SLOTS)


def found(text: str, review: str = "suitability") -> str:
    question = ear_for(QUESTIONS, [review], SLOTS).listen(text).question
    return question.id if question else ""


@pytest.mark.parametrize(
    ("heard", "question"),
    [
        ("请问您是解志强先生吗", "opening.identity"),
        ("请问您是谢之墙先生吗", "opening.identity"),
        ("您好我是华夏安信证券客户服务中心的智能语音助手本次通话有录音请问您是解志强先生吗", "opening.identity"),
        ("耽误您两分钟请问您先在方便吗", "opening.convenient"),
        ("谢谢请问账护是您本人草作吗", "suitability.self_operated"),
        ("抱歉我没有听清请问您的账户平时是您自己在操作吗", "suitability.self_operated"),
        ("请问是您本人自愿申请并亲自办理购买金融产品的吗", "suitability.own_application"),
        ("是否知晓承担的费用以及可能产生的投资损失", "suitability.knows_fees_losses"),
        (
            "投资有风险可能会损失本金请问您是否已阅读并充分理解产品或服务相关风险揭示书等文件内容",
            "suitability.read_risk_disclosure",
        ),
        ("不允许发生违规代客操作请问我司工作人员是否存在上述违规行为", "suitability.staff_misconduct"),
        ("祝您投资愉快再见", "anywhere.closing"),
        ("您说的情况我已经记录现在为您转接专员请稍等", "anywhere.hold"),
    ],
)
def test_the_question_at_the_end_is_found_whatever_characters_the_recogniser_chose(heard: str, question: str) -> None:
    assert found(heard) == question


@pytest.mark.parametrize(
    "heard",
    [
        "",
        "嗯",
        "吗",
        "请问",
        "先生吗",
        "请问今天天气怎么样",
        "de five shi four wen",
        "一二三四五六七八九十",
        "请问您对我们的服务满意吗",
        "请问您是",
    ],
)
def test_garbled_and_unknown_texts_are_no_question(heard: str) -> None:
    assert found(heard) == ""


def test_a_question_of_another_review_is_not_known_to_this_client() -> None:
    assert found("请问开户是您本人真实意愿吗", "suitability") != "new_account.own_will"
    assert found("请问开户是您本人真实意愿吗", "new_account") == "new_account.own_will"


def test_only_the_tail_counts_so_an_answered_question_does_not_ring_on() -> None:
    assert found("请问您现在方便吗谢谢接下来我会问您几个和这个业务有关系的小问题") == ""


@pytest.mark.parametrize(
    ("heard", "keys"),
    [
        ("是您本人操作请按一不是请按二", {"yes": "1", "no": "2"}),
        ("存在违规行为请按一不存在请按二", {"yes": "1", "no": "2"}),
        ("没有请按一有请按二", {"no": "1", "yes": "2"}),
        ("可以请按幺要换时间请按二", {"yes": "1", "no": "2"}),
        ("方便请暗一不方便请暗二", {"yes": "1", "no": "2"}),
    ],
)
def test_offered_keys_are_understood_with_what_they_stand_for(heard: str, keys: dict[str, str]) -> None:
    offered = keys_offered(heard)
    assert offered is not None and offered[1] == keys


@pytest.mark.parametrize("heard", ["", "请问您现在方便吗", "您也可以用电话按键输入号码按井号键结束", "请按一"])
def test_no_keys_where_none_are_offered(heard: str) -> None:
    assert keys_offered(heard) is None


def test_a_question_before_an_offer_of_keys_is_kept() -> None:
    heard = EAR.listen("请问账户是您本人操作吗是您本人操作请按一不是请按二")
    assert heard.question is not None and heard.question.id == "suitability.self_operated"
    assert heard.keys == {"yes": "1", "no": "2"}


def test_digits_are_heard_by_their_sound() -> None:
    assert digits("幺三九零零零零二零零六") == "13900002006"
    assert digits("您说的号码是一三九对吗") == "139"


def test_nearness_is_of_a_hundred_and_falls_with_every_wrong_sound() -> None:
    assert nearness("请问您现在方便吗", sounds("请问您现在方便吗")) == 100
    one, three = (nearness("请问您现在方便吗", sounds(heard)) for heard in ("请问您现在方面吗", "请问明天方面吗"))
    assert 100 > one > three


def test_a_phrase_is_recognised_while_the_sentence_goes_on() -> None:
    assert contains("温馨提示请您务必拖善保管好自己的", "请您务必妥善保管")
    assert not contains("温馨提示请您", "请您务必妥善保管")


def test_every_question_has_an_answer_where_one_is_wanted() -> None:
    wanting = [question for question in QUESTIONS.values() if question.kind is Kind.QUESTION]
    assert all(question.safe in ("yes", "no") for question in wanting)


def test_a_faulty_table_names_every_line(tmp_path: Path) -> None:
    sheet = tmp_path / "questions.yaml"
    faulty = "a.b:\n  kind: riddle\n  phrases: [x]\nc:\n  phrases: []\nd.e:\n  safe: maybe\n  phrases: [y]\n"
    sheet.write_text(faulty, "utf-8")
    with pytest.raises(SheetError) as caught:
        load_questions(sheet)
    assert [problem.split(": ", 1)[0].rsplit(":", 1)[1] for problem in caught.value.problems] == ["2", "4", "7"]
