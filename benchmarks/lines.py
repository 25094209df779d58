"""Telephone lines of the hearing benchmark: a client's recorded side, played in the loop's own time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from speech.g711 import alaw_decode, alaw_encode
from speech.voice import caller_voices
from telephony.legs import FRAME_BYTES, FRAME_MS, SAMPLE_RATE, AudioIn, HangupCause, HungUp, LegEvent, Played

SPEECH_DBFS = -20.0  # what every Voice promises
PER_MS = SAMPLE_RATE // 1000  # samples
HELD_OUT = ("zhou", "he", "gao")  # the small model never heard their variants
_AUDIBLE_DB = 30.0  # below the loudest 10 ms; what lies lower is no speech
_CHATTER = ("今天晚上我们出去吃饭吧", "昨天的会议改到下个礼拜了", "你看一下这个文件放在哪里", "孩子明天还要去上学呢")

Samples = npt.NDArray[np.float64]


@lru_cache(maxsize=4096)
def said(text: str, voice: str) -> Samples:
    """A text in one of the ten voices, full scale 1."""
    return np.frombuffer(caller_voices()[voice].speak(text), "<i2") / 32768


def audible(samples: Samples) -> tuple[int, int]:
    """From where to where speech can be heard, in ms."""
    size = 10 * PER_MS
    power = np.mean(np.square(np.pad(samples, (0, -len(samples) % size))).reshape(-1, size), axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (-_AUDIBLE_DB / 10))
    return int(loud[0]) * 10, int(loud[-1] + 1) * 10


def noise(kind: str, n: int, g: np.random.Generator, speaker: str = "") -> Samples:
    """`n` samples of white, pink or babble noise, RMS 1; nobody babbles in the voice of `speaker`."""
    if kind == "babble":
        others = [name for name in caller_voices() if name != speaker]
        pieces = [said(text, str(g.choice(others))) for text in _CHATTER * 3]
        whole = np.concatenate(pieces)
        out = np.asarray(sum(np.roll(np.resize(whole, n), g.integers(n)) * g.uniform(0.4, 1) for _ in range(6)))
    else:
        out = g.standard_normal(n)
        if kind == "pink":
            spectrum = np.fft.rfft(out)
            out = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 4)), n)
    return np.asarray(out / np.sqrt(np.mean(out**2)))


def on_the_line(speech: Samples, snr_db: float | None, kind: str, seed: int, speaker: str = "") -> bytes:
    """Speech with noise so many dB below -20 dBFS (None: a clean line), through A-law, as 16-bit samples."""
    g = np.random.default_rng(seed)
    out = speech
    if snr_db is not None:
        out = speech + noise(kind, len(speech), g, speaker) * 10 ** ((SPEECH_DBFS - snr_db) / 20)
    pcm = (np.clip(out, -1, 1) * 32767).astype("<i2").tobytes()
    return alaw_decode(alaw_encode(pcm))


@dataclass(slots=True)
class _Queued:
    mark: str
    pcm: bytes
    sent: int = 0


@dataclass(slots=True)
class RecordedLine:
    """A leg whose far end is a recording; the line hangs up where it ends. `bot_pcm` is what the bot said."""

    client: bytes
    call_id: str = "hearing"
    bot_pcm: bytearray = field(default_factory=bytearray)
    hung_up: bool = False
    _playing: deque[_Queued] = field(default_factory=deque)
    _reports: deque[LegEvent] = field(default_factory=deque)

    async def events(self) -> AsyncIterator[LegEvent]:
        """Frame after frame, each at its time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        at_ms = 0
        for offset in range(0, len(self.client) - FRAME_BYTES + 1, FRAME_BYTES):
            if self.hung_up:
                break
            self._play_frame(at_ms)
            while self._reports:
                yield self._reports.popleft()
            yield AudioIn(self.client[offset : offset + FRAME_BYTES], at_ms)
            at_ms += FRAME_MS
            await asyncio.sleep(max(0.0, began + at_ms / 1000 - loop.time()))
        yield HungUp(HangupCause.LOCAL if self.hung_up else HangupCause.NORMAL, None, 16, at_ms)

    def play(self, pcm: bytes, mark: str) -> None:
        """Queue audio of the bot."""
        self._playing.append(_Queued(mark, pcm))

    def clear(self) -> None:
        """Drop what is queued."""
        at_ms = len(self.bot_pcm) // (2 * PER_MS)
        while self._playing:
            queued = self._playing.popleft()
            self._reports.append(Played(queued.mark, queued.sent // (2 * PER_MS), False, at_ms))

    async def hang_up(self) -> None:
        """End the call."""
        self.hung_up = True

    def _play_frame(self, at_ms: int) -> None:
        if not self._playing:
            self.bot_pcm += bytes(FRAME_BYTES)
            return
        first = self._playing[0]
        frame = first.pcm[first.sent : first.sent + FRAME_BYTES]
        first.sent += len(frame)
        self.bot_pcm += frame.ljust(FRAME_BYTES, b"\0")
        if first.sent >= len(first.pcm):
            self._playing.popleft()
            self._reports.append(Played(first.mark, first.sent // (2 * PER_MS), True, at_ms + FRAME_MS))


def joined(pieces: Sequence[Samples], pause_ms: int) -> Samples:
    """Pieces of speech with silence between them."""
    gap = np.zeros(pause_ms * PER_MS)
    parts = [part for piece in pieces for part in (piece, gap)][:-1]
    return np.concatenate(parts)
