"""The figures of duties, draws and the forecast on both databases."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from campaign.duties.drawing import Wanted, draw_sample
from campaign.duties.outlook import LineRoom
from campaign.duties.shares import DutyKind
from campaign.duties.standing import year_standing
from models import Attempt, Campaign, Database, Draw
from models.plans import bot_calls_between
from models.populations import members_in, members_of
from models.queue import begin_attempt
from rules import CallingHours
from rules.annex_a import CONDUCT_SHARE
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
