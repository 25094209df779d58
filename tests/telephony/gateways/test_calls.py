"""Calls through every exchange: both ways' audio, early media, keys, causes, barge-in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from telephony.gateways.dialer import ExchangeDialer, ExchangeLeg
from telephony.legs import Answered, AudioIn, Digit, EarlyMedia, HangupCause, Played, Ringing
from telephony.recording import RecordingStore
from tests.telephony.farend import KEY, WAIT, hung_up, until
from tests.telephony.gateways.standin import FarCall, StandIn
from tests.telephony.sounds import line, sine

NUMBER = "13800000000"


async def answered(dialer: ExchangeDialer, far: StandIn, call_id: str = "1-1") -> tuple[ExchangeLeg, FarCall]:
    leg = await dialer.dial(call_id, NUMBER, ring_seconds=60)
    call = await far.call()
    await call.answer()
    await until(leg, Answered)
    return leg, call


def loudness(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


async def until_loud(leg: ExchangeLeg) -> None:
    await until(leg, lambda event: isinstance(event, AudioIn) and loudness(event.pcm) > 2000)


async def test_audio_both_ways_is_recorded(dialer: ExchangeDialer, far: StandIn, tmp_path: Path) -> None:
    leg, call = await answered(dialer, far)
    assert call.number == NUMBER
    leg.play(line(sine(600, 200)), "hello")
    played = (await until(leg, Played))[-1]
    assert isinstance(played, Played) and (played.played_ms, played.complete) == (200, True)
    heard = await call.hear(0.2)
    assert loudness(heard) > 2000
    await asyncio.gather(call.speak(line(sine(500, 300))), until_loud(leg))
    await leg.hang_up()
    assert (await hung_up(leg)).cause is HangupCause.LOCAL
    await asyncio.wait_for(call.dropped.wait(), WAIT)
    stereo = np.frombuffer(RecordingStore(tmp_path, KEY).read_pcm("1-1"), "<i2").reshape(-1, 2)
    assert all(np.abs(stereo[:, channel]).max() > 5000 for channel in (0, 1))


async def test_ringing_then_the_client_hangs_up(dialer: ExchangeDialer, far: StandIn) -> None:
    leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
    call = await far.call()
    await call.ring()
    assert [type(event) for event in await until(leg, Ringing)] == [Ringing]
    await call.answer()
    await until(leg, Answered)
    await call.hang_up(0, 16)
    assert (await hung_up(leg)).cause is HangupCause.NORMAL


async def test_audio_before_the_answer(dialer: ExchangeDialer, far: StandIn) -> None:
    leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
    call = await far.call()
    if not far.has_early:  # audio comes with the answer, and not before
        await call.answer()
        assert not any(isinstance(event, EarlyMedia) for event in await until(leg, Answered))
        return
    await call.early()
    assert not any(isinstance(event, Answered) for event in await until(leg, EarlyMedia))
    await asyncio.gather(call.speak(line(sine(450, 300))), until_loud(leg))
    await call.answer()
    await until(leg, Answered)
    await leg.hang_up()


@pytest.mark.parametrize(
    ("sip", "q850", "cause"),
    [
        (486, 17, HangupCause.BUSY),
        (480, 19, HangupCause.NO_ANSWER),
        (603, 21, HangupCause.REJECTED),
        (404, 1, HangupCause.INVALID_NUMBER),
        (503, 34, HangupCause.UNREACHABLE),
    ],
)
async def test_why_nobody_answered(
    dialer: ExchangeDialer, far: StandIn, sip: int, q850: int, cause: HangupCause
) -> None:
    leg = await dialer.dial("1-1", NUMBER, ring_seconds=60)
    await (await far.call()).hang_up(sip, q850)
    ended = await hung_up(leg)
    assert ended.cause is cause
    assert ended.sip_status == sip or ended.q850 == q850


async def test_keys(dialer: ExchangeDialer, far: StandIn) -> None:
    leg, call = await answered(dialer, far)
    keys = []
    for key in "1#A":
        await call.press(key)
        pressed = (await until(leg, Digit))[-1]
        assert isinstance(pressed, Digit)
        keys.append(pressed.key)
    assert keys == ["1", "#", "A"]
    await leg.hang_up()


async def test_barge_in_empties_the_exchange_too(dialer: ExchangeDialer, far: StandIn) -> None:
    leg, call = await answered(dialer, far)
    leg.play(line(sine(600, 5000)), "long")
    await call.hear(0.2)
    leg.clear()
    cut = (await until(leg, Played))[-1]
    assert isinstance(cut, Played) and not cut.complete and 180 <= cut.played_ms < 5000  # one frame may be on its way
    if "audiosocket" not in str(far.exchange()):  # which has nothing to flush: it is given 20 ms at a time
        await asyncio.wait_for(call.flushed.wait(), WAIT)
    assert abs(len(call.heard) / 16 - cut.played_ms) <= 200 or "audiosocket" in str(far.exchange())
    await leg.hang_up()


async def test_messages_of_odd_sizes_are_audio_all_the_same(dialer: ExchangeDialer, far: StandIn) -> None:
    leg, call = await answered(dialer, far)
    await asyncio.gather(call.speak(line(sine(500, 600)), step=502), until_loud(leg))
    await leg.hang_up()
    assert (await hung_up(leg)).cause is HangupCause.LOCAL


async def test_two_calls_do_not_hear_each_other(dialer: ExchangeDialer, far: StandIn) -> None:
    first, one = await answered(dialer, far, "1-1")
    second, two = await answered(dialer, far, "1-2")
    await asyncio.gather(one.speak(line(sine(500, 300))), until_loud(first))
    await one.hang_up(0, 16)
    await hung_up(first)
    await two.press("7")
    seen = await until(second, Digit)
    assert all(loudness(event.pcm) < 100 for event in seen if isinstance(event, AudioIn))
    await second.hang_up()
