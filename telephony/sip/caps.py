"""How much a trunk is given: calls at once, calls per second, and a pause when too many of them fail."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

_WINDOW_SECONDS = 60.0  # over which failures count
_LEAST_CALLS = 8  # before a rate means anything
_FAILED_SHARE = 0.5
_PAUSE_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 600.0


class Verdict(StrEnum):
    """Whether a trunk takes one more call."""

    GO = "go"
    WAIT = "wait"  # calls per second: at `at`
    FULL = "full"  # calls at once
    PAUSED = "paused"  # too many failed


@dataclass(frozen=True, slots=True)
class Admission:
    """A verdict, and when it is worth asking again (None: when a call ends)."""

    verdict: Verdict
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of one token that fills `per_second` times a second; `free_at` is when it is full again."""

    per_second: float
    free_at: float = float("-inf")

    def started(self, now: float) -> Rate:
        """The bucket after a start."""
        return Rate(self.per_second, max(now, self.free_at) + 1 / self.per_second)


@dataclass(frozen=True, slots=True)
class Load:
    """What a trunk is doing: `ended` calls of the last minute, `failed` of them by the trunk's fault.

    `paused_since` and `paused_until` are None where it is not paused; all instants are of the loop's clock.
    """

    going: int
    most: int
    ended: int
    failed: int
    paused_since: float | None = None
    paused_until: float | None = None


class Caps:
    """One trunk's counters; failures are those of the trunk, never those of a client who does not answer.

    Starts are evenly spaced: `calls_per_second` holds with its fraction, and in every stretch of time.
    """

    def __init__(self, calls: int, calls_per_second: float) -> None:
        self._most = calls
        self._rate = Rate(calls_per_second)
        self._going = 0
        self._ends: deque[tuple[float, bool]] = deque(maxlen=1000)  # when, whether the trunk failed
        self._paused_since = self._paused_until = float("-inf")
        self._pauses = 0  # in a row

    @property
    def going(self) -> int:
        """Calls on the line."""
        return self._going

    def load(self, now: float) -> Load:
        """What it is doing; for any thread."""
        recent = [bad for at, bad in tuple(self._ends) if now - at <= _WINDOW_SECONDS]
        paused = (self._paused_since, self._paused_until) if now < self._paused_until else (None, None)
        return Load(self._going, self._most, len(recent), sum(recent), *paused)

    def admit(self, now: float) -> Admission:
        """Whether one more call may start now."""
        if now < self._paused_until:
            return Admission(Verdict.PAUSED, self._paused_until)
        if self._going >= self._most:
            return Admission(Verdict.FULL)
        free_at = self._rate.free_at
        return Admission(Verdict.GO) if free_at <= now else Admission(Verdict.WAIT, free_at)

    def start(self, now: float) -> None:
        """A call starts."""
        self._going += 1
        self._rate = self._rate.started(now)

    def end(self, failed: bool, now: float) -> bool:
        """A call ended; whether that pauses the trunk."""
        self._going -= 1
        self._ends.append((now, failed))
        if not failed:
            self._pauses = 0
            return False
        recent = [bad for at, bad in self._ends if now - at <= _WINDOW_SECONDS]
        if now < self._paused_until or len(recent) < _LEAST_CALLS or sum(recent) < _FAILED_SHARE * len(recent):
            return False
        self._paused_since = now
        self._paused_until = now + min(_LONGEST_PAUSE_SECONDS, _PAUSE_SECONDS * 2**self._pauses)
        self._pauses += 1
        self._ends.clear()
        return True
