"""Two hundred calls at fifty a second, each with the outcome that the far end meant for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from telephony.legs import Answered, HangupCause, HungUp
from telephony.sip.dialer import SipDialer
from tests.telephony.sip.house import dialer, trunk
from tests.telephony.sip.sipp import answer, described, expect, goodbye, sipp

CALLS, PER_SECOND = 200, 50
MIX = ((486, 17), (404, 1), (480, 20), (200, None), (603, 21))  # by the last digit of the number, two each


def by_number() -> str:
    """A scenario that looks at the number and answers as the mix says."""
    look = '<action><ereg regexp="([0-9])@" search_in="hdr" header="To:" assign_to="all,digit"/>'
    look += "".join(f'<strcmp assign_to="d{n}" variable="digit" value="{n}"/>' for n in range(10)) + "</action>"
    steps = [expect("INVITE", inside=look)]
    tests = "".join(f'<test assign_to="is{n}" variable="d{n}" compare="equal" value="0"/>' for n in range(10))
    steps.append(f"<nop><action>{tests}</action></nop>")
    steps += [f'<nop next="{n // 2}" test="is{n}"/>' for n in range(10)]
    for index, (status, cause) in enumerate(MIX):
        steps.append(f'<label id="{index}"/>')
        if status == 200:
            steps += [answer(180), answer(200, sdp=described(), again=True), expect("ACK"), goodbye()]
        else:
            steps += [answer(status, f"Reason: Q.850;cause={cause}"), expect("ACK")]
        steps.append('<nop next="99"/>')
    steps.append('<label id="99"/>')
    names = ",".join(["all", *(f"is{n}" for n in range(10))])
    return "".join(steps) + f'<Reference variables="{names}"/>'


async def one(calls: SipDialer, number: int) -> tuple[HangupCause, int | None]:
    leg = await calls.dial(f"load-{number}", f"1380000{number:04d}", ring_seconds=60)
    async with asyncio.timeout(120):
        async for event in leg.events():
            if isinstance(event, Answered):
                await leg.hang_up()
            if isinstance(event, HungUp):
                return event.cause, event.q850
    raise AssertionError("a leg ended without HungUp")


async def test_two_hundred_calls_have_exactly_the_outcomes_that_were_meant(tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, by_number(), calls=CALLS, echo=False) as far,
        dialer(tmp_path, trunk(far.port, calls=300, calls_per_second=PER_SECOND)) as calls,
    ):
        outcomes = Counter(await asyncio.gather(*(one(calls, number) for number in range(CALLS))))
        await far.finished()
    share = CALLS // len(MIX)
    assert outcomes == {
        (HangupCause.BUSY, 17): share,
        (HangupCause.INVALID_NUMBER, 1): share,
        (HangupCause.UNREACHABLE, 20): share,
        (HangupCause.LOCAL, None): share,
        (HangupCause.REJECTED, 21): share,
    }
