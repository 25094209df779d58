"""What an operator is told of a trunk is what happened on it: a far end that is out of order pauses it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from tests.telephony.farend import hung_up
from tests.telephony.sip.house import NUMBER, dialer, trunk
from tests.telephony.sip.sipp import answer, expect, sipp

OUT_OF_ORDER = (expect("INVITE"), answer(503), expect("ACK"))
CALLS = 8  # before a trunk is judged


async def test_a_trunk_that_is_out_of_order(tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, *OUT_OF_ORDER, calls=CALLS) as far,
        dialer(tmp_path, trunk(far.port, name="main", calls=20, calls_per_second=50, ping_seconds=0)) as calls,
    ):
        (before,) = calls.conditions()
        assert (before.name, before.alive, before.standing, before.load.most) == ("main", True, None, 20)
        assert (before.paused_since, before.load.ended) == (None, 0)
        legs = [await calls.dial(f"{no}-1", NUMBER, ring_seconds=60) for no in range(CALLS)]
        await asyncio.gather(*(hung_up(leg) for leg in legs))
        (after,) = calls.conditions()
    assert after.paused_since is not None and after.paused_until is not None
    assert after.paused_since <= datetime.now(UTC)
    assert round((after.paused_until - after.paused_since).total_seconds(), 3) == 30
    assert "503" in after.paused_why
