"""dnsmasq as the carrier's name server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.ports import free_port, is_taken


@asynccontextmanager
async def dnsmasq(folder: Path, *records: str) -> AsyncIterator[str]:
    """Run it with records as on its command line; gives its address and port."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root",
        "--listen-address=127.0.0.1", "--bind-interfaces", f"--port={port}", "--pid-file=", "--local-ttl=600",
        "--local=/example/", *(f"--{each}" for each in records),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        await _listening(process, port)
        yield f"127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    for _ in range(3000):
        assert process.returncode is None, "dnsmasq has ended"
        if is_taken(port, socket.SOCK_DGRAM):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("dnsmasq does not listen")
