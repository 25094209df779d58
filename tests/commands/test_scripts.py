"""The commands about scripts, called as `huifang` calls them."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest

from bot.script import script_names
from huifang import main
from scripts_zh import FOLDER


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    """A copy of the scripts to be spoiled."""
    return Path(shutil.copytree(FOLDER, tmp_path / "drafts"))


def spoil(path: Path, old: str, new: str) -> int:
    """Replace a text that stands in a file; returns its line."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_check_lists_all_scripts_and_what_they_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scripts", "check", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is True
    assert found["problems"] == 0
    by_name = {script["name"]: script for script in found["scripts"]}
    assert tuple(by_name) == script_names()
    suitability = by_name["suitability"]
    assert suitability["title"] == "适当性回访"
    assert suitability["questions"] == 8  # E.2.3 a to e, its (d) asked one thing at a time
    assert suitability["edges"] > suitability["nodes"] > suitability["questions"]
    assert len(suitability["hash"]) == 64


def test_check_names_every_problem_of_every_script(drafts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = spoil(drafts / "anomaly.yaml", "unsure: unclarified", "unsure: unclarifed")
    spoil(drafts / "suitability.yaml", "next: suitability.knows_rules", "next: suitability.knows_rule")
    files = [str(drafts / name) for name in ("anomaly.yaml", "new_account.yaml", "suitability.yaml")]
    assert main(["scripts", "check", *files]) == 1
    said = capsys.readouterr().out
    assert f"anomaly.yaml:{line} [anomaly.self_operated] “unclarifed”不在可选范围内" in said
    assert "suitability.knows_rule”不存在；请改成已有节点的名称" in said
    assert "new_account  新开户回访" in said
    assert "共 3 份话术，1 份正常" in said
    assert main(["scripts", "check", "--json", *files]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    broken = {script["name"]: script["problems"] for script in found["scripts"] if script["problems"]}
    assert set(broken) == {"anomaly", "suitability"}
    assert broken["anomaly"][0]["line"] == line
    assert broken["anomaly"][0]["node"] == "anomaly.self_operated"


def test_a_problem_of_a_shared_part_is_told_once(drafts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(drafts / "parts" / "closing.yaml", "ending: refused", "ending: refuse")
    assert main(["scripts", "check", str(drafts / "anomaly.yaml"), str(drafts / "new_account.yaml")]) == 1
    assert capsys.readouterr().out.count("[closing.refused]") == 1


def test_check_of_an_unknown_script_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scripts", "check", "suitabilty"]) == 1
    assert "suitability" in capsys.readouterr().err


def test_show_prints_the_conversation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scripts", "show", "new_account"]) == 0
    said = capsys.readouterr().out
    assert "新开户回访" in said
    assert "T/SAC 002-2024 附录E.2.1" in said
    question, risky, reminder = map(said.index, ("请问开户是您本人真实意愿吗？", "非本人意愿（高）", "温馨提示："))
    assert question < risky < reminder
    assert "必须听完" in said


def test_show_draws_a_draft_by_its_path(drafts: Path, tmp_path: Path) -> None:
    spoil(drafts / "new_account.yaml", "title: 新开户回访", "title: 新开户回访草稿")
    picture = tmp_path / "graph.svg"
    assert main(["scripts", "show", str(drafts / "new_account.yaml"), "--svg", str(picture)]) == 0
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "新开户回访草稿" in drawn


def test_show_tells_of_a_picture_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scripts", "show", "new_account", "--svg", str(tmp_path / "none" / "graph.svg")]) == 1
    assert "graph.svg" in capsys.readouterr().err


def typed(monkeypatch: pytest.MonkeyPatch, lines: list[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))


def test_try_holds_a_conversation_through_a_pipe(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, ["我就是", "方便", "是我自己操作", "不是我自愿的", "", "再见"])
    assert main(["scripts", "try", "suitability", "--slot", "业务=开通交易权限", "--slot", "客户姓名=李雷"]) == 0
    said = capsys.readouterr().out
    assert "请问您是李雷先生吗？" in said
    assert "请问是您本人自愿申请并亲自办理开通交易权限的吗？" in said
    assert "客户：不是我自愿的" in said
    assert "标记风险 非本人意愿（高）" in said
    assert "登记状态  转人工" in said
    assert "通话已经结束" in said


def test_try_ends_with_the_input_as_a_client_who_hangs_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, ["我就是", "（咳嗽）", "/撤销"])
    assert main(["scripts", "try", "new_account"]) == 0
    said = capsys.readouterr().out
    assert "“（咳嗽）”看不懂" in said
    assert "退回一步" in said
    assert "登记状态  客户挂断" in said
    assert "回答" not in said.partition("通话结束")[2]


def test_try_saves_its_log_and_never_over_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    saved = tmp_path / "没空.yaml"
    typed(monkeypatch, ["我就是", "打错了", f"/日志 {saved}", f"/日志 {saved}", f"/日志 {tmp_path}/none/x.yaml"])
    assert main(["scripts", "try", "new_account"]) == 0
    said = capsys.readouterr().out
    assert "已经存在，没有覆盖" in said
    assert "无法写入" in said
    assert saved.read_text(encoding="utf-8").startswith("script: new_account\ndialogues:\n  没空:\n    turns:\n")


def test_try_refuses_a_slot_that_the_script_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scripts", "try", "new_account", "--slot", "业务=开户"]) == 1
    assert "没有：业务；可以填的内容：" in capsys.readouterr().err


def test_try_aloud_needs_a_sound_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "asound.conf"
    empty.write_text("", encoding="utf-8")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(empty))
    monkeypatch.chdir(tmp_path)  # where the data folder is made
    assert main(["scripts", "try", "new_account", "--microphone"]) == 1
    assert "no sound from device 'default'" in capsys.readouterr().err
