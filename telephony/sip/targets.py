"""The machines behind a trunk's name: which one a request goes to, and which ones to leave alone for a while.

Order by priority, by chance according to weight within one (RFC 2782); another one where one fails (RFC 3263 §4.3).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from telephony.sip.hop import Hop

_REST_SECONDS = 60.0  # of a machine that failed, while there are others


@dataclass(frozen=True, slots=True)
class Target:
    """One machine: lower priorities come first, weights share the calls of one priority."""

    hop: Hop
    priority: int = 0
    weight: int = 0


class Targets:
    """What the trunk's name stands for now; `chance` gives a number from 0 up to 1."""

    def __init__(self, found: Collection[Target], chance: Callable[[], float]) -> None:
        self._found = tuple(found)
        self._chance = chance
        self._rests: dict[Hop, float] = {}  # until when
        self._current: Hop | None = None

    @property
    def hops(self) -> tuple[Hop, ...]:
        """All of them."""
        return tuple(dict.fromkeys(each.hop for each in self._found))

    def replace(self, found: Collection[Target]) -> None:
        """The name stands for others now."""
        self._found = tuple(found)
        self._rests = {hop: at for hop, at in self._rests.items() if hop in self.hops}
        if self._current not in self.hops:
            self._current = None

    def current(self, now: float) -> Hop:
        """The one that registrations and signs of life go to: the same until it fails."""
        if self._current is None:
            self._current = self.pick(now) or self._found[0].hop
        return self._current

    def pick(self, now: float, without: Collection[Hop] = ()) -> Hop | None:
        """The one for the next call; those that failed lately only when there is no other. None: all are left out."""
        left = [each for each in self._found if each.hop not in without]
        fresh = [each for each in left if self._rests.get(each.hop, now) <= now] or left
        if not fresh:
            return None
        first = min(each.priority for each in fresh)
        return self._draw([each for each in fresh if each.priority == first])

    def fail(self, hop: Hop, now: float) -> bool:
        """One did not answer, or has no service; whether another is worth a try now."""
        if hop in self.hops:
            self._rests[hop] = now + _REST_SECONDS
        if self._current == hop:
            self._current = None
        return any(self._rests.get(each, now) <= now for each in self.hops)

    def _draw(self, equals: list[Target]) -> Hop:
        ordered = sorted(equals, key=lambda each: each.weight)  # weight 0 seldom, but sometimes
        at = self._chance() * sum(each.weight for each in ordered)
        for each in ordered:
            at -= each.weight
            if at < 0:
                return each.hop
        return ordered[int(self._chance() * len(ordered))].hop
