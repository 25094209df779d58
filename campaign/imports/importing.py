"""Import of clients, staff, products, business events and tasks: all rows or none, as often as you like.

Reading and checking are pure (reading.py, forms.py, rows.py); `prepare` compares the good rows with what is stored
and changes nothing, `store` writes what differs inside the caller's transaction.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import BinaryIO, TypeVar

from sqlalchemy.orm import Session

from campaign.imports.event_register import Events
from campaign.imports.forms import KIND_WORDS, Kind
from campaign.imports.problems import ImportRefused, Problem, Problems
from campaign.imports.reading import read_sheet
from campaign.imports.registers import Clients, Compared, Entry, People, Products, Register
from campaign.imports.rows import Row, ScriptLike, read_rows, recognised, rulebook
from campaign.imports.sheet import Sheet
from campaign.imports.spool import Spool
from campaign.imports.task_register import Tasks
from campaign.imports.task_rows import finish_task
from campaign.published import script_of
from models.queue import tasks_sharing_a_call
from models.scripts import published_versions
from rules import TradingCalendar
from rules.hours import SHANGHAI

__all__ = ["ImportRefused", "Imported", "Kind", "Prepared", "Problem", "import_file", "prepare", "store"]

CHUNK = 1000  # rows per statement, well under every database's bound on parameters
MOST_NAMED = 20

T = TypeVar("T")
Progress = Callable[[str, int], None]  # what is being done, and how many rows it has been done with

_REGISTERS: Mapping[Kind, Callable[[], Register]] = {
    Kind.CLIENTS: Clients,
    Kind.STAFF: People,
    Kind.PRODUCTS: Products,
    Kind.EVENTS: Events,
    Kind.TASKS: Tasks,
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    `untouched` holds line and number of records that had been acted upon already and stay as they are; `joining`
    counts the tasks whose client has another one that can be done in the same call.
    """

    kind: Kind
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    untouched: tuple[tuple[int, str], ...] = ()
    staff_added: int = 0
    joining: int = 0

    def summary(self) -> str:
        """One or two Chinese sentences for the person who sent the file."""
        thing, unit = KIND_WORDS[self.kind]
        said = f"已导入{thing}：新增{self.added}{unit}，更新{self.updated}{unit}，未变{self.unchanged}{unit}。"
        if self.staff_added:
            said += f"新登记客户经理工号{self.staff_added}个，请补充姓名。"
        if self.joining:
            said += f"其中{self.joining}个和同一客户的其他任务合并为一次通话。"
        return said + untouched_words(self.kind, self.untouched)


@dataclass(slots=True)
class Prepared:
    """A file whose every row is good, compared with what is stored; `close` it when it is not wanted any more.

    `examples`: line, number and, where a stored record changes, the columns that do, of the first few rows.
    """

    kind: Kind
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    untouched: list[tuple[int, str]] = field(default_factory=list)
    examples: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)
    spool: Spool = field(default_factory=Spool)

    def summary(self) -> str:
        """What an import would do, in one or two Chinese sentences."""
        thing, unit = KIND_WORDS[self.kind]
        said = f"{thing}：将新增{self.added}{unit}，更新{self.updated}{unit}，未变{self.unchanged}{unit}。"
        return said + untouched_words(self.kind, self.untouched)

    def close(self) -> None:
        """Give up what was not stored."""
        self.spool.close()

    def __enter__(self) -> Prepared:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


def untouched_words(kind: Kind, untouched: Sequence[tuple[int, str]]) -> str:
    """Which rows were passed over, in Chinese; "" for none."""
    if not untouched:
        return ""
    named = "、".join(f"第{line}行（{number}）" for line, number in untouched[:MOST_NAMED])
    more = "等" if len(untouched) > MOST_NAMED else ""
    why = "个任务已经开始或已完成" if kind is Kind.TASKS else "件事件已经生成回访任务"
    return f"{len(untouched)}{why}，未作改动：{named}{more}。"


def import_file(
    session: Session,
    data: bytes | BinaryIO,
    *,
    now: datetime,
    kind: Kind | None = None,
    scripts: Iterable[ScriptLike] | None = None,
    calendar: TradingCalendar | None = None,
    campaign_name: str = "",
    progress: Progress | None = None,
) -> Imported:
    """Import a CSV file or a workbook; raises ImportRefused with every problem, and then nothing was written.

    `kind`: what it must hold (default: what its header says); `scripts`: those that tasks may name (default: the
    published ones). New tasks join the campaign of that name (default: one per day of import), which is made where
    it is missing; they are due now unless a person calls.
    """
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    problems = Problems()
    sheet = read_sheet(file, problems)
    with prepare(
        session, sheet, problems, now=now, kind=kind, scripts=scripts, calendar=calendar, progress=progress
    ) as prepared:
        return store(session, prepared, now=now, campaign_name=campaign_name, progress=progress)


def prepare(
    session: Session,
    sheet: Sheet | None,
    problems: Problems,
    *,
    now: datetime,
    kind: Kind | None = None,
    scripts: Iterable[ScriptLike] | None = None,
    calendar: TradingCalendar | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Check a sheet and compare it with what is stored, changing nothing; raises ImportRefused."""
    found = None
    if sheet is not None:
        book = rulebook(published_scripts(session) if scripts is None else scripts, now, calendar or TradingCalendar())
        found = recognised(sheet, book, problems, kind)
    if sheet is None or found is None:
        raise ImportRefused(problems.all())
    prepared = Prepared(found)
    try:
        rows = read_rows(sheet, found, book, problems, finish_task if found is Kind.TASKS else None)
        _compare(session, rows, prepared, problems, progress)
        if problems.count:
            raise ImportRefused(problems.all())
    except BaseException:
        prepared.close()
        raise
    return prepared


def _compare(
    session: Session, rows: Iterator[Row], prepared: Prepared, problems: Problems, progress: Progress | None
) -> None:
    register, done = _REGISTERS[prepared.kind](), 0
    for chunk in _chunks(rows):
        register.check(session, chunk, problems)
        if not problems.count:
            _take(register.compare(session, chunk), prepared)
        done += len(chunk)
        if progress is not None:
            progress("核对", done)


def _take(compared: Compared, prepared: Prepared) -> None:
    prepared.added += len(compared.new)
    prepared.updated += len(compared.changed)
    prepared.unchanged += compared.unchanged
    prepared.untouched += compared.untouched
    room = MOST_NAMED - len(prepared.examples)
    if room > 0:
        nothing: tuple[str, ...] = ()
        told = [(one.line, one.number, nothing) for one in compared.new[:room]]
        told += [(one.line, one.number, columns) for one, columns in compared.changed[:room]]
        prepared.examples += sorted(told)[:room]
    for changes in (compared.new, [one for one, _ in compared.changed]):
        if changes:
            prepared.spool.append(changes)


def store(
    session: Session, prepared: Prepared, *, now: datetime, campaign_name: str = "", progress: Progress | None = None
) -> Imported:
    """Write what was prepared, inside the caller's transaction."""
    entry = Entry(now, campaign_name or f"导入 {now.astimezone(SHANGHAI):%Y-%m-%d}")
    register, done, joining = _REGISTERS[prepared.kind](), 0, 0
    for changes in prepared.spool.chunks():
        register.write(session, changes, entry)
        done += len(changes)
        if progress is not None:
            progress("写入", done)
    if prepared.kind is Kind.TASKS:
        for changes in prepared.spool.chunks():
            joining += tasks_sharing_a_call(session, [one.number for one in changes])
    session.expire_all()
    return Imported(
        prepared.kind,
        prepared.added,
        prepared.updated - len(entry.untouched),
        prepared.unchanged,
        (*prepared.untouched, *entry.untouched),
        staff_added=entry.staff_added,
        joining=joining,
    )


def published_scripts(session: Session) -> list[ScriptLike]:
    """The scripts in use, as stored."""
    return [script_of(version) for version in published_versions(session)]


def _chunks(things: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(things, CHUNK)):
        yield chunk
