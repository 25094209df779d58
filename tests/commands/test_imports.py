"""`huifang import` and `huifang duties` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import huifang
from settings import Settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh installation without scripts, and the folder in which the commands are given."""
    settings = Settings(data_dir=tmp_path / "data")
    monkeypatch.setattr(huifang, "load_settings", lambda: settings)
    monkeypatch.setattr("campaign.shipped.read_ledger", lambda _path: {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = huifang.main(arguments)
    told = capsys.readouterr()
    return status, told.out + told.err


def test_a_preview_an_import_and_the_same_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "客户.csv"
    file.write_text("客户号,姓名,手机号\nC1,王小明,13800001111\n", encoding="gb18030")
    assert run(capsys, "import", str(file), "--preview") == (
        0,
        "客户：将新增1名，更新0名，未变0名。\n  第2行 C1：新增\n",
    )
    assert run(capsys, "import", str(file)) == (0, "已导入客户：新增1名，更新0名，未变0名。\n")
    assert run(capsys, "import", str(file)) == (0, "已导入客户：新增0名，更新0名，未变1名。\n")
    file.write_text("客户号,姓名,手机号\nC1,王小明,13900001111\n", encoding="utf-8")
    assert "  第2行 C1：更新手机号\n" in run(capsys, "import", str(file), "--preview")[1]
    status, told = run(capsys, "import", str(file), "--kind", "products")
    assert (status, "这是客户文件" in told) == (1, True)


def test_faults_are_told_with_their_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.csv").write_text("客户号,姓名,手机号\nC1,王小明,138\n=C2,,13800001111\n", encoding="utf-8")
    status, told = run(capsys, "import", "a.csv")
    assert status == 1
    assert told.startswith("a.csv：3 处问题，未导入任何记录\n  第2行「手机号」：")
    assert "13800001111" not in told


def test_templates(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "import", "--template", "events") == (0, "已写入 业务事件导入模板.csv\n")
    assert (folder / "业务事件导入模板.csv").read_text(encoding="utf-8-sig").startswith("事件号,事件类型,发生时间")
    assert run(capsys, "import", "--template", "clients", "--excel", "客户.xlsx")[0] == 0
    assert (folder / "客户.xlsx").read_bytes().startswith(b"PK")
    assert run(capsys, "import")[0] == 1


def test_events_that_wait_for_a_script_are_tried_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "c.csv").write_text("客户号,姓名,手机号\nC1,王小明,13800001111\n", encoding="utf-8")
    (folder / "e.csv").write_text("事件号,事件类型,发生时间,客户号\nE1,开户,2026-01-05,C1\n", encoding="utf-8")
    run(capsys, "import", "c.csv")
    told = run(capsys, "import", "e.csv")[1]
    assert "1件事件还不能生成任务：E1：新开户回访没有使用中的话术“new_account”" in told
    assert "1件事件还不能生成任务" in run(capsys, "duties")[1]
