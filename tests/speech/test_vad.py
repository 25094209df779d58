"""Short words open the gate, line noise does not, and both ends are where the speech is."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.lines import on_the_line
from speech.vad import GateTuning, SpeechGate, StartedSpeaking, StoppedSpeaking
from tests.speech.line import HELD_OUT, SAMPLE_RATE, VOICES, frames, line, noise, pcm, said

SHORT = ("是", "对", "嗯", "有", "没", "不", "好", "行")
BEGIN = SAMPLE_RATE  # line() puts one second before the speech


def events(audio: bytes, tuning: GateTuning | None = None) -> list[StartedSpeaking | StoppedSpeaking]:
    gate = SpeechGate(tuning)
    return [event for frame in frames(audio) if (event := gate.feed(frame))]


@pytest.mark.parametrize("snr", [None, 20.0, 10.0])
@pytest.mark.parametrize("voice", VOICES)
def test_short_words_open_it_once(voice: str, snr: float | None) -> None:
    for word in SHORT:
        speech = said(word, voice)
        heard = events(line(speech, snr))
        assert [type(event) for event in heard] == [StartedSpeaking, StoppedSpeaking], (word, heard)
        end = BEGIN + len(speech) // 2
        assert BEGIN - 480 <= heard[0].at_sample < end, word
        assert heard[0].at_sample < heard[1].at_sample <= end + 1600, word


@pytest.mark.parametrize("kind", ["white", "pink"])
@pytest.mark.parametrize("level", [-40.0, -30.0, -20.0, -6.0])
def test_line_noise_does_not_open_it(kind: str, level: float) -> None:
    for seed in range(3):
        assert events(pcm(noise(kind, 5, seed) * 10 ** (level / 20))) == []


def test_noise_that_begins_in_the_call_does_not_open_it() -> None:
    step = np.concatenate([noise("white", 3) * 0.001, noise("white", 3, 2) * 0.05])
    assert events(pcm(step)) == []


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(SAMPLE_RATE * 3),
        np.full(SAMPLE_RATE * 3, 0.5),
        noise("white", 3) * 5.0,
        0.4 + noise("white", 3) * 0.001,
    ],
    ids=["digital silence", "DC", "clipped noise", "noise on DC"],
)
def test_absurd_audio_does_not_open_it(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    assert events(pcm(samples)) == []


def test_speech_on_a_dc_offset_and_clipped_speech_open_it() -> None:
    speech = np.frombuffer(line(said("我是本人"), None), "<i2") / 32768
    for samples in (speech + 0.4, np.clip(speech * 30, -1, 1)):
        assert [type(event) for event in events(pcm(samples))] == [StartedSpeaking, StoppedSpeaking]


def test_the_hang_over_decides_whether_a_pause_ends_it() -> None:
    speech = said("没有") + bytes(2 * 4000) + said("没有")  # half a second between
    assert len(events(line(speech))) == 4
    assert len(events(line(speech), GateTuning(hang_over_ms=800))) == 2


def test_silence_is_counted_from_the_last_speech() -> None:
    gate = SpeechGate()
    for frame in frames(line(said("好的"), after=0.0)):
        gate.feed(frame)
        if gate.speaking:
            assert gate.silence_ms <= 300
    before = gate.silence_ms
    assert before < 300
    for frame in frames(pcm(noise("white", 0.1) * 0.01)):
        gate.feed(frame)
    assert gate.silence_ms == before + 100


def test_a_sentence_stays_in_one_piece() -> None:
    for voice in VOICES:
        heard = events(line(said("我现在在开会明天下午三点以后再打吧", voice)))
        assert [type(event) for event in heard] == [StartedSpeaking, StoppedSpeaking], voice


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="320 bytes"):
        SpeechGate().feed(bytes(160))


@pytest.mark.parametrize("snr", [20.0, 10.0])
@pytest.mark.parametrize("voice", HELD_OUT)
def test_voices_in_the_background_neither_open_it_nor_keep_it_open(voice: str, snr: float) -> None:
    words = [np.frombuffer(said(word, voice), "<i2") / 32768 for word in ("不是", "对的", "没有")]
    gap = np.zeros(2 * SAMPLE_RATE)
    speech = np.concatenate([np.zeros(4 * SAMPLE_RATE), *(part for word in words for part in (word, gap))])
    heard = events(on_the_line(speech, snr, "babble", 3, voice))
    assert [type(event) for event in heard][-6:] == [StartedSpeaking, StoppedSpeaking] * 3
    assert len(heard) <= 8  # before it has learned what is behind, it may be taken in once


def test_a_gate_that_noise_has_opened_closes_again() -> None:
    """A television is switched on in the middle of the call: after some seconds it is known for what it is."""
    quiet, loud = np.zeros(3 * SAMPLE_RATE), np.zeros(20 * SAMPLE_RATE)
    audio = on_the_line(quiet, None, "white", 1) + on_the_line(loud, 10.0, "babble", 1)
    gate = SpeechGate()
    for frame in frames(audio):
        gate.feed(frame)
    assert not gate.speaking


def test_long_speech_does_not_deafen_it() -> None:
    """What the client says for long is not taken for what goes on behind."""
    sentence = np.frombuffer(said("我现在在开会明天下午三点以后再打吧", "wu"), "<i2") / 32768
    short = np.frombuffer(said("是的", "wu"), "<i2") / 32768
    audio = on_the_line(np.concatenate([np.zeros(8000), *[sentence] * 5, np.zeros(20_000), short]), 5.0, "white", 1)
    gate = SpeechGate()
    opened = [event.at_sample for frame in frames(audio) if isinstance(event := gate.feed(frame), StartedSpeaking)]
    assert opened[-1] > len(audio) // 2 - len(short) - 2000
