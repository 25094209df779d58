"""The figures of duties, draws and the forecast on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from campaign.duties.drawing import Wanted, draw_sample
from campaign.duties.outlook import LineRoom
from campaign.duties.shares import DutyKind
from campaign.duties.standing import year_standing
from models import Attempt, Campaign, Database, Draw, ReviewTask
from models.managing_owed import open_by_type_and_deadline
from models.plans import bot_calls_between
from models.populations import members_in, members_of
from models.queue import begin_attempt
from rules import CallingHours
from rules.annex_a import CONDUCT_SHARE
from rules.hours import SHANGHAI
from rules.yearly import Verdict
from tests.conftest import NOON, served


def test_a_year_as_it_stands(database: Database, task_id: int) -> None:
    """One client, a broker's, whose suitability review is under way: the conduct review joins it."""
    with database.write() as session:
        drawn = draw_sample(session, Wanted(DutyKind.CONDUCT, NOON.year, "s"), by="8101", now=NOON).id
        session.scalars(select(Campaign)).one().hours = {"week": [["09:00-12:00"]] * 7}
        begun = begin_attempt(
            session, served(session, task_id), dialled="1", worker="w", now=NOON, script_hash="f", facts="{}"
        )
        begun.ended_at, begun.outcome, begun.ring_ms = NOON + timedelta(minutes=1), "no_answer", 30_000
    with database.read() as session:
        calls = bot_calls_between(session, NOON - timedelta(days=1), NOON + timedelta(days=1))
        assert (calls.made, calls.reviewed, calls.clock_hours, calls.busy_ms) == (1, 0, 1, 30_000)
        assert [(one.credited, one.review_type) for one in members_in(session, drawn)] == [(True, "suitability")]
        assert members_of(session, drawn).withdrawn == 0
        standing = year_standing(session, NOON + timedelta(hours=1), CallingHours(), LineRoom(8, 4.0))
        share = dict(standing.shares)[CONDUCT_SHARE]
        assert (share.needed, share.open, share.unplanned, share.verdict) == (1, 1, 1, Verdict.UNPLANNED)
        assert standing.outlook.most_per_hour == 480
        assert session.get_one(Draw, drawn).proof["standings"] == {"与其他回访合并进行": 1}
        assert session.scalar(select(Attempt.outcome)) == "no_answer"


def test_shared_calls_and_later_beginnings(database: Database, task_id: int) -> None:
    """Beside the task that waits: one that is asked in its call, two in one call of a plan that begins next month, and
    four that share no call with them: of a paused campaign, for people, not to be dialled, done."""
    due, month = NOON - timedelta(hours=1), NOON.astimezone(SHANGHAI) + timedelta(days=30)
    begins = datetime(month.year, month.month, month.day, tzinfo=SHANGHAI)
    soon, later = NOON + timedelta(days=2), begins + timedelta(days=60)
    with database.write() as session:
        first = session.get_one(ReviewTask, task_id)
        first.deadline_at, first.due_at = soon, due
        paused = Campaign(name="暂停", created_at=NOON, state="paused")
        for number, (review_type, deadline_at, due_at, other) in enumerate(
            (
                ("conduct", later, due, ""),
                ("conduct", later, begins, ""),
                ("other", later, begins, ""),
                ("other", later, due, "paused"),
                ("other", later, due, "people"),
                ("other", later, None, ""),
                ("other", later, due, "done"),
            )
        ):
            task = ReviewTask(
                number=f"L{number}", customer_id=first.customer_id, review_type=review_type, script="other",
                created_at=NOON, deadline_at=deadline_at, due_at=due_at,
            )  # fmt: skip
            task.campaign = paused if other == "paused" else first.campaign
            task.with_human, task.final = other == "people", other == "done"
            session.add(task)
    with database.read() as session:
        owed = open_by_type_and_deadline(session, NOON, later)
        found = {
            (one.review_type, one.deadline_at, one.begins_at, one.joins, one.paused): (one.by_bot, one.by_people)
            for one in owed
        }
    assert found == {
        ("suitability", soon, None, None, False): (1, 0),
        ("conduct", later, None, None, False): (0, 0),
        ("conduct", later, None, soon, False): (1, 0),
        ("conduct", later, begins, None, False): (1, 0),
        ("other", later, begins, None, False): (0, 0),
        ("other", later, begins, later, False): (1, 0),
        ("other", later, None, None, True): (1, 0),
        ("other", later, None, None, False): (1, 1),
    }
