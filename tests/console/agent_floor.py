"""A console with agents on a real gateway, and a client on the line; all on the test's own event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from bot.moves import Facts, Note
from bot.replay import Move
from bot.script import load_script
from campaign.clock import RealClock
from campaign.handover.agents import Roster
from campaign.handover.briefing import Asked, Briefing, Flagged, Spoken
from campaign.handover.colleagues import Consultations
from campaign.handover.duty import Failure
from campaign.handover.roads import LiveLines
from campaign.handover.sheet import Sheet
from campaign.handover.supervising import Supervisors
from campaign.handover.talks import Talk, Wanted
from campaign.handover.waiting_room import Terms
from campaign.house import House
from campaign.other_ways.by_hand import ByHand
from campaign.other_ways.people import PhoneReviews
from campaign.published import Shelf
from console import AgentLines
from intents import Intent, load_matcher
from rules import Post
from telephony.bridge import Joinable
from telephony.browser import BrowserLines
from telephony.legs import Answered
from telephony.recording import RecordingStore
from tests.conftest import NOON
from tests.console.conftest import Place
from tests.signing_in import cookies_of
from tests.telephony.farend import KEY, WAIT, Call, FarEnd, far_end, running_gateway, until

BRIEFING = Briefing(
    call_id="7-1",
    client="单**先生",
    title="适当性回访",
    reason="非本人操作",
    question="请问账户是您本人操作吗？",
    points=("问清是谁在操作",),
    answers=(Asked("请问您是自愿办理的吗？", "yes", "是自愿的"),),
    flags=(Flagged("非本人操作", "高", "是我老婆在操作"),),
    lines=(Spoken("机器人", "请问账户是您本人操作吗？"), Spoken("客户", "是我老婆在操作")),
)


@dataclass
class Floor:
    """Where the page is, who is on duty, and the client's two ends."""

    base: str
    roster: Roster
    leg: Joinable
    phone: Call
    cookies: Mapping[str, dict[str, str]]  # of the agents' browsers, by staff number
    sheet: Sheet
    kept: list[Move]  # what agents have ticked
    far: FarEnd  # of calls that agents dial

    async def fetch(self) -> Talk | Failure:
        return await self.roster.fetch(Wanted(self.leg, BRIEFING, sheet=self.sheet))


class AllDay(RealClock):
    """The wall clock of a day on which clients may be called now."""

    def now(self) -> datetime:
        return NOON + timedelta(hours=2)


@asynccontextmanager
async def floor(place: Place, recordings: Path, terms: Terms = Terms(look_seconds=0.1)) -> AsyncIterator[Floor]:  # noqa: B008
    roster = Roster(terms)
    cookies = {
        number: cookies_of(place.desk.database, Post.AGENT, number=number, name=name)
        for number, name in (("8002", "孙敏"), ("8003", "周岚"))
    }
    async with BrowserLines() as browsers, running_gateway(recordings) as gateway, far_end(gateway) as far:
        desk = place.desk
        house = House("华夏安信证券", "客户服务中心", "8001", "95500")
        reviews = PhoneReviews(
            desk.database,
            Shelf(desk.database),
            house,
            AllDay(),
            load_matcher(),
            recordings=RecordingStore(recordings, KEY),
        )
        by_hand = ByHand(reviews, roster, dialer=gateway)
        place.app.state.desk = replace(
            desk, agents=AgentLines(roster, browsers, Supervisors(roster, LiveLines()), by_hand, Consultations(roster))
        )
        async with serving(place.app) as base:
            leg = await gateway.dial("7-1", "13800000000", ring_seconds=60)
            phone = await far.take()
            await phone.say("answered")
            await until(leg, Answered)
            kept: list[Move] = []
            facts = Facts({"业务": "购买金融产品"}, NOON)
            sheet = Sheet(load_script("suitability"), facts, load_matcher(), lambda move, _: kept.append(move))
            sheet.note(Note("suitability.self_operated", "yes", "是我自己", Intent.YES, 0.9, "规则", 0, 1))
            yield Floor(base, roster, leg, phone, cookies, sheet, kept, far)
            await leg.hang_up()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The pages on a free port, on this loop."""
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    running = asyncio.create_task(server.serve())
    await asyncio.wait_for(server.up.wait(), WAIT)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await running
