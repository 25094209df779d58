"""A process at work among others: it signs on, beats and sweeps while it lives, and leaves nothing open."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from campaign.calls.recovery import settle_interrupted
from campaign.calls.storing import keep_log
from campaign.masking import kind_and_place
from campaign.running.runner import Runner
from campaign.running.sweeper import keep_sweeping
from campaign.to_the_end import called_off, to_the_end
from campaign.works import Works
from models import Worker
from models.claims import release_holds
from models.lines import enter_lines
from models.outbox import close_left
from models.workers import database_now, drain, sign_off, sign_on

log = logging.getLogger(__name__)


def arrive(works: Works, place: str = "") -> None:
    """Sign a worker on, and settle and close what others left before anything is dialled; blocks.

    `place` is what only one process at a time can work on (a data folder): whoever worked there before is gone.
    """
    with works.database.write() as session:
        now = database_now(session)
        host = socket.gethostname()
        me = Worker(id=works.worker, host=host, place=place, started_at=now, heartbeat_at=now, console=works.console)
        sign_on(session, me)
        if works.lines is not None:
            enter_lines(session, works.lines)
        close_left(session, works.clock.now(), _stays_open)
    if works.lease is not None:
        works.lease.start(works.worker)
    settle_interrupted(works)


def _stays_open(task_id: int, error: Exception) -> None:
    log.error("task %d stays open though its client was told: %s", task_id, kind_and_place(error))


@asynccontextmanager
async def staying(works: Works) -> AsyncIterator[None]:
    """Beat and sweep for as long as the block lasts, then sign off and settle what had to be broken off."""
    keeping = [asyncio.create_task(keep_sweeping(works))]
    if works.lease is not None:
        keeping.append(asyncio.create_task(works.lease.keep()))
    try:
        yield
    finally:
        await called_off(*keeping)
        await keep_log(works)
        await to_the_end(asyncio.to_thread(_leave, works))


def _leave(works: Works) -> None:
    """Sign off, and settle what had to be broken off; where the database is away, the others will do both."""
    try:
        with works.database.write() as session:
            sign_off(session, works.worker, database_now(session))
            release_holds(session, [works.worker])
        settle_interrupted(works)
    except Exception as error:
        log.error("left without signing off: %s", kind_and_place(error))


async def run_until(works: Works, runner: Runner, stop: asyncio.Event, drain_seconds: float) -> None:
    """Make calls until `stop`, then begin no more and give those on the line `drain_seconds` to end.

    Raises WorkerLost when the other workers have given this one up; its calls are ended then.
    """
    running = asyncio.create_task(runner.run(until_done=False))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            runner.draining = True
            await asyncio.to_thread(_tell_draining, works)
            await runner.drain(drain_seconds)
    finally:
        await called_off(stopping, running)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def _tell_draining(works: Works) -> None:
    """Others see it; where the database is away, the calls on the line are given their time all the same."""
    try:
        with works.database.write() as session:
            drain(session, works.worker)
    except Exception as error:
        log.error("cannot say that no more calls are begun: %s", kind_and_place(error))
