"""Timers as values: instants by name, taken when they are due."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intervals:
    """The base intervals of RFC 3261 §17.1.1.1 and table 4, in seconds."""

    t1: float = 0.5  # estimate of a round trip
    t2: float = 4.0  # longest interval between retransmissions
    t4: float = 5.0  # longest that a message stays in the network

    @property
    def give_up(self) -> float:
        """64*T1, the limit of every transaction (timers B, F, H, J, L, M)."""
        return 64 * self.t1


class Alarms:
    """Named instants; setting one anew moves it."""

    __slots__ = ("_at",)

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    @property
    def next_at(self) -> float | None:
        """The earliest instant, None when nothing is set."""
        return min(self._at.values(), default=None)

    def set(self, name: str, at: float) -> None:
        """Have `name` due at an instant."""
        self._at[name] = at

    def clear(self) -> None:
        """Forget them all."""
        self._at.clear()

    def take_due(self, now: float) -> list[str]:
        """The names that are due, earliest first; they are forgotten."""
        due = sorted((at, name) for name, at in self._at.items() if at <= now)
        for _, name in due:
            del self._at[name]
        return [name for _, name in due]
