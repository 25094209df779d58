"""Calls handed over by the exchange: REFER over a real SIP line, with SIPp as the exchange."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.agents import Joined, NotJoined
from bot.script import load_script
from campaign.handover.briefing import Notebook
from campaign.handover.roads import ByExchange
from campaign.handover.ways import Party
from rules import Risk
from telephony.legs import Answered, Leg
from tests.telephony.farend import until
from tests.telephony.sip.house import NUMBER, dialer, trunk
from tests.telephony.sip.sipp import REMEMBER, answer, described, expect, expect_answer, goodbye, say, sipp

INVITED = expect("INVITE", inside=REMEMBER)
PICKED_UP = answer(200, sdp=described(), again=True) + expect("ACK")
TARGET = "sip:8001@127.0.0.1"


def party(leg: Leg) -> Party:
    return Party(leg, Notebook("1-1", load_script("suitability"), "单小明", "先生"))


def notify(sequence: int, fragment: str, state: str) -> str:
    plain = say("NOTIFY", sequence, "Event: refer", f"Subscription-State: {state}")
    body = f"Content-Type: message/sipfrag\nContent-Length: [len]\n\n{fragment}"
    return plain.replace("Content-Length: 0", body) + expect_answer(200)


async def test_a_call_that_the_exchange_takes_leaves_us(tmp_path: Path) -> None:
    taken = expect("REFER") + answer(202, tag="") + notify(1, "SIP/2.0 200 OK", "terminated;reason=noresource")
    async with (
        sipp(tmp_path, INVITED, PICKED_UP, taken, goodbye()) as far,
        dialer(tmp_path, trunk(far.port)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        way = ByExchange(TARGET).way(party(leg))
        assert await way.fetch(Risk.COMPLAINT) == Joined(TARGET)
        await leg.ended()
        assert (await way.told()).details() == {"transferred_to": TARGET}
        await far.finished()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(603, "declined"), (486, "none_free"), (480, "timed_out"), (405, "trunk_refused"), (503, "trunk_refused")],
)
async def test_a_transfer_that_fails_has_its_reason_and_the_call_goes_on(
    tmp_path: Path, status: int, reason: str
) -> None:
    refused = expect("REFER") + answer(status, tag="")
    async with (
        sipp(tmp_path, INVITED, PICKED_UP, refused, goodbye()) as far,
        dialer(tmp_path, trunk(far.port)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        way = ByExchange(TARGET).way(party(leg))
        assert await way.fetch(Risk.COMPLAINT) == NotJoined(reason)
        assert (await way.told()).details() == {"hand_over_failed": reason}
        await leg.hang_up()
        await far.finished()


async def test_a_client_who_hangs_up_during_the_transfer_ends_it(tmp_path: Path) -> None:
    waiting = expect("REFER") + answer(202, tag="") + say("BYE", 1) + expect_answer(200)
    async with sipp(tmp_path, INVITED, PICKED_UP, waiting) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        way = ByExchange(TARGET).way(party(leg))
        assert await way.fetch(Risk.COMPLAINT) == NotJoined("client_hung_up")
