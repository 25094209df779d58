"""What became of a call is stored: once, whole, and also where the database is away just then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from campaign.calls.settling import EndedCall, TaskFacts, settlement_of
from campaign.masking import kind_and_place
from campaign.to_the_end import to_the_end
from campaign.works import Works
from models import ReviewTask
from models.settlements import Settlement, settle

# The database; or it is so slow that no connection of the pool is free; or it only reads while another takes over.
AWAY = (OperationalError, NoConnection, InternalError)
SETTLE_AGAIN_SECONDS = (0.5, 2.0, 5.0, 10.0, 20.0)  # a database that restarts is back by then

log = logging.getLogger(__name__)


async def stored(works: Works, call: EndedCall, tasks: Sequence[TaskFacts]) -> Settlement:
    """Write the rest of the call's log and settle, again and again while the database is away."""
    for wait in (*SETTLE_AGAIN_SECONDS, None):
        try:
            await _log_written(works)
            return await to_the_end(asyncio.to_thread(store_ended, works, call, tasks))
        except AWAY:
            if wait is None:
                raise
            log.error("attempt %d cannot be settled just now; trying again", call.attempt_id)
            await asyncio.sleep(wait)
    raise AssertionError("the last try returns or raises")


async def _log_written(works: Works) -> None:
    """A row of the log that no database takes keeps no call from being settled."""
    try:
        await works.call_log.flush()
    except AWAY:
        raise
    except Exception as error:
        log.error("the call log could not be written: %s", kind_and_place(error))


async def keep_log(works: Works) -> None:
    """Write what was said in calls that are broken off, before they are settled by it; a failure is logged."""
    try:
        await works.call_log.flush()
    except Exception as error:
        log.error("the call log could not be written: %s", kind_and_place(error))


def store_ended(works: Works, call: EndedCall, tasks: Sequence[TaskFacts]) -> Settlement:
    """Settle an ended call in one transaction; raises StaleAttempt when somebody else did."""
    settlement = settlement_of(call, tasks, works.house, works.clock.now())
    with works.database.write() as session:
        settle(session, settlement)
        for task in settlement.tasks:
            if task.decision["questionnaire"]:
                works.forms.send(session, session.get_one(ReviewTask, task.task_id))
    return settlement
