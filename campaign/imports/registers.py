"""Where imported rows go: each register compares rows with what is stored, and writes what differs.

Comparing needs no lock on the database and does the costly work (encryption); writing is quick, and looks again
at what may have changed meanwhile.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, LargeBinary, MetaData, Table, bindparam, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.imports.forms import COLUMNS, Kind
from campaign.imports.problems import Problems
from campaign.imports.rows import Row
from campaign.imports.spool import Change
from models.base import Base
from models.sealed import Sealed, current_seal
from models.tables import Customer, Product, Staff

V = TypeVar("V")


@dataclass(slots=True)
class Compared:
    """A chunk of rows against what is stored.

    `untouched`: line and number of rows that differ but whose record has been acted upon and stays as it is.
    """

    new: list[Change] = field(default_factory=list)
    changed: list[tuple[Change, tuple[str, ...]]] = field(default_factory=list)  # with the headings that differ
    unchanged: int = 0
    untouched: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """One import as it is being written."""

    now: datetime
    campaign_name: str = ""
    staff_added: int = 0
    untouched: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """A stored record: its values by field, in the form in which they are compared."""

    id: int
    values: Mapping[str, Any]
    acted_upon: bool = False


def ids_of(session: Session, key: InstrumentedAttribute[str], wanted: Iterable[str]) -> dict[str, int]:
    """The ids of records by number or code; those that are not stored are missing."""
    names = sorted({name for name in wanted if name})
    if not names:
        return {}
    table = key.class_
    return {name: number for name, number in session.execute(select(key, table.id).where(key.in_(names)))}


def unsealed(model: type[Base]) -> Table:
    """The table of a model for rows whose personal values are encrypted already."""
    made = model.metadata.tables[model.__tablename__]
    columns = [Column(one.name, LargeBinary() if isinstance(one.type, Sealed) else one.type) for one in made.columns]
    return Table(made.name, MetaData(), *columns)


class Register(ABC):
    """One kind of record."""

    kind: Kind
    key: str = "number"
    defaults: Mapping[str, Any] = {}  # of columns that a file may lack

    def __init__(self, model: type[Base]) -> None:
        self.table = unsealed(model)
        self.headings = {column.field: column.name for column in COLUMNS[self.kind]}

    def check(self, session: Session, rows: Sequence[Row], problems: Problems) -> None:
        """Report rows that name what does not exist; most kinds name nothing."""
        return

    @abstractmethod
    def known(self, session: Session, numbers: Sequence[str]) -> Mapping[str, Known]:
        """What is stored under these numbers."""

    def comparable(self, row: Row) -> Mapping[str, Any]:
        """The values of a row by field, in the form in which they are compared."""
        return row.values

    @abstractmethod
    def stored(self, session: Session, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """The values of rows by column."""

    def compare(self, session: Session, rows: Sequence[Row]) -> Compared:
        """What is to be done with a chunk of good rows."""
        known = self.known(session, [row.number for row in rows])
        compared = Compared()
        wanted: list[tuple[Row, tuple[str, ...] | None]] = []
        for row in rows:
            before = known.get(row.number)
            differs = None if before is None else self._differing(before, self.comparable(row))
            if before is not None and not differs:
                compared.unchanged += 1
            elif before is not None and before.acted_upon:
                compared.untouched.append((row.line, row.number))
            else:
                wanted.append((row, differs))
        for (row, differs), values in zip(wanted, self.stored(session, [row for row, _ in wanted]), strict=True):
            change = Change(row.line, row.number, values)
            if differs is None:
                compared.new.append(change)
            else:
                compared.changed.append((change, differs))
        return compared

    def _differing(self, before: Known, values: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(self.headings.get(name, name) for name, value in values.items() if before.values[name] != value)

    def write(self, session: Session, changes: Sequence[Change], entry: Entry) -> None:
        """Enter what is new and change what is there."""
        known = self.known_ids(session, [one.number for one in changes])
        new = [dict(self.defaults) | dict(one.values) for one in changes if one.number not in known]
        old = [dict(one.values) | {"_id": known[one.number]} for one in changes if one.number in known]
        self.put(session, new, old)

    def known_ids(self, session: Session, numbers: Sequence[str]) -> dict[str, int]:
        """The ids that these numbers have by now."""
        key = self.table.c[self.key]
        return {name: number for name, number in session.execute(select(key, self.table.c.id).where(key.in_(numbers)))}

    def put(self, session: Session, new: Sequence[Mapping[str, Any]], old: Sequence[Mapping[str, Any]]) -> None:
        """Insert and update rows in as few statements as there are."""
        if new:
            session.execute(insert(self.table), list(new))
        if old:
            names = [name for name in old[0] if name != "_id"]
            change = update(self.table).where(self.table.c.id == bindparam("_id"))
            session.connection().execute(change.values({name: bindparam(name) for name in names}), list(old))


class Clients(Register):
    """客户; the staff who serve them are entered where they are missing, so that nobody reviews their own (§6.3)."""

    kind = Kind.CLIENTS
    defaults = {
        "gender": "",
        "branch": "",
        "served_by_id": None,
        "do_not_call": False,
        "opened_on": None,
        "account_state": "active",
        "investor": "",
        "tolerance": "",
    }

    def __init__(self) -> None:
        super().__init__(Customer)

    def known(self, session: Session, numbers: Sequence[str]) -> Mapping[str, Known]:
        query = (
            select(
                Customer.id,
                Customer.number,
                Customer.name_digest,
                Customer.phone_digest,
                Customer.email,
                Customer.gender,
                Customer.branch,
                Staff.number.label("served_by"),
                Customer.opened_on,
                Customer.account_state,
                Customer.investor,
                Customer.tolerance,
            )
            .outerjoin(Staff, Customer.served_by_id == Staff.id)
            .where(Customer.number.in_(numbers))
        )
        found = {}
        for row in session.execute(query):
            values = dict(row._mapping)
            values |= {"name": row.name_digest, "phone": row.phone_digest, "served_by": row.served_by or ""}
            found[row.number] = Known(row.id, values)
        return found

    def comparable(self, row: Row) -> Mapping[str, Any]:
        seal = current_seal()
        return row.values | {"name": seal.digest(row.values["name"]), "phone": seal.digest(row.values["phone"])}

    def stored(self, session: Session, rows: Sequence[Row]) -> list[dict[str, Any]]:
        seal = current_seal()
        made = []
        for row in rows:
            values, name, phone = dict(row.values), row.values["name"], row.values["phone"]
            values |= {"name": seal.close(name), "name_digest": seal.digest(name)}
            values |= {"phone": seal.close(phone), "phone_digest": seal.digest(phone)}
            if "email" in values:
                values["email"] = seal.close(values["email"])
            made.append(values)
        return made

    def write(self, session: Session, changes: Sequence[Change], entry: Entry) -> None:
        serving = {one.values["served_by"] for one in changes if one.values.get("served_by")}
        staff = ids_of(session, Staff.number, serving)
        missing = sorted(serving - staff.keys())
        if missing:
            session.execute(insert(Staff), [{"number": one, "name": one, "post": "broker"} for one in missing])
            staff |= ids_of(session, Staff.number, missing)
            entry.staff_added += len(missing)
        no_email = current_seal().close("")
        known = self.known_ids(session, [one.number for one in changes])
        new, old = [], []
        for one in changes:
            values = dict(one.values)
            if "served_by" in values:
                values["served_by_id"] = staff.get(values.pop("served_by"))
            if one.number in known:
                old.append(values | {"_id": known[one.number]})
            else:
                new.append(dict(self.defaults) | {"email": no_email} | values)
        self.put(session, new, old)


class People(Register):
    """工作人员."""

    kind = Kind.STAFF
    defaults = {"leaving": False}

    def __init__(self) -> None:
        super().__init__(Staff)

    def known(self, session: Session, numbers: Sequence[str]) -> Mapping[str, Known]:
        query = select(Staff.id, Staff.number, Staff.name, Staff.post, Staff.serves_as, Staff.leaving)
        return {
            row.number: Known(row.id, dict(row._mapping) | {"post": (row.post, row.serves_as)})
            for row in session.execute(query.where(Staff.number.in_(numbers)))
        }

    def stored(self, session: Session, rows: Sequence[Row]) -> list[dict[str, Any]]:
        return [row.values | dict(zip(("post", "serves_as"), row.values["post"], strict=True)) for row in rows]


class Products(Register):
    """产品与服务."""

    kind = Kind.PRODUCTS
    key = "code"
    defaults = {"kind": "", "cooling_off_hours": None}

    def __init__(self) -> None:
        super().__init__(Product)

    def known(self, session: Session, numbers: Sequence[str]) -> Mapping[str, Known]:
        table = self.table
        query = select(table).where(table.c.code.in_(numbers))
        return {row.code: Known(row.id, dict(row._mapping)) for row in session.execute(query)}

    def stored(self, session: Session, rows: Sequence[Row]) -> list[dict[str, Any]]:
        return [row.values | {"risk_level": row.values["risk_level"].value} for row in rows]
