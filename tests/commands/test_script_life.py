"""`huifang scripts submit … rollback`: the whole life of a script from the command line."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

import huifang
from bot.script import load_script
from bot.writing.ledger import renewed
from models import Database, load_seal, use_seal
from models.scripts import versions_of
from scripts_zh import FOLDER
from settings import Settings
from tests.conftest import NOON


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A fresh installation of a release that brings the anomaly script."""
    settings = Settings(data_dir=tmp_path / "data")
    ledger = renewed({}, [load_script("anomaly")], NOON.date())
    monkeypatch.setattr(huifang, "load_settings", lambda: settings)
    monkeypatch.setattr("campaign.shipped.read_ledger", lambda _path: ledger)
    monkeypatch.setattr("commands.script_life.read_ledger", lambda: ledger)
    return settings


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = huifang.main(["scripts", *arguments])
    told = capsys.readouterr()
    return status, told.out + told.err


def edited(tmp_path: Path) -> Path:
    """A draft of the anomaly script in a folder of its own."""
    folder = tmp_path / "drafts"
    copytree(FOLDER, folder)
    path = folder / "anomaly.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("请问账户是您本人操作吗？", "请问您的账户是您本人操作吗？"), encoding="utf-8")
    return path


def test_a_draft_comes_into_use_and_is_rolled_back(
    installation: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = str(edited(tmp_path))
    status, told = run(capsys, "submit", draft, "--by", "0101", "--note", "改问法")
    assert status == 0, told
    assert "第2版" in told  # the first one came with the program
    assert run(capsys, "approve", "anomaly", "--by", "0101") == (
        1,
        "huifang: “0101”是这个版本的撰写人或提交人，不能自己审核；请由另一人审核\n",
    )
    assert "已审核通过" in run(capsys, "approve", "anomaly", "--by", "0102")[1]
    assert "从下一通电话开始使用" in run(capsys, "publish", "anomaly", "--by", "0101")[1]
    shown = run(capsys, "diff", "anomaly", "1", "2")[1]
    assert "-    ask: 请问账户是您本人操作吗？" in shown
    assert "+    ask: 请问您的账户是您本人操作吗？" in shown
    assert "草稿/anomaly.yaml" in run(capsys, "diff", "anomaly")[1]
    status, told = run(capsys, "rollback", "anomaly", "--by", "0102")
    assert (status, "原因" in told) == (1, True)
    assert "第1版" in run(capsys, "rollback", "anomaly", "--by", "0102", "--why", "听不懂")[1]
    assert "内容相同" in run(capsys, "diff", "anomaly")[1]

    history = run(capsys, "history", "anomaly")[1]
    for word in ("第1版", "第2版", "使用中", "已撤回使用", "出厂", "0101", "0102", "改问法", "听不懂"):
        assert word in history
    use_seal(load_seal("", installation.data_dir / "secret.key"))
    database = Database(installation.database)
    with database.read() as session:
        assert [version.state for version in versions_of(session, "anomaly")] == ["published", "rolled_back"]
    database.close()


def test_a_change_of_a_shared_part_is_submitted_for_all_scripts_or_for_none(
    installation: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drafts = edited(tmp_path).parent
    closing = drafts / "parts" / "closing.yaml"
    closing.write_text(closing.read_text(encoding="utf-8").replace("祝您投资愉快", "祝您愉快"), encoding="utf-8")
    names = [str(drafts / f"{name}.yaml") for name in ("conduct", "identity")]
    status, told = run(capsys, "submit", *names, str(drafts / "gone.yaml"), "--by", "0101")
    assert (status, "gone" in told) == (1, True)
    assert "已提交" not in told
    assert "还没有提交过任何版本" in run(capsys, "approve", "conduct", "--by", "0102")[1]
    assert run(capsys, "submit", *names, "--by", "0101")[0] == 0
    assert run(capsys, "approve", "conduct", "identity", "--by", "0102")[0] == 0
    assert run(capsys, "publish", "conduct", "identity", "--by", "0102")[1].count("已发布") == 2


def test_what_cannot_be_done_is_one_clear_message(
    installation: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "submit", "no_such", "--by", "0101")[0] == 1
    assert "没有名为“no_such”的话术" in run(capsys, "submit", "no_such", "--by", "0101")[1]
    assert "还没有提交过任何版本" in run(capsys, "history", "no_such")[1]
    assert "没有待审核的版本" in run(capsys, "approve", "anomaly", "--by", "0102")[1]
    assert "第1版（使用中）相同" in run(capsys, "submit", "anomaly", "--by", "0101")[1]


def test_a_shipped_file_that_nobody_approved_is_told_by_the_check(
    installation: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capsys, "check", "anomaly")[0] == 0
    monkeypatch.setattr("commands.script_life.read_ledger", dict)
    status, told = run(capsys, "check", "anomaly")
    assert status == 1
    assert "huifang scripts submit anomaly" in told
    run(capsys, "history", "anomaly")  # opens the database: what came with the program is approved there
    assert run(capsys, "check", "anomaly")[0] == 0


def test_a_call_that_is_not_there_cannot_be_replayed(
    installation: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert huifang.main(["replay", "9-9"]) == 1
    assert "没有通话 9-9" in capsys.readouterr().err
