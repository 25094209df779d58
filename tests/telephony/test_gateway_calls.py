"""Calls through the gateway with a real WebSocket far end at real pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from speech.g711 import alaw_decode, alaw_encode
from telephony.gateway import Gateway
from telephony.legs import Answered, AudioIn, Digit, EarlyMedia, HangupCause, HungUp, Leg, Played, Ringing
from telephony.recording import RecordingStore
from telephony.wire import RejectedCall
from tests.telephony.farend import KEY, Call, FarEnd, far_end, hung_up, running_gateway, until
from tests.telephony.sounds import line, silence, sine


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway(tmp_path) as running:
        yield running


@pytest.fixture
async def far(gateway: Gateway) -> AsyncIterator[FarEnd]:
    async with far_end(gateway) as connected:
        yield connected


async def answered(gateway: Gateway, far: FarEnd, call: str = "12-1") -> tuple[Leg, Call]:
    leg = await gateway.dial(call, "13800000000", ring_seconds=60)
    media = await far.take()
    await media.say("answered")
    await until(leg, Answered)
    return leg, media


def store(folder: Path) -> RecordingStore:
    return RecordingStore(folder, KEY)


def channels(folder: Path, call: str = "12-1") -> tuple[np.ndarray, np.ndarray]:
    samples = np.frombuffer(store(folder).read_pcm(call), "<i2").reshape(-1, 2)
    return samples[:, 0], samples[:, 1]


BEEP = np.concatenate([sine(1000, 100, -10), silence(900)])  # once a second


def onsets(samples: np.ndarray) -> list[int]:
    """Where beeps begin."""
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 2000)
    return [int(after) for before, after in pairwise([-8000, *loud]) if after - before > 4000]


async def test_the_gateway_asks_the_far_end_to_dial(gateway: Gateway, far: FarEnd) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
    assert leg.call_id == "12-1"
    assert await far.dialled() == {"command": "dial", "call": "12-1", "number": "13800000000", "format": "alaw"}
    await leg.hang_up()


async def test_what_the_far_end_says_comes_as_events_in_order(gateway: Gateway, far: FarEnd, tmp_path: Path) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
    media = await far.take()
    await media.say("ringing")
    await media.say("early_media")
    await media.speak(line(sine(450, 300)))
    await media.say("answered")
    await media.say("dtmf", digit="#")
    events = await until(leg, Digit)
    kinds = [type(event) for event in events if not isinstance(event, AudioIn)]
    assert kinds == [Ringing, EarlyMedia, Answered, Digit]
    assert isinstance(events[-1], Digit) and events[-1].key == "#"
    await media.say("hangup", sip=200, q850=16)
    assert (await hung_up(leg)).cause is HangupCause.NORMAL
    early = [event for event in events if isinstance(event, EarlyMedia | Answered)]
    assert early[0].at_ms == 0 and early[1].at_ms >= 100  # the recording began with early media
    left, _ = channels(tmp_path)
    assert np.abs(left[: 8 * early[1].at_ms].astype(int)).max() > 1000


async def test_audio_comes_without_gap_or_overlap_and_is_what_was_recorded(
    gateway: Gateway, far: FarEnd, tmp_path: Path
) -> None:
    leg, media = await answered(gateway, far)
    await media.speak(line(sine(600, 1000)))
    await leg.hang_up()
    audio = [event for event in [*await until(leg, HungUp)] if isinstance(event, AudioIn)]
    assert all(len(event.pcm) == 960 for event in audio[:-1])  # 60 ms
    assert all(before.at_ms + len(before.pcm) // 16 == after.at_ms for before, after in pairwise(audio))
    left, _ = channels(tmp_path)
    assert b"".join(event.pcm for event in audio) == left.tobytes()[audio[0].at_ms * 16 :]


async def test_both_channels_are_sample_accurate_for_ten_seconds(gateway: Gateway, far: FarEnd, tmp_path: Path) -> None:
    leg, media = await answered(gateway, far)
    beeps = line(np.tile(BEEP, 10))
    leg.play(beeps, "beeps")
    await media.speak(beeps)
    await until(leg, Played)
    await leg.hang_up()
    await media.closed.wait()
    left, right = channels(tmp_path)
    # Ours: exactly a second apart, and exactly what the far end heard from the first frame on.
    assert [after - before for before, after in pairwise(onsets(right))] == [8000] * 9
    assert bytes(media.heard) == alaw_decode(alaw_encode(right.tobytes()))[: len(media.heard)]
    assert len(media.heard) == len(right) * 2
    # Theirs: by their clock and the buffer, within a frame of one constant delay, without drift. A stall of this
    # machine may shift a beep or two for the moment until the buffer has made up for it.
    delays = [onset - 8000 * index for index, onset in enumerate(onsets(left))]
    usual = median(delays)
    assert len(delays) == 10
    assert sum(abs(delay - usual) <= 160 for delay in delays) >= 7
    assert abs(median(delays[5:]) - median(delays[:5])) <= 160


async def test_marks_come_when_their_last_frame_has_left(gateway: Gateway, far: FarEnd) -> None:
    leg, media = await answered(gateway, far)
    for mark, ms in (("a", 100), ("b", 0), ("c", 60)):
        leg.play(line(sine(500, ms)), mark)
    events = await until(leg, lambda event: isinstance(event, Played) and event.mark == "c")
    played = [event for event in events if isinstance(event, Played)]
    assert [(event.mark, event.played_ms, event.complete) for event in played] == [
        ("a", 100, True),
        ("b", 0, True),
        ("c", 60, True),
    ]
    assert played[2].at_ms - played[0].at_ms == 60
    await leg.hang_up()


async def test_barge_in_stops_the_prompt_and_the_next_one_plays(gateway: Gateway, far: FarEnd) -> None:
    leg, media = await answered(gateway, far)
    leg.play(line(sine(500, 200)), "first")
    leg.play(line(sine(500, 30_000)), "long")
    await until(leg, Played)
    leg.clear()
    leg.play(line(sine(900, 100)), "next")
    events = await until(leg, lambda event: isinstance(event, Played) and event.mark == "next")
    cut, following = [event for event in events if isinstance(event, Played)]
    assert (cut.mark, cut.complete, following.complete) == ("long", False, True)
    assert cut.played_ms < 30_000
    await leg.hang_up()
    await media.closed.wait()
    frames = np.frombuffer(bytes(media.heard), "<i2").reshape(-1, 160)
    sounding = np.count_nonzero(np.abs(frames.astype(int)).max(axis=1) > 100)
    assert sounding * 20 == 200 + cut.played_ms + 100  # what was cut never left, what left was told


async def test_a_prompt_queued_before_answer_waits_for_it(gateway: Gateway, far: FarEnd) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
    media = await far.take()
    leg.play(line(sine(500, 100)), "hello")
    await media.say("early_media")
    # Silence is sent, for some lines stay mute until the caller sends; A-law's zero decodes to 8.
    assert await media.hear(0.3) == b"\x08\x00" * 2400
    await media.say("answered")
    played = (await until(leg, Played))[-1]
    assert isinstance(played, Played) and played.complete
    await leg.hang_up()


async def test_our_hang_up_tells_the_far_end_cuts_prompts_and_seals(
    gateway: Gateway, far: FarEnd, tmp_path: Path
) -> None:
    leg, media = await answered(gateway, far)
    leg.play(line(sine(500, 5000)), "long")
    await media.hear(0.1)
    await leg.hang_up()
    assert store(tmp_path).find("12-1") is not None
    events = await until(leg, HungUp)
    assert isinstance(events[-2], Played) and not events[-2].complete
    assert isinstance(events[-1], HungUp) and events[-1].cause is HangupCause.LOCAL
    await media.closed.wait()
    assert media.commands == [{"command": "hangup"}]
    await leg.hang_up()  # again: nothing happens
    leg.play(line(sine(500, 20)), "late")
    assert [event async for event in leg.events()] == []


@pytest.mark.parametrize(
    ("codes", "cause"),
    [
        ({"sip": 486, "q850": 17}, HangupCause.BUSY),
        ({"sip": 480, "q850": 20}, HangupCause.UNREACHABLE),
        ({"sip": 603}, HangupCause.REJECTED),
        ({"q850": 1}, HangupCause.INVALID_NUMBER),
        ({"sip": 480, "q850": 19}, HangupCause.NO_ANSWER),
        ({}, HangupCause.NO_ANSWER),
    ],
)
async def test_an_end_before_answer_keeps_the_codes(
    gateway: Gateway, far: FarEnd, codes: dict[str, int], cause: HangupCause
) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
    media = await far.take()
    await media.say("ringing")
    await media.say("hangup", **codes)
    end = await hung_up(leg)
    assert (end.cause, end.sip_status, end.q850) == (cause, codes.get("sip"), codes.get("q850"))


async def test_a_trunk_may_refuse_to_dial(gateway: Gateway, far: FarEnd) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
    call = (await far.dialled())["call"]
    await far.control.send(RejectedCall(call, 503, 34).serialise())
    end = await hung_up(leg)
    assert (end.cause, end.sip_status, end.q850) == (HangupCause.UNREACHABLE, 503, 34)


async def test_uncompressed_audio_goes_through_bit_by_bit(gateway: Gateway, far: FarEnd, tmp_path: Path) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=60)
    media = await far.media((await far.dialled())["call"], start=False)
    await media.say("start", format="slin")
    await media.say("answered")
    pcm = np.random.default_rng(1).bytes(320)
    await media.media.send(pcm)
    await until(leg, lambda event: isinstance(event, AudioIn) and pcm in event.pcm)
    await leg.hang_up()
    assert pcm in channels(tmp_path)[0].tobytes()


async def test_a_second_reader_goes_on_where_the_first_stopped(gateway: Gateway, far: FarEnd) -> None:
    leg, media = await answered(gateway, far)
    speaking = asyncio.create_task(media.speak(line(sine(500, 1000))))
    first = [event for event in await until(leg, AudioIn) if isinstance(event, AudioIn)]
    await speaking
    second = [event for event in await until(leg, AudioIn) if isinstance(event, AudioIn)]
    assert second[0].at_ms == first[-1].at_ms + len(first[-1].pcm) // 16
    await leg.hang_up()


async def test_trunks_take_turns(gateway: Gateway, far: FarEnd) -> None:
    async with far_end(gateway) as other:
        legs = [await gateway.dial(f"1-{number}", "138", ring_seconds=60) for number in range(4)]
        first = [(await far.dialled())["call"] for _ in range(2)]
        second = [(await other.dialled())["call"] for _ in range(2)]
        assert sorted([first, second]) == [["1-0", "1-2"], ["1-1", "1-3"]]
        for leg in legs:
            await leg.hang_up()


async def test_frames_are_counted_for_lateness(gateway: Gateway, far: FarEnd) -> None:
    leg, media = await answered(gateway, far)
    await media.hear(0.5)
    counted = gateway.lateness(reset=True)
    assert counted.frames >= 20
    assert 0 <= counted.p50_ms <= counted.p99_ms
    assert gateway.lateness().frames < counted.frames
    await leg.hang_up()
