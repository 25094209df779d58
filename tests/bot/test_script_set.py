"""Scripts that share a topic say the same under it."""

from __future__ import annotations

from pathlib import Path

from bot.writing.script_set import check_together
from tests.bot.test_script import copy, edit


def test_the_shipped_scripts_agree() -> None:
    assert check_together() == ()


def test_a_reminder_that_would_be_dropped_is_named(tmp_path: Path) -> None:
    scripts = copy(tmp_path)
    edit(scripts / "suitability.yaml", "身份证有效期等基本信息近期", "身份证有效期近期")
    edit(scripts / "satisfaction.yaml", "topic: 满意度 客户经理", "topic: 资讯满意度")
    edit(scripts / "conduct.yaml", "review: conduct.satisfied", "review: conduct.satisfied\nx: [")  # no YAML at all
    found = check_together(scripts)
    assert [(problem.file, problem.node) for problem in found] == [
        ("satisfaction.yaml", "satisfaction.manager"),
        ("suitability.yaml", "suitability.reminder"),
    ]
    assert "“资讯满意度”和“new_client.info_satisfied”相同，选项却不同" in found[0].message
    assert "“资料更新提示”和“aml.reminder”相同，话却不同" in found[1].message
    lines = (scripts / "suitability.yaml").read_text(encoding="utf-8").splitlines()
    assert "topic: 资料更新提示" in lines[found[1].line - 1]
