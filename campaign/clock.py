"""The business clock: real time, or demo time in which retry intervals pass faster."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What time it is for the rules; audio never looks at it."""

    def now(self) -> datetime:
        """The aware instant."""

    def real_seconds(self, until: datetime) -> float:
        """How long a process must really wait until `until`; 0 when it has passed."""

    def skip_to(self, at: datetime, lead_seconds: float) -> None:
        """Nothing happens before `at`: a demo clock jumps to `lead_seconds` of real time before it."""


class RealClock:
    """The clock on the wall."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def real_seconds(self, until: datetime) -> float:
        return max(0.0, (until - self.now()).total_seconds())

    def skip_to(self, at: datetime, lead_seconds: float) -> None:
        """Real time cannot be skipped."""


class DemoClock:
    """Time that starts at `begin` and runs `factor` times as fast, with jumps over idle stretches."""

    def __init__(self, begin: datetime, factor: float) -> None:
        self._begin = begin
        self._factor = factor
        self._started = time.monotonic()

    def now(self) -> datetime:
        elapsed = time.monotonic() - self._started
        return self._begin + timedelta(seconds=elapsed * self._factor)

    def real_seconds(self, until: datetime) -> float:
        return max(0.0, (until - self.now()).total_seconds() / self._factor)

    def skip_to(self, at: datetime, lead_seconds: float) -> None:
        idle = at - timedelta(seconds=lead_seconds * self._factor) - self.now()
        self._begin += max(idle, timedelta())

    def slow_down(self) -> None:
        """Go on at the pace of the wall's clock, when nothing waits any more: days would race past whoever looks on."""
        self._begin, self._started, self._factor = self.now(), time.monotonic(), 1.0
