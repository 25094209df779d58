"""From the bytes of a file to a sheet: CSV (UTF-8 or GB18030) or an Excel workbook, read as a stream."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from campaign.imports.problems import Problems
from campaign.imports.sheet import MOST_BYTES, SAVE_AS, Lines, Sheet, sound
from campaign.imports.workbook import open_workbook

_BLOCK = 1 << 20
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # .xlsx; .xls, or a workbook with a password
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_sheet(file: BinaryIO, problems: Problems) -> Sheet | None:
    """The table in a file, ready to be walked; None: it is no table at all, and `problems` says why.

    The file must stay open, and be left alone, until the records have been walked.
    """
    start, size = _look_at(file)
    if not size:
        problems.add(0, "", "文件是空的", "请填写表头和至少一行记录")
    elif size > MOST_BYTES:
        problems.add(0, "", f"文件超过{MOST_BYTES // 1024 // 1024}MB", "请拆分成几个文件分别导入")
    elif start.startswith(_ZIP):
        return open_workbook(file, problems)
    elif start.startswith(_OLE):
        wrong = "这是旧版（.xls）或有密码的电子表格文件"
        problems.add(0, "", wrong, "请去掉密码并另存为.xlsx，或者另存为“CSV UTF-8（逗号分隔）”")
    elif start.startswith(_UTF_16):
        problems.add(0, "", "文件是UTF-16（Unicode文本）编码", SAVE_AS)
    else:
        return _csv_sheet(file, problems)
    return None


def _look_at(file: BinaryIO) -> tuple[bytes, int]:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return start, size


def _csv_sheet(file: BinaryIO, problems: Problems) -> Sheet | None:
    encoding = _encoding(file, problems)
    if encoding is None:
        return None
    file.seek(0)
    return sound(Sheet(_csv_lines(file, encoding, problems), problems), problems)


def _csv_lines(file: BinaryIO, encoding: str, problems: Problems) -> Lines:
    decoded = io.TextIOWrapper(file, encoding, newline="")
    reader = csv.reader(decoded, strict=True)
    try:
        while True:
            line = reader.line_num + 1
            try:
                cells = [cell.strip() for cell in next(reader)]
            except StopIteration:
                return
            except csv.Error as error:
                problems.add(line, "", *_csv_fault(error))
                return
            if any(cells):
                yield line, cells
    finally:
        with suppress(ValueError):  # closed already
            decoded.detach()  # the file is the caller's to close


def _csv_fault(error: csv.Error) -> tuple[str, str]:
    if "larger" in str(error):
        return f"单元格超过{csv.field_size_limit()}个字符", "请检查这一行的双引号是否成对；其后各行尚未检查"
    return "双引号没有成对或位置不对", "请补上或删去多余的双引号；其后各行尚未检查"


def _encoding(file: BinaryIO, problems: Problems) -> str | None:
    """The encoding in which the whole file can be read."""
    nul = _first_nul(file)
    if nul is not None:
        problems.add(_line_of(file, nul), "", "有空字符（NUL），文件可能已损坏", "请重新导出文件")
        return None
    broken_at = _first_undecodable(file, "utf-8")
    if broken_at is None:
        return "utf-8-sig"
    if _starts_as_utf8(file, broken_at):
        problems.add(_line_of(file, broken_at), "", "有损坏的UTF-8字符", "请重新导出文件，或改正这一行")
        return None
    broken_at = _first_undecodable(file, "gb18030")
    if broken_at is None:
        return "gb18030"
    problems.add(_line_of(file, broken_at), "", "既不是UTF-8也不是GB18030编码", SAVE_AS)
    return None


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(_BLOCK):
        yield block


def _first_nul(file: BinaryIO) -> int | None:
    before = 0
    for block in _blocks(file):
        if b"\0" in block:
            return before + block.index(b"\0")
        before += len(block)
    return None


def _first_undecodable(file: BinaryIO, encoding: str) -> int | None:
    """Where the first bytes stand that are not in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    before = 0  # bytes that were decoded, without those that wait for the rest of their character
    for block in _blocks(file):
        waiting = len(decoder.getstate()[0])
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return before - waiting + error.start
        before += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return max(0, before - 1)
    return None


def _starts_as_utf8(file: BinaryIO, broken_at: int) -> bool:
    """Whether the first line is Chinese in good UTF-8: then a bad byte further down is damage, not GB18030."""
    file.seek(0)
    first = file.readline(min(broken_at, _BLOCK))
    return first.endswith(b"\n") and not first.isascii()


def _line_of(file: BinaryIO, position: int) -> int:
    line, before = 1, 0
    for block in _blocks(file):
        line += block.count(b"\n", 0, max(0, position - before))
        before += len(block)
        if before >= position:
            break
    return line
