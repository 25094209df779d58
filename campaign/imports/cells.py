"""The cells of an imported file: what each kind may hold, and what to say where it does not; pure.

Each reader returns the value, or raises `BadCell` with what is wrong and the remedy.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta

from campaign.imports.problems import quoted
from rules import ReviewType, RiskLevel, label_of
from rules.hours import SHANGHAI
from rules.posts import STAFF_NUMBER_WORDS, is_staff_number
from speech.spoken import spoken

_NO_PART = frozenset("？?{}")  # what is put into a sentence asks nothing and opens no slot
FORMULA_STARTS = ("=", "+", "-", "@")
_UNSEEN = ("Cc", "Cf", "Cs")  # private-use characters stay: rare surnames are written with them

_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(010|02\d)\d{8}|0[3-9]\d{2}\d{7,8}")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+", re.ASCII)
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})",
        r"(\d{4})()(\d{2})(\d{2})",
        r"(\d{4})(年)(\d{1,2})月(\d{1,2})日?",
    )
)
_TIME = re.compile(r"(.*?\d日?)\s*[ T]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?(?:Z|\+08:?00)?")
_SERIAL = re.compile(r"(\d{5})(?:\.(\d+))?")
_ERROR_VALUES = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
_DATE_REMEDY = "请写成2026-12-31、2026/12/31、20261231或2026年12月31日"
_TITLES = {"": "", "先生": "先生", "女士": "女士", "男": "先生", "女": "女士", "小姐": "女士"}
_METHODS = {"": False, "智能语音": False, "智能语音回访": False, "人工电话": True, "人工电话回访": True}
_YES_NO = {"": False, "否": False, "不是": False, "0": False, "是": True, "1": True}
_LEVEL_WORDS = {"低风险": "R1", "中低风险": "R2", "中风险": "R3", "中高风险": "R4", "高风险": "R5"}
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
    if cell in _ERROR_VALUES:
        raise BadCell(f"是表格软件的错误值{cell}", "请改正公式或填写实际内容")
    if "\ufffd" in cell or (not cell.isprintable() and any(unicodedata.category(char) in _UNSEEN for char in cell)):
        raise BadCell("含有换行、看不见的控制字符或损坏的字符", "请删去这些字符后重新填写")
    if len(cell) > most:
        raise BadCell(f"有{len(cell)}个字，最多{most}个", "请缩短")
    return cell


def code(cell: str, most: int) -> str:
    """A number or code that must be there and that no spreadsheet has rewritten."""
    written = text(cell, most, needed=True)
    if _SCIENTIFIC.fullmatch(written):
        raise BadCell("被表格软件改成了科学计数法", "请把这一列设为文本格式，重新填写完整编号")
    return written


def staff_number(cell: str, most: int, *, needed: bool = False) -> str:
    """A 工号 as users may have it, "" where there is none and none is needed."""
    written = code(cell, most) if cell or needed else ""
    if written and not is_staff_number(written):
        raise BadCell(f"{quoted(written)}不能作工号", STAFF_NUMBER_WORDS)
    return written


def spoken_part(cell: str) -> str:
    """A part of what is said to the client: it can be read aloud, and neither asks nor holds a slot itself."""
    if any(mark in cell for mark in _NO_PART):
        raise BadCell("含有问号或花括号，但它只是话里的一部分", "请写成不带问号的一句话")
    if not spoken(cell).strip("，。"):
        raise BadCell("没有能念出来的字", "请写成汉字、数字或字母")
    return cell


def starts_formula(cell: str) -> bool:
    """Whether a spreadsheet would run this cell (full-width signs count)."""
    first = cell[:1]
    return (first if first.isascii() else unicodedata.normalize("NFKC", first)) in FORMULA_STARTS


def phone(cell: str) -> str:
    """The digits of a mainland number: an 11-digit mobile, or a landline with its area code."""
    if _MOBILE.fullmatch(cell):
        return cell if cell.isascii() else unicodedata.normalize("NFKC", cell)
    number = re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", text(cell, 40, needed=True)))
    if _SCIENTIFIC.fullmatch(number):
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


def yes_no(cell: str) -> bool:
    """是 or 否; nothing is 否."""
    if cell not in _YES_NO:
        raise BadCell(f"{quoted(text(cell, 20))}不是“是”或“否”", "请填写是或否，或者留空（否）")
    return _YES_NO[cell]


def risk_level(cell: str) -> RiskLevel:
    """The risk level of a product: R1 to R5, or its words."""
    written = unicodedata.normalize("NFKC", text(cell, 20, needed=True)).upper()
    try:
        return RiskLevel(_LEVEL_WORDS.get(written, written))
    except ValueError:
        raise BadCell(f"风险等级{quoted(cell)}不认识", "请填写R1、R2、R3、R4或R5") from None


def whole(cell: str, least: int, most: int) -> int | None:
    """A whole number within bounds, or nothing."""
    written = unicodedata.normalize("NFKC", text(cell, 20)).replace(",", "")
    if not written:
        return None
    if not re.fullmatch(r"\d{1,9}(\.0+)?", written):
        raise BadCell(f"{quoted(cell)}不是数字", f"请填写{least}到{most}之间的整数，或者留空")
    value = int(written.partition(".")[0])
    if not least <= value <= most:
        raise BadCell(f"{value}超出范围", f"请填写{least}到{most}之间的整数，或者留空")
    return value


def day(cell: str) -> date | None:
    """A date in one of the shapes that people write, or nothing; a time of midnight after it is passed over."""
    at = moment(cell)
    if at is None:
        return None
    if at.timetz().replace(tzinfo=None) != time():
        raise BadCell(f"日期{quoted(cell)}带有时刻", _DATE_REMEDY)
    return at.date()


def moment(cell: str) -> datetime | None:
    """A date with or without the time of day (Shanghai; midnight where none is given), or nothing."""
    written = unicodedata.normalize("NFKC", text(cell, 40))
    if not written:
        return None
    clock = _TIME.fullmatch(written)
    if clock is None:
        return datetime.combine(_day(written), time(), SHANGHAI)
    try:
        at = time(int(clock[2]), int(clock[3]), int(clock[4] or 0))
    except ValueError:
        raise BadCell(f"时刻{quoted(written)}不存在", "请写成2026-12-31 14:05") from None
    if written.endswith("Z"):
        raise BadCell(f"时刻{quoted(written)}是世界协调时", "请写北京时间，例如2026-12-31 14:05")
    return datetime.combine(_day(clock[1].strip()), at, SHANGHAI)


def unserial(cell: str, epoch: date) -> str:
    """The date behind the day count of a spreadsheet whose day 0 is known; any other cell as it is."""
    match = _SERIAL.fullmatch(cell)
    if match is None:
        return cell
    at = datetime.combine(epoch, time(), SHANGHAI) + timedelta(days=float(cell))
    return f"{at + timedelta(milliseconds=500):%Y-%m-%d %H:%M:%S}"


def _day(written: str) -> date:
    for pattern in _DATES:
        match = pattern.fullmatch(written)
        if match:
            return _date(int(match[1]), int(match[3]), int(match[4]), written)
    if _SERIAL.fullmatch(written):
        wrong = f"日期{quoted(written)}是表格软件的序号"
        raise BadCell(wrong, "请把这一列设为文本格式，再填写日期（如2026-12-31），或者直接导入.xlsx文件")
    raise BadCell(f"日期{quoted(written)}的写法不认识", _DATE_REMEDY)


def _date(year: int, month: int, day_of_month: int, written: str) -> date:
    try:
        return date(year, month, day_of_month)
    except ValueError:
        raise BadCell(f"日期{quoted(written)}不存在", _DATE_REMEDY) from None
