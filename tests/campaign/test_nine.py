"""Whatever comes due at nine o'clock is in order before nine, and taken in the order of its deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from benchmarks.campaign import fill
from models import Database, ReviewTask
from models.claims import claim, take_in
from rules.hours import SHANGHAI

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
WORKERS = ("a1", "a2", "b1", "b2")
AT_ONCE = 16


@pytest.mark.parametrize("due", [1_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_what_is_due_at_nine_is_taken_in_the_order_of_its_deadlines(either_database: Database, due: int) -> None:
    campaign_id = fill(either_database, due // 10, due, NINE)
    before = NINE - timedelta(minutes=5)
    counts: list[int] = []
    while not counts or counts[-1]:
        with either_database.write() as session:
            counts.append(take_in(session, before))
            assert claim(session, "early", before, AT_ONCE, [campaign_id]) == []
    assert sum(counts) == due
    taken: list[int] = []
    for turn in range(2 * due):
        with either_database.write() as session:
            found = claim(session, WORKERS[turn % len(WORKERS)], NINE, AT_ONCE, [campaign_id])
            dial(session, found)
        if not found:
            break
        taken += found
    assert taken == sorted(range(1, due + 1), key=lambda n: (7919 * n % 300 if n > 1 else 0, n))


def dial(session: Session, tasks: Sequence[int]) -> None:
    """What a begun attempt does to its tasks in the queue."""
    gone = update(ReviewTask).where(ReviewTask.id.in_(tasks)).values(due_at=None, dial_by=None, held_until=None)
    session.execute(gone.execution_options(synchronize_session=False))
