"""How old what the live pages show is: agents' lines and dashboards over loopback, calls that change all the time.

The server is a process of its own. Every agent has the page's WebSocket with its voice connected (WebRTC) and is a
supervisor besides, so that each is told of every call; the microphones rest, for the load of voices is measured by
`capacity`. The age of a piece of news is the time from the change in the server to its arrival at a watcher.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame
from websockets.asyncio.client import ClientConnection, connect

from console.access import COOKIE

AGENTS, DASHBOARDS, CALLS = 50, 10, 100
CHANGES = (20, 100, 300)  # of all calls together, a second
SECONDS = 10.0
OFFERS = 20
START_SECONDS = 60.0


class Resting(MediaStreamTrack):
    """A microphone into which nobody speaks."""

    kind = "audio"

    async def recv(self) -> AudioFrame:
        """Never anything."""
        await asyncio.Event().wait()
        raise AssertionError


@dataclass(slots=True)
class Watcher:
    """What one page was told, and how old it was (ms)."""

    news: list[float] = field(default_factory=list)
    rings: list[float] = field(default_factory=list)
    pictures: int = 0  # whole ones, for a page that fell behind
    presence: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, message: dict[str, Any]) -> None:
        """Take a message."""
        now = time.monotonic_ns()
        if "changed" in message:
            self.news += [(now - int(call["question"])) / 1e6 for call in message["changed"]]
        elif "calls" in message:
            self.pictures += 1
        elif message["kind"] == "rings":
            self.rings.append((now - int(message["briefing"]["reason"])) / 1e6)
        elif message["kind"] == "presence":
            self.presence.set()


async def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    """Milliseconds by how often calls change; `--calls` calls at once."""
    calls = chosen.calls[0] if chosen.calls else CALLS
    found: dict[str, Any] = {"agents": AGENTS, "dashboards": DASHBOARDS, "calls": calls, "load": os.getloadavg()[0]}
    async with _server(calls) as (process, base, cookies), AsyncExitStack() as pages:
        lines = [await pages.enter_async_context(_line(base, cookie)) for cookie in cookies]
        boards = [await pages.enter_async_context(_board(base, cookie)) for cookie in cookies[:DASHBOARDS]]
        watchers = [watcher for watcher, _ in lines] + boards
        for per_second in CHANGES:
            found[f"{per_second}_changes_a_second"] = await _round(process, watchers, per_second)
        found["offers"] = await _offers(process, watchers)
        found["presence_round_trip"] = await _presences(lines)
    return found


async def _round(process: asyncio.subprocess.Process, watchers: list[Watcher], per_second: int) -> dict[str, Any]:
    for watcher in watchers:
        watcher.news, watcher.pictures = [], 0
    _order(process, f"change {per_second}")
    await asyncio.sleep(SECONDS)
    _order(process, "rest")
    await asyncio.sleep(2)  # what is still on its way arrives
    ages = [age for watcher in watchers for age in watcher.news]
    expected = round(per_second * SECONDS) * len(watchers)
    pictures = sum(watcher.pictures for watcher in watchers)
    return _spread(ages) | {"told_apart": f"{len(ages) / expected:.1%}", "whole_pictures": pictures}


async def _offers(process: asyncio.subprocess.Process, watchers: list[Watcher]) -> dict[str, Any]:
    """From a client's wish for a person to the ringing at the page, while calls go on."""
    _order(process, f"offer {OFFERS}")
    await asyncio.sleep(OFFERS * 0.3 + 2)
    _order(process, "rest")
    await asyncio.sleep(1)
    rings = [age for watcher in watchers for age in watcher.rings]
    return _spread(rings) | {"rung": f"{len(rings)} of {OFFERS}"}


async def _presences(lines: list[tuple[Watcher, ClientConnection]]) -> dict[str, Any]:
    """From what an agent chooses to the page's being told that it counts; all agents at once."""

    async def choose(watcher: Watcher, socket: ClientConnection) -> float:
        watcher.presence.clear()
        began = time.perf_counter()
        await socket.send(json.dumps({"kind": "presence", "presence": "忙碌"}))
        await asyncio.wait_for(watcher.presence.wait(), 10)
        return 1000 * (time.perf_counter() - began)

    return _spread(await asyncio.gather(*(choose(watcher, socket) for watcher, socket in lines)))


def _spread(ages: list[float]) -> dict[str, Any]:
    if not ages:
        return {"p50_ms": None, "p95_ms": None, "max_ms": None}
    ordered = sorted(ages)
    share = {name: ordered[int(part * (len(ordered) - 1))] for name, part in (("p50", 0.5), ("p95", 0.95), ("max", 1))}
    return {f"{name}_ms": round(age, 1) for name, age in share.items()}


@asynccontextmanager
async def _server(calls: int) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, list[str]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.feed_server", str(AGENTS), str(calls),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip
    try:
        if process.stdout is None:
            raise TypeError("the server has no output")
        said = json.loads(await asyncio.wait_for(process.stdout.readline(), START_SECONDS))
        yield process, said["base"], said["cookies"]
    finally:
        process.kill()
        await process.wait()


def _order(process: asyncio.subprocess.Process, words: str) -> None:
    if process.stdin is None:
        raise TypeError("the server has no input")
    process.stdin.write(f"{words}\n".encode())


@asynccontextmanager
async def _line(base: str, cookie: str) -> AsyncIterator[tuple[Watcher, ClientConnection]]:
    """An agent's page on duty, its voice connected."""
    watcher, peer = Watcher(), RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTrack(Resting())
    peer.createDataChannel("keys")
    address = base.replace("http", "ws") + "/agent/line"
    async with connect(address, origin=base, additional_headers={"Cookie": f"{COOKIE}={cookie}"}) as socket:  # type: ignore[arg-type]
        await peer.setLocalDescription(await peer.createOffer())
        await socket.send(
            json.dumps({"kind": "sign_on", "sdp": peer.localDescription.sdp, "token": cookie[:20], "presence": "空闲"})
        )
        answer = json.loads(await socket.recv())
        if answer["kind"] != "answer":
            raise RuntimeError(f"the page was refused: {answer}")
        await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        listening = asyncio.create_task(_listen(watcher, socket))
        await asyncio.wait_for(watcher.presence.wait(), START_SECONDS)
        try:
            yield watcher, socket
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await peer.close()


async def _listen(watcher: Watcher, socket: ClientConnection) -> None:
    async for text in socket:
        watcher.hear(json.loads(text))


@asynccontextmanager
async def _board(base: str, cookie: str) -> AsyncIterator[Watcher]:
    """A dashboard's stream of events."""
    watcher = Watcher()

    async def listen() -> None:
        async with (
            httpx.AsyncClient(base_url=base, cookies={COOKIE: cookie}, timeout=None) as client,  # noqa: S113
            client.stream("GET", "/live") as stream,
        ):
            async for line in stream.aiter_lines():
                if line.startswith("data: "):
                    watcher.hear(json.loads(line[6:]))

    listening = asyncio.create_task(listen())
    try:
        yield watcher
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
