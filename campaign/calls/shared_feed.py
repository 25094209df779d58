"""Live calls over all processes of one database: each says what it carries, and who shows pages reads what others say.

What is seen elsewhere is at most SAY_SECONDS + LOOK_SECONDS and two short transactions old. A process that is alone on
its database (SQLite) says and reads nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from campaign.calls.feed import Feed, LiveCall, Stage
from campaign.masking import kind_and_place
from campaign.to_the_end import called_off, to_the_end
from models import Database, WorkerLost
from models.live import CarriedElsewhere, calls_elsewhere, is_shared, say_calls

SAY_SECONDS = 0.25  # between two writings
LOOK_SECONDS = 0.5  # between two readings
_AGAIN_SECONDS = 1.0  # after a failure
_STAGES = frozenset(stage.value for stage in Stage)
_HERE = frozenset({"outcome", "process", "console"})  # fields that are not written

log = logging.getLogger(__name__)


@asynccontextmanager
async def saying(feed: Feed, database: Database, worker: str) -> AsyncIterator[None]:
    """Let the other processes know of the calls of this one for as long as the block lasts."""
    async with _beside(database, _keep_saying(feed, database, worker)):
        yield


@asynccontextmanager
async def looking(feed: Feed, database: Database, worker: str) -> AsyncIterator[None]:
    """Show the calls of the other processes in this one's feed for as long as the block lasts."""
    async with _beside(database, _keep_looking(feed, database, worker)):
        yield


@asynccontextmanager
async def _beside(database: Database, keeping: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    if not is_shared(database):
        keeping.close()
        yield
        return
    task = asyncio.create_task(keeping)
    try:
        yield
    finally:
        await called_off(task)


async def _keep_saying(feed: Feed, database: Database, worker: str) -> None:
    """Write until cancelled, or until the others have given this worker up."""
    said: dict[str, LiveCall] = {}
    while True:
        await feed.moved.wait()
        feed.moved.clear()
        own = dict(feed.own())
        changed = [call for call_id, call in own.items() if said.get(call_id) != call]
        try:
            await to_the_end(asyncio.to_thread(_say, database, worker, changed, said.keys() - own.keys()))
        except WorkerLost:
            return
        except Exception as error:
            log.error("live calls cannot be made known just now: %s; trying again", kind_and_place(error))
            feed.moved.set()
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            said = own
            await asyncio.sleep(SAY_SECONDS)


def _say(database: Database, worker: str, changed: Sequence[LiveCall], gone: Collection[str]) -> None:
    if changed or gone:
        rows = [{name: value for name, value in asdict(call).items() if name not in _HERE} for call in changed]
        with database.write() as session:
            say_calls(session, worker, rows, gone)


async def _keep_looking(feed: Feed, database: Database, worker: str) -> None:
    """Read until cancelled; while the database does not answer, what was read last is shown."""
    while True:
        try:
            feed.show_elsewhere(await asyncio.to_thread(_look, database, worker))
        except Exception as error:
            log.error("live calls of other processes cannot be read just now: %s", kind_and_place(error))
            await asyncio.sleep(_AGAIN_SECONDS)
        await asyncio.sleep(LOOK_SECONDS)


def _look(database: Database, worker: str) -> list[LiveCall]:
    with database.read() as session:
        # Another release may know stages that this one does not.
        return [_shown(one) for one in calls_elsewhere(session, worker) if one.call.stage in _STAGES]


def _shown(carried: CarriedElsewhere) -> LiveCall:
    call, worker = carried.call, carried.worker
    return LiveCall(
        call_id=call.call_id,
        attempt_id=call.attempt_id,
        task_number=call.task_number,
        client=call.client,
        title=call.title,
        stage=Stage(call.stage),
        question=call.question,
        process=worker.label,
        console=worker.console,
    )
