"""A browser for the tests, without a browser: aiortc's own connection with a tone for a microphone."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction

import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from numpy.typing import NDArray

from telephony.browser import BrowserLines, BrowserPhone
from tests.telephony.farend import WAIT

RATE = 48000
FRAME = 960


class Microphone(MediaStreamTrack):
    """A tone (Hz) at 48 kHz and real pace; 0 is silence."""

    kind = "audio"

    def __init__(self, hertz: float = 0) -> None:
        super().__init__()
        self.hertz = hertz
        self._at, self._began = 0, time.monotonic()

    async def recv(self) -> AudioFrame:
        await asyncio.sleep(self._began + self._at / RATE - time.monotonic())
        at = (self._at + np.arange(FRAME)) / RATE
        samples = (8000 * np.sin(2 * np.pi * self.hertz * at)).astype("<i2")
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, Fraction(1, RATE)
        self._at += FRAME
        return frame


class Browser:
    """A page with a microphone, a loudspeaker and a channel for keys."""

    def __init__(self, hertz: float = 0) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.microphone = Microphone(hertz)
        self.peer.addTrack(self.microphone)
        self.keys = self.peer.createDataChannel("keys")
        self.gone = asyncio.Event()
        self.peer.on("connectionstatechange", self._change)
        self.keys_open = asyncio.Event()
        self.keys.on("open", self.keys_open.set)
        self.heard: list[NDArray[np.int16]] = []  # 48 kHz, one channel
        self.first_sound_at: float | None = None  # monotonic
        self._more = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self.peer.on("track", lambda track: self._tasks.append(asyncio.create_task(self._listen(track))))

    def _change(self) -> None:
        if self.peer.connectionState == "closed":
            self.gone.set()

    async def offer(self) -> str:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def hear(self, seconds: float) -> NDArray[np.int16]:
        """Wait until that much more was heard, and return it."""
        start, wanted = len(self.heard), round(seconds * 50)
        async with asyncio.timeout(WAIT + seconds), self._more:
            await self._more.wait_for(lambda: len(self.heard) - start >= wanted)
        return np.concatenate(self.heard[start : start + wanted])

    def lose_every(self, n: int) -> None:
        """From now on, one audio packet in n does not leave."""
        transport = self.peer.getSenders()[0].transport
        send, count = transport._send_rtp, itertools.count(1)

        async def send_most(data: bytes) -> None:
            control = 64 <= data[1] & 0x7F < 96  # RTCP (RFC 5761 §4)
            if control or next(count) % n:
                await send(data)

        transport._send_rtp = send_most  # type: ignore[method-assign]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.peer.close()

    async def _listen(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]
                if self.first_sound_at is None and np.abs(samples.astype(int)).max() > 1000:
                    self.first_sound_at = time.monotonic()
                async with self._more:
                    self.heard.append(samples.astype(np.int16))
                    self._more.notify_all()
        except MediaStreamError:
            pass


@asynccontextmanager
async def on_duty(lines: BrowserLines, hertz: float = 0) -> AsyncIterator[tuple[Browser, BrowserPhone]]:
    """A browser that is connected."""
    browser = Browser(hertz)
    phone, answer = await lines.answer(await browser.offer())
    await browser.accept(answer)
    assert await phone.connected()
    try:
        yield browser, phone
    finally:
        await browser.close()
        await phone.close()
