"""How many calls to begin now. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

SOUND = 0.9  # share of the latest attempts that our lines carried, from which they count as sound
LEAST_RISKY = 0.02  # expected even of clients who have all been calm so far


@dataclass(frozen=True, slots=True)
class Pace:
    """What a worker may do: `lines` calls at once, `calls_per_second` new ones."""

    lines: int
    calls_per_second: float = 4.0


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a worker stands.

    `agents_free`: people who could take a call over now, None where calls are not handed over live.
    `risky_share`: of the latest conversations, those that needed a person. `line_health`: of the latest attempts,
    those that our own lines carried (1.0: all).
    """

    on_the_line: int
    agents_free: int | None = None
    risky_share: float = 0.0
    line_health: float = 1.0


def how_many(pace: Pace, standing: Standing, seconds: float = 1.0) -> int:
    """The calls to begin within the next `seconds`, 0 where the worker has enough.

    - Never more than the lines carry, nor than may begin in that time.
    - Lines that fail get fewer calls by the square of what they carry, and one to try them where they carry nothing.
    - Where people take calls over, no more clients talk at once than are expected to need the people who are free;
      with nobody free one call goes on at a time, and its client is called back by a person if need be.
    """
    most = pace.lines
    if standing.line_health < SOUND:
        most = max(1, math.floor(most * standing.line_health**2))
    if standing.agents_free is not None:
        share = max(LEAST_RISKY, standing.risky_share)
        most = min(most, max(1, math.floor(standing.agents_free / share)))
    return max(0, min(most - standing.on_the_line, math.ceil(pace.calls_per_second * seconds)))
