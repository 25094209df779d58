"""A call asks whoever shares its trunks' caps before each trunk, and goes where it may."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from telephony.legs import HangupCause
from tests.telephony.farend import hung_up
from tests.telephony.sip.house import NUMBER, dialer, trunk
from tests.telephony.sip.sipp import answer, expect, sipp

BUSY = (expect("INVITE"), answer(486), expect("ACK"))
OUT_OF_ORDER = (expect("INVITE"), answer(503), expect("ACK"))


@dataclass
class Counted:
    """The other hosts' word: trunks that are full for them, and how often an answer comes too late."""

    full: frozenset[str] = frozenset()
    late: int = 0
    asked: list[str] = field(default_factory=list)

    async def take(self, trunk: str) -> bool:
        self.asked.append(trunk)
        return trunk not in self.full

    def fresh(self) -> bool:
        self.late -= 1
        return self.late < 0


@pytest.mark.parametrize(
    ("places", "asked"),
    [
        (Counted(), ["main", "spare"]),  # main fails the call
        (Counted(full=frozenset({"main"})), ["main", "spare"]),
        (Counted(late=1), ["main", "main", "spare"]),
    ],
    ids=["failover", "full", "late"],
)
async def test_each_trunk_is_asked_for_before_it_sees_the_call(
    tmp_path: Path, places: Counted, asked: list[str]
) -> None:
    folders = [tmp_path / name for name in ("main", "spare")]
    for folder in folders:
        folder.mkdir()
    async with (
        sipp(folders[0], *OUT_OF_ORDER) as main,
        sipp(folders[1], *BUSY) as spare,
        dialer(
            tmp_path,
            trunk(main.port, name="main", ping_seconds=0),
            trunk(spare.port, name="spare", ping_seconds=0),
        ) as calls,
    ):
        assert list(calls.roads()) == ["main", "spare"]
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60, places=places)
        assert (await hung_up(leg)).cause is HangupCause.BUSY
        await spare.finished()
        assert len(main.received("INVITE")) == ("main" not in places.full)
    assert places.asked == asked


async def test_a_call_that_may_go_nowhere_is_our_own_lines_failure(tmp_path: Path) -> None:
    async with dialer(tmp_path, trunk(9, name="main", ping_seconds=0)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60, places=Counted(full=frozenset({"main"})))
        assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
