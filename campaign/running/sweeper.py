"""Keeping order while calls are made: what dead workers and people left, passed deadlines, do-not-call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from campaign.calls.recovery import settle_interrupted
from campaign.masking import kind_and_place
from campaign.other_ways.people import PhoneReviews
from campaign.script_figures import count_ended
from campaign.works import Works
from models.claims import give_up_overdue, release_holds
from models.control import withhold_all
from models.workers import any_left_behind, database_now, give_up_silent, sweeping_alone

SWEEP_SECONDS = 5.0

log = logging.getLogger(__name__)


async def keep_sweeping(works: Works) -> None:
    """Sweep until cancelled, whatever the database does."""
    while True:
        try:
            await asyncio.to_thread(sweep, works)
        except Exception as error:
            log.error("not swept: %s; trying again", kind_and_place(error))
        try:
            await asyncio.to_thread(_count, works)
        except Exception as error:
            log.error("calls are not counted for the figures of scripts: %s; trying again", kind_and_place(error))
        await asyncio.sleep(SWEEP_SECONDS)


def _count(works: Works) -> None:
    with works.database.write() as session:
        count_ended(session)


def sweep(works: Works) -> int:
    """Settle what dead workers left and return how many attempts that were; 0 where another worker sweeps just now.

    Only a worker that has itself been alive without a gap judges others by their silence: after an outage of the
    database everybody has been silent.
    """
    with sweeping_alone(works.database) as alone:
        if not alone:
            return 0
        _give_up_silent(works)
        with works.database.write() as session:
            give_up_overdue(session, works.clock.now())
            withhold_all(session)
        PhoneReviews(works.database, works.scripts, works.house, works.clock, works.matcher).end_forgotten()
        with works.database.read() as session:
            if not any_left_behind(session, tuple(works.abandoned)):
                return 0
        return settle_interrupted(works)


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
