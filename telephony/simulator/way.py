"""One way of a line: when each packet arrives, or that it is lost. Pure: time and chance are arguments.

Loss comes in runs (Gilbert): after a packet that arrived the next one is lost with the chance that gives the wanted
share, after a lost one the run goes on until its wanted mean length. Delay varies evenly between nothing and the
jitter; as in one queue, nothing overtakes what was sent before it.
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Generic, TypeVar

from telephony.simulator.conditions import Conditions

T = TypeVar("T")


class Way(Generic[T]):
    """What is on its way, in the order in which it arrives; all instants in seconds of one clock."""

    def __init__(self, conditions: Conditions, chance: Random) -> None:
        self._delay, self._jitter = conditions.delay_ms / 1000, conditions.jitter_ms / 1000
        share = conditions.loss_percent / 100
        self._goes_on = 1 - 1 / max(conditions.loss_burst, conditions.least_burst)
        self._begins = share / (1 - share) * (1 - self._goes_on)
        self._chance = chance
        self._in_loss = False
        self._going: deque[tuple[float, T]] = deque()
        self._last_at = float("-inf")
        self.lost = 0

    @property
    def next_at(self) -> float | None:
        """When the next thing arrives; None: nothing is on its way."""
        return self._going[0][0] if self._going else None

    def send(self, packet: T, now: float) -> None:
        """Send what may be lost."""
        self._in_loss = self._chance.random() < (self._goes_on if self._in_loss else self._begins)
        arrives_at = now + self._delay + self._jitter * self._chance.random()
        if self._in_loss:
            self.lost += 1
        else:
            self._put(packet, arrives_at)

    def tell(self, message: T, now: float) -> None:
        """Send what arrives in any case, as signalling does."""
        self._put(message, now + self._delay)

    def arrived(self, now: float) -> list[T]:
        """What has arrived since this was asked last, in order."""
        here = []
        while self._going and self._going[0][0] <= now:
            here.append(self._going.popleft()[1])
        return here

    def clear(self) -> None:
        """Forget what is on its way."""
        self._going.clear()

    def _put(self, thing: T, at: float) -> None:
        self._last_at = max(self._last_at, at)
        self._going.append((self._last_at, thing))
