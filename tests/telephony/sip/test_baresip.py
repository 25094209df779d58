"""With baresip as the phone: real audio both ways, hold, a transfer, keys, its hang-up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from telephony.legs import Answered, AudioIn, Digit, HangupCause, Played
from tests.telephony.farend import hung_up, until
from tests.telephony.sip.baresip import baresip
from tests.telephony.sip.house import NUMBER, dialer, recorded, trunk
from tests.telephony.sip.sipp import answer, described, expect, goodbye, sipp
from tests.telephony.sounds import line, sine

SAYS = line(sine(700, 15_000))


def loudest(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * 8000 / len(samples))


async def test_both_sides_hear_each_other(tmp_path: Path) -> None:
    async with baresip(tmp_path, SAYS, NUMBER) as phone, dialer(tmp_path, trunk(phone.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        leg.play(line(sine(500, 1500)), "ours")
        await until(leg, Played)
        await until(leg, AudioIn)
        quality = await leg.quality()
        await leg.hang_up()
        await phone.event("CALL_CLOSED")
        heard = phone.heard()
    samples = np.frombuffer(recorded(tmp_path).read_pcm("1-1"), "<i2").reshape(-1, 2).astype(int)
    assert loudest(samples[:, 0]) == pytest.approx(700, abs=10)
    assert loudest(heard) == pytest.approx(500, abs=10)
    # Of the 12,000 samples, those not near zero; what a stall of this machine made too late for the phone is dropped.
    assert 6_000 < (np.abs(heard) > 2000).sum() < 12_000
    assert quality is not None and quality.received > 50 and quality.lost == 0


async def test_the_phone_holds_resumes_presses_keys_and_hangs_up(tmp_path: Path) -> None:
    async with baresip(tmp_path, SAYS, NUMBER) as phone, dialer(tmp_path, trunk(phone.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        await phone.event("CALL_ESTABLISHED")
        await phone.tell("hold")
        await phone.logged("a=recvonly")  # our answer to its offer
        leg.play(line(sine(500, 300)), "while held")
        held = (await until(leg, AudioIn))[-1]
        await until(leg, lambda event: isinstance(event, AudioIn) and event.at_ms > held.at_ms + 600)
        await phone.tell("resume")
        played = (await until(leg, Played))[-1]
        assert isinstance(played, Played) and played.complete and played.at_ms > held.at_ms + 900  # it waited
        await phone.tell("sndcode", "7")
        pressed = (await until(leg, Digit))[-1]
        assert isinstance(pressed, Digit) and pressed.key == "7"
        await phone.tell("hangup")
        assert (await hung_up(leg)).cause is HangupCause.NORMAL


async def test_the_phone_takes_a_transfer(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()
    steps = (expect("INVITE"), answer(180), answer(200, sdp=described("sendrecv", "8"), again=True), expect("ACK"))
    async with (
        sipp(tmp_path / "agent", *steps, goodbye()) as agent,
        baresip(tmp_path, SAYS, NUMBER) as phone,
        dialer(tmp_path, trunk(phone.port)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        result = await leg.transfer(f"sip:8001@127.0.0.1:{agent.port}")
        assert result.done
        await leg.hang_up()
        await phone.tell("hangup")
        await agent.finished()


async def test_keys_reach_the_phone(tmp_path: Path) -> None:
    async with baresip(tmp_path, SAYS, NUMBER) as phone, dialer(tmp_path, trunk(phone.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        assert await leg.press("4")
        assert (await phone.event("CALL_DTMF_START"))["param"] == "4"
        await leg.hang_up()


async def test_sealed_audio(tmp_path: Path) -> None:
    async with (
        baresip(tmp_path, SAYS, NUMBER, account=";mediaenc=srtp-mand") as phone,
        dialer(tmp_path, trunk(phone.port, srtp=True)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Answered)
        leg.play(line(sine(500, 800)), "ours")
        await until(leg, Played)
        await leg.hang_up()
        await phone.event("CALL_CLOSED")
        heard = phone.heard()
        await phone.logged("RTP/SAVP")
    samples = np.frombuffer(recorded(tmp_path).read_pcm("1-1"), "<i2").reshape(-1, 2).astype(int)
    assert loudest(samples[:, 0]) == pytest.approx(700, abs=10)
    assert loudest(heard) == pytest.approx(500, abs=10)


async def test_a_phone_that_takes_no_sealed_audio_is_our_own_line(tmp_path: Path) -> None:
    async with baresip(tmp_path, SAYS, NUMBER) as phone, dialer(tmp_path, trunk(phone.port, srtp=True)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        assert (await hung_up(leg)).cause is HangupCause.OWN_LINE
