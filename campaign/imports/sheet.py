"""A table of rows under a header, whatever file it came in; read once, row by row, so that size costs no memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from campaign.imports.problems import Problems

MOST_BYTES = 512 * 1024 * 1024
MOST_ROWS = 2_000_000
MOST_COLUMNS = 100

_OTHER_DELIMITERS = {";": "分号", "\t": "制表符", "，": "中文逗号", "|": "竖线", "；": "中文分号"}
SAVE_AS = "请在表格软件中另存为“CSV UTF-8（逗号分隔）”后重新导入"

Lines = Iterator[tuple[int, list[str]]]  # the number of a line (from 1) and its cells, stripped; no blank lines


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the file: where it starts (from 1) and its cells, stripped, as many as the header has."""

    line: int
    cells: tuple[str, ...]


class Sheet:
    """A table with a header; `records()` may be walked once and reports ragged lines to `problems`.

    `epoch`: the day 0 of dates that are written as day counts; None where the file does not say.
    """

    def __init__(self, lines: Lines, problems: Problems, epoch: date | None = None) -> None:
        self._lines = lines
        self._problems = problems
        self.epoch = epoch
        self.header_line = 1
        self.header: tuple[str, ...] = ()
        for line, cells in self._lines:
            self.header_line = line
            self.header = _without_empty_end(cells)
            self._drawn_width = len(cells)  # with the nameless columns that spreadsheets add at the end
            break

    def records(self) -> Iterator[Record]:
        """Yield the records under the header; ragged ones are reported and skipped."""
        width = len(self.header)
        for count, (line, cells) in enumerate(self._lines, start=1):
            if count > MOST_ROWS:
                self._problems.add(line, "", f"记录超过{MOST_ROWS}行", "请拆分成几个文件分别导入")
                return
            if len(cells) == width or (len(cells) == self._drawn_width and not any(cells[width:])):
                yield Record(line, tuple(cells[:width]))
            else:
                wrong = f"这一行有{len(cells)}格，表头有{width}列"
                self._problems.add(line, "", wrong, "请补齐或删去多余的逗号；单元格里的逗号要用英文双引号括起来")


def _without_empty_end(cells: list[str]) -> tuple[str, ...]:
    end = len(cells)
    while not cells[end - 1]:
        end -= 1
    return tuple(cells[:end])


def sound(sheet: Sheet, problems: Problems) -> Sheet | None:
    """The sheet if its header can be worked with; None where it is reported as what it is."""
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
                problems.add(line, "", f"各列用{name}分隔", "请改用英文逗号分隔，" + SAVE_AS.removeprefix("请"))
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
