"""A line for tests: paced in real time inside this process, with a client who speaks by script."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from speech.g711 import alaw_decode, alaw_encode
from speech.voice import CallerVoice
from telephony.legs import FRAME_BYTES, FRAME_MS, AudioIn, Digit, HangupCause, HungUp, LegEvent, Played

_SILENT = bytes(FRAME_BYTES)
_NOISE_RMS = 250  # 20 dB below the client's speech
_NOISE = (np.random.default_rng(1).standard_normal((500, FRAME_BYTES // 2)) * _NOISE_RMS).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Speak:
    """Say this once the bot has been silent for `after_ms`.

    Or `into_ms` into what the bot says, or when `left_ms` are left of it.
    """

    audio: bytes
    after_ms: int = 500
    into_ms: int | None = None
    left_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, 200 ms apart, once the bot is silent."""

    keys: str
    after_ms: int = 500
    into_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Stay silent for one question of the bot."""

    after_ms: int = 500
    into_ms: int | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call."""

    after_ms: int = 500
    into_ms: int | None = None


Step = Speak | Press | Wait | HangUp


@dataclass(slots=True)
class _Queued:
    mark: str
    pcm: bytes
    sent: int = 0


@dataclass(slots=True)
class PacedLine:
    """A Leg whose far end is a script; the bot's audio is `bot_pcm`, the client's `client_pcm`, frame beside frame."""

    steps: Sequence[Step]
    call_id: str = "test-1"
    client_pcm: bytearray = field(default_factory=bytearray)
    bot_pcm: bytearray = field(default_factory=bytearray)
    said_ms: list[tuple[int, int]] = field(default_factory=list)  # from where to where the client spoke
    cleared: int = 0
    hung_up: bool = False
    _events: asyncio.Queue[LegEvent] = field(default_factory=lambda: asyncio.Queue(2000))
    _playing: deque[_Queued] = field(default_factory=deque)
    _speaking: bytes = b""
    _keys: deque[str] = field(default_factory=deque)
    _silence_ms: int = 0
    _talk_ms: int = 0
    _at_ms: int = 0
    _clock: asyncio.Task[None] | None = None
    _steps: deque[Step] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._steps.extend(self.steps)

    async def events(self) -> AsyncIterator[LegEvent]:
        """The clock starts with the first reader."""
        if self._clock is None:
            self._clock = asyncio.create_task(self._run())
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, HungUp):
                return

    def play(self, pcm: bytes, mark: str) -> None:
        self._playing.append(_Queued(mark, pcm))

    def clear(self) -> None:
        self.cleared += 1
        while self._playing:
            self._report(self._playing.popleft(), complete=False)

    async def hang_up(self) -> None:
        self._end(HangupCause.LOCAL)
        if self._clock:
            self._clock.cancel()
            await asyncio.wait([self._clock])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self.hung_up:
            self._tick()
            due += FRAME_MS / 1000
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _tick(self) -> None:
        bot = self._bot_frame()
        self._follow_script(speaking=bot is not None)
        self.bot_pcm += bot or _SILENT
        client, self._speaking = self._speaking[:FRAME_BYTES], self._speaking[FRAME_BYTES:]
        heard = self._line(client.ljust(FRAME_BYTES, b"\0"))
        self.client_pcm += heard
        self._put(AudioIn(heard, self._at_ms))
        self._at_ms += FRAME_MS
        if self._keys and self._at_ms % 200 == 0:
            self._put(Digit(self._keys.popleft(), self._at_ms))

    def _bot_frame(self) -> bytes | None:
        if not self._playing:
            return None
        first = self._playing[0]
        frame = first.pcm[first.sent : first.sent + FRAME_BYTES]
        first.sent += len(frame)
        if first.sent >= len(first.pcm):
            self._playing.popleft()
            self._report(first, complete=True)
        return frame.ljust(FRAME_BYTES, b"\0")

    def _report(self, queued: _Queued, *, complete: bool) -> None:
        self._put(Played(queued.mark, queued.sent // 16, complete, self._at_ms))

    def _follow_script(self, *, speaking: bool) -> None:
        self._silence_ms = 0 if speaking else self._silence_ms + FRAME_MS
        self._talk_ms = self._talk_ms + FRAME_MS if speaking else self._talk_ms
        if not self._steps or self._speaking or self._keys or not self._talk_ms:
            return
        step = self._steps[0]
        if self._is_due(step):
            self._steps.popleft()
            self._talk_ms = 0
            self._do(step)

    def _is_due(self, step: Step) -> bool:
        if isinstance(step, Speak) and step.left_ms is not None:
            return 0 < sum(len(queued.pcm) - queued.sent for queued in self._playing) // 16 <= step.left_ms
        if step.into_ms is not None:
            return self._talk_ms >= step.into_ms
        return self._silence_ms >= step.after_ms

    def _do(self, step: Step) -> None:
        match step:
            case Speak():
                self._speaking = step.audio
                self.said_ms.append((self._at_ms, self._at_ms + len(step.audio) // 16))
            case Press():
                self._keys.extend(step.keys)
            case HangUp():
                self._end(HangupCause.NORMAL)

    def _line(self, frame: bytes) -> bytes:
        """Line noise and A-law, as a telephone network does it."""
        samples = np.frombuffer(frame, "<i2") + _NOISE[self._at_ms // FRAME_MS % len(_NOISE)]
        return alaw_decode(alaw_encode(np.clip(samples, -32768, 32767).astype("<i2").tobytes()))

    def _end(self, cause: HangupCause) -> None:
        if not self.hung_up:
            self.hung_up = True
            self._put(HungUp(cause, None, 16, self._at_ms))

    def _put(self, event: LegEvent) -> None:
        self._events.put_nowait(event)


_CLIENT = CallerVoice("f2", 60, 180)
_spoken: dict[str, bytes] = {}


def spoken(text: str) -> bytes:
    """The client's voice saying this."""
    if text not in _spoken:
        _spoken[text] = _CLIENT.speak(text)
    return _spoken[text]
