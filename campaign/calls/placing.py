"""The last moment before a call goes out: its row is young, its worker is alive, its trunk has room for it now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaign.works import Works
from models import Campaign, CampaignFull, LinesFull, StaleAttempt
from models.bounds import count_call, count_late, is_bounded
from models.lines import LATE_SECONDS, change_line, take_line
from models.workers import database_now

DIAL_WITHIN_SECONDS = 5.0  # of its row being written: what was checked for the row holds no longer than that
FULL_SECONDS = 0.2  # before a trunk that starts as many calls as it may is asked again

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Place:
    """A call's place on a trunk, counted in the database for all hosts; a `Places` for the dialer.

    Instants are `Works.seconds`, which go on while the process stands still.
    """

    works: Works
    line: str  # the trunk whose caps it counts to, "" where nothing is counted
    written_at: float  # when the row was
    counted: datetime | None = None  # by the database's clock
    counted_at: float = 0.0  # the same instant at the latest
    campaigns: tuple[int, ...] = ()  # with bounds of their own, which it counts to as well
    attempt_id: int = 0

    @property
    def holds(self) -> bool:
        """Whether the call may still be made at all: what is not dialled by then is our own line's failure."""
        lease = self.works.lease
        young = self.works.seconds() - self.written_at <= DIAL_WITHIN_SECONDS
        return young and (lease is None or lease.held)

    def fresh(self) -> bool:
        """Whether the call may go out at this instant on its trunk; asked from any thread."""
        return self.holds and (self.counted is None or self.works.seconds() - self.counted_at <= LATE_SECONDS)

    async def take(self, trunk: str) -> bool:
        """Whether the call may go out on a trunk now; it is counted anew where it was late, or counted to another."""
        name = self._counts_to(trunk)
        while self.holds:
            if name == self.line and self.fresh():
                return True
            try:
                await asyncio.to_thread(self._count_anew, name)
            except (LinesFull, CampaignFull) as reason:
                log.info("attempt %d: %s", self.attempt_id, reason)
                if name != self.line:
                    return False
                await asyncio.sleep(FULL_SECONDS)
            except (StaleAttempt, SQLAlchemyError) as error:
                log.warning("attempt %d cannot be counted on trunk %s: %s", self.attempt_id, trunk, type(error))
                return False
        return False

    def _counts_to(self, trunk: str) -> str:
        """A trunk without caps of its own counts to those that the call was counted to."""
        lines = self.works.lines
        return trunk if lines is not None and trunk in lines.names else self.line

    def _count_anew(self, name: str) -> None:
        lines = self.works.lines
        if lines is None and not self.campaigns:
            return
        with self.works.database.write() as session:
            asked, now = self.works.seconds(), database_now(session)
            if self.counted is not None:
                count_late(session, self.campaigns, now, self.counted)
            unused = self.counted if name == self.line else None
            if lines is not None:
                change_line(session, lines, self.attempt_id, name, now, unused=unused)
        self.line, self.counted, self.counted_at = name, now, asked


def take_place(works: Works, session: Session, campaigns: Sequence[Campaign]) -> Place:
    """Count a call to its campaigns and on the first trunk with room that works; its row is to be written right away.

    Raises CampaignFull and LinesFull.
    """
    asked = works.seconds()
    bounded = [one for one in campaigns if is_bounded(one)]
    if works.lines is None and not bounded:
        return Place(works, "", asked)
    now = database_now(session)
    count_call(session, bounded, now)
    line = take_line(session, works.lines, now, works.dialer.roads()) if works.lines is not None else ""
    return Place(works, line, asked, now, asked, tuple(one.id for one in bounded))
