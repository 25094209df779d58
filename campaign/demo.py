"""The demo: the demo firm's clients are called through the simulated telephone network until all are dealt with."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from campaign.demo_firm import open_demo
from campaign.demo_verdict import DemoResult, judge
from campaign.runner import Runner
from campaign.works import Works
from models import Campaign
from telephony.errors import GatewayUnavailable
from telephony.gateway import Gateway
from telephony.simulator.cast import Cast, load_cast

DEMO_CLIENTS = 24
DEMO_FACTOR = 600.0
TRUNK_SECONDS = 120.0  # the simulator renders its voices when it starts for the first time
STOP_SECONDS = 10.0
ROOT = Path(__file__).resolve().parent.parent

Say = Callable[[str], None]


def _quiet(_message: str) -> None:
    return None


@dataclass(slots=True)
class Demo:
    """One run of the demo; `result` is there when every client has been dealt with.

    `cast` is a file of other clients than the demo's.
    """

    clients: int = DEMO_CLIENTS
    lines: int = 8
    cast: Path | None = None
    simulator_log: Path | None = None
    say: Say = field(default=_quiet)
    result: DemoResult | None = None

    async def run(self, works: Works) -> DemoResult:
        """Start the simulator, call everybody, and hold what was stored against the cast."""
        gateway = works.dialer
        if not isinstance(gateway, Gateway):
            raise TypeError("the demo's simulator needs the WebSocket gateway")
        cast = load_cast(self.cast).of(self.clients)
        began = time.monotonic()
        async with simulated_network(gateway, clients=self.clients, cast=self.cast, log=self.simulator_log) as network:
            self.say("准备语音 …")
            await asyncio.gather(asyncio.to_thread(works.prerender), network.connected(TRUNK_SECONDS))
            campaign = await asyncio.to_thread(_open, works, cast)
            self.say(f"{campaign.name}：{len(cast.clients)} 位客户，{self.lines} 路并发")
            await Runner(works, self.lines).run(until_done=True)
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


@dataclass(frozen=True, slots=True)
class SimulatedNetwork:
    """The running simulator."""

    gateway: Gateway
    process: asyncio.subprocess.Process

    async def connected(self, seconds: float) -> None:
        """Wait until it can be dialled; raises GatewayUnavailable when it ended or did not come in time."""
        trunk = asyncio.create_task(self.gateway.wait_for_trunk(seconds))
        ended = asyncio.create_task(self.process.wait())
        await asyncio.wait({trunk, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not trunk.done():
            trunk.cancel()
            raise GatewayUnavailable(
                f"the simulated telephone network ended with status {self.process.returncode}; its message is above"
            )
        await trunk


@asynccontextmanager
async def simulated_network(
    gateway: Gateway, *, clients: int, cast: Path | None = None, log: Path | None = None, benchmark: bool = False
) -> AsyncIterator[SimulatedNetwork]:
    """The simulated telephone network as a process of its own."""
    address = f"ws://{gateway.host}:{gateway.port}"
    command = ["-m", "telephony.simulator", "--child", "--gateway", address, "--clients", str(clients)]
    if benchmark:
        command.append("--benchmark")
    for option, file in (("--cast", cast), ("--log", log)):
        if file is not None:
            command += [option, str(file)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.DEVNULL, cwd=ROOT
    )
    try:
        yield SimulatedNetwork(gateway, process)
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
