"""A browser's audio on the media loop: Opus out at the telephone's own rate, decoded and thinned out on its way in."""

from __future__ import annotations

import asyncio
import contextlib
import time
from fractions import Fraction

import numpy as np
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtp import RtpPacket
from av import AudioFrame, AudioLayout, CodecContext
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.packet import Packet

from telephony.decimator import Decimator
from telephony.jitter import JitterBuffer
from telephony.legs import FRAME_BYTES, FRAME_SAMPLES, SAMPLE_RATE

OPUS_RATE = 48000  # of Opus timestamps and of what comes in
_BITS_PER_SECOND = 24_000  # more than Opus needs for telephone speech
_WAITING = 25  # packets that the sender has not fetched: half a second
_FLOOD_FRAMES = 500  # lost because too many came: a browser that does not pace its audio
_SILENT_SECONDS = 10.0  # without any packet: the browser or the way to it is gone


class Voice(MediaStreamTrack):
    """What the browser hears: one Opus packet a frame, nothing at all while there is no call."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._packets: asyncio.Queue[Packet[AudioStream]] = asyncio.Queue(_WAITING)
        self._encoder = _encoder()
        self._encoded = 0  # samples at 8 kHz
        self._began_at = time.monotonic()
        self._at = 0  # position of the next packet at 48 kHz

    def begin(self) -> None:
        """A call begins: the time that nothing was sent counts as a pause."""
        now = int((time.monotonic() - self._began_at) * OPUS_RATE)
        self._at = max(self._at, now)
        while not self._packets.empty():
            self._packets.get_nowait()

    def send(self, pcm: bytes) -> None:
        """Send 20 ms of 16-bit samples; lost where the browser's way is blocked."""
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        frame.planes[0].update(pcm)
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, self._encoded, Fraction(1, SAMPLE_RATE)
        self._encoded += FRAME_SAMPLES
        for packet in self._encoder.encode(frame):
            packet.pts, packet.time_base = self._at, Fraction(1, OPUS_RATE)
            self._at += FRAME_SAMPLES * OPUS_RATE // SAMPLE_RATE
            if self._packets.full():
                self._packets.get_nowait()
            self._packets.put_nowait(packet)

    async def recv(self) -> Packet[AudioStream]:
        """The next packet, for the sender of the connection."""
        return await self._packets.get()


def _encoder() -> AudioCodecContext:
    encoder = CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, AudioLayout("mono"), "s16"
    encoder.bit_rate, encoder.time_base = _BITS_PER_SECOND, Fraction(1, SAMPLE_RATE)
    encoder.options = {"application": "voip", "frame_duration": "20", "compression_level": "5"}
    return encoder


class InOrder:
    """Takes the place of aiortc's jitter buffer, which waits for four packets, and for sixteen after one was lost.

    The leg has a buffer of its own: packets go on as they come, late and doubled ones are left out.
    """

    ATTRIBUTE = "_RTCRtpReceiver__jitter_buffer"

    def __init__(self) -> None:
        self._last: int | None = None  # sequence number

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """The frame to decode now; no picture is ever asked for anew (the first value)."""
        data: bytes = getattr(packet, "_data", b"")
        ahead = 1 if self._last is None else (packet.sequence_number - self._last) % 65536
        if not data or not 0 < ahead < 32768:
            return False, None
        self._last = packet.sequence_number
        return False, JitterFrame(data, packet.timestamp)


class Ear:
    """What the browser says, as frames of the telephone line."""

    def __init__(self) -> None:
        self._jitter = JitterBuffer()
        self._decimator = Decimator()
        self._waiting = b""
        self.heard_at = time.monotonic()

    def begin(self) -> None:
        """A call begins: what came before does not belong to it."""
        self._jitter, self._waiting = JitterBuffer(), b""
        self.heard_at = time.monotonic()

    @property
    def stuck(self) -> str:
        """Why nothing comes through any more."""
        if self._jitter.overflowed > _FLOOD_FRAMES:
            return "far more audio than fits into real time"
        silent = time.monotonic() - self.heard_at
        return "no audio comes from the browser any more" if silent > _SILENT_SECONDS else ""

    def take(self) -> bytes | None:
        """The 20 ms of this tick."""
        return self._jitter.take()

    async def listen(self, track: MediaStreamTrack) -> None:
        """Take what the track brings until it ends."""
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, AudioFrame) and frame.sample_rate == OPUS_RATE:
                    self._hear(frame)

    def _hear(self, frame: AudioFrame) -> None:
        self.heard_at = time.monotonic()
        channels = len(frame.layout.channels)
        samples = frame.to_ndarray().reshape(-1, channels).mean(axis=1).astype(np.int16)
        pcm = self._waiting + self._decimator.feed(samples).tobytes()
        whole = len(pcm) - len(pcm) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            self._jitter.put(pcm[start : start + FRAME_BYTES])
        self._waiting = pcm[whole:]
