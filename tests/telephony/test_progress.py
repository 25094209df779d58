"""Call progress over real audio: announcements are spoken, recognised and understood; music is waited through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from intents import Announced
from rules.witnesses import Tone
from speech.recogniser import Recogniser
from speech.voice import caller_voices
from telephony.announcements import ENDINGS
from telephony.gateway import Gateway
from telephony.legs import Answered, AudioIn, HangupCause, Leg, LegEvent
from telephony.progress import BeforeAnswer, ProgressDetector, listen_before_answer
from tests.telephony.farend import FarEnd, far_end, running_gateway, until
from tests.telephony.sounds import Samples, cadence, line, melody, noisy, silence, sine

pytestmark = pytest.mark.audio

SPOKEN = [
    ("您好，您拨打的用户正在通话中，请稍后再拨", Announced.BUSY),
    ("您拨叫的用户正忙，请稍后再拨", Announced.BUSY),
    ("对不起，您拨打的电话暂时无人接听，请稍后再拨", Announced.NO_ANSWER),
    ("对不起，您拨打的用户暂时无法接通，请稍后再拨", Announced.UNREACHABLE),
    ("您拨打的用户不在服务区，请稍后再拨", Announced.UNREACHABLE),
    ("您好，您拨打的电话已关机，请稍后再拨", Announced.POWERED_OFF),
    ("对不起，您拨打的用户已停机", Announced.SUSPENDED),
    ("您好，您拨打的号码是空号，请核对后再拨", Announced.EMPTY_NUMBER),
    ("对不起，您拨打的用户已设置呼入限制", Announced.REFUSED_BY_NETWORK),
]
# Two of the callers' voices; the shipped model was not trained on the second.
VOICES = [0, 7]


@pytest.fixture(scope="module")
def ears(shipped_model: Path) -> Iterator[Recogniser]:
    recogniser = Recogniser(shipped_model, threads=1, deadline_seconds=60)
    yield recogniser
    recogniser.close()


def spoken(text: str, voice: int = 0) -> Samples:
    """An announcement as a voice says it."""
    pcm = list(caller_voices().values())[voice].speak(text)
    return np.frombuffer(pcm, "<i2").astype(np.float64)


async def detect(ears: Recogniser, samples: Samples) -> tuple[ProgressDetector, int | None]:
    """Feed a detector as the shell does; returns it with the place at which it was certain."""
    detector, stream, pcm = ProgressDetector(), ears.stream(), line(samples)
    try:
        for start in range(0, len(pcm), 960):
            wanted, ended = detector.hear(AudioIn(pcm[start : start + 960], start // 16))
            if wanted:
                detector.partial(await stream.accept(wanted))
            if ended:
                detector.final(await stream.finish())
            if detector.certain:
                return detector, (start + 960) // 16
        detector.final(await stream.finish())
        return detector, None
    finally:
        stream.close()


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize(("text", "announced"), SPOKEN)
async def test_an_announcement_is_understood_before_it_ends(
    ears: Recogniser, text: str, announced: Announced, voice: int
) -> None:
    speech = await asyncio.to_thread(spoken, text, voice)
    heard = noisy(np.concatenate([silence(700), speech, silence(1500), speech]), -40)  # 20 dB below the voice
    detector, certain_ms = await detect(ears, heard)
    assert detector.verdict.match.outcome is announced
    assert certain_ms is not None
    assert certain_ms < 700 + len(speech) / 8 + 600  # not later than the pause behind its first round
    assert detector.quotes[0].start_ms >= 600


async def test_our_own_line_is_told_from_the_clients(ears: Recogniser) -> None:
    speech = await asyncio.to_thread(spoken, "对不起，您的电话已欠费停机，请充值后再拨")
    detector, _ = await detect(ears, noisy(np.concatenate([speech, silence(1000)]), -40))
    assert detector.verdict.match.outcome is Announced.OWN_LINE


@pytest.mark.parametrize("seed", range(3))
async def test_ringback_music_is_never_a_reason_to_hang_up(ears: Recogniser, seed: int) -> None:
    detector, certain_ms = await detect(ears, noisy(melody(seed, 25), -35, seed))
    assert certain_ms is None
    assert detector.tone is None


ADVERTS = ["欢迎致电东方汽车，您的电话正在接通，请稍候", "祝您生活愉快，电话马上为您接通，请不要挂机"]


@pytest.mark.parametrize("text", ADVERTS)
async def test_adverts_before_answer_are_waited_through(ears: Recogniser, text: str) -> None:
    speech = await asyncio.to_thread(spoken, text)
    _, certain_ms = await detect(ears, noisy(np.concatenate([melody(1, 2), speech, silence(1000)] * 2), -40))
    assert certain_ms is None


async def test_an_announcement_after_ringback_and_music(ears: Recogniser) -> None:
    speech = await asyncio.to_thread(spoken, "对不起，您拨打的用户暂时无人接听，请稍后再拨")
    parts = [cadence([(1000, 4000)], 1), melody(2, 5), silence(500), speech, silence(1000)]
    detector, certain_ms = await detect(ears, noisy(np.concatenate(parts), -40))
    assert detector.verdict.match.outcome is Announced.NO_ANSWER
    assert certain_ms is not None and certain_ms > 10_500
    assert detector.tone is not None and detector.tone.tone is Tone.RINGBACK


async def test_busy_tone_is_certain_after_three_cycles_and_ringback_never(ears: Recogniser) -> None:
    detector, certain_ms = await detect(ears, cadence([(350, 350)], 6))
    assert detector.tone is not None and detector.tone.tone is Tone.BUSY
    assert certain_ms is not None and 3 * 700 - 100 <= certain_ms <= 3 * 700 + 100
    assert (await detect(ears, cadence([(1000, 4000)], 5)))[1] is None


SIT = [sine(hertz, 330) for hertz in (950, 1400, 1800)]


async def test_the_special_information_tone_is_certain_once_no_words_follow(ears: Recogniser) -> None:
    detector, certain_ms = await detect(ears, noisy(np.concatenate([silence(300), *SIT, silence(6000)]), -40))
    assert detector.tone is not None and detector.tone.tone is Tone.SIT
    assert certain_ms is not None and certain_ms <= 300 + 990 + 3000
    _, repeated_ms = await detect(ears, noisy(np.concatenate([*SIT, silence(1000)] * 5), -40))
    assert repeated_ms is not None and repeated_ms <= 990 + 3000


async def test_the_words_after_a_special_information_tone_decide(ears: Recogniser) -> None:
    speech = await asyncio.to_thread(spoken, "对不起，您拨打的号码是空号，请核对后再拨")
    detector, certain_ms = await detect(ears, noisy(np.concatenate([*SIT, silence(600), speech, silence(500)]), -40))
    assert detector.verdict.match.outcome is Announced.EMPTY_NUMBER
    assert certain_ms is not None


SONGS = [  # and adverts, with a network's words in them
    "你的电话无人接听，我的心在下雨",
    "爱已欠费，心已停机，情已关机",
    "如遇线路繁忙，请稍后再拨打我们的热线",
    "手机欠费停机不用愁，扫码充值，优惠多多",
]


@pytest.mark.parametrize("text", SONGS)
async def test_a_song_with_a_networks_words_ends_nothing(ears: Recogniser, text: str) -> None:
    speech = await asyncio.to_thread(spoken, text)
    tune = melody(4, len(speech) // 8000 + 1)[: len(speech)] * 0.1
    for sung in (speech, speech + tune):
        detector, certain_ms = await detect(ears, noisy(np.concatenate([melody(2, 1), sung, silence(1500)]), -40))
        assert certain_ms is None
        assert not detector.verdict.sure or detector.verdict.match.outcome not in ENDINGS


async def test_an_unfinished_beginning_decides_nothing(ears: Recogniser) -> None:
    speech = await asyncio.to_thread(spoken, "对不起，您拨打的电话")
    _, certain_ms = await detect(ears, noisy(np.concatenate([speech, silence(2000)]), -40))
    assert certain_ms is None


def test_music_and_people_are_no_endings() -> None:
    assert Announced.RINGBACK_MUSIC not in ENDINGS
    assert Announced.HUMAN not in ENDINGS


# The same on calls


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with running_gateway(tmp_path) as running:
        yield running


@pytest.fixture
async def far(gateway: Gateway) -> AsyncIterator[FarEnd]:
    async with far_end(gateway) as connected:
        yield connected


async def listening(gateway: Gateway, ears: Recogniser, ring_seconds: float = 120) -> asyncio.Task[BeforeAnswer]:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=180)
    return asyncio.create_task(listen_before_answer(leg, ears, ring_seconds=ring_seconds))


async def test_a_powered_off_line_is_cleared_before_the_announcement_is_over(
    gateway: Gateway, far: FarEnd, ears: Recogniser
) -> None:
    speech = await asyncio.to_thread(spoken, "您好，您拨打的电话已关机，请稍后再拨，您好，您拨打的电话已关机")
    result = await listening(gateway, ears)
    call = await far.take()
    await call.say("early_media")
    speaking = asyncio.create_task(call.speak(line(speech)))
    before = await result
    await call.closed.wait()
    await asyncio.gather(speaking, return_exceptions=True)  # the connection went under it
    assert not before.answered and before.cleared_locally
    assert before.announced is Announced.POWERED_OFF and "关机" in before.announcement
    assert before.cause is HangupCause.LOCAL and before.ring_ms > 0
    assert call.commands == [{"command": "hangup"}]


async def test_codes_and_what_was_said_are_kept_apart(gateway: Gateway, far: FarEnd, ears: Recogniser) -> None:
    speech = await asyncio.to_thread(spoken, "对不起，您拨打的用户已停机")
    result = await listening(gateway, ears)
    call = await far.take()
    with suppress(ConnectionClosed):  # certainty came sooner
        await call.speak(line(speech))  # the end comes in the same breath
        await call.say("hangup", sip=480, q850=20)
    before = await result
    assert before.announced is Announced.SUSPENDED
    if not before.cleared_locally:  # else certainty came a moment sooner
        assert (before.cause, before.sip_status, before.q850) == (HangupCause.UNREACHABLE, 480, 20)


class Overheard:
    """A leg, and what was read from it."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self.call_id = leg.call_id
        self.read: list[LegEvent] = []
        self.play, self.clear, self.hang_up, self.quality = leg.play, leg.clear, leg.hang_up, leg.quality

    async def events(self) -> AsyncIterator[LegEvent]:
        async for event in self._leg.events():
            self.read.append(event)
            yield event


async def test_an_answered_call_is_handed_over_without_losing_a_frame(
    gateway: Gateway, far: FarEnd, ears: Recogniser
) -> None:
    leg = await gateway.dial("12-1", "13800000000", ring_seconds=180)
    overheard = Overheard(leg)
    result = asyncio.create_task(listen_before_answer(overheard, ears, ring_seconds=120))
    call = await far.take()
    await call.say("ringing")
    await call.speak(line(melody(3, 1)))
    await call.say("answered")
    before = await result
    assert before == BeforeAnswer(
        True,
        before.ring_ms,
        answered_at_ms=overheard.read[-1].at_ms,
        quotes=before.quotes,
        announcement=before.announcement,
        announced=before.announced,
        announcement_evidence=before.announcement_evidence,
        announcement_confidence=before.announcement_confidence,
    )
    assert before.ring_ms > 0
    last, following = overheard.read[-1], (await until(leg, AudioIn))[-1]
    assert isinstance(last, Answered) and isinstance(following, AudioIn)
    assert following.at_ms == last.at_ms
    await leg.hang_up()


async def test_ringing_ends_after_the_ring_time(gateway: Gateway, far: FarEnd, ears: Recogniser) -> None:
    result = await listening(gateway, ears, ring_seconds=2.0)
    call = await far.take()
    await call.say("ringing")
    before = await result
    await call.closed.wait()
    assert (before.answered, before.cause, before.cleared_locally) == (False, HangupCause.TIMED_OUT, True)
    assert before.announced is None and before.tone is None
