"""From the bytes of a CSV file to its header and records; pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from campaign.problems import Problems

MOST_BYTES = 50 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 100

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx, .xls
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OTHER_DELIMITERS = {";": "分号", "\t": "制表符", "，": "中文逗号", "|": "竖线", "；": "中文分号"}
_SAVE_AS = "请在表格软件中另存为“CSV UTF-8（逗号分隔）”后重新导入"


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the file: where it starts (from 1) and its cells, stripped, as many as the header has."""

    line: int
    cells: tuple[str, ...]


class Sheet:
    """A table with a header; `records()` may be walked once and reports ragged lines to `problems`."""

    def __init__(self, text: str, problems: Problems) -> None:
        self._reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        self._problems = problems
        self.header_line = 1
        self.header: tuple[str, ...] = ()
        for line, cells in self._lines():
            self.header_line = line
            self.header = _without_empty_end(cells)
            self._drawn_width = len(cells)  # with the nameless columns that spreadsheets add at the end
            break

    def records(self) -> Iterator[Record]:
        """Yield the records under the header; blank lines are skipped, ragged ones reported and skipped."""
        width = len(self.header)
        for count, (line, cells) in enumerate(self._lines(), start=1):
            if count > MOST_ROWS:
                self._problems.add(line, "", f"记录超过{MOST_ROWS}行", "请拆分成几个文件分别导入")
                return
            if len(cells) == width or (len(cells) == self._drawn_width and not any(cells[width:])):
                yield Record(line, tuple(cells[:width]))
            else:
                wrong = f"这一行有{len(cells)}格，表头有{width}列"
                self._problems.add(line, "", wrong, "请补齐或删去多余的逗号；单元格里的逗号要用英文双引号括起来")

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._problems.add(line, "", *_csv_fault(error))
                return
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield line, stripped


def _csv_fault(error: csv.Error) -> tuple[str, str]:
    if "larger" in str(error):
        return f"单元格超过{csv.field_size_limit()}个字符", "请检查这一行的双引号是否成对；其后各行尚未检查"
    return "双引号没有成对或位置不对", "请补上或删去多余的双引号；其后各行尚未检查"


def _without_empty_end(cells: list[str]) -> tuple[str, ...]:
    end = len(cells)
    while not cells[end - 1]:
        end -= 1
    return tuple(cells[:end])


def read_sheet(data: bytes, problems: Problems) -> Sheet | None:
    """Decode a file (UTF-8 with or without BOM, or GB18030) and read its header; None: it is no table at all."""
    text = _decoded(data, problems)
    if text is None:
        return None
    sheet = Sheet(text, problems)
    if problems.count:
        return None
    if not sheet.header:
        problems.add(0, "", "文件是空的", "请填写表头和至少一行记录")
        return None
    return sheet if _header_is_sound(sheet, problems) else None


def _header_is_sound(sheet: Sheet, problems: Problems) -> bool:
    header, line, before = sheet.header, sheet.header_line, problems.count
    if len(header) == 1:
        for delimiter, name in _OTHER_DELIMITERS.items():
            if delimiter in header[0]:
                problems.add(line, "", f"各列用{name}分隔", "请改用英文逗号分隔，" + _SAVE_AS.removeprefix("请"))
                return False
    if len(header) > MOST_COLUMNS:
        problems.add(line, "", f"表头有{len(header)}列，最多{MOST_COLUMNS}列", "请删去不需要的列")
        return False
    for place, name in enumerate(header, start=1):
        if not name:
            problems.add(line, "", f"第{place}列没有列名", "请填写列名，或者删去这一列")
        elif name in header[: place - 1]:
            problems.add(line, name, f"列名重复（第{place}列）", "请删去或改名其中一列")
    return problems.count == before


def _decoded(data: bytes, problems: Problems) -> str | None:
    if not data.strip():
        problems.add(0, "", "文件是空的", "请填写表头和至少一行记录")
    elif len(data) > MOST_BYTES:
        problems.add(0, "", f"文件超过{MOST_BYTES // 1024 // 1024}MB", "请拆分成几个文件分别导入")
    elif data.startswith(_WORKBOOKS):
        problems.add(0, "", "这是电子表格文件，不是CSV", _SAVE_AS)
    elif data.startswith(_UTF_16):
        problems.add(0, "", "文件是UTF-16（Unicode文本）编码", _SAVE_AS)
    elif b"\0" in data:
        problems.add(_line_of(data, data.index(b"\0")), "", "有空字符（NUL），文件可能已损坏", "请重新导出文件")
    else:
        return _text(data, problems)
    return None


def _text(data: bytes, problems: Problems) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if _starts_as_utf8(data, error.start):
            problems.add(_line_of(data, error.start), "", "有损坏的UTF-8字符", "请重新导出文件，或改正这一行")
            return None
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as error:
        problems.add(_line_of(data, error.start), "", "既不是UTF-8也不是GB18030编码", _SAVE_AS)
        return None


def _starts_as_utf8(data: bytes, broken_at: int) -> bool:
    """Whether the first line is Chinese in good UTF-8: then a bad byte further down is damage, not GB18030."""
    first = data[:broken_at].split(b"\n", 1)
    return len(first) == 2 and not first[0].isascii()


def _line_of(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
