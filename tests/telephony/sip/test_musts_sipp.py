"""The smaller duties of a caller, each against SIPp: acknowledgements, silence, refreshes, the bounds of waiting."""

from __future__ import annotations

from pathlib import Path

from telephony.legs import Answered, AudioIn, EarlyMedia, HangupCause, Ringing
from telephony.sip.alarms import Intervals
from tests.telephony.farend import hung_up, until
from tests.telephony.sip.house import NUMBER, dialer, trunk
from tests.telephony.sip.sipp import (
    REMEMBER,
    answer,
    described,
    expect,
    expect_answer,
    goodbye,
    pause,
    say,
    sipp,
)

INVITED = expect("INVITE", inside=REMEMBER)
ANSWERED = answer(200, sdp=described(), tag=";tag=far[call_number]")


async def test_a_repeated_answer_is_acknowledged_each_time(tmp_path: Path) -> None:
    invited = INVITED.replace(
        "</action>", '<ereg regexp="SIP/2.*" search_in="hdr" header="Via:" assign_to="branch"/></action>'
    )
    again = answer(200, sdp=described(), tag="").replace("[last_CSeq:]", "CSeq: 1 INVITE")
    again = again.replace("[last_Via:]", "Via: [$branch]")
    steps = (invited, ANSWERED, expect("ACK"), again)  # SIPp itself takes the second ACK: it is the first one again
    async with sipp(tmp_path, *steps, goodbye()) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        await until(leg, AudioIn)
        await leg.hang_up()
        await far.finished()
        assert len(far.received("ACK", repeated=True)) >= 2


async def test_silence_is_sent_before_the_answer(tmp_path: Path) -> None:
    # Some lines stay mute until the caller sends; SIPp sends back what it gets.
    early = answer(183, sdp=described())
    async with (
        sipp(tmp_path, INVITED, early, pause(600), answer(486), expect("ACK")) as far,
        dialer(tmp_path, trunk(far.port)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, EarlyMedia)
        await until(leg, lambda event: isinstance(event, AudioIn) and event.at_ms > 300)
        quality = await leg.quality()
        assert quality is not None and quality.received > 5
        assert (await hung_up(leg)).cause is HangupCause.BUSY
        await far.finished()


async def test_a_refresh_of_the_far_end_is_answered_as_its_timer_wants(tmp_path: Path) -> None:
    timed = ("Supported: timer", "Session-Expires: 120;refresher=uac")
    short = say("UPDATE", 1, "Supported: timer", "Session-Expires: 30") + expect_answer(422)
    refresh = say("UPDATE", 2, *timed) + expect_answer(200)
    steps = (INVITED, ANSWERED, expect("ACK"), short, refresh, say("BYE", 3), expect_answer(200))
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        assert (await hung_up(leg)).cause is HangupCause.NORMAL
        await far.finished()
        said = far.messages()
        assert "SIP/2.0 422" in said and "Min-SE: 90" in said
        taken = next(each for each in said.split("SIP/2.0 200 OK") if "2 UPDATE" in each.split("\n\n")[0][:600])
        assert "Session-Expires: 120;refresher=uac" in taken and "Require: timer" in taken


async def test_where_no_answer_to_a_cancel_comes_the_wait_is_bounded(tmp_path: Path) -> None:
    fast = Intervals(t1=0.02, t2=0.1, t4=0.1)
    async with (
        sipp(tmp_path, INVITED, answer(180), expect("CANCEL"), pause(5000)) as far,
        dialer(tmp_path, trunk(far.port), intervals=fast) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Ringing)
        await leg.hang_up()
        assert (await hung_up(leg)).cause is HangupCause.LOCAL
        again = await calls.dial("1-1", NUMBER, ring_seconds=60)  # its id and its place are free
        await again.hang_up()


async def test_a_cancel_before_any_sign_of_the_trunk_waits_for_one(tmp_path: Path) -> None:
    # RFC 3261 §9.1: no CANCEL before a provisional answer.
    steps = (INVITED, pause(700), answer(180), expect("CANCEL"), answer(200, tag=""))
    refused = answer(487, tag=";tag=far[call_number]").replace("[last_CSeq:]", "CSeq: 1 INVITE")
    async with sipp(tmp_path, *steps, refused, expect("ACK")) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await leg.hang_up()
        assert (await hung_up(leg)).cause is HangupCause.LOCAL
        await far.finished()
