"""The demo: the demo firm's clients are called through the simulated telephone network until all are dealt with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from campaign.clock import DemoClock
from campaign.demo.demo_firm import open_demo
from campaign.demo.demo_network import SimulatedNetwork, simulated_network
from campaign.demo.demo_verdict import DemoResult, judge
from campaign.running.runner import Runner
from campaign.works import Works
from models import Campaign
from telephony.simulator.cast import Cast, load_cast

DEMO_CLIENTS = 24
DEMO_LINES = 12  # fewer keep urgent second attempts waiting, on the fast clock, until their deadline has passed
DEMO_FACTOR = 600.0
OUTBOX_SECONDS = 30.0  # a task is closed when its client has been told

Say = Callable[[str], None]


def _quiet(_message: str) -> None:
    return None


@dataclass(slots=True)
class Demo:
    """One run of the demo; `result` is there when every client has been dealt with.

    `cast` is a file of other clients than the demo's.
    """

    clients: int = DEMO_CLIENTS
    lines: int = DEMO_LINES
    cast: Path | None = None
    simulator_log: Path | None = None
    say: Say = field(default=_quiet)
    result: DemoResult | None = None

    async def go_on(self, works: Works) -> None:
        """Call whoever comes due when everybody was dealt with: of plans, imports and draws made by who looks on.

        Until cancelled, and in real time; only what the clock has before the next call is skipped, as before.
        """
        if isinstance(works.clock, DemoClock):
            works.clock.slow_down()
        await Runner(works, self.lines).run(until_done=False)

    def network(self, number: str) -> AbstractAsyncContextManager[SimulatedNetwork]:
        """The telephone network of the demo's clients; they see `number` calling."""
        return simulated_network(clients=self.clients, number=number, cast=self.cast, log=self.simulator_log)

    async def run(self, works: Works, network: SimulatedNetwork) -> DemoResult:
        """Call everybody over a `network` that `works` dials, and hold what was stored against the cast."""
        cast = load_cast(self.cast).of(self.clients)
        began = time.monotonic()
        self.say("准备语音 …")
        await asyncio.gather(works.voices_made(), network.ready())
        campaign = await asyncio.to_thread(_open, works, cast)
        self.say(f"{campaign.name}：{len(cast.clients)} 位客户，{self.lines} 路并发")
        await Runner(works, self.lines).run(until_done=True)
        await works.outbox.emptied(OUTBOX_SECONDS)
        self.result = await asyncio.to_thread(_judge, works, campaign.id, cast, time.monotonic() - began)
        return self.result


def _open(works: Works, cast: Cast) -> Campaign:
    with works.database.write() as session:
        return open_demo(session, cast, works.clock.now())


def _judge(works: Works, campaign_id: int, cast: Cast, seconds: float) -> DemoResult:
    with works.database.read() as session:
        return judge(
            session,
            campaign_id,
            cast,
            latencies_ms=works.turn_latencies_ms,
            usage=works.ears.usage,
            seconds=seconds,
        )
