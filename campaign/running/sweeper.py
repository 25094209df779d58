"""Keeping order while calls are made: what dead workers and people left, passed deadlines, do-not-call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from campaign.calls.recovery import settle_interrupted
from campaign.calls.storing import keep_log
from campaign.masking import kind_and_place
from campaign.other_ways.people import PhoneReviews
from campaign.script_figures import AT_ONCE, count_ended
from campaign.to_the_end import to_the_end
from campaign.works import Works
from models.claims import give_up_overdue, release_holds
from models.control import withhold_all
from models.workers import any_left_behind, begun_by, database_now, give_up_silent, sweeping_alone

SWEEP_SECONDS = 5.0
COUNT_PAUSE_SECONDS = 0.1  # between two transactions of many that catch up: calls go first

log = logging.getLogger(__name__)


async def keep_sweeping(works: Works) -> None:
    """Sweep until cancelled, whatever the database does."""
    seconds = asyncio.get_running_loop().time
    while True:
        try:
            if works.abandoned:
                await keep_log(works)
            await to_the_end(asyncio.to_thread(sweep, works))
        except Exception as error:
            log.error("not swept: %s; trying again", kind_and_place(error))
        next_at = seconds() + SWEEP_SECONDS
        try:
            await _count_until(works, next_at)
        except Exception as error:
            log.error("calls are not counted for the figures of scripts: %s; trying again", kind_and_place(error))
        await asyncio.sleep(max(0.0, next_at - seconds()))


async def _count_until(works: Works, until: float) -> None:
    """Count calls that have ended until none is left; of a long history as much as there is time for."""
    seconds = asyncio.get_running_loop().time
    began = seconds()
    while await to_the_end(asyncio.to_thread(_count, works)):
        if seconds() >= until:
            return
        await asyncio.sleep(max(COUNT_PAUSE_SECONDS, 4 * (seconds() - began)))  # calls on the line need the processor
        began = seconds()


def _count(works: Works) -> bool:
    """Count calls that have ended for the figures of scripts; whether more may wait."""
    with works.database.write() as session:
        return count_ended(session) == AT_ONCE


def sweep(works: Works) -> int:
    """Settle what dead workers left and return how many attempts that were; 0 where another worker sweeps just now.

    Only a worker that has itself been alive without a gap judges others by their silence: after an outage of the
    database everybody has been silent.
    """
    with sweeping_alone(works.database) as alone:
        if not alone:
            return 0
        _give_up_silent(works)
        _find_begun(works)
        with works.database.write() as session:
            give_up_overdue(session, works.clock.now())
            withhold_all(session)
        PhoneReviews(works.database, works.scripts, works.house, works.clock, works.matcher).end_forgotten()
        with works.database.read() as session:
            if not works.recovered and not any_left_behind(session, tuple(works.abandoned)):
                return 0
        return settle_interrupted(works)


def _find_begun(works: Works) -> None:
    """Attempts that were begun although the database's answer to that was lost are nobody's but the sweeper's."""
    for doubt, at in list(works.doubtful.items()):
        with works.database.read() as session:
            works.abandoned.update(begun_by(session, works.worker, *doubt, at))
        if works.doubtful.get(doubt) == at:
            del works.doubtful[doubt]


def _give_up_silent(works: Works) -> Sequence[str]:
    if works.lease is None or not works.lease.steady:
        return ()
    with works.database.write() as session:
        lost = give_up_silent(session, database_now(session), judge=works.worker)
        if lost:
            release_holds(session, lost)
    for worker in lost:
        log.warning("worker %s is silent and has been given up", worker)
    return lost
