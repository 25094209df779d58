"""Do-not-call (免打扰) in the database: who is on the list and why, put on by one person, lifted by two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from models.calls import Page
from models.control import do_not_call
from models.managing_tables import SilenceActed
from models.sealed import current_seal
from models.tables import Customer
from rules.silence import SilenceAct, SilenceState, acted

CHUNK = 500  # clients in memory at a time


@dataclass(frozen=True, slots=True)
class Silent:
    """A client who must not be called, with the latest act about it (None: it came in by an import or a call)."""

    client: Customer
    acts: Sequence[SilenceActed]

    @property
    def state(self) -> SilenceState:
        """How the client stands."""
        return _state(self.client, self.acts)

    @property
    def added(self) -> SilenceActed | None:
        """The act that put the client on the list, where a person did."""
        return next((one for one in reversed(self.acts) if one.act == SilenceAct.ADD), None)

    @property
    def asked(self) -> SilenceActed | None:
        """The request to lift it that is open."""
        return self.acts[-1] if self.state is SilenceState.ASKED else None


def silent_clients(session: Session, text: str, *, asked: bool, page: int, size: int) -> Page[Silent]:
    """Clients who must not be called, the latest first; `text`: a name, telephone number or client number, exact."""
    query = _narrowed(text, asked)
    total = session.scalar(query.with_only_columns(func.count(Customer.id))) or 0
    rows = session.scalars(_in_order(query).limit(size).offset((page - 1) * size)).all()
    return Page(_with_acts(session, rows), total, page, size)


def all_silent(session: Session, text: str, *, asked: bool) -> Iterator[Silent]:
    """The same without end, in pieces, for an export."""
    query = _in_order(_narrowed(text, asked)).execution_options(yield_per=CHUNK)
    for rows in session.scalars(query).partitions():
        yield from _with_acts(session, rows)


def clients_like(session: Session, text: str) -> Sequence[Customer]:
    """The clients of that name, telephone number or client number, a few."""
    return session.scalars(select(Customer).where(is_client(text)).order_by(Customer.id).limit(20)).all()


def silent(session: Session, customer_id: int) -> Silent:
    """One client, on the list or not, kept from changing until the transaction ends."""
    client = session.scalars(select(Customer).where(Customer.id == customer_id).with_for_update()).one()
    return _with_acts(session, [client])[0]


def act_on_silence(
    session: Session, customer_id: int, act: SilenceAct, *, by: str, why: str, at: datetime
) -> SilenceState:
    """Do something about a client's do-not-call and write it down; raises SilenceRefused."""
    before = silent(session, customer_id)
    asked_by = before.asked.by if before.asked else ""
    after = acted(before.state, act, by=by, why=why, asked_by=asked_by)
    if act is SilenceAct.ADD:
        do_not_call(session, customer_id, why.strip(), at)
    elif act is SilenceAct.LIFT:
        lifted = update(Customer).where(Customer.id == customer_id)
        session.execute(lifted.values(do_not_call=False, do_not_call_at=None, do_not_call_why=""))
    session.add(SilenceActed(customer_id=customer_id, act=act.value, by=by, why=why.strip(), at=at))
    session.flush()
    return after


def _state(client: Customer, acts: Sequence[SilenceActed]) -> SilenceState:
    if not client.do_not_call:
        return SilenceState.FREE
    return SilenceState.ASKED if acts and acts[-1].act == SilenceAct.ASK else SilenceState.SILENT


def _narrowed(text: str, asked: bool) -> Select[Customer]:
    query = select(Customer).where(Customer.do_not_call)
    if text:
        query = query.where(is_client(text))
    if asked:
        later = aliased(SilenceActed)
        answered = exists().where(later.customer_id == SilenceActed.customer_id, later.id > SilenceActed.id)
        query = query.where(
            exists().where(SilenceActed.customer_id == Customer.id, SilenceActed.act == SilenceAct.ASK, ~answered)
        )
    return query


def is_client(text: str) -> ColumnElement[bool]:
    """Whether it is the client of that name, telephone number or client number, each in full."""
    digest = current_seal().digest(text)
    return or_(Customer.name_digest == digest, Customer.phone_digest == digest, Customer.number == text)


def _in_order(query: Select[Customer]) -> Select[Customer]:
    return query.order_by(Customer.do_not_call_at.desc(), Customer.id.desc())


def _with_acts(session: Session, clients: Sequence[Customer]) -> list[Silent]:
    ids = [one.id for one in clients]
    query = select(SilenceActed).where(SilenceActed.customer_id.in_(ids)).order_by(SilenceActed.id)
    acts: dict[int, list[SilenceActed]] = {}
    for one in session.scalars(query):
        acts.setdefault(one.customer_id, []).append(one)
    return [Silent(client, acts.get(client.id, [])) for client in clients]
