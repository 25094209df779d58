"""The cells of an imported file: what each kind may hold, and what to say where it does not; pure.

Each reader returns the value, or raises `BadCell` with what is wrong and the remedy.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from campaign.problems import quoted
from rules import ReviewType, label_of
from speech.spoken import spoken

_NO_PART = frozenset("？?{}")  # what is put into a sentence asks nothing and opens no slot
FORMULA_STARTS = ("=", "+", "-", "@")
_UNSEEN = ("Cc", "Cf", "Cs")  # private-use characters stay: rare surnames are written with them

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(010|02\d)\d{8}|0[3-9]\d{2}\d{7,8}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+", re.ASCII)
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?: 0{1,2}:00(?::00)?)?",
        r"(\d{4})()(\d{2})(\d{2})",
        r"(\d{4})(年)(\d{1,2})月(\d{1,2})日?",
    )
)
_DATE_REMEDY = "请写成2026-12-31、2026/12/31、20261231或2026年12月31日"
_TITLES = {"": "", "先生": "先生", "女士": "女士", "男": "先生", "女": "女士", "小姐": "女士"}
_METHODS = {"": False, "智能语音": False, "智能语音回访": False, "人工电话": True, "人工电话回访": True}
_TYPES = (
    {label_of(one): one for one in ReviewType}
    | {label_of(one) + "回访": one for one in ReviewType}
    | {one.value: one for one in ReviewType}
    | {
        "新开户客户": ReviewType.NEW_ACCOUNT,
        "新增权限": ReviewType.NEW_PERMISSION,
        "异常": ReviewType.ANOMALY,
        "经纪人执业情况": ReviewType.CONDUCT,
        "拟离职人员": ReviewType.LEAVING,
        "被投诉人员": ReviewType.COMPLAINED,
        "其他": ReviewType.OTHER,
    }
)


class BadCell(Exception):
    """A cell that cannot be taken: what is wrong, and the remedy."""

    def __init__(self, wrong: str, remedy: str) -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.remedy = remedy


def text(cell: str, most: int, *, needed: bool = False) -> str:
    """A text of at most `most` characters without formulas and control characters."""
    if needed and not cell:
        raise BadCell("没有填写", "请填写")
    if starts_formula(cell):
        raise BadCell(f"以“{cell[0]}”开头，表格软件会当作公式执行", f"请去掉开头的“{cell[0]}”")
    if any(unicodedata.category(char) in _UNSEEN or char == "\ufffd" for char in cell):
        raise BadCell("含有换行、看不见的控制字符或损坏的字符", "请删去这些字符后重新填写")
    if len(cell) > most:
        raise BadCell(f"有{len(cell)}个字，最多{most}个", "请缩短")
    return cell


def spoken_part(cell: str) -> str:
    """A part of what is said to the client: it can be read aloud, and neither asks nor holds a slot itself."""
    if any(mark in cell for mark in _NO_PART):
        raise BadCell("含有问号或花括号，但它只是话里的一部分", "请写成不带问号的一句话")
    if not spoken(cell).strip("，。"):
        raise BadCell("没有能念出来的字", "请写成汉字、数字或字母")
    return cell


def starts_formula(cell: str) -> bool:
    """Whether a spreadsheet would run this cell (full-width signs count)."""
    return unicodedata.normalize("NFKC", cell[:1]) in FORMULA_STARTS


def phone(cell: str) -> str:
    """The digits of a mainland number: an 11-digit mobile, or a landline with its area code."""
    number = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", text(cell, 40, needed=True)))
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", number):
        raise BadCell("被表格软件改成了科学计数法", "请把这一列设为文本格式，重新填写完整号码")
    if re.fullmatch(r"(00)?86\d{11}", number):
        number = number[-11:]
    if _MOBILE.fullmatch(number) or _LANDLINE.fullmatch(number):
        return number
    what = f"共{len(number)}位" if number.isdecimal() else "含有数字以外的字符"
    raise BadCell(f"不是有效的电话号码（{what}）", "请填写11位手机号，或带区号的固定电话")


def email(cell: str) -> str:
    """An e-mail address, or nothing."""
    address = text(cell, 120)
    if address and not _EMAIL.fullmatch(address):
        raise BadCell("不是有效的邮箱地址", "请改正，或者留空")
    return address


def title(cell: str) -> str:
    """先生, 女士 or nothing."""
    if cell not in _TITLES:
        raise BadCell(f"称谓{quoted(text(cell, 20))}不认识", "请填写先生或女士，或者留空")
    return _TITLES[cell]


def by_human(cell: str) -> bool:
    """Whether a person makes the call (回访方式)."""
    if cell not in _METHODS:
        raise BadCell(f"回访方式{quoted(text(cell, 20))}不能用", "请填写智能语音或人工电话，或者留空（智能语音）")
    return _METHODS[cell]


def review_type(cell: str) -> ReviewType:
    """A review type by its Chinese name or its code."""
    found = _TYPES.get(text(cell, 40, needed=True))
    if found is None:
        names = "、".join(label_of(one) for one in ReviewType)
        raise BadCell(f"回访类型{quoted(cell)}不认识", f"请填写以下之一：{names}")
    return found


def day(cell: str) -> date | None:
    """A date in one of the shapes that people write, or nothing."""
    written = unicodedata.normalize("NFKC", text(cell, 40)).replace("T", " ")
    if not written:
        return None
    for pattern in _DATES:
        match = pattern.fullmatch(written)
        if match:
            return _date(int(match[1]), int(match[3]), int(match[4]), written)
    if re.fullmatch(r"\d{5}", written):
        raise BadCell(f"日期{quoted(cell)}是表格软件的序号", "请把这一列设为文本格式，再填写日期（如2026-12-31）")
    raise BadCell(f"日期{quoted(cell)}的写法不认识", _DATE_REMEDY)


def _date(year: int, month: int, day_of_month: int, written: str) -> date:
    try:
        return date(year, month, day_of_month)
    except ValueError:
        raise BadCell(f"日期{quoted(written)}不存在", _DATE_REMEDY) from None
