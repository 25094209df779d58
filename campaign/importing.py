"""Import of clients and tasks from a CSV file: all rows or none, as often as you like.

Reading and checking are pure (sheet.py, cells.py, rows.py); here the good rows meet the database, inside
the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.problems import ImportRefused, Problem, Problems, quoted
from campaign.published import script_of
from campaign.rows import ClientRow, Kind, Parsed, ScriptLike, TaskRow, kind_of, parse, rulebook
from campaign.sheet import read_sheet
from models.base import Base
from models.queue import tasks_sharing_a_call
from models.scripts import published_versions
from models.sealed import current_seal
from models.tables import Campaign, Customer, Product, ReviewTask, Staff
from rules import TradingCalendar
from rules.appendix_f import AWAITING
from rules.hours import SHANGHAI

__all__ = ["ImportRefused", "Imported", "Kind", "Problem", "import_file"]

CHUNK = 500  # rows per statement, well under every database's bound on parameters
MOST_NAMED = 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    `untouched` holds line and number of tasks that had begun already and stay as they are; `joining` counts the
    tasks whose client has another one that can be done in the same call.
    """

    kind: Kind
    added: int = 0
    updated: int = 0
    untouched: tuple[tuple[int, str], ...] = ()
    staff_added: int = 0
    joining: int = 0

    def summary(self) -> str:
        """One or two Chinese sentences for the person who sent the file."""
        thing, unit = ("客户", "名") if self.kind is Kind.CLIENTS else ("回访任务", "个")
        said = f"已导入{thing}：新增{self.added}{unit}，更新{self.updated}{unit}。"
        if self.staff_added:
            said += f"新登记客户经理工号{self.staff_added}个，请补充姓名。"
        if self.joining:
            said += f"其中{self.joining}个和同一客户的其他任务合并为一次通话。"
        if self.untouched:
            named = "、".join(f"第{line}行（{number}）" for line, number in self.untouched[:MOST_NAMED])
            more = "等" if len(self.untouched) > MOST_NAMED else ""
            said += f"{len(self.untouched)}个任务已经开始或已完成，未作改动：{named}{more}。"
        return said


def import_file(
    session: Session,
    data: bytes,
    *,
    now: datetime,
    scripts: Iterable[ScriptLike] | None = None,
    calendar: TradingCalendar | None = None,
    campaign_name: str = "",
) -> Imported:
    """Import a CSV file of clients or tasks; raises ImportRefused with every problem, and then nothing was written.

    `scripts`: those that tasks may name (default: the published ones). New tasks join the campaign of that name
    (default: one per day of import), which is made where it is missing; they are due now unless a person calls.
    """
    problems = Problems()
    sheet = read_sheet(data, problems)
    parsed = None
    if sheet is not None:
        wanted = scripts is None and kind_of(sheet.header) is Kind.TASKS
        known = published_scripts(session) if wanted else scripts or ()
        parsed = parse(sheet, rulebook(known, now, calendar or TradingCalendar()), problems)
    if parsed is not None:
        _check_against(session, parsed, problems)
    if parsed is None or problems.count:
        raise ImportRefused(problems.all())
    if parsed.kind is Kind.CLIENTS:
        return _store_clients(session, parsed.clients)
    return _store_tasks(session, parsed.tasks, now, campaign_name or f"导入 {now.astimezone(SHANGHAI):%Y-%m-%d}")


def published_scripts(session: Session) -> list[ScriptLike]:
    """The scripts in use, as stored."""
    return [script_of(version) for version in published_versions(session)]


def _check_against(session: Session, parsed: Parsed, problems: Problems) -> None:
    """Do the clients and products that the tasks name exist?"""
    clients = _ids(session, Customer.number, Customer.id, {task.client for task in parsed.tasks})
    products = _ids(session, Product.code, Product.id, {task.product for task in parsed.tasks if task.product})
    for task in parsed.tasks:
        if task.client not in clients:
            wrong = f"系统中没有客户{quoted(task.client)}"
            problems.add(task.line, "客户号", wrong, "请先导入客户文件，或者改正客户号")
        if task.product and task.product not in products:
            wrong = f"系统中没有产品{quoted(task.product)}"
            problems.add(task.line, "产品代码", wrong, "请先登记产品，或者改正产品代码")


def _ids(
    session: Session, key: InstrumentedAttribute[str], value: InstrumentedAttribute[int], wanted: Iterable[str]
) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in _chunks(sorted(wanted)):
        found |= {name: number for name, number in session.execute(select(key, value).where(key.in_(chunk)))}
    return found


def _chunks(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), CHUNK):
        yield things[start : start + CHUNK]


def _store_clients(session: Session, rows: Sequence[ClientRow]) -> Imported:
    staff, staff_added = _staff(session, {row.served_by for row in rows if row.served_by})
    added = updated = 0
    for chunk in _chunks(rows):
        known = _ids(session, Customer.number, Customer.id, [row.number for row in chunk])
        new = [_client_values(row, staff) for row in chunk if row.number not in known]
        old = [{"id": known[row.number]} | _client_values(row, staff) for row in chunk if row.number in known]
        _write(session, Customer, new, old)
        added, updated = added + len(new), updated + len(old)
    return Imported(Kind.CLIENTS, added, updated, staff_added=staff_added)


def _client_values(row: ClientRow, staff: dict[str, int]) -> dict[str, Any]:
    seal = current_seal()
    return {
        "number": row.number,
        "name": row.name,
        "name_digest": seal.digest(row.name),
        "gender": row.gender,
        "phone": row.phone,
        "phone_digest": seal.digest(row.phone),
        "email": row.email,
        "branch": row.branch,
        "served_by_id": staff.get(row.served_by),
    }


def _staff(session: Session, numbers: set[str]) -> tuple[dict[str, int], int]:
    """Ids of staff by number; unknown ones are entered, so that nobody reviews their own clients (§6.3)."""
    known = _ids(session, Staff.number, Staff.id, numbers)
    missing = sorted(numbers - known.keys())
    for chunk in _chunks(missing):
        session.execute(insert(Staff), [{"number": one, "name": one, "post": "broker"} for one in chunk])
    return known | _ids(session, Staff.number, Staff.id, missing), len(missing)


def _store_tasks(session: Session, rows: Sequence[TaskRow], now: datetime, campaign_name: str) -> Imported:
    clients = _ids(session, Customer.number, Customer.id, {row.client for row in rows})
    products = _ids(session, Product.code, Product.id, {row.product for row in rows if row.product})
    added = updated = joining = 0
    untouched: list[tuple[int, str]] = []
    for chunk in _chunks(rows):
        known = _known_tasks(session, [row.number for row in chunk])
        new, old = [], []
        for row in chunk:
            values = _task_values(row, clients, products)
            before = known.get(row.number)
            if before is None:
                new.append(values | {"created_at": now, "due_at": None if row.with_human else now})
            elif before.attempts_made or before.final or before.status != AWAITING:
                untouched.append((row.line, row.number))
            else:
                due_at = None if row.with_human else before.due_at or now
                old.append({"id": before.id, "due_at": due_at} | values)
        if new:
            campaign_id = _campaign(session, campaign_name, now)
            new = [values | {"campaign_id": campaign_id} for values in new]
        _write(session, ReviewTask, new, old)
        added, updated = added + len(new), updated + len(old)
    for chunk in _chunks(rows):
        joining += tasks_sharing_a_call(session, [row.number for row in chunk])
    return Imported(Kind.TASKS, added, updated, tuple(untouched), joining=joining)


def _known_tasks(session: Session, numbers: Sequence[str]) -> dict[str, Any]:
    """Tasks that are there already, locked where the database can, so that no worker begins one meanwhile."""
    query = (
        select(
            ReviewTask.id,
            ReviewTask.number,
            ReviewTask.attempts_made,
            ReviewTask.final,
            ReviewTask.status,
            ReviewTask.due_at,
        )
        .where(ReviewTask.number.in_(numbers))
        .with_for_update()
    )
    return {row.number: row for row in session.execute(query)}


def _task_values(row: TaskRow, clients: dict[str, int], products: dict[str, int]) -> dict[str, Any]:
    return {
        "number": row.number,
        "customer_id": clients[row.client],
        "product_id": products.get(row.product),
        "review_type": row.review_type.value,
        "script": row.script,
        "slots": row.slots,
        "deadline_at": row.deadline_at,
        "with_human": row.with_human,
    }


def _campaign(session: Session, name: str, now: datetime) -> int:
    found = session.scalar(select(Campaign.id).where(Campaign.name == name))
    if found is not None:
        return found
    campaign = Campaign(name=name, created_at=now)
    session.add(campaign)
    session.flush()
    return campaign.id


def _write(session: Session, table: type[Base], new: list[dict[str, Any]], old: list[dict[str, Any]]) -> None:
    if new:
        session.execute(insert(table), new)
    if old:
        session.execute(update(table), old)
