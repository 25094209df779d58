"""Calls that come to us: who may be calling, and the register of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from models.calls import Page
from models.line_tables import IncomingCall
from models.managing_silence import is_client
from models.queue import open_tasks
from models.running_tables import Worker
from models.tables import Attempt, Customer, ReviewTask


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """A client behind a number, with the tasks that the bot still has to bring to an end."""

    client: Customer
    on_the_line: bool
    open_tasks: Sequence[ReviewTask]
    called_at: datetime | None  # when we tried last


def known_callers(session: Session, digest: str, now: datetime) -> list[KnownCaller]:
    """The clients whose number this is, or who are to be called there after what was said in a call."""
    learnt = select(ReviewTask.customer_id).where(
        ReviewTask.next_phone_digest == digest, ReviewTask.due_at.is_not(None)
    )
    query = select(Customer).where(or_(Customer.phone_digest == digest, Customer.id.in_(learnt)))
    return [_known(session, client, now) for client in session.scalars(query.order_by(Customer.id))]


def _known(session: Session, client: Customer, now: datetime) -> KnownCaller:
    calls = Attempt.customer_id == client.id
    valid = or_(ReviewTask.valid_from.is_(None), ReviewTask.valid_from <= now)
    live = exists().where(calls, Attempt.ended_at.is_(None), Attempt.line_down_at.is_(None))
    return KnownCaller(
        client=client,
        on_the_line=bool(session.scalar(select(live))),
        open_tasks=session.scalars(open_tasks().where(ReviewTask.customer_id == client.id, valid)).all(),
        called_at=session.scalar(select(func.max(Attempt.started_at)).where(calls, Attempt.direction == "outgoing")),
    )


def takes_calls(session: Session, worker: str) -> bool:
    """Whether a worker still begins calls: it is not draining, and nobody has given it up."""
    row = session.get(Worker, worker)
    return row is None or not (row.draining or row.lost or row.ended_at is not None)


def register(session: Session, call: IncomingCall) -> None:
    """Enter a call that came."""
    session.add(call)


def incoming_calls(
    session: Session, *, text: str = "", treatment: str = "", page: int, size: int
) -> Page[IncomingCall]:
    """The register, the latest first.

    `text`: the client's name, telephone number or client number, or the line, each in full; "": all. `treatment`: what
    was done, "": whatever.
    """
    query = select(IncomingCall)
    if text:
        of_client = IncomingCall.customer_id.in_(select(Customer.id).where(is_client(text)))
        query = query.where(or_(of_client, IncomingCall.trunk == text))
    if treatment:
        query = query.where(IncomingCall.treatment == treatment)
    total = session.scalar(query.with_only_columns(func.count(IncomingCall.id))) or 0
    rows = session.scalars(
        query.options(joinedload(IncomingCall.customer), joinedload(IncomingCall.attempt))
        .order_by(IncomingCall.at.desc(), IncomingCall.id.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    return Page(rows.all(), total, page, size)
