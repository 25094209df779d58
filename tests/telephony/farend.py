"""A far end for the tests: a real WebSocket peer that places calls as it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from speech.g711 import alaw_decode, alaw_encode
from telephony.gateway import Gateway
from telephony.legs import AudioIn, HungUp, Leg, LegEvent
from telephony.recording import RecordingStore

Heard = TypeVar("Heard")

KEY = bytes(range(32))
WAIT = 60.0  # seconds, for what must happen: a busy machine takes its time


class Call:
    """One media connection: sends what it is told, keeps what it hears."""

    def __init__(self, media: ClientConnection) -> None:
        self.media = media
        self.heard = bytearray()  # PCM
        self.commands: list[dict[str, Any]] = []
        self.closed = asyncio.Event()
        self._more = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def say(self, event: str, **fields: object) -> None:
        await self.media.send(json.dumps({"event": event, **fields}))

    async def speak(self, pcm: bytes) -> None:
        """Send audio at real pace, placed by a clock of its own."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for index in range(len(pcm) // 320):
            await asyncio.sleep(start + index * 0.02 - loop.time())
            await self.media.send(alaw_encode(pcm[index * 320 : index * 320 + 320]))

    async def hear(self, seconds: float) -> bytes:
        """Wait until that much more was heard, and return it."""
        start, wanted = len(self.heard), int(seconds * 16000)
        async with asyncio.timeout(WAIT + seconds), self._more:
            await self._more.wait_for(lambda: len(self.heard) - start >= wanted)
        return bytes(self.heard[start : start + wanted])

    async def close(self) -> None:
        await self.media.close()
        with suppress(ConnectionClosed):  # broken off on purpose
            await self._reading

    async def _read(self) -> None:
        async for message in self.media:
            if isinstance(message, bytes):
                self.heard += alaw_decode(message)
                async with self._more:
                    self._more.notify_all()
            else:
                self.commands.append(json.loads(message))
        self.closed.set()


class FarEnd:
    """One trunk with its control connection."""

    def __init__(self, port: int, control: ClientConnection) -> None:
        self.port, self.control = port, control
        self._calls: list[Call] = []

    async def dialled(self) -> dict[str, Any]:
        """The next dial command."""
        async with asyncio.timeout(WAIT):
            return dict(json.loads(await self.control.recv()))

    async def media(self, call: str, *, start: bool = True) -> Call:
        carried = Call(await connect(f"ws://127.0.0.1:{self.port}/media/{call}", compression=None))
        self._calls.append(carried)
        if start:
            await carried.say("start", format="alaw")
        return carried

    async def close(self) -> None:
        """Close what the gateway has left open."""
        for call in self._calls:
            await call.close()

    async def take(self) -> Call:
        """Open the media of the next call."""
        return await self.media((await self.dialled())["call"])


@asynccontextmanager
async def far_end(gateway: Gateway) -> AsyncIterator[FarEnd]:
    async with connect(f"ws://127.0.0.1:{gateway.port}/exchange", compression=None) as control:
        await gateway.wait_for_trunk(WAIT)
        connected = FarEnd(gateway.port, control)
        try:
            yield connected
        finally:
            await connected.close()


@asynccontextmanager
async def running_gateway(folder: Path, **options: Any) -> AsyncIterator[Gateway]:
    async with Gateway("127.0.0.1", 0, RecordingStore(folder, KEY), **{"media_seconds": WAIT, **options}) as gateway:
        yield gateway


async def heard_as(hear: Callable[[], Awaitable[Heard]], wanted: Heard) -> None:
    """Listen piece by piece until a piece is as wanted: what was on its way before is heard first."""
    async with asyncio.timeout(WAIT):
        while await hear() != wanted:
            pass


async def until(leg: Leg, wanted: Callable[[LegEvent], bool] | type) -> list[LegEvent]:
    """Read events up to and with the first wanted one."""
    seen: list[LegEvent] = []
    async with asyncio.timeout(2 * WAIT):
        async for event in leg.events():
            seen.append(event)
            if isinstance(event, wanted) if isinstance(wanted, type) else wanted(event):
                return seen
    raise AssertionError(f"the leg ended before that: {[event for event in seen if not isinstance(event, AudioIn)]}")


async def hung_up(leg: Leg) -> HungUp:
    last = (await until(leg, HungUp))[-1]
    assert isinstance(last, HungUp)
    return last
