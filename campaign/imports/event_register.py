"""Business events on their way into the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.imports.forms import Kind
from campaign.imports.problems import Problems, quoted
from campaign.imports.registers import Entry, Known, Register, ids_of
from campaign.imports.rows import Row
from campaign.imports.spool import Change
from models.duty_tables import BusinessEvent
from models.tables import Customer, Product, Staff

NEW = "new"


class Events(Register):
    """业务事件; one that tasks were made of stays as it is."""

    kind = Kind.EVENTS

    def __init__(self) -> None:
        super().__init__(BusinessEvent)

    def check(self, session: Session, rows: Sequence[Row], problems: Problems) -> None:
        for field, key, heading, remedy in (
            ("customer", Customer.number, "客户号", "请先导入客户文件，或者改正客户号"),
            ("staff", Staff.number, "工号", "请先导入工作人员文件，或者改正工号"),
            ("product", Product.code, "产品代码", "请先导入产品文件，或者改正产品代码"),
        ):
            known = ids_of(session, key, (row.values[field] for row in rows))
            for row in rows:
                if row.values[field] and row.values[field] not in known:
                    wrong = f"系统中没有{heading.removesuffix('号').removesuffix('代码')}{quoted(row.values[field])}"
                    problems.add(row.line, heading, wrong, remedy)

    def known(self, session: Session, numbers: Sequence[str]) -> Mapping[str, Known]:
        query = (
            select(
                BusinessEvent.id,
                BusinessEvent.number,
                BusinessEvent.kind,
                BusinessEvent.occurred_at,
                BusinessEvent.details,
                BusinessEvent.state,
                Customer.number.label("customer"),
                Staff.number.label("staff"),
                Product.code.label("product"),
            )
            .outerjoin(Customer, BusinessEvent.customer_id == Customer.id)
            .outerjoin(Staff, BusinessEvent.staff_id == Staff.id)
            .outerjoin(Product, BusinessEvent.product_id == Product.id)
            .where(BusinessEvent.number.in_(numbers))
        )
        found = {}
        for row in session.execute(query):
            values = dict(row._mapping)
            values |= {name: values[name] or "" for name in ("customer", "staff", "product")}
            found[row.number] = Known(row.id, values, acted_upon=row.state == "tasked")
        return found

    def stored(self, session: Session, rows: Sequence[Row]) -> list[dict[str, Any]]:
        clients = ids_of(session, Customer.number, (row.values["customer"] for row in rows))
        staff = ids_of(session, Staff.number, (row.values["staff"] for row in rows))
        products = ids_of(session, Product.code, (row.values["product"] for row in rows))
        return [
            {
                "number": row.number,
                "kind": row.values["kind"].value,
                "customer_id": clients.get(row.values["customer"]),
                "staff_id": staff.get(row.values["staff"]),
                "product_id": products.get(row.values["product"]),
                "occurred_at": row.values["occurred_at"],
                "details": row.values["details"],
            }
            for row in rows
        ]

    def write(self, session: Session, changes: Sequence[Change], entry: Entry) -> None:
        query = (
            select(BusinessEvent.id, BusinessEvent.number, BusinessEvent.state)
            .where(BusinessEvent.number.in_([one.number for one in changes]))
            .with_for_update()
        )
        known = {row.number: row for row in session.execute(query)}
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        for one in changes:
            before = known.get(one.number)
            if before is None:
                new.append(dict(one.values) | {"created_at": entry.now, "state": NEW, "note": ""})
            elif before.state == "tasked":
                entry.untouched.append((one.line, one.number))
            else:
                old.append(dict(one.values) | {"_id": before.id, "state": NEW, "note": ""})
        self.put(session, new, old)
