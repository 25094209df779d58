"""The media clock as values: which ticks are due, when the next one is, and how late frames left."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.legs import FRAME_MS

TICK_SECONDS = FRAME_MS / 1000
_BINS = 20_000  # of 0.1 ms: lateness is told apart up to 2 s


class Schedule:
    """Ticks every 20 ms from `start` (seconds of a monotonic clock); a late tick is made up, none is dropped.

    `tick_seconds` is for a clock that runs faster or slower than ours.
    """

    __slots__ = ("_done", "_start", "_tick_seconds")

    def __init__(self, start: float, tick_seconds: float = TICK_SECONDS) -> None:
        self._start, self._tick_seconds = start, tick_seconds
        self._done = 0

    @property
    def next_at(self) -> float:
        """When the next tick is due."""
        return self._start + self._done * self._tick_seconds

    def is_due(self, now: float) -> bool:
        """Whether a tick is due at `now`."""
        return now >= self.next_at

    def advance(self) -> float:
        """Take the next tick; returns the instant for which it was due."""
        due_at = self.next_at
        self._done += 1
        return due_at


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late outgoing frames left against their schedule."""

    frames: int
    p50_ms: float
    p99_ms: float
    max_ms: float


class LatenessCount:
    """Counts frames by lateness; constant in memory, cheap enough for every frame."""

    __slots__ = ("_counts", "_frames", "_max")

    def __init__(self) -> None:
        self._counts = [0] * _BINS
        self._frames = 0
        self._max = 0.0

    def add(self, seconds: float) -> None:
        """Count one frame; early counts as on time."""
        self._frames += 1
        self._max = max(self._max, seconds)
        self._counts[min(_BINS - 1, max(0, int(seconds * 10_000)))] += 1

    def summary(self) -> Lateness:
        """The distribution so far."""
        return Lateness(self._frames, self._quantile(0.50), self._quantile(0.99), round(self._max * 1000, 1))

    def _quantile(self, share: float) -> float:
        wanted, seen = share * self._frames, 0
        for index, count in enumerate(self._counts):
            seen += count
            if seen >= wanted and seen:
                return (index + 1) / 10
        return 0.0
