"""What is to be done later: instants with acts, as a heap; reads no clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import TypeAlias

Act: TypeAlias = Callable[[float], None]  # called with the instant at which it is carried out


class Alarm:
    """One thing to do later; nothing happens once it is cancelled."""

    __slots__ = ("act",)

    def __init__(self, act: Act) -> None:
        self.act: Act | None = act

    def cancel(self) -> None:
        """Do nothing after all."""
        self.act = None


class Agenda:
    """Alarms in order."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Alarm]] = []
        self._count = count()

    @property
    def deadline(self) -> float | None:
        """When the next alarm is due; None when nothing waits."""
        while self._heap and self._heap[0][2].act is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def set(self, at: float, act: Act) -> Alarm:
        """Have `act` carried out at an instant."""
        alarm = Alarm(act)
        heapq.heappush(self._heap, (at, next(self._count), alarm))
        return alarm

    def run(self, now: float) -> None:
        """Carry out what is due, and what that sets for now."""
        while (deadline := self.deadline) is not None and deadline <= now:
            _, _, alarm = heapq.heappop(self._heap)
            act, alarm.act = alarm.act, None
            if act is not None:
                act(now)
