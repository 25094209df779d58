"""How much recognition has to do: whether its threads keep up with the audio that is spoken."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

SECONDS = 10  # that count as lately


@dataclass(frozen=True, slots=True)
class Load:
    """Threads at work now and pieces of audio that wait for one; `share` and `lag_seconds` of the last ten seconds.

    `share` is how much of all threads' time was spent, 0 to 1; the lag is the longest that a piece of audio took from
    being given until it was decoded.
    """

    threads: int
    busy: int
    waiting: int
    share: float
    lag_seconds: float


class Lately:
    """What the threads did in each of the last seconds; `now` is of a clock that never goes back."""

    def __init__(self) -> None:
        self._by_second: OrderedDict[int, tuple[float, float]] = OrderedDict()  # busy, the longest lag

    def note(self, now: float, busy_seconds: float, lag_seconds: float) -> None:
        """A piece of audio was decoded."""
        busy, longest = self._by_second.get(int(now), (0.0, 0.0))
        self._by_second[int(now)] = (busy + busy_seconds, max(longest, lag_seconds))
        self._forget(now)

    def seen(self, now: float, threads: int) -> tuple[float, float]:
        """The share of the threads' time that was spent, and the longest lag."""
        self._forget(now)
        busy = sum(one for one, _ in self._by_second.values())
        return min(1.0, busy / (threads * SECONDS)), max((lag for _, lag in self._by_second.values()), default=0.0)

    def _forget(self, now: float) -> None:
        while self._by_second and next(iter(self._by_second)) <= int(now) - SECONDS:
            self._by_second.popitem(last=False)
