"""The console's server as the benchmark of the live feed watches it: real pages and lines, calls made of nothing.

Says its address and the agents' cookies as JSON on its first line of output, then does what it reads, line by line:
`change 100` changes calls so often a second until the next order, `offer 20` brings so many clients who want an agent,
one after the other, `rest` stops. Every change and every offer carries its instant (ns, monotonic).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import socket
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import uvicorn
from fastapi import FastAPI

from campaign.calls.feed import Feed, LiveCall, Stage
from campaign.clock import RealClock
from campaign.handover.agents import Roster
from campaign.handover.briefing import Briefing
from campaign.handover.talks import Wanted
from campaign.handover.waiting_room import Terms
from console import AgentLines, Desk, add_pages
from models import Database, Seal, Staff, use_seal
from models.access import begin_session, give_posts
from rules import Post
from telephony.bridge import Joinable
from telephony.browser import BrowserLines
from telephony.legs import HungUp
from telephony.recording import RecordingStore

KEY = bytes(32)
OFFER_SECONDS = 0.3  # between two clients who want an agent


@dataclass(frozen=True, slots=True)
class Nobody:
    """A client's leg that is there and does nothing."""

    call_id: str

    def play(self, *_: object) -> None:
        """Nobody hears it."""

    async def ended(self) -> HungUp:
        """Never."""
        return await asyncio.Event().wait()  # type: ignore[return-value]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


async def main(agents: int, calls: int) -> None:
    """Serve until the input ends."""
    use_seal(Seal(KEY))
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/feed.db")
        database.upgrade()
        cookies = [_agent(database, number) for number in range(agents)]
        feed, roster = Feed(), Roster(Terms(wait_seconds=600.0))
        _begin(feed, calls)
        app = FastAPI(openapi_url=None)
        add_pages(app)
        async with BrowserLines() as browsers:
            store = RecordingStore(Path(folder) / "recordings", KEY)
            app.state.desk = Desk(
                database, store, feed, RealClock(), "基准证券", {}, AgentLines(roster, browsers)
            )  # fmt: skip
            server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
            serving = asyncio.create_task(server.serve())
            await server.up.wait()
            base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
            print(json.dumps({"base": base, "cookies": cookies}), flush=True)  # noqa: T201
            await _obey(feed, roster, calls)
            server.should_exit = server.force_exit = True
            await serving
        database.close()


def _agent(database: Database, number: int) -> str:
    token = secrets.token_urlsafe(32)
    with database.write() as session:
        staff = Staff(number=f"A{number}", name=f"座席{number}", post="agent")
        session.add(staff)
        session.flush()
        give_posts(session, staff.id, (Post.AGENT, Post.MANAGER))
        begin_session(session, staff.id, token, datetime.now(UTC))
    return token


def _begin(feed: Feed, calls: int) -> None:
    for number in range(calls):
        feed.show(LiveCall(f"{number}-1", number, f"T{number}", "单**先生", "适当性回访", Stage.TALKING, _now()))


def _now() -> str:
    return str(time.monotonic_ns())


async def _obey(feed: Feed, roster: Roster, calls: int) -> None:
    orders: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(orders.put_nowait, line)
        loop.call_soon_threadsafe(orders.put_nowait, "")

    threading.Thread(target=read, daemon=True).start()
    doing: asyncio.Task[None] | None = None
    while order := (await orders.get()).split():
        if doing is not None:
            doing.cancel()
            with suppress(asyncio.CancelledError):
                await doing
        match order:
            case ["change", per_second]:
                doing = asyncio.create_task(_change(feed, calls, int(per_second)))
            case ["offer", count]:
                doing = asyncio.create_task(_offer(roster, int(count)))
            case _:
                doing = None


async def _change(feed: Feed, calls: int, per_second: int) -> None:
    """One call after the other moves on to its next question; a late one does not put off those after it."""
    began = time.monotonic()
    for number in itertools.count():
        wait = began + number / per_second - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        elif number % 10 == 0:
            await asyncio.sleep(0)
        feed.change(f"{number % calls}-1", question=_now())


async def _offer(roster: Roster, count: int) -> None:
    waiting: list[asyncio.Task[Any]] = []
    try:
        for number in range(count):
            briefing = Briefing(f"{number}-9", "单**先生", "适当性回访", _now(), "", (), (), (), ())
            wanted = Wanted(cast(Joinable, Nobody(f"{number}-9")), briefing)
            waiting.append(asyncio.create_task(roster.fetch(wanted)))
            await asyncio.sleep(OFFER_SECONDS)
        await asyncio.Event().wait()
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
