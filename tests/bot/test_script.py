"""Scripts as they are loaded: what the standard says is in them, and every fault of a broken one is named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.errors import Problem, ScriptInvalid, ScriptMissing, SlotsMissing
from bot.moves import Facts
from bot.nodes import Question, Script, Statement, node_texts
from bot.script import load_script, script_names
from bot.script_check import reachable
from intents import Intent
from rules.outcomes import ReviewType, Risk
from scripts_zh import FOLDER
from tests.bot.conversation import CALLED_AT, Conversation, facts_for

# Typed from T/SAC 002-2024 annex E; the business kinds that it leaves open are slots.
ANNEX_E = {
    "new_account.own_will": "请问开户是您本人真实意愿吗？",
    "new_account.read_agreement": "请问您是否已阅读并充分理解开户协议相关条款？",
    "new_account.reminder": "温馨提示：请您务必妥善保管好自己的账户和密码，切勿交由他人使用或操作。",
    "anomaly.self_operated": "请问账户是您本人操作吗？",
    "anomaly.reminder": (
        "我司发现您的{异常类型}存在异常情形，在此郑重提醒：请您务必妥善保管好自己的账户和密码，切勿交由他人使用或操作，"
        "也不得借用他人账户使用。{异常类型}必须严格遵守相关法律法规。对于违规行为，我司有权对{异常类型}进行限制，并上报监管机构。"
    ),
    "suitability.self_operated": "请问账户是您本人操作吗？",
    "suitability.own_application": "请问是您本人自愿申请并亲自办理{业务}的吗？",
    "suitability.signed_documents": "请问您是否自愿并按规定签署了相关协议及问卷？",
    "suitability.knows_rules": "请问您是否已知晓所购买产品或接受服务的业务规则？",
    "suitability.read_risk_disclosure": "请问您是否已阅读并充分理解产品或服务相关风险揭示书等文件内容？",
    "suitability.knows_risk_levels": (
        "请问您是否已知晓自己的风险承受能力等级、购买的产品或者接受服务的风险等级以及适当性匹配意见？"
    ),
    "suitability.knows_fees_losses": "是否知晓承担的费用以及可能产生的投资损失？",
    "suitability.staff_misconduct": "请问我司工作人员是否存在上述违规行为？",
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


def spoken(script: Script, node_id: str) -> str:
    node = script.nodes[node_id]
    return node.ask if isinstance(node, Question) else node.say


@pytest.mark.parametrize("name", script_names())
def test_annex_e_is_spoken_word_for_word(name: str) -> None:
    script = load_script(name)
    for node_id, text in ANNEX_E.items():
        if node_id in script.nodes:
            assert spoken(script, node_id) == text
    assert {node_id for node_id in ANNEX_E if node_id.startswith(name)} <= set(script.nodes)


def test_scripts_say_what_they_are_for() -> None:
    assert load_script("new_account").review_types == (ReviewType.NEW_ACCOUNT,)
    assert load_script("anomaly").clause == "T/SAC 002-2024 附录E.2.2"
    assert ReviewType.NEW_PERMISSION in load_script("suitability").review_types


@pytest.mark.parametrize("name", script_names())
def test_reminders_cannot_be_interrupted(name: str) -> None:
    reminder = load_script(name).nodes[f"{name}.reminder"]
    assert isinstance(reminder, Statement)
    assert reminder.must_hear


def test_the_unsafe_answer_is_that_of_the_standing_list() -> None:
    nodes = load_script("suitability").nodes
    unsafe = {
        node.id: (Intent.YES if node.answers[Intent.YES] else Intent.NO, node.answers[Intent.YES] or node.answers["no"])
        for node in nodes.values()
        if isinstance(node, Question) and node.review
    }
    assert unsafe["suitability.staff_misconduct"] == (Intent.YES, Risk.STAFF_MISCONDUCT)
    assert unsafe["suitability.signed_documents"] == (Intent.NO, Risk.UNSIGNED)
    assert unsafe["suitability.knows_fees_losses"] == (Intent.NO, Risk.UNAWARE)
    assert len(unsafe) == 8


def test_the_hash_names_the_content_and_not_its_layout(tmp_path: Path) -> None:
    script = copy(tmp_path)
    path = script / "new_account.yaml"
    first = load_script(path)
    path.write_text("# 一条注释\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_script(path).hash == first.hash == load_script("new_account").hash
    edit(script / "parts/closing.yaml", "祝您投资愉快", "祝您愉快")
    assert load_script(path).hash != first.hash


def test_scalars_stay_text(tmp_path: Path) -> None:
    script = copy(tmp_path)
    edit(script / "parts/opening.yaml", 'sample: "8001"', "sample: 010")
    assert load_script(script / "anomaly.yaml").slots["工号"].sample == "010"


def test_fixed_texts_are_all_that_can_be_voiced_before_the_call() -> None:
    script = load_script("anomaly")
    slots = facts_for(script).slots
    assert "请问账户是您本人操作吗？" in script.fixed_texts()
    assert not any("{" in text for text in script.fixed_texts())
    voiced = set(script.fixed_texts(slots))
    assert "请问您是王小明先生吗？" in voiced
    talk = Conversation(script, facts_for(script))
    for words in ("是我", "方便", "稍等一下", "是我自己操作"):
        talk.say(words)
        assert {say.text for say in talk.says} <= voiced


def test_phrases_and_pronunciations_come_from_the_file(tmp_path: Path) -> None:
    script = copy(tmp_path)
    edit(script / "anomaly.yaml", "    next: anomaly.rem", "    phrases:\n      - 是我\n    next: anomaly.rem")
    edit(script / "anomaly.yaml", "review: ", "pronunciations:\n  重仓: zhòng cāng\nreview: ")
    loaded = load_script(script / "anomaly.yaml")
    assert loaded.phrases("anomaly.self_operated") == ("是我",)
    assert loaded.phrases("anomaly.reminder") == loaded.phrases("no.such") == ()
    assert loaded.pronunciations == {"重仓": "zhòng cāng"}


def test_a_task_without_its_slots_is_refused_before_dialling() -> None:
    script = load_script("suitability")
    slots = facts_for(script).slots | {"业务": " ", "称谓": ""}
    with pytest.raises(SlotsMissing, match="称谓、业务|业务、称谓"):
        Conversation(script, Facts(slots, CALLED_AT))
    assert set(script.missing_slots(slots)) == {"业务", "称谓"}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ScriptMissing, match="anomaly、.*new_account、suitability"):
        load_script("no_such")


def test_every_shared_node_serves_some_script() -> None:
    scripts = [load_script(name) for name in script_names()]
    shared = {node.id for script in scripts for node in script.nodes.values() if not node.review}
    assert shared <= set().union(*(reachable(script) for script in scripts))


def test_node_texts_include_what_is_said_on_the_way() -> None:
    assert "谢谢！" in node_texts(load_script("anomaly").nodes["opening.convenient"]).values()


def copy(folder: Path) -> Path:
    """All scripts, to be broken."""
    shutil.copytree(FOLDER, folder / "scripts", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder / "scripts"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems_of(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ScriptInvalid) as caught:
        load_script(path)
    return caught.value.problems


FAULTS: dict[str, dict[str, str]] = YAML(typ="base", pure=True).load(
    (Path(__file__).parent / "data" / "script_faults.yaml").read_text(encoding="utf-8")
)
OWN, OPENING, CLOSING = "new_account.yaml", "parts/opening.yaml", "parts/closing.yaml"


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_with_its_line(fault: str, tmp_path: Path) -> None:
    broken = FAULTS[fault]
    scripts = copy(tmp_path)
    edit(scripts / broken["file"], broken["replace"], broken["by"])
    named = [problem for problem in problems_of(scripts / OWN) if broken["says"] in problem.message]
    assert named, "no such problem"
    lines = {problem: (scripts / problem.file).read_text(encoding="utf-8").splitlines() for problem in named}
    assert any(broken["at"] in lines[problem][problem.line - 1] for problem in named), [str(each) for each in named]


def test_many_faults_are_reported_together(tmp_path: Path) -> None:
    scripts = copy(tmp_path)
    edit(scripts / OWN, "no: unread", "no: unreadable")
    edit(scripts / OPENING, "，本次通话有录音", "")
    edit(scripts / CLOSING, "{服务电话}", "{客服电话}")
    edit(scripts / "parts/fallbacks.yaml", "  refuse: closing.refused\n", "")
    with pytest.raises(ScriptInvalid) as caught:
        load_script(scripts / OWN)
    text = str(caught.value)
    for fragment in ("unreadable", "没有告知通话录音", "{客服电话}", "“refuse”"):
        assert fragment in text
    assert re.search(r"new_account\.yaml:\d+ \[new_account\.read_agreement\] ", text)
    assert re.search(r"parts/closing\.yaml:\d+ \[closing\.thanks\] ", text)


@pytest.mark.parametrize("content", ["", "只有一句话", "- 一\n- 二", "\ufffe\x00坏", "a: &b 1\nc: *x"])
def test_a_file_that_is_no_script_is_reported_and_not_a_crash(content: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content, encoding="utf-8")
    assert problems_of(path)


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes("title: 开户".encode("gbk"))
    assert any("UTF-8" in problem.message for problem in problems_of(path))
