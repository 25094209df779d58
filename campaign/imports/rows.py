"""From records to rows that can be stored, one by one, with every fault named; pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from campaign.imports import cells
from campaign.imports.cells import BadCell
from campaign.imports.forms import (
    COLUMNS,
    EVENT_DETAILS,
    EVENT_NEEDS,
    EVENT_WORDS,
    KIND_WORDS,
    EventKind,
    Kind,
    kind_of,
)
from campaign.imports.problems import Problems
from campaign.imports.sheet import Record, Sheet
from rules import ReviewType, TradingCalendar
from rules.hours import SHANGHAI

T = TypeVar("T")

# Slots that the system fills from the client's record and the firm's settings, never from a task.
GIVEN_SLOTS = frozenset({"客户姓名", "称谓", "券商", "部门", "工号", "服务电话", "回访业务"})
MOST_NAME = 20  # characters of a stray column name that are shown


class ScriptLike(Protocol):
    """What an import needs to know of a script; satisfied by bot.script.Script."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def review_types(self) -> Collection[ReviewType]: ...
    @property
    def slots(self) -> Collection[str]: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One good row: where it stood, its key, and its values by field; a column that is not in the file is missing."""

    line: int
    number: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What rows are checked against."""

    scripts: Mapping[str, ScriptLike]  # by name and by title
    today: date
    now: datetime
    calendar: TradingCalendar


def rulebook(scripts: Iterable[ScriptLike], now: datetime, calendar: TradingCalendar) -> Rulebook:
    """The rulebook of one import; scripts are found by their name or their Chinese title."""
    known = list(scripts)
    by_name = {one.title: one for one in known} | {one.name: one for one in known}
    return Rulebook(by_name, now.astimezone(SHANGHAI).date(), now, calendar)


def recognised(sheet: Sheet, book: Rulebook, problems: Problems, wanted: Kind | None = None) -> Kind | None:
    """What a sheet holds, if its header is in order; None: it is not, as `problems` say."""
    kind = kind_of(sheet.header)
    if kind is None and wanted is None:
        headers = "；".join(f"{KIND_WORDS[one][0]}：{'、'.join(_names(one))}" for one in Kind)
        problems.add(sheet.header_line, "", "认不出是哪一种文件", f"请按模板填写表头。{headers}，以及话术所需的列")
        return None
    if wanted is not None and kind not in (None, wanted):
        found = KIND_WORDS[kind or wanted][0]
        problems.add(sheet.header_line, "", f"这是{found}文件", f"请选择{KIND_WORDS[wanted][0]}文件，或者按{found}导入")
        return None
    kind = kind or wanted
    before = problems.count
    if kind is not None:
        _check_header(sheet, kind, _spoken_slots(book) if kind is Kind.TASKS else frozenset(), problems)
    return kind if problems.count == before else None


def _names(kind: Kind) -> list[str]:
    return [column.name for column in COLUMNS[kind]]


def _spoken_slots(book: Rulebook) -> frozenset[str]:
    return frozenset(slot for script in book.scripts.values() for slot in script.slots) - GIVEN_SLOTS


def _check_header(sheet: Sheet, kind: Kind, extra: Collection[str], problems: Problems) -> None:
    line, names = sheet.header_line, _names(kind)
    for column in COLUMNS[kind]:
        if column.needed and column.name not in sheet.header:
            problems.add(line, column.name, "缺少这一列", "请在表头补上这一列并填写")
    for name in sheet.header:
        if name in names or name in extra:
            continue
        if kind is Kind.TASKS and name in GIVEN_SLOTS:
            problems.add(line, name, "这一列由系统填写", "请删去这一列")
        elif kind is Kind.TASKS:
            problems.add(line, name[:MOST_NAME], "不认识这一列，也没有话术用到它", "请改正列名，或者删去这一列")
        else:
            problems.add(line, name[:MOST_NAME], "不认识这一列", "请改正列名，或者删去这一列")


class Cells:
    """One record under its header; a bad cell is reported and read as None."""

    def __init__(self, record: Record, sheet: Sheet, problems: Problems) -> None:
        self.line = record.line
        self._epoch = sheet.epoch
        self._problems = problems
        self._cells = dict(zip(sheet.header, record.cells, strict=True))
        self._before = problems.count

    def cell(self, column: str) -> str:
        """What stands in a column, "" where there is no such column."""
        return self._cells.get(column, "")

    def names(self) -> Collection[str]:
        """The columns that the file has."""
        return self._cells.keys()

    def read(self, column: str, reader: Callable[[str], T], *, is_date: bool = False) -> T | None:
        """What a reader makes of a cell."""
        cell = self.cell(column)
        try:
            return reader(cells.unserial(cell, self._epoch) if is_date and self._epoch else cell)
        except BadCell as bad:
            self.report(column, bad.wrong, bad.remedy)
            return None

    def report(self, column: str, wrong: str, remedy: str) -> None:
        """Note a fault of this row."""
        self._problems.add(self.line, column, wrong, remedy)

    @property
    def is_good(self) -> bool:
        """Whether nothing was reported since this row was begun."""
        return self._problems.count == self._before


@dataclass(slots=True)
class Walk:
    """What is remembered from row to row: the keys that were seen, and columns that scripts miss."""

    seen: dict[str, int] = field(default_factory=dict)
    missing_columns: set[tuple[str, str]] = field(default_factory=set)


Finish = Callable[[Cells, dict[str, Any], Rulebook, Walk], None]  # checks and completes the values of a row


def read_rows(
    sheet: Sheet, kind: Kind, book: Rulebook, problems: Problems, finish: Finish | None = None
) -> Iterator[Row]:
    """Yield the good rows of a sheet whose header is in order; every fault goes to `problems`."""
    walk, count = Walk(), 0
    finish = finish or _FINISHERS.get(kind)
    columns = [column for column in COLUMNS[kind] if column.name in sheet.header]
    key = COLUMNS[kind][0]
    for record in sheet.records():
        count += 1
        row = Cells(record, sheet, problems)
        values = {one.field: row.read(one.name, one.reader, is_date=one.is_date) for one in columns}
        if finish is not None:
            finish(row, values, book, walk)
        number = row.cell(key.name)
        if number and walk.seen.setdefault(number, record.line) != record.line:
            row.report(key.name, f"与第{walk.seen[number]}行重复", "请删去其中一行，或者改正编号")
        if row.is_good:
            yield Row(record.line, number, values)
    for script, slot in sorted(walk.missing_columns):
        problems.add(sheet.header_line, slot, f"缺少这一列，话术“{script}”需要它", "请在表头补上这一列并填写")
    if not count and not problems.count:
        problems.add(0, "", "只有表头，没有记录", "请填写至少一行记录")


def _finish_client(row: Cells, values: dict[str, Any], book: Rulebook, _walk: Walk) -> None:
    _not_after(row, "开户日期", values.get("opened_on"), book.today)


def _finish_event(row: Cells, values: dict[str, Any], book: Rulebook, _walk: Walk) -> None:
    """An event has what its kind needs, nothing that contradicts it, and its details in one place."""
    kind = values.get("kind")
    if kind is not None:
        _check_event_columns(row, EventKind(kind))
    at = values["occurred_at"]
    if at is None and not row.cell("发生时间"):
        row.report("发生时间", "没有填写", "请填写，例如2026-01-05 10:30")
    elif at is not None and at > book.now:
        row.report("发生时间", f"{at:%Y-%m-%d %H:%M}还没有到", "请填写已经发生的时间")
    _check_event_dates(row, values, at)
    details = {name: values.pop(name) for name in sorted(EVENT_DETAILS & values.keys())}
    values["details"] = {name: _plain(value) for name, value in details.items() if value}
    for field_name in ("customer", "staff", "product"):
        values.setdefault(field_name, "")


def _check_event_columns(row: Cells, kind: EventKind) -> None:
    needs, may = EVENT_NEEDS[kind]
    word = EVENT_WORDS[kind]
    for column in sorted(needs):
        if not row.cell(column):
            row.report(column, f"没有填写，{word}事件需要它", "请填写")
    for column in sorted((EVENT_DETAILS | {"客户号", "工号", "产品代码"}) - needs - may):
        if row.cell(column):
            row.report(column, f"和事件类型“{word}”矛盾", "请清空这一格，或者改正事件类型")


def _check_event_dates(row: Cells, values: Mapping[str, Any], at: datetime | None) -> None:
    if at is None:
        return
    complained_on, ends_at, leaves_on = (values.get(name) for name in ("投诉日期", "冷静期届满", "离职日期"))
    if complained_on is not None and complained_on > at.date():
        row.report("投诉日期", "晚于办结的时间", "请核对投诉日期和发生时间")
    if ends_at is not None and ends_at < at:
        row.report("冷静期届满", "早于购买的时间", "请核对冷静期届满和发生时间")
    if leaves_on is not None and leaves_on < at.date():
        row.report("离职日期", "早于提出离职的时间", "请核对离职日期和发生时间")


def _not_after(row: Cells, column: str, day: date | None, today: date) -> None:
    if day is not None and day > today:
        row.report(column, f"{day.isoformat()}还没有到", "请改正日期")


def _plain(value: Any) -> str:
    """A detail as it is stored: text, dates in ISO form."""
    return value.isoformat() if isinstance(value, date) else str(value)


_FINISHERS: Mapping[Kind, Finish] = {Kind.CLIENTS: _finish_client, Kind.EVENTS: _finish_event}
