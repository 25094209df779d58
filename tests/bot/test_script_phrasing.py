"""How a script may phrase things, on the standard's own words and on what compliance would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.writing.script_phrasing import asks_twice
from bot.writing.wording import Phrase, load_wording
from tests.bot.test_script_wording import ANNEX_5, ANNEX_E, MISCONDUCT, MISCONDUCT_LEAD

# E.2.3 d as the standard prints it: four questions in one breath.
E_2_3_D = (
    "请问您是否已知晓所购买产品或接受服务的业务规则；请问您是否已阅读并充分理解产品或服务相关风险揭示书等文件内容；"
    "请问您是否已知晓自己的风险承受能力等级、购买的产品或者接受服务的风险等级以及适当性匹配意见；"
    "是否知晓承担的费用以及可能产生的投资损失？"
)


def struck(text: str) -> list[str]:
    """The reasons why the list of words refuses a text."""
    wording = load_wording()
    return [phrase.reason for phrase in (*wording.leading, *wording.selling) if phrase.found_in(text)]


@pytest.mark.parametrize("text", [*ANNEX_E.values(), *ANNEX_5.values()])
def test_the_standards_own_words_pass(text: str) -> None:
    assert not struck(text)
    assert not asks_twice(text)


@pytest.mark.parametrize(
    "text",
    [
        E_2_3_D,
        "客户经理会经常联络您并给予您一定的投资帮助吗？",  # 附件5 二 1
        "对接收的资讯类信息是否满意？希望接收到哪方面的信息？",  # 附件5 一 5
        "请问您看过协议吗，签过字吗？",
        "请问您是否知道费用，并且是否知道损失？",
        "您的账户是谁在操作，另外哪些人知道密码？",
    ],
)
def test_several_questions_in_one_are_found(text: str) -> None:
    assert asks_twice(text)


def test_a_lead_may_tell_but_not_ask() -> None:
    assert not asks_twice(MISCONDUCT, MISCONDUCT_LEAD)
    assert asks_twice(MISCONDUCT, "您对服务满意吗？")


@pytest.mark.parametrize(
    "text",
    [
        "您的交易账户平常都是您亲自操作管理的吧？",  # 附件5 一 (2)
        "风险揭示书您应该都看过了。",
        "没有问题吧？",
        "您肯定知道的，对吧？",
        "我们的服务都挺好的吧？",
        "您一定没有让别人操作。",
        "您只需要回答是就行。",
        "工作人员没有违规，是吧。",
        "难道您没有看过吗？",
        "营业部正在受理创业板的权限开通业务，如果您需要开通此权限，请带好证件来办理。",  # 附件5 一
        "这个产品稳赚。",
    ],
)
def test_leading_and_selling_are_found(text: str) -> None:
    assert all(reason for reason in struck(text))
    assert struck(text)


@pytest.mark.parametrize("text", ["明天下午三点可以吗？", "没有吧台", "请您按实际情况回答。", "您满意还是不满意？"])
def test_neutral_words_pass(text: str) -> None:
    assert not struck(text)


def test_a_phrase_with_a_gap_stays_within_its_sentence() -> None:
    phrase = Phrase("不会是…吧", "")
    assert phrase.found_in("您不会是没签吧？") == "不会是没签吧"
    assert not phrase.found_in("这不会是问题。您签吧")
    assert not phrase.found_in("不会是" + "很" * 21 + "吧")


def test_compliance_extends_the_list(tmp_path: Path) -> None:
    path = tmp_path / "leading_words.yaml"
    path.write_text(
        "leading:\n  老客户都…满意: 用别人的做法影响客户\nlongest:\n  sentence: 60\n  text: 150\n  sample: 30\n"
    )
    wording = load_wording(path)
    assert not wording.problems
    assert [phrase.found_in("我们的老客户都说满意") for phrase in wording.leading] == ["老客户都说满意"]
    assert (wording.longest.sentence, wording.longest.sample) == (60, 30)


def test_a_broken_list_names_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "leading_words.yaml"
    path.write_text("leading:\n  是: 太短\n  您肯定:\nsaling:\n  优惠: 推介\nlongest:\n  sentence: 一百\n  text: 900\n")
    said = [str(problem) for problem in sorted(load_wording(path).problems)]
    assert [line.split(" ")[0] for line in said] == [f"leading_words.yaml:{line}" for line in (2, 3, 4, 6, 7, 8)]
    for fragment in (
        "应当有 2 到 20 个字",
        "“您肯定”应当是一段不为空的文字",
        "不认识“saling”",
        "缺少“sample”",
        "20 到 500",
    ):
        assert any(fragment in line for line in said), fragment


def test_a_list_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert [problem.line for problem in load_wording(tmp_path / "none.yaml").problems] == [1]
