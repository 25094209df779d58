"""Scripts as they are loaded: every fault of a broken one is named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.errors import Problem, ScriptInvalid, ScriptMissing, SlotsMissing
from bot.moves import Facts
from bot.nodes import node_texts
from bot.script import load_script, script_names
from bot.writing.script_check import reachable
from bot.writing.source import parse
from scripts_zh import FOLDER
from tests.bot.conversation import CALLED_AT, Conversation, facts_for


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
    with pytest.raises(ScriptMissing, match="abnormal、.*new_account、.*suitability"):
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
    named = [
        problem for problem in problems_of(scripts / broken.get("script", OWN)) if broken["says"] in problem.message
    ]
    assert named, "no such problem"
    assert all(re.search("请|应当|只能|可以用|要写", problem.message) for problem in named), "no remedy"
    lines = {problem: (scripts / problem.file).read_text(encoding="utf-8").splitlines() for problem in named}
    assert any(broken["at"] in lines[problem][problem.line - 1] for problem in named), [str(each) for each in named]


MANY = (  # file, what is replaced, by what, and what the check says of it
    (OWN, "no: unread", "no: unreadable", "unreadable"),
    (OWN, "ask: 请问开户是您本人真实意愿吗？", "ask: 开户是您本人真实意愿的吧？", "诱导性陈述"),
    (OWN, "    must_hear: yes\n", "", "must_hear: yes"),
    (OWN, "不是请按2", "不是请按7", "按键7没有意思"),
    (OWN, "next: closing.thanks", "next: closing.thank", "closing.thank"),
    (OPENING, "，本次通话有录音", "", "没有告知通话录音"),
    (OPENING, "no: relay.knows_contact", "no: new_account.own_will", "还没有确认客户本人"),
    ("parts/relay.yaml", "ask: 请问您知道", "ask: 关于开户，您知道", "不能有“开户”"),
    (CLOSING, "{服务电话}", "{客服电话}", "{客服电话}"),
    ("parts/fallbacks.yaml", "  refuse: closing.refused\n", "", "“refuse”"),
    ("parts/fallbacks.yaml", "deceased: closing.condolence", "deceased: opening.identity", "“deceased”"),
    ("parts/faq.yaml", "say: 大约需要两分钟。", "say: 大约两分钟，对吧。", "不是发问"),
)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("name: a\nparts: &own\n  - b\n  - *own\n", 2, "引用了它自己"),
        ("name: a\nparts: &own\n  of: &other\n    back: *own\n", 2, "引用了它自己"),
        ("name: " + "- " * 5000 + "a\n", 1, "请"),
        ("name:\n  " + "- " * 5000 + "a\n", 1, "套得太深"),
    ],
    ids=["a list in itself", "through another", "no YAML", "too deep"],
)
def test_text_that_has_no_end_is_refused(text: str, line: int, says: str) -> None:
    problems: list[Problem] = []
    parse(text, "own.yaml", problems)
    assert [(one.line, says in one.message) for one in problems] == [(line, True)]


def test_many_faults_are_reported_together(tmp_path: Path) -> None:
    scripts = copy(tmp_path)
    for file, old, new, _ in MANY:
        edit(scripts / file, old, new)
    with pytest.raises(ScriptInvalid) as caught:
        load_script(scripts / OWN)
    problems = [str(problem) for problem in caught.value.problems]
    for file, _, _, says in MANY:
        if says != "“refuse”":  # a shared default that is gone is named at each node that needs it
            assert any(problem.startswith(f"{file}:") and says in problem for problem in problems), says
    assert sum("“refuse”" in problem for problem in problems) > 5
    assert list(caught.value.problems) == sorted(caught.value.problems)
    text = str(caught.value)
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
