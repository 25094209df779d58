"""Audio as it arrives, put in order: packets in, one frame of samples per tick out.

A packet that is missing is waited for until its tick comes; then what it held is concealed and what lies behind it
goes on. Packets of any length are cut into frames of 20 ms; a jump of the timestamp without a jump of the number is
silence that the far end did not send.
"""

from __future__ import annotations

from telephony.jitter import JitterBuffer
from telephony.legs import FRAME_BYTES, FRAME_SAMPLES
from telephony.rtp.concealment import FRAMES, conceal

_HELD = 25  # packets behind a gap: half a second
_MEMORY = 960  # bytes of the latest audio, for concealment


class Inlet:
    """One stream; bounded by the jitter buffer's ceiling and by what is held behind a gap."""

    def __init__(self) -> None:
        self._jitter = JitterBuffer()
        self._held: dict[int, tuple[int, bytes | None]] = {}  # by extended number: timestamp, samples
        self._next: int | None = None
        self._end = 0  # the timestamp behind the last samples that were released
        self._rest = b""  # of a packet that was no whole number of frames
        self._last = b""
        self._empty = FRAMES  # ticks in a row without a frame
        self.concealed = 0  # frames
        self.late = 0  # packets that came after their tick

    @property
    def overflowed(self) -> int:
        """Frames lost because far too many came."""
        return self._jitter.overflowed

    def put(self, number: int, timestamp: int, pcm: bytes | None) -> None:
        """A packet by its extended number; `pcm` None where it held no audio (a key)."""
        if self._next is None:
            self._next, self._end = number, timestamp
        if number < self._next:
            self.late += 1
            return
        self._held.setdefault(number, (timestamp, pcm))
        self._release_ready()
        if len(self._held) > _HELD:
            self._jump()

    def take(self) -> bytes | None:
        """The frame of this tick; None when there is none."""
        if self._held and not len(self._jitter):
            self._jump()
        frame = self._jitter.take()
        if frame is not None:
            self._empty = 0
            self._remember(frame)
            return frame
        if self._empty >= FRAMES:
            return None
        self._empty += 1
        self.concealed += 1
        return conceal(self._last, self._empty - 1)

    def _remember(self, frame: bytes) -> None:
        self._last = (self._last + frame)[-_MEMORY:]

    def _release_ready(self) -> None:
        while self._next is not None and self._next in self._held:
            timestamp, pcm = self._held.pop(self._next)
            self._next += 1
            if pcm is not None:
                self._add(pcm)
                self._end = (timestamp + len(pcm) // 2) % 2**32

    def _jump(self) -> None:
        """Give up what is missing before the first held packet, conceal a little of it, and go on."""
        first = min(self._held)
        missing = (self._held[first][0] - self._end) % 2**32
        if self._last and missing < 2**31:
            for nth in range(min(FRAMES, missing // FRAME_SAMPLES)):
                self._jitter.put(conceal(self._last, nth))
                self.concealed += 1
        self._next = first
        self._release_ready()

    def _add(self, pcm: bytes) -> None:
        whole = self._rest + pcm
        for start in range(0, len(whole) - FRAME_BYTES + 1, FRAME_BYTES):
            self._jitter.put(whole[start : start + FRAME_BYTES])
        self._rest = whole[len(whole) - len(whole) % FRAME_BYTES :]
