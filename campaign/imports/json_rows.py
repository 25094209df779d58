"""Rows that come as JSON: a list of objects whose keys are the headings of the columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from campaign.imports.problems import Problems
from campaign.imports.sheet import Lines, Sheet, sound

MOST_JSON_BYTES = 32 * 1024 * 1024  # read as a whole; larger lists come as CSV
_SHAPE = '请发送 {"rows": [{"客户号": "…", …}, …]}，或者直接发送这个数组'


def read_json(file: BinaryIO, problems: Problems) -> Sheet | None:
    """The rows in a JSON text, numbered from 1 as they come; None: there are none, and `problems` says why."""
    file.seek(0)
    text = file.read(MOST_JSON_BYTES + 1)
    if len(text) > MOST_JSON_BYTES:
        problems.add(0, "", f"JSON超过{MOST_JSON_BYTES // 1024 // 1024}MB", "请分批发送，或者改用CSV")
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        problems.add(0, "", "不是有效的JSON", _SHAPE)
        return None
    rows = content.get("rows") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.add(0, "", "JSON里没有记录的数组", _SHAPE)
        return None
    return sound(Sheet(_lines(rows, problems), problems), problems)


def _lines(rows: list[dict[str, Any]], problems: Problems) -> Lines:
    header = list(dict.fromkeys(name.strip() for row in rows for name in row))
    if header:
        yield 0, header
    for number, row in enumerate(rows, start=1):
        cells = {name.strip(): value for name, value in row.items()}
        if not _are_plain(cells.values()):
            problems.add(number, "", "有不是文字、数字或是否的内容", "请把每一项写成字符串")
            continue
        yield number, [_text(cells, name) for name in header]


def _are_plain(values: Iterable[Any]) -> bool:
    return all(value is None or isinstance(value, str | int | float | bool) for value in values)


def _text(cells: Mapping[str, Any], name: str) -> str:
    value = cells.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value).strip()
