"""Who must not review whom (000 §6.3), as it is on record: who serves a client, about whom a client has complained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from models.duty_tables import BusinessEvent
from models.sealed import current_seal
from models.tables import Customer, Staff

BROKER = "broker"
COMPLAINTS = ("complaint", "settled")  # kinds of business events
CHUNK = 1000


class Why(StrEnum):
    """From which record a conflict follows."""

    SERVES = "serves"  # 与本人有营销服务关系
    COMPLAINED = "complained"  # 被该客户投诉
    SOLICITS = "solicits"  # 从事客户招揽和客户服务活动: reviews nobody


@dataclass(frozen=True, slots=True)
class Barred:
    """That somebody must not review a client (None: any client); `since` is when it came up, where that is known."""

    staff: Staff
    client: Customer | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConflictFilter:
    """What the table is narrowed to; empty fields narrow nothing."""

    why: Why = Why.SERVES
    staff: str = ""  # a staff number or name
    client: str = ""  # a client's name, telephone or client number, exact


def conflicts(session: Session, wanted: ConflictFilter, *, page: int, size: int) -> list[Barred]:
    """One page of the table, by client (or by staff number)."""
    query = _query(wanted).limit(size).offset((page - 1) * size)
    return [_barred(row) for row in session.execute(query)]


def all_conflicts(session: Session, wanted: ConflictFilter) -> Iterator[Barred]:
    """The same without end, in pieces, for an export."""
    for row in session.execute(_query(wanted).execution_options(yield_per=CHUNK)):
        yield _barred(row)


def count_conflicts(session: Session, wanted: ConflictFilter) -> int:
    """How many lines the table has."""
    return session.scalar(select(func.count()).select_from(_query(wanted).order_by(None).subquery())) or 0


def complained_about(session: Session, clients: Sequence[int]) -> dict[int, list[Staff]]:
    """Whom clients have complained about, by client; those who have not are left out."""
    query = (
        select(BusinessEvent.customer_id, Staff)
        .join(BusinessEvent, BusinessEvent.staff_id == Staff.id)
        .where(BusinessEvent.customer_id.in_(clients), BusinessEvent.kind.in_(COMPLAINTS))
    )
    found: dict[int, list[Staff]] = {}
    for client, staff in session.execute(query.distinct()):
        if client is not None:
            found.setdefault(client, []).append(staff)
    return found


def _barred(row: Sequence[Any]) -> Barred:
    return Barred(row[0], row[1] if len(row) > 1 else None, row[2] if len(row) > 2 else None)


def _query(wanted: ConflictFilter) -> Any:
    query: Any
    match wanted.why:
        case Why.SERVES:
            query = select(Staff, Customer).join(Customer, Customer.served_by_id == Staff.id).order_by(Customer.id)
        case Why.COMPLAINED:
            latest = func.max(BusinessEvent.occurred_at)
            query = (
                select(Staff, Customer, latest)
                .join(BusinessEvent, BusinessEvent.staff_id == Staff.id)
                .join(Customer, BusinessEvent.customer_id == Customer.id)
                .where(BusinessEvent.kind.in_(COMPLAINTS))
                .group_by(Staff.id, Customer.id)
                .order_by(Customer.id, Staff.id)
            )
        case Why.SOLICITS:
            query = select(Staff).where(Staff.post == BROKER).order_by(Staff.number)
    if wanted.staff:
        query = query.where(or_(Staff.number == wanted.staff, Staff.name == wanted.staff))
    if wanted.client and wanted.why is not Why.SOLICITS:
        query = query.where(_is(wanted.client))
    return query


def _is(text: str) -> ColumnElement[bool]:
    digest = current_seal().digest(text)
    return or_(Customer.name_digest == digest, Customer.phone_digest == digest, Customer.number == text)
