"""Audio through rtpengine, behind Kamailio: rewritten descriptions, its own ports, sealed towards us alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telephony.legs import Answered, AudioIn, Digit, Played
from tests.telephony.farend import until
from tests.telephony.sip.baresip import baresip
from tests.telephony.sip.house import NUMBER, dialer, recorded, trunk
from tests.telephony.sip.kamailio import kamailio
from tests.telephony.sip.rtpengine import rtpengine
from tests.telephony.sounds import line, sine

SAYS = line(sine(700, 15_000))


def loudest(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * 8000 / len(samples))


@pytest.mark.parametrize("sealed", [False, True])
async def test_a_call_through_the_relay(tmp_path: Path, sealed: bool) -> None:
    async with (
        baresip(tmp_path, SAYS, NUMBER) as phone,
        rtpengine(tmp_path) as relay,
        kamailio(tmp_path, next_port=phone.port, asks=False, relay_port=relay.port) as proxy,
        dialer(tmp_path, trunk(proxy.port, srtp=sealed)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        leg.play(line(sine(500, 800)), "ours")
        await until(leg, Played)
        assert await leg.press("4")
        assert (await phone.event("CALL_DTMF_START"))["param"] == "4"
        await phone.tell("hold")
        await phone.logged("a=recvonly")
        held = (await until(leg, AudioIn))[-1]
        await until(leg, lambda event: isinstance(event, AudioIn) and event.at_ms > held.at_ms + 300)
        await phone.tell("resume")
        await phone.logged("a=sendrecv")
        await phone.tell("sndcode", "7")
        pressed = (await until(leg, Digit))[-1]
        assert isinstance(pressed, Digit) and pressed.key == "7"
        quality = await leg.quality()
        await leg.hang_up()
        await phone.event("CALL_CLOSED")
        heard, said = phone.heard(), (tmp_path / "baresip.log").read_text(errors="replace")
    left = np.frombuffer(recorded(tmp_path).read_pcm("1-1"), "<i2").reshape(-1, 2)[:, 0].astype(int)
    assert loudest(left) == pytest.approx(700, abs=10) and loudest(heard) == pytest.approx(500, abs=10)
    assert quality is not None and quality.received > 40 and quality.lost == 0
    offered = said.split("m=audio ")[1].split()  # what the called side got
    assert int(offered[0]) in relay.audio and offered[1] == "RTP/AVP" and "RTP/SAVP" not in said
