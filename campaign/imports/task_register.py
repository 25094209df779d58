"""Review tasks on their way into the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.imports.forms import Kind
from campaign.imports.problems import Problems, quoted
from campaign.imports.registers import Entry, Known, Register, ids_of
from campaign.imports.rows import Row
from campaign.imports.spool import Change
from models.tables import Campaign, Customer, Product, ReviewTask
from rules import Method, ReviewType, RiskLevel, refusal_of
from rules.appendix_f import AWAITING
from rules.cooling_off import LEAST

_ACTED_UPON = ReviewTask.attempts_made, ReviewTask.final, ReviewTask.status


class Tasks(Register):
    """回访任务; one that has begun stays as it is."""

    kind = Kind.TASKS

    def __init__(self) -> None:
        super().__init__(ReviewTask)
        self.headings |= {"deadline_at": "截止日期", "slots": "话术内容"}

    def check(self, session: Session, rows: Sequence[Row], problems: Problems) -> None:
        clients = ids_of(session, Customer.number, (row.values["customer"] for row in rows))
        products = _levels_of(session, (row.values["product"] for row in rows))
        for row in rows:
            if row.values["customer"] not in clients:
                wrong = f"系统中没有客户{quoted(row.values['customer'])}"
                problems.add(row.line, "客户号", wrong, "请先导入客户文件，或者改正客户号")
            if row.values["product"] and row.values["product"] not in products:
                wrong = f"系统中没有产品{quoted(row.values['product'])}"
                problems.add(row.line, "产品代码", wrong, "请先登记产品，或者改正产品代码")
            elif row.values["product"] and not row.values["with_human"]:
                level = RiskLevel(products[row.values["product"]])
                if refusal := refusal_of(row.values["review_type"], Method.VOICE_BOT, risk_level=level):
                    problems.add(row.line, "产品代码", refusal.reason, "请在“回访方式”列填写人工电话")

    def known(self, session: Session, numbers: Sequence[str]) -> Mapping[str, Known]:
        query = (
            select(
                ReviewTask.id,
                ReviewTask.number,
                ReviewTask.review_type,
                ReviewTask.script,
                ReviewTask.slots,
                ReviewTask.deadline_at,
                ReviewTask.with_human,
                Customer.number.label("customer"),
                Product.code.label("product"),
                *_ACTED_UPON,
            )
            .join(Customer, ReviewTask.customer_id == Customer.id)
            .outerjoin(Product, ReviewTask.product_id == Product.id)
            .where(ReviewTask.number.in_(numbers))
        )
        return {
            row.number: Known(row.id, dict(row._mapping) | {"product": row.product or ""}, _has_begun(row))
            for row in session.execute(query)
        }

    def comparable(self, row: Row) -> Mapping[str, Any]:
        """Without the deadline where the file gives none: the one that the standard gave at first stays."""
        left_out = {"deadline_given"} if row.values["deadline_given"] else {"deadline_given", "deadline_at"}
        return {name: value for name, value in row.values.items() if name not in left_out}

    def stored(self, session: Session, rows: Sequence[Row]) -> list[dict[str, Any]]:
        clients = ids_of(session, Customer.number, (row.values["customer"] for row in rows))
        products = ids_of(session, Product.code, (row.values["product"] for row in rows))
        return [
            {
                "number": row.number,
                "customer_id": clients[row.values["customer"]],
                "product_id": products.get(row.values["product"]),
                "review_type": row.values["review_type"].value,
                "script": row.values["script"],
                "slots": row.values["slots"],
                "deadline_at": row.values["deadline_at"],
                "with_human": row.values["with_human"],
                "deadline_given": row.values["deadline_given"],
            }
            for row in rows
        ]

    def write(self, session: Session, changes: Sequence[Change], entry: Entry) -> None:
        known = _locked(session, [one.number for one in changes])
        periods = _cooling_off(session, [one.values for one in changes])
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        for one in changes:
            values = dict(one.values)
            given = values.pop("deadline_given")
            before = known.get(one.number)
            if before is None:
                new.append(_new_task(values, entry.now, periods.get(values["product_id"])))
            elif _has_begun(before):
                entry.untouched.append((one.line, one.number))
            else:
                values |= _put_off(values, before, entry.now, periods.get(values["product_id"]))
                values["deadline_at"] = values["deadline_at"] if given else before.deadline_at
                old.append(values | {"_id": before.id})
        if new:
            campaign_id = campaign_named(session, entry.campaign_name, entry.now)
            new = [values | {"campaign_id": campaign_id} for values in new]
        self.put(session, new, old)


def _has_begun(task: Any) -> bool:
    return bool(task.attempts_made or task.final or task.status != AWAITING)


def _levels_of(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """The risk levels of products, by their codes."""
    query = select(Product.code, Product.risk_level).where(Product.code.in_(sorted({one for one in codes if one})))
    return {code: level for code, level in session.execute(query)}


def _cooling_off(session: Session, tasks: Sequence[Mapping[str, Any]]) -> dict[int | None, timedelta]:
    """How long the cooling-off periods are of what clients are reviewed for as buyers of a private fund."""
    funds = [one["product_id"] for one in tasks if one["review_type"] == ReviewType.PRIVATE_FUND]
    query = select(Product.id, Product.cooling_off_hours).where(Product.id.in_([one for one in funds if one]))
    known = {product: timedelta(hours=hours) for product, hours in session.execute(query) if hours}
    return {one: known.get(one, LEAST) for one in funds}


def _new_task(values: dict[str, Any], now: datetime, cooling_off: timedelta | None) -> dict[str, Any]:
    """A task as it is handed in; of a private fund (§5.1.6 d) one whose period has ended whenever it was bought."""
    valid_from = _cooled_off(values, now, cooling_off)
    return values | {
        "created_at": now,
        "valid_from": valid_from,
        "due_at": None if values["with_human"] else valid_from or now,
        "status": AWAITING,
        "final": False,
        "attempts_made": 0,
        "resume_at": "",
        "trouble": "",
    }


def _put_off(values: Mapping[str, Any], before: Any, now: datetime, cooling_off: timedelta | None) -> dict[str, Any]:
    """When a task that was handed in before is to be dialled; the cooling-off period that it has stays."""
    valid_from = _cooled_off(values, now, cooling_off)
    if valid_from is not None and before.valid_from is not None:
        valid_from = before.valid_from
    due_at = before.due_at or now
    if valid_from is not None:
        due_at = max(due_at, valid_from)
    return {"valid_from": valid_from, "due_at": None if values["with_human"] else due_at}


def _cooled_off(values: Mapping[str, Any], now: datetime, cooling_off: timedelta | None) -> datetime | None:
    return now + (cooling_off or LEAST) if values["review_type"] == ReviewType.PRIVATE_FUND else None


def _locked(session: Session, numbers: Sequence[str]) -> dict[str, Any]:
    """Tasks that are there already, locked where the database can, so that no worker begins one meanwhile."""
    query = (
        select(
            ReviewTask.id,
            ReviewTask.number,
            ReviewTask.due_at,
            ReviewTask.deadline_at,
            ReviewTask.valid_from,
            *_ACTED_UPON,
        )
        .where(ReviewTask.number.in_(numbers))
        .with_for_update()
    )
    return {row.number: row for row in session.execute(query)}


def campaign_named(session: Session, name: str, now: datetime) -> int:
    """The id of the campaign of that name, made where it is missing."""
    found = session.scalar(select(Campaign.id).where(Campaign.name == name))
    if found is not None:
        return found
    campaign = Campaign(name=name, created_at=now)
    session.add(campaign)
    session.flush()
    return campaign.id
