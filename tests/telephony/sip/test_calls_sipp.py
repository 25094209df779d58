"""Outgoing calls against SIPp: real SIP and RTP on the loopback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from speech.g711 import alaw_encode
from telephony.legs import Answered, AudioIn, Digit, EarlyMedia, HangupCause, HungUp, LegEvent, Played, Ringing
from tests.telephony.farend import hung_up, until
from tests.telephony.sip.house import NUMBER, dialer, recorded, trunk
from tests.telephony.sip.sipp import (
    REMEMBER,
    STREAM,
    answer,
    answer_to_invite,
    described,
    expect,
    expect_answer,
    goodbye,
    pause,
    play,
    play_key,
    say,
    sipp,
)
from tests.telephony.sounds import line, sine

INVITED = expect("INVITE", inside=REMEMBER)


def kinds(events: list[LegEvent]) -> list[type]:
    return [type(event) for event in events if not isinstance(event, AudioIn)]


def channels(folder: Path, call: str) -> tuple[np.ndarray, np.ndarray]:
    samples = np.frombuffer(recorded(folder).read_pcm(call), "<i2").reshape(-1, 2).astype(int)
    return samples[:, 0], samples[:, 1]


def raw(folder: Path, samples: np.ndarray) -> Path:
    path = folder / "sound.raw"
    path.write_bytes(alaw_encode(line(samples)))
    return path


async def test_an_answered_call_carries_audio_both_ways(tmp_path: Path) -> None:
    steps = (INVITED, answer(180), pause(100), answer(200, sdp=described(), again=True), expect("ACK"), goodbye())
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        assert kinds(await until(leg, Answered)) == [Ringing, Answered]
        leg.play(line(sine(500, 1000)), "prompt")
        played = (await until(leg, Played))[-1]
        assert played == Played("prompt", 1000, True, played.at_ms)
        await until(leg, lambda event: isinstance(event, AudioIn) and event.at_ms > 1300)
        await leg.hang_up()
        ended = await hung_up(leg)
        assert ended.cause is HangupCause.LOCAL
        await far.finished()
    left, right = channels(tmp_path, "1-1")
    assert len(left) == ended.at_ms * 8
    assert np.abs(right[:8000]).max() > 8000  # what we said
    echoed = np.abs(left[: len(left) // 160 * 160]).reshape(-1, 160).max(axis=1) > 4000  # SIPp sends it back
    assert 44 <= np.count_nonzero(echoed) <= 56  # frames of 20 ms, which a stall of this machine may part


async def test_early_media_is_heard_and_recorded_from_its_first_frame(tmp_path: Path) -> None:
    sound = raw(tmp_path, sine(450, 1000))
    early = answer(183, sdp=described(port=STREAM))
    steps = (INVITED, early, play(sound), pause(1300), answer(486, 'Reason: Q.850;cause=17;text="busy"'), expect("ACK"))
    async with sipp(tmp_path, *steps, echo=False) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        events = await until(leg, HungUp)
        assert kinds(events) == [EarlyMedia, HungUp]
        assert events[0] == EarlyMedia(0)
        ended = events[-1]
        assert isinstance(ended, HungUp)
        assert (ended.cause, ended.sip_status, ended.q850) == (HangupCause.BUSY, 486, 17)
        await far.finished()
    left, right = channels(tmp_path, "1-1")
    loud = np.abs(left) > 4000
    assert 4000 < loud.sum() and np.flatnonzero(loud)[0] < 8000
    assert not right.any()


STATUSES = {
    (486, ""): (HangupCause.BUSY, None),
    (404, ""): (HangupCause.INVALID_NUMBER, None),
    (404, "Q.850;cause=1"): (HangupCause.INVALID_NUMBER, 1),
    (480, ""): (HangupCause.NO_ANSWER, None),
    (480, 'Q.850 ;cause=20 ;text="absent"'): (HangupCause.UNREACHABLE, 20),
    (503, ""): (HangupCause.UNREACHABLE, None),
    (503, 'SIP;cause=503, Q.850;cause=17;text="user, busy"'): (HangupCause.BUSY, 17),
    (487, ""): (HangupCause.NO_ANSWER, None),
    (603, ""): (HangupCause.REJECTED, None),
    (484, ""): (HangupCause.INVALID_NUMBER, None),
    (408, ""): (HangupCause.NO_ANSWER, None),
    (500, ""): (HangupCause.UNREACHABLE, None),
    (488, ""): (HangupCause.OWN_LINE, None),
    (403, ""): (HangupCause.OWN_LINE, None),
    (600, ""): (HangupCause.BUSY, None),
}


@pytest.mark.parametrize(("status", "reason"), STATUSES)
async def test_a_final_status_ends_the_call_with_its_cause(tmp_path: Path, status: int, reason: str) -> None:
    cause, q850 = STATUSES[status, reason]
    refusal = answer(status, *((f"Reason: {reason}",) if reason else ()))
    async with sipp(tmp_path, INVITED, refusal, expect("ACK")) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        ended = await hung_up(leg)
        assert (ended.cause, ended.sip_status, ended.q850) == (cause, status, q850)
        await far.finished()


async def test_nobody_answers_and_the_invite_is_cancelled(tmp_path: Path) -> None:
    steps = (
        INVITED, answer(180), expect("CANCEL"), answer(200, tag=""),
        answer_to_invite(487), expect("ACK"),
    )  # fmt: skip
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=1)
        ended = await hung_up(leg)
        assert (ended.cause, ended.sip_status) == (HangupCause.TIMED_OUT, None)
        await far.finished()


async def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_ended(tmp_path: Path) -> None:
    steps = (
        INVITED, answer(180), expect("CANCEL"), answer_to_invite(200, sdp=described()), expect("ACK"), goodbye(),
    )  # fmt: skip
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        await until(leg, Ringing)
        await leg.hang_up()
        assert (await hung_up(leg)).cause is HangupCause.LOCAL
        await far.finished()


async def test_the_far_end_hangs_up(tmp_path: Path) -> None:
    steps = (
        INVITED, answer(200, sdp=described(), again=True), expect("ACK"), pause(200),
        say("BYE", 1, 'Reason: Q.850;cause=16;text="Normal"'), expect_answer(200),
    )  # fmt: skip
    async with sipp(tmp_path, *steps) as far, dialer(tmp_path, trunk(far.port)) as calls:
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        ended = await hung_up(leg)
        assert (ended.cause, ended.q850) == (HangupCause.NORMAL, 16)
        await far.finished()


async def test_keys_come_as_rfc_4733_events(tmp_path: Path) -> None:
    keys = "50#"
    captures = [pause(500) + play_key({"#": "pound"}.get(key, key)) for key in keys]
    steps = (INVITED, answer(200, sdp=described(formats="8 96").replace("rtpmap:101", "rtpmap:96"), again=True))
    async with (
        sipp(tmp_path, *steps, expect("ACK"), *captures, goodbye(), echo=False) as far,
        dialer(tmp_path, trunk(far.port)) as calls,
    ):
        leg = await calls.dial("1-1", NUMBER, ring_seconds=60)
        heard = ""
        while len(heard) < len(keys):
            event = (await until(leg, Digit))[-1]
            assert isinstance(event, Digit)
            heard += event.key
        assert heard == keys
        await leg.hang_up()
        await far.finished()
