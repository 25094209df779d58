"""Excel workbooks (.xlsx): the first sheet as lines of text, read as a stream; and the making of templates."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, BinaryIO

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from campaign.imports.problems import Problems
from campaign.imports.sheet import Lines, Sheet, sound

MOST_UNPACKED = 2 * 1024**3  # bytes of all parts together: a workbook that unpacks to more is no list of clients
MOST_SHARED = 300 * 1024**2  # bytes of the texts that a workbook keeps apart: they are held in memory
_LOST_DIGITS = 10**15  # spreadsheets keep 15 digits of a number and forget the rest
_REMEDY = "请在表格软件中重新另存为.xlsx，或者另存为“CSV UTF-8（逗号分隔）”"


def open_workbook(file: BinaryIO, problems: Problems) -> Sheet | None:
    """The first sheet of a workbook; None: it cannot be read, and `problems` says why."""
    try:
        if not _is_bounded(file, problems):
            return None
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        if not book.worksheets:
            problems.add(0, "", "工作簿里没有工作表", "请把记录放在第一张工作表")
            return None
        epoch = book.epoch
    except Exception:  # a damaged file brings its readers to errors of every kind
        problems.add(0, "", "电子表格文件已损坏，或者不是.xlsx格式", _REMEDY)
        return None
    day_0 = epoch.date() if isinstance(epoch, datetime) else epoch
    return sound(Sheet(_lines(book.worksheets[0], problems), problems, day_0), problems)


def _is_bounded(file: BinaryIO, problems: Problems) -> bool:
    with zipfile.ZipFile(file) as parts:
        sizes = {part.filename: part.file_size for part in parts.infolist()}
    shared = sum(size for name, size in sizes.items() if name.endswith("sharedStrings.xml"))
    if sum(sizes.values()) > MOST_UNPACKED or shared > MOST_SHARED:
        problems.add(0, "", "电子表格解压后过大", "请拆分成几个文件，或者另存为CSV后导入")
        return False
    return True


def _lines(worksheet: Any, problems: Problems) -> Lines:
    """The rows as text; all of them as wide as the first one that is not blank."""
    worksheet.reset_dimensions()  # what a file says of its own size need not be true
    width = 0
    try:
        for line, values in enumerate(worksheet.iter_rows(values_only=True), start=1):
            cells = [_text(value) for value in values]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                width = width or len(cells)
                yield line, cells + [""] * (width - len(cells))
    except Exception:  # as above
        problems.add(0, "", "电子表格文件已损坏", _REMEDY)


def _text(value: Any) -> str:
    """A cell as a person would have typed it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return _number(value)
    return str(getattr(value, "text", value)).strip()  # an array formula is its text


def _number(value: float) -> str:
    if abs(value) >= _LOST_DIGITS:
        return f"{value:.5E}"  # as the spreadsheet shows it; whoever reads a code refuses it
    return str(int(value)) if value == int(value) else repr(value)


def template_workbook(title: str, columns: Sequence[tuple[str, bool, str, str]]) -> bytes:
    """A workbook with the header to fill in, and on a second sheet what each column wants.

    `columns`: name, whether it must be filled in, what belongs there, a sample.
    """
    book = Workbook()
    first = book.active
    if first is None:
        raise TypeError("a new workbook has a sheet")
    first.title = title
    explained = book.create_sheet("填写说明")
    explained.append(["列名", "是否必填", "怎么填", "示例"])
    for place, (name, needed, about, sample) in enumerate(columns, start=1):
        heading = first.cell(row=1, column=place, value=name)
        heading.font = Font(bold=needed)
        letter = heading.column_letter
        first.column_dimensions[letter].width = max(12, 2 * len(name) + 4)
        first.column_dimensions[letter].number_format = "@"
        explained.append([name, "必填" if needed else "", about, sample])
    for letter, width in zip("ABCD", (18, 10, 60, 24), strict=True):
        explained.column_dimensions[letter].width = width
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
