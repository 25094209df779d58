"""From records to client and task rows, with every fault named; pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from campaign import cells
from campaign.cells import BadCell
from campaign.problems import Problems, quoted
from campaign.sheet import Record, Sheet
from rules import ReviewType, RulesError, TradingCalendar, deadline_of, end_of, label_of
from rules.hours import SHANGHAI

T = TypeVar("T")

CLIENT_COLUMNS = {
    "客户号": True,
    "姓名": True,
    "称谓": False,
    "手机号": True,
    "邮箱": False,
    "营业部": False,
    "客户经理工号": False,
}  # True: the column must be there
TASK_COLUMNS = {
    "任务号": True,
    "客户号": True,
    "回访类型": True,
    "话术": True,
    "产品代码": False,
    "截止日期": False,
    "回访方式": False,
    "开户方式": False,
}
# Slots that the system fills from the client's record and the firm's settings, never from a task.
GIVEN_SLOTS = frozenset({"客户姓名", "称谓", "券商", "部门", "工号", "服务电话", "回访业务"})
MOST_SLOT = 200  # characters of one spoken slot
MOST_NAME = 20  # characters of a stray column name that are shown


class Kind(StrEnum):
    """What a file holds, recognised by its header."""

    CLIENTS = "clients"  # 客户
    TASKS = "tasks"  # 回访任务


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
class ClientRow:
    """One client as the file gives it, normalised."""

    line: int
    number: str
    name: str
    gender: str
    phone: str
    email: str
    branch: str
    served_by: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task as the file gives it, normalised; `deadline_at` is filled in by the standard where the file has none."""

    line: int
    number: str
    client: str
    review_type: ReviewType
    script: str
    product: str
    deadline_at: datetime | None
    with_human: bool
    slots: dict[str, str]


@dataclass(slots=True)
class Parsed:
    """The good rows of a file; worth importing only when `problems` is empty."""

    kind: Kind
    clients: list[ClientRow] = field(default_factory=list)
    tasks: list[TaskRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What task rows are checked against."""

    scripts: Mapping[str, ScriptLike]  # by name and by title
    today: date
    now: datetime
    calendar: TradingCalendar


def rulebook(scripts: Iterable[ScriptLike], now: datetime, calendar: TradingCalendar) -> Rulebook:
    """The rulebook of one import; scripts are found by their name or their Chinese title."""
    known = list(scripts)
    by_name = {one.title: one for one in known} | {one.name: one for one in known}
    return Rulebook(by_name, now.astimezone(SHANGHAI).date(), now, calendar)


def parse(sheet: Sheet, book: Rulebook, problems: Problems) -> Parsed | None:
    """The rows of a sheet; None where its header names neither kind."""
    kind = kind_of(sheet.header)
    if kind is None:
        clients, tasks = "、".join(CLIENT_COLUMNS), "、".join(TASK_COLUMNS)
        remedy = f"客户文件的表头是：{clients}；任务文件的表头是：{tasks}，以及话术所需的列"
        problems.add(sheet.header_line, "", "认不出是客户文件还是任务文件", remedy)
        return None
    before = problems.count
    if kind is Kind.CLIENTS:
        _check_header(sheet, CLIENT_COLUMNS, frozenset(), problems)
    else:
        spoken = {slot for script in book.scripts.values() for slot in script.slots} - GIVEN_SLOTS
        _check_header(sheet, TASK_COLUMNS, spoken, problems)
    parsed = Parsed(kind)
    if problems.count == before:
        _read_records(sheet, book, parsed, problems)
    return parsed


def kind_of(header: Sequence[str]) -> Kind | None:
    """What a file with this header holds; None: neither."""
    if "任务号" in header or "回访类型" in header:
        return Kind.TASKS
    return Kind.CLIENTS if {"姓名", "手机号"} & set(header) else None


def _check_header(sheet: Sheet, columns: Mapping[str, bool], extra: Collection[str], problems: Problems) -> None:
    line = sheet.header_line
    for name, needed in columns.items():
        if needed and name not in sheet.header:
            problems.add(line, name, "缺少这一列", "请在表头补上这一列并填写")
    for name in sheet.header:
        if name in columns or name in extra:
            continue
        if name in GIVEN_SLOTS:
            problems.add(line, name, "这一列由系统填写", "请删去这一列")
        else:
            problems.add(line, name[:MOST_NAME], "不认识这一列，也没有话术用到它", "请改正列名，或者删去这一列")


def _read_records(sheet: Sheet, book: Rulebook, parsed: Parsed, problems: Problems) -> None:
    key = "客户号" if parsed.kind is Kind.CLIENTS else "任务号"
    seen: dict[str, int] = {}
    missing_columns: set[tuple[str, str]] = set()
    empty = True
    for record in sheet.records():
        empty = False
        row = _Row(record, sheet.header, problems)
        if parsed.kind is Kind.CLIENTS:
            client = _client(row)
            parsed.clients += [client] if client else []
        else:
            task = _task(row, book, missing_columns)
            parsed.tasks += [task] if task else []
        number = row.cell(key)
        if number and seen.setdefault(number, record.line) != record.line:
            problems.add(record.line, key, f"与第{seen[number]}行重复", "请删去其中一行，或者改正编号")
    for script, slot in sorted(missing_columns):
        problems.add(sheet.header_line, slot, f"缺少这一列，话术“{script}”需要它", "请在表头补上这一列并填写")
    if empty and not problems.count:
        problems.add(0, "", "只有表头，没有记录", "请填写至少一行记录")


class _Row:
    """One record under its header; a bad cell is reported and read as None."""

    def __init__(self, record: Record, header: Sequence[str], problems: Problems) -> None:
        self.line = record.line
        self.problems = problems
        self._cells = dict(zip(header, record.cells, strict=True))
        self._before = problems.count

    def cell(self, column: str) -> str:
        return self._cells.get(column, "")

    def names(self) -> Iterable[str]:
        return self._cells

    def read(self, column: str, reader: Callable[[str], T]) -> T | None:
        try:
            return reader(self.cell(column))
        except BadCell as bad:
            self.report(column, bad.wrong, bad.remedy)
            return None

    def text(self, column: str, most: int, *, needed: bool = False) -> str:
        return self.read(column, lambda cell: cells.text(cell, most, needed=needed)) or ""

    def report(self, column: str, wrong: str, remedy: str) -> None:
        self.problems.add(self.line, column, wrong, remedy)

    @property
    def is_good(self) -> bool:
        return self.problems.count == self._before


def _client(row: _Row) -> ClientRow | None:
    client = ClientRow(
        line=row.line,
        number=row.text("客户号", 40, needed=True),
        name=row.text("姓名", 60, needed=True),
        gender=row.read("称谓", cells.title) or "",
        phone=row.read("手机号", cells.phone) or "",
        email=row.read("邮箱", cells.email) or "",
        branch=row.text("营业部", 80),
        served_by=row.text("客户经理工号", 40),
    )
    return client if row.is_good else None


def _task(row: _Row, book: Rulebook, missing_columns: set[tuple[str, str]]) -> TaskRow | None:
    number = row.text("任务号", 60, needed=True)
    client = row.text("客户号", 40, needed=True)
    product = row.text("产品代码", 40)
    review_type = row.read("回访类型", cells.review_type)
    script = _script(row, book, review_type)
    with_human = bool(row.read("回访方式", cells.by_human))
    deadline_at = _deadline(row, book, review_type)
    slots = {name: row.text(name, MOST_SLOT) for name in row.names() if name == "开户方式" or name not in TASK_COLUMNS}
    _check_method(row, review_type, slots, with_human)
    if script is not None:
        _check_slots(row, script, missing_columns)
    if review_type is None or script is None or not row.is_good:
        return None
    spoken = {name: value for name, value in slots.items() if value}
    return TaskRow(row.line, number, client, review_type, script.name, product, deadline_at, with_human, spoken)


def _script(row: _Row, book: Rulebook, review_type: ReviewType | None) -> ScriptLike | None:
    name = row.text("话术", 40, needed=True)
    if not name:
        return None
    script = book.scripts.get(name)
    if script is None:
        known = "、".join(sorted({one.title for one in book.scripts.values()}))
        row.report("话术", f"没有话术{quoted(name)}", f"请填写以下之一：{known}")
        return None
    if review_type is not None and review_type not in script.review_types:
        fitting = "、".join(sorted({one.title for one in book.scripts.values() if review_type in one.review_types}))
        remedy = f"请改用：{fitting}" if fitting else "请先为这一回访类型编写话术"
        row.report("话术", f"话术“{script.title}”不适用于{label_of(review_type)}回访", remedy)
    return script


def _deadline(row: _Row, book: Rulebook, review_type: ReviewType | None) -> datetime | None:
    day = row.read("截止日期", cells.day)
    if day is not None:
        if day < book.today:
            row.report("截止日期", f"{day.isoformat()}已经过去", "请改为今天或以后的日期")
        return end_of(day)
    if review_type is None:
        return None
    try:
        return deadline_of(review_type, book.now, calendar=book.calendar)
    except RulesError:
        row.report("截止日期", "没有填写，交易日历又缺少所需的年份，算不出期限", "请填写截止日期，或请运维补充交易日历")
        return None


def _check_method(row: _Row, review_type: ReviewType | None, slots: Mapping[str, str], with_human: bool) -> None:
    if review_type is ReviewType.NEW_ACCOUNT and "单向视频" in slots.get("开户方式", "") and not with_human:
        wrong = "单向视频开户必须人工电话回访（T/SAC 002-2024 表A.1第1行）"
        row.report("开户方式", wrong, "请在“回访方式”列填写人工电话")


def _check_slots(row: _Row, script: ScriptLike, missing_columns: set[tuple[str, str]]) -> None:
    for slot in sorted(frozenset(script.slots) - GIVEN_SLOTS):
        if slot not in row.names():
            missing_columns.add((script.title, slot))
        elif not row.cell(slot):
            row.report(slot, f"没有填写，话术“{script.title}”需要它", "请填写")
        else:
            row.read(slot, cells.spoken_part)
