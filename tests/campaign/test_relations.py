"""Whom §6.3 keeps from a client, as it is on record: who serves it, and about whom it has complained."""

from __future__ import annotations

from sqlalchemy import select

from campaign.calls.facts import barred_from
from models import BusinessEvent, Customer, Database, Staff
from tests.conftest import NOON


def test_who_serves_a_client_and_about_whom_it_complained_is_kept_from_it(database: Database, task_id: int) -> None:
    with database.write() as session:
        client = session.scalars(select(Customer)).one()
        session.add_all(
            [
                Staff(id=50, number="8002", name="钱进", post="agent"),
                Staff(id=51, number="8003", name="孙理", post="agent"),
            ]
        )
        session.flush()
        for number, kind, staff_id in (("E1", "complaint", 50), ("E2", "leaving", 51)):
            session.add(
                BusinessEvent(
                    number=number,
                    kind=kind,
                    customer_id=client.id,
                    staff_id=staff_id,
                    occurred_at=NOON,
                    created_at=NOON,
                )
            )
        session.flush()
        assert barred_from(session, client) == {"B01", "赵立", "8002", "钱进"}
