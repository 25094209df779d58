"""The shipped scripts are the approved ones, and the ledger that says so is sound."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.errors import ScriptInvalid
from bot.script import load_script, script_names
from bot.writing.ledger import Approval, approved_contents, ledger_text, read_ledger, renewed, unapproved

DAY = date(2026, 11, 22)


def test_every_shipped_script_is_the_approved_one() -> None:
    shipped = [load_script(name) for name in script_names()]
    stale = [str(problem) for problem in unapproved(shipped, approved_contents(read_ledger()))]
    command = "python -m bot.writing.ledger --date YYYY-MM-DD"
    remedy = f"scripts changed after their approval: review the change, then run `{command}`"
    assert not stale, f"{remedy}\n" + "\n".join(stale)
    assert set(read_ledger()) == set(script_names()), f"the ledger names other scripts than there are: {remedy}"


def test_a_changed_script_is_told_with_what_to_do() -> None:
    script = load_script("anomaly")
    (problem,) = unapproved([script], {("anomaly", "0" * 64)})
    assert problem.file == "anomaly.yaml"
    assert "huifang scripts submit anomaly" in problem.message
    assert unapproved([script], {("anomaly", script.hash)}) == []


def test_the_ledger_comes_back_as_it_was_written(tmp_path: Path) -> None:
    ledger = {"anomaly": Approval("anomaly", "a" * 64, "王敏", "李强", DAY)}
    path = tmp_path / "approved.yaml"
    path.write_text(ledger_text(ledger), encoding="utf-8")
    assert read_ledger(path) == ledger
    assert read_ledger(tmp_path / "none.yaml") == {}


def test_an_approval_stays_as_long_as_its_content() -> None:
    script = load_script("anomaly")
    kept = Approval("anomaly", script.hash, "王敏", "李强", DAY)
    later = date(2026, 12, 1)
    assert renewed({"anomaly": kept}, [script], later) == {"anomaly": kept}
    anew = renewed({"anomaly": Approval("anomaly", "0" * 64, "王敏", "李强", DAY)}, [script], later)["anomaly"]
    assert (anew.hash, anew.date) == (script.hash, later)


def test_a_ledger_approved_by_its_own_submitter_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "approved.yaml"
    one = Approval("anomaly", "a" * 64, "王敏", "王敏", DAY)
    path.write_text(ledger_text({"anomaly": one}).replace("2026-11-22", "去年"), encoding="utf-8")
    with pytest.raises(ScriptInvalid) as refused:
        read_ledger(path)
    assert ["提交人和审核人" in problem.message for problem in refused.value.problems] == [True, False]
