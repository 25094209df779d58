"""Calling hours as a line of time: which stretches of them lie between two instants, and how long they are. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from fractions import Fraction

from rules.hours import CallingHours, stretches

Instant = int | Fraction  # microseconds: whole ones but where calls end


def joined(start: datetime, end: datetime, hours: Iterable[CallingHours]) -> list[tuple[datetime, datetime]]:
    """The stretches in which something may be called, in order, none of them touching another."""
    parts: list[tuple[datetime, datetime]] = []
    for opens, closes in sorted(part for one in hours for part in stretches(start, end, one)):
        if parts and opens <= parts[-1][1]:
            parts[-1] = (parts[-1][0], max(parts[-1][1], closes))
        else:
            parts.append((opens, closes))
    return parts


class OpenTime:
    """Calling hours as stretches in order, from and until instants in microseconds."""

    def __init__(self, parts: list[tuple[int, int]]) -> None:
        self._parts = parts
        self._starts = [start for start, _ in parts]
        self._before: list[int] = []  # of each part
        total = 0
        for start, end in parts:
            self._before.append(total)
            total += end - start

    def between(self, begin: int, end: int) -> int:
        """How many microseconds of them lie between two instants."""
        return max(0, self._until(end) - self._until(begin))

    def within(self, begin: Instant, end: Instant) -> Iterator[tuple[Instant, Instant]]:
        """The stretches between two instants, in order."""
        place = max(0, bisect_right(self._starts, begin) - 1)
        while place < len(self._parts) and self._parts[place][0] < end:
            start, stop = max(begin, self._parts[place][0]), min(end, self._parts[place][1])
            if start < stop:
                yield start, stop
            place += 1

    def _until(self, at: int) -> int:
        place = bisect_right(self._starts, at) - 1
        if place < 0:
            return 0
        start, end = self._parts[place]
        return self._before[place] + min(at, end) - start
