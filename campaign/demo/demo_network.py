"""The simulated telephone network as a process of its own, and the trunk that leads to it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from telephony.errors import TrunkUnavailable
from telephony.recording import Recorder
from telephony.sip.dialer import SipDialer
from telephony.sip.trunk import Trunk

HOST = "127.0.0.1"
LISTEN_SECONDS = 60.0  # the program's modules are loaded
READY_SECONDS = 120.0  # the voices are rendered when it runs for the first time
STOP_SECONDS = 10.0
ROOT = Path(__file__).resolve().parents[2]
_CALLS, _CALLS_PER_SECOND = 200, 100.0  # a trunk to ourselves


@dataclass(frozen=True, slots=True)
class SimulatedNetwork:
    """The running network; what is dialled before it is `ready` is refused."""

    process: asyncio.subprocess.Process
    trunk: Trunk

    def dialer(self, recordings: Recorder) -> SipDialer:
        """What calls the clients of the network."""
        return SipDialer((self.trunk,), recordings)

    async def ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until clients can be called; raises `TrunkUnavailable` when it ended or is not ready in time."""
        await _told(self.process, "ready", seconds)

    async def stop(self) -> None:
        """End the network and every call in it."""
        await _stop(self.process)


@asynccontextmanager
async def simulated_network(
    *, clients: int, number: str, cast: Path | None = None, log: Path | None = None, benchmark: bool = False
) -> AsyncIterator[SimulatedNetwork]:
    """Start the network with a free port of its own; raises `TrunkUnavailable`.

    `number` is our caller id. `log` gets one line of JSON for each call that reached the network.
    """
    command = ["-m", "telephony.simulator", "--child", "--clients", str(clients), "--log", str(log or os.devnull)]
    if benchmark:
        command.append("--benchmark")
    if cast is not None:
        command += ["--cast", str(cast)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,  # a Ctrl-C is for this process, which ends the network
    )
    try:
        listening = await _told(process, "listening", LISTEN_SECONDS)
        yield SimulatedNetwork(
            process,
            Trunk(
                "simulated", HOST, listening["sip_port"], number=number,
                calls=_CALLS, calls_per_second=_CALLS_PER_SECOND,
            ),
        )  # fmt: skip
    finally:
        await _stop(process)


async def _told(process: asyncio.subprocess.Process, event: str, seconds: float) -> dict[str, int]:
    """The line in which the network says that it has come so far."""
    out = process.stdout
    if out is None:
        raise TypeError("the network was started without a pipe")
    try:
        line = await asyncio.wait_for(out.readline(), seconds)
    except TimeoutError as error:
        raise TrunkUnavailable(
            f"the simulated telephone network is not {event} after {seconds:g} s: end other programs, and try again"
        ) from error
    if not line:
        status = await process.wait()
        raise TrunkUnavailable(f"the simulated telephone network ended with status {status}; its message is above")
    told: dict[str, int] = json.loads(line)
    return told


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
