"""A process with one call on the line, to be killed: it says so to the others, and waits.

Usage: python -m tests.campaign.live_elsewhere DATABASE_URL NAME
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from campaign.calls.feed import Feed, LiveCall, Stage
from campaign.calls.shared_feed import saying
from models import Database, Seal, Worker, use_seal
from models.workers import sign_on


async def work(url: str, name: str) -> None:
    """Carry a call until killed."""
    database, feed, now = Database(url), Feed(), datetime.now(UTC)
    with database.write() as session:
        sign_on(session, Worker(id=name, host="calls-01", place="", started_at=now, heartbeat_at=now))
    async with saying(feed, database, name):
        feed.show(LiveCall("7-1", 7, "T7", "单**", "适当性回访", Stage.TALKING))
        await asyncio.Event().wait()


if __name__ == "__main__":
    use_seal(Seal(bytes(range(32))))  # tests.conftest.KEY, without all that it loads
    asyncio.run(work(sys.argv[1], sys.argv[2]))
