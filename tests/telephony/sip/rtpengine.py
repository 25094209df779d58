"""rtpengine beside Kamailio: a relay that all audio of a call goes through, without its kernel module."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

_PORTS = 400  # of audio; those that others have taken are passed over


@dataclass(frozen=True, slots=True)
class Relay:
    """A running rtpengine: the port of its control protocol, and the ports of its audio."""

    port: int
    audio: range


class Answers(asyncio.DatagramProtocol):
    """Whether the relay has answered."""

    def __init__(self) -> None:
        self.came = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.endswith(b"d6:result4:ponge"):
            self.came.set()


@asynccontextmanager
async def rtpengine(folder: Path) -> AsyncIterator[Relay]:
    """Run it."""
    port, lowest = free_port(), free_port()
    with (folder / "rtpengine.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "rtpengine", "--config-file=none", "--foreground", "--log-stderr", "--table=-1", "--num-threads=2",
            "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{port}", "--delete-delay=0",
            f"--port-min={lowest}", f"--port-max={lowest + _PORTS}",
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        await _answers(process, port, folder)
        yield Relay(port, range(lowest, lowest + _PORTS))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answers(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    """Ask it for a sign of life until it gives one."""
    loop = asyncio.get_running_loop()
    transport, answers = await loop.create_datagram_endpoint(Answers, remote_addr=("127.0.0.1", port))
    try:
        for _ in range(600):
            assert process.returncode is None, (folder / "rtpengine.log").read_text()[-2000:]
            transport.sendto(b"1 d7:command4:pinge")
            try:
                async with asyncio.timeout(0.1):
                    await answers.came.wait()
                return
            except TimeoutError:
                continue
    finally:
        transport.close()
    raise AssertionError((folder / "rtpengine.log").read_text()[-2000:])
