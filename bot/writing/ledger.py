"""The approval ledger of the shipped scripts: whose approval each content has before a firm gives its own.

`scripts_zh/approved.yaml` names for every script the approved hash, who submitted and who approved it (two people)
and when. `python -m bot.writing.ledger` writes it anew after scripts have changed; entries whose hash stays are kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bot.errors import Problem, ScriptInvalid
from bot.nodes import Script
from bot.script import load_script, script_names
from bot.writing.source import Form, Place, parse, read_text
from scripts_zh import FOLDER, LEDGER

SUBMITTER, APPROVER = "出厂编写", "出厂审核"
_HEAD = """\
# 出厂话术的审核记录：每份话术一项，hash 是审核通过的内容。话术改动以后，hash 不再一致，首次启动时不会发布。
# 公司自己的改动不写在这里：请用 huifang scripts submit 提交，由另一人 approve，再 publish。
# 开发时由 python -m bot.writing.ledger 重写。
"""


@dataclass(frozen=True, slots=True)
class Approval:
    """The approval of one shipped script."""

    name: str
    hash: str
    submitted_by: str
    approved_by: str
    date: date


def read_ledger(path: Path = FOLDER / LEDGER) -> dict[str, Approval]:
    """The approvals by script name; raises ScriptInvalid with every problem, empty where there is no ledger."""
    if not path.exists():
        return {}
    problems: list[Problem] = []
    text = read_text(path, path.name, problems)
    tree = parse(text, path.name, problems) if text is not None else None
    approvals: dict[str, Approval] = {}
    if tree is not None:
        block = Form(tree, problems).form("approved")
        approvals = {name: _approval(name, block.form(name)) for name in block.keys()}
    if problems:
        raise ScriptInvalid(path.stem, problems)
    return approvals


def _approval(name: str, form: Form) -> Approval:
    day = date.min
    try:
        day = date.fromisoformat(form.text("date"))
    except ValueError:
        form.report("date", "日期应当写成 2026-11-22 的样子")
    approval = Approval(name, form.text("hash"), form.text("submitted_by"), form.text("approved_by"), day)
    if approval.submitted_by == approval.approved_by:
        form.report("approved_by", "提交人和审核人不能是同一人")
    form.close()
    return approval


def unapproved(scripts: Iterable[Script], approved: Iterable[tuple[str, str]]) -> list[Problem]:
    """The scripts whose content is not among the approved (name, hash)."""
    known = set(approved)
    return [
        Place(f"{script.name}.yaml", 1).problem(
            f"内容和审核通过的不一致（hash {script.hash[:12]}）；"
            f"请用 huifang scripts submit {script.name} 提交，由另一人审核"
        )
        for script in scripts
        if (script.name, script.hash) not in known
    ]


def approved_contents(ledger: Mapping[str, Approval]) -> set[tuple[str, str]]:
    """Name and hash of everything that a ledger approves."""
    return {(one.name, one.hash) for one in ledger.values()}


def renewed(ledger: Mapping[str, Approval], scripts: Iterable[Script], day: date) -> dict[str, Approval]:
    """The ledger for these scripts: an approval stays as long as its content does."""
    fresh = {script.name: Approval(script.name, script.hash, SUBMITTER, APPROVER, day) for script in scripts}
    return {
        name: ledger[name] if ledger.get(name, new).hash == new.hash and name in ledger else new
        for name, new in fresh.items()
    }


def ledger_text(ledger: Mapping[str, Approval]) -> str:
    """The ledger as its file."""
    lines = [_HEAD + "approved:"]
    for one in ledger.values():
        lines += [f"  {one.name}:", f"    hash: {one.hash}", f"    submitted_by: {one.submitted_by}"]
        lines += [f"    approved_by: {one.approved_by}", f"    date: {one.date.isoformat()}"]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the ledger for the scripts as they are."""
    parser = argparse.ArgumentParser(prog="python -m bot.writing.ledger", description=main.__doc__)
    parser.add_argument("--date", type=date.fromisoformat, required=True, help="the day of the approval")
    chosen = parser.parse_args(arguments)
    before = read_ledger()
    after = renewed(before, map(load_script, script_names()), chosen.date)
    (FOLDER / LEDGER).write_text(ledger_text(after), encoding="utf-8")
    changed = [name for name in after if after[name] != before.get(name)]
    sys.stdout.write(f"{LEDGER}：{len(after)} 份话术，更新 {len(changed)} 份：{'、'.join(changed) or '无'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
