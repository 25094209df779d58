"""What a row of review tasks must fulfil beside its cells: script, slots, deadline and method; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from campaign.imports import cells
from campaign.imports.forms import MOST_SLOT, TASK_COLUMNS
from campaign.imports.problems import quoted
from campaign.imports.rows import GIVEN_SLOTS, Cells, Rulebook, ScriptLike, Walk
from rules import ReviewType, RulesError, deadline_of, end_of, label_of

_COLUMNS = frozenset(column.name for column in TASK_COLUMNS)


def finish_task(row: Cells, values: dict[str, Any], book: Rulebook, walk: Walk) -> None:
    """Check a task against the scripts and the standard; its slots come together, its deadline is filled in."""
    review_type: ReviewType | None = values["review_type"]
    given_day = values.pop("deadline", None)
    script = _script(row, values["script"], book, review_type)
    values["deadline_given"] = given_day is not None
    values["deadline_at"] = _deadline(row, given_day, book, review_type)
    values.pop("开户方式", None)
    slots = {
        name: row.read(name, lambda cell: cells.text(cell, MOST_SLOT)) or ""
        for name in row.names()
        if name == "开户方式" or name not in _COLUMNS
    }
    values["with_human"] = bool(values.get("with_human"))
    _check_method(row, review_type, slots, with_human=values["with_human"])
    if script is not None:
        _check_slots(row, script, walk)
        values["script"] = script.name
    values["slots"] = {name: value for name, value in slots.items() if value}
    values.setdefault("product", "")


def _script(row: Cells, name: str | None, book: Rulebook, review_type: ReviewType | None) -> ScriptLike | None:
    if not name:
        return None
    script = book.scripts.get(name)
    if script is None:
        known = _names(one.title for one in book.scripts.values())
        row.report("话术", f"没有话术{quoted(name)}", f"请填写以下之一：{known}")
        return None
    if review_type is not None and review_type not in script.review_types:
        fitting = _names(one.title for one in book.scripts.values() if review_type in one.review_types)
        remedy = f"请改用：{fitting}" if fitting else "请先为这一回访类型编写话术"
        row.report("话术", f"话术“{script.title}”不适用于{label_of(review_type)}回访", remedy)
    return script


def _names(names: Iterable[str]) -> str:
    return "、".join(sorted(set(names)))


def _deadline(row: Cells, day: date | None, book: Rulebook, review_type: ReviewType | None) -> datetime | None:
    if day is not None:
        if day < book.today:
            row.report("截止日期", f"{day.isoformat()}已经过去", "请改为今天或以后的日期")
        return end_of(day)
    if review_type is None or row.cell("截止日期"):
        return None
    try:
        return deadline_of(review_type, book.now, calendar=book.calendar)
    except RulesError:
        row.report("截止日期", "没有填写，交易日历又缺少所需的年份，算不出期限", "请填写截止日期，或请运维补充交易日历")
        return None


def _check_method(row: Cells, review_type: ReviewType | None, slots: Mapping[str, str], *, with_human: bool) -> None:
    if review_type is ReviewType.NEW_ACCOUNT and "单向视频" in slots.get("开户方式", "") and not with_human:
        wrong = "单向视频开户必须人工电话回访（T/SAC 002-2024 表A.1第1行）"
        row.report("开户方式", wrong, "请在“回访方式”列填写人工电话")


def _check_slots(row: Cells, script: ScriptLike, walk: Walk) -> None:
    for slot in sorted(frozenset(script.slots) - GIVEN_SLOTS):
        if slot not in row.names():
            walk.missing_columns.add((script.title, slot))
        elif not row.cell(slot):
            row.report(slot, f"没有填写，话术“{script.title}”需要它", "请填写")
        else:
            row.read(slot, cells.spoken_part)
