"""What is known of how a client can be reached."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.tables import Customer, ReviewTask


@dataclass(frozen=True, slots=True)
class Contact:
    """A client's name with 称谓, and the telephone numbers: the one on record, then those learnt in calls."""

    name: str
    phones: tuple[str, ...]


def contact_of(session: Session, number: str) -> Contact | None:
    """How a client is reached, by client number (客户号); None: there is none."""
    client = session.scalar(select(Customer).where(Customer.number == number))
    if client is None:
        return None
    learnt = session.scalars(
        select(ReviewTask.next_phone)
        .where(ReviewTask.customer_id == client.id, ReviewTask.next_phone.is_not(None))
        .order_by(ReviewTask.id)
    )
    phones = dict.fromkeys([client.phone, *(phone for phone in learnt if phone)])
    return Contact(client.name + client.gender, tuple(phones))
