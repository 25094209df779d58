"""Which differences from what the cast declares may come from hearing, and which are never excused.

On a line with noise at 20 dB a turn in several hundred is heard wrongly (README, "Measured"). Such a client may be
called once more or given to a person, who hears out a false alarm too; beyond that nothing may be stored that the
client did not say, no risk may be missing, and nothing closed for good.
"""

from __future__ import annotations

from sqlalchemy import select

from campaign.demo.demo_verdict import Difference
from models import ReviewTask
from rules import Outcome
from tests.acceptance.conftest import Ran

MISHEARD = 2  # clients of one campaign, at most
_ON_THE_SAFE_SIDE = {Outcome.NEEDS_HUMAN, Outcome.CALLBACK_AGREED}
_NOT_STORED = "not asked or not stored"


def unexcused(ran: Ran, client: str) -> list[str]:
    """What is stored of a client otherwise than declared and cannot come from asking again, for the message."""
    mine = [one for one in ran.result.differences if one.client == client]
    spoke, alarm = _spoke(ran, client), any(_is_false_alarm(one) for one in mine)
    return [f"{one.what}: {one.expected} stored as {one.stored}" for one in mine if not spoke or _harmful(one, alarm)]


def misheard(ran: Ran) -> set[str]:
    """The clients of whom anything is stored otherwise than declared."""
    return {one.client for one in ran.result.differences}


def _is_false_alarm(one: Difference) -> bool:
    """Whether the client ended with a person who was to hear out a risk."""
    return one.what == "outcome" and one.stored == Outcome.NEEDS_HUMAN


def _harmful(one: Difference, alarm: bool) -> bool:
    match one.what:
        case "attempts":
            return False
        case "status":
            return one.stored.startswith("已完成")
        case "outcome":
            return one.stored not in _ON_THE_SAFE_SIDE
        case "risks":
            return not set(filter(None, one.expected.split("|"))) <= set(one.stored.split("|"))
        case _:
            return one.stored != _NOT_STORED and not alarm


def _spoke(ran: Ran, client: str) -> bool:
    """Whether the client said anything that was heard: what the network did allows of no doubt."""
    with ran.database.read() as session:
        mine = [task for task in session.scalars(select(ReviewTask)) if _client(task) == client]
        return any(event.kind == "Heard" for task in mine for one in task.attempts for event in one.events)


def _client(task: ReviewTask) -> str:
    return task.number.partition("-")[2].partition("~")[0]
