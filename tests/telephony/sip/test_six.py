"""Calls over IPv6, signalling and audio, against SIPp."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telephony.legs import Answered, AudioIn, Played
from telephony.sip.hop import Transport
from telephony.sip.message import read, top_via
from tests.telephony.farend import until
from tests.telephony.sip.house import NUMBER, dialer, recorded, trunk
from tests.telephony.sip.sipp import REMEMBER, answer, described, expect, goodbye, sipp
from tests.telephony.sounds import line, sine

INVITED = expect("INVITE", inside=REMEMBER)


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
async def test_a_call_over_ipv6(tmp_path: Path, transport: Transport) -> None:
    steps = (INVITED, answer(180), answer(200, sdp=described(), again=True), expect("ACK"), goodbye())
    kind = "u1" if transport is Transport.UDP else "t1"
    async with (
        sipp(tmp_path, *steps, host="::1", transport=kind) as far,
        dialer(tmp_path, trunk(far.port, host="::1", transport=transport)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        leg.play(line(sine(500, 600)), "prompt")
        await until(leg, Played)
        await until(leg, AudioIn)
        quality = await leg.quality()
        await leg.hang_up()
        await far.finished()
        (invite,) = far.received("INVITE")
        assert f"INVITE sip:{NUMBER}@[::1]:{far.port}" in invite and "c=IN IP6 ::1" in invite
    left = np.frombuffer(recorded(tmp_path).read_pcm("1-1"), "<i2").reshape(-1, 2)[:, 0].astype(int)
    assert np.abs(left).max() > 4000  # SIPp sends our audio back
    assert quality is not None and quality.received > 20 and quality.strangers == 0


def test_received_without_brackets() -> None:
    # RFC 3261 §25.1: via-received is an IPv4address or an IPv6address, the latter without brackets.
    via = "SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bKa;received=2001:db8::9;rport=5062"
    message = read(
        f"SIP/2.0 200 OK\r\nVia: {via}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\n"
        "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert top_via(message).parameters["received"] == "[2001:db8::9]"
