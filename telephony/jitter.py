"""A small jitter buffer: frames come in when the network pleases and go out one per tick.

It waits for `target` spare frames before it starts and lets an empty tick be silence, which by itself adds the
delay that a late far end needs. Delay that is no longer needed (more than `target` frames spare all through a
window) is shed again: quiet frames at once, one loud frame a window at most, so a far end whose clock runs fast is
followed without a word being lost.
"""

from __future__ import annotations

from collections import deque

import numpy as np

_QUIET = 500.0  # root mean square (-36 dBFS): background, or the weakest of consonants
_SAMPLES: np.dtype[np.int16] = np.dtype("<i2")


class JitterBuffer:
    """Frames of 16-bit samples between their arrival and their tick; bounded by `ceiling` frames."""

    __slots__ = ("_ceiling", "_frames", "_low", "_shedding", "_target", "_ticks", "_waited", "_window", "overflowed")

    def __init__(self, target: int = 1, ceiling: int = 100, window: int = 50) -> None:
        self._target = target
        self._ceiling = ceiling
        self._window = window
        self._frames: deque[bytes] = deque()
        self._waited: int | None = 0  # ticks since the first frame came; None: started
        self._ticks = 0
        self._low = ceiling
        self._shedding = 0
        self.overflowed = 0  # frames lost because far too many came

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, frame: bytes) -> None:
        """Add a frame that has arrived; the oldest goes when the ceiling is reached."""
        if len(self._frames) >= self._ceiling:
            self._frames.popleft()
            self.overflowed += 1
        self._frames.append(frame)

    def take(self) -> bytes | None:
        """The frame of this tick, or None when there is none (silence)."""
        if self._waited is not None and not self._start():
            return None
        self._shed()
        frame = self._frames.popleft() if self._frames else None
        self._watch()
        return frame

    def _start(self) -> bool:
        if not self._frames or self._waited is None:
            return False
        if len(self._frames) > self._target or self._waited >= self._target:
            self._waited = None
            return True
        self._waited += 1
        return False

    def _shed(self) -> None:
        while self._shedding and len(self._frames) > self._target and _is_quiet(self._frames[0]):
            self._frames.popleft()
            self._shedding -= 1

    def _watch(self) -> None:
        """Once a window, see how many frames lay idle all through it."""
        self._low = min(self._low, len(self._frames))
        self._ticks += 1
        if self._ticks < self._window:
            return
        spare = self._low - self._target
        if self._shedding and spare > 0:  # no quiet frame came by for a whole window
            self._frames.popleft()
            spare -= 1
        self._shedding = max(0, spare)
        self._ticks, self._low = 0, self._ceiling


def _is_quiet(frame: bytes) -> bool:
    samples = np.frombuffer(frame, _SAMPLES).astype(np.float32)
    return float(np.sqrt(np.mean(samples * samples))) < _QUIET
