"""A campaign with lines of its own: what is over its room keeps its place, and holds up nobody else."""

from __future__ import annotations

from datetime import timedelta

from campaign.running.bounds import CampaignBounds
from models import Campaign, Customer, Database, ReviewTask
from models.claims import running_campaigns, take_in
from models.managing import set_pace
from tests.conftest import NOON


def test_only_as_many_tasks_are_taken_as_the_campaign_may_call(database: Database) -> None:
    with database.write() as session:
        session.add_all([Campaign(id=n, name=f"方案{n}", created_at=NOON) for n in (1, 2)])
        for n in range(1, 7):
            session.add(Customer(id=n, number=f"C{n}", name="客户", name_digest="", phone="1", phone_digest=""))
            session.flush()
            session.add(
                ReviewTask(
                    id=n,
                    number=f"T{n}",
                    campaign_id=1 + n // 5,
                    customer_id=n,
                    review_type="other",
                    script="periodic",
                    created_at=NOON,
                    due_at=NOON,
                    deadline_at=NOON + timedelta(days=n),
                )  # fmt: skip
            )
        set_pace(session, 1, 2, None)
        take_in(session, NOON)
    bounds = CampaignBounds("w")

    def taken(wanted: int, busy: list[int]) -> list[int]:
        with database.write() as session:
            room = bounds.room(session, running_campaigns(session), busy)
            return bounds.claim(session, NOON, wanted, [1, 2], room)

    assert taken(3, []) == [1, 2]  # the nearest deadlines; the third of the same campaign keeps its place
    assert taken(3, [1, 2]) == [5, 6]  # the other campaign goes on
    assert taken(3, [2, 5, 6]) == [3]
    assert taken(3, [2, 3]) == []
