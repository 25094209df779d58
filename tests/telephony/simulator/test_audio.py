"""Tones, noise and the telephone band, measured on the samples that go out."""

from __future__ import annotations

import numpy as np
import pytest

from telephony.simulator import audio
from telephony.simulator.conditions import Conditions
from telephony.simulator.lines import lay_out
from telephony.simulator.network import SPEECH_RMS
from telephony.simulator.personas import load_personas
from telephony.simulator.voices import Utterances, line_noise
from telephony.wire import Ended, MediaBegan, PickedUp, Rang

RATE = 8000


def runs(signal: audio.Signal) -> list[tuple[bool, float]]:
    """Sound and silence in turn with their seconds, by the level of 5 ms pieces."""
    loud = np.abs(signal[: len(signal) // 40 * 40].reshape(-1, 40)).max(axis=1) > 0.05
    edges = [0, *(np.flatnonzero(np.diff(loud)) + 1), len(loud)]
    return [(bool(loud[begin]), (end - begin) * 0.005) for begin, end in zip(edges, edges[1:], strict=False)]


def frequency(signal: audio.Signal) -> float:
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal))))
    return float(np.argmax(spectrum) * RATE / len(signal))


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("ringback", [1.0, 4.0, 1.0, 4.0]),
        ("busy", [0.35, 0.35, 0.35, 0.35]),
        ("congestion", [0.7, 0.7, 0.7, 0.7]),
        ("empty_number", [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 0.4]),
    ],
)
def test_the_tones_of_the_chinese_network(name: str, pattern: list[float]) -> None:
    signal = audio.tone(name, 2 * sum(pattern))
    found = runs(signal)[: len(pattern)]
    assert [sounding for sounding, _ in found] == [place % 2 == 0 for place in range(len(pattern))]
    assert [seconds for _, seconds in found] == pytest.approx(pattern, abs=0.011)
    assert frequency(signal[: round(pattern[0] * RATE)]) == pytest.approx(450, abs=25)


def test_the_special_information_tone_has_three_pitches() -> None:
    signal = audio.tone("special_information", 1.0)
    pitches = [frequency(signal[round(at * RATE) : round((at + 0.3) * RATE)]) for at in (0.01, 0.34, 0.67)]
    assert pitches == pytest.approx([950, 1400, 1800], abs=10)


def test_music_is_no_tone_of_the_network() -> None:
    signal = audio.music("a", 3.0)
    pitches = {round(frequency(signal[at : at + 2400]), -1) for at in range(0, 3 * RATE - 2400, 2400)}
    assert len(pitches) >= 5


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_line_noise_lies_20_db_below_the_voice(seed: int, utterances: Utterances) -> None:
    utterances.prerender([("lin", "是的，我就是", False)])
    voice = audio.speech_rms(audio.signal_of(utterances.get("lin", "是的，我就是")))
    noise = audio.rms(audio.signal_of(line_noise(seed, SPEECH_RMS * 10 ** (-Conditions().snr_db / 20))))
    assert 20 * np.log10(voice / noise) == pytest.approx(20, abs=1.5)


def test_noise_has_the_level_that_was_asked_for_and_stays_in_the_band() -> None:
    for kind in ("white", "pink", "hum"):
        signal = audio.noise(RATE, 5, kind)
        spectrum = np.abs(np.fft.rfft(signal)) ** 2
        assert audio.rms(signal) == pytest.approx(1.0)
        # The slopes of a channel filter: 3 dB down at 200 and 3500 Hz, next to nothing far outside.
        assert spectrum[:100].sum() / spectrum.sum() < 0.01
        assert spectrum[3700:].sum() / spectrum.sum() < 0.01


def test_a_murmur_keeps_its_loudness_and_loses_its_consonants(utterances: Utterances) -> None:
    utterances.prerender([("chen", "呜噜呜噜", False), ("chen", "呜噜呜噜", True)])
    clear, dull = (audio.signal_of(utterances.get("chen", "呜噜呜噜", muffled)) for muffled in (False, True))
    assert audio.speech_rms(dull) == pytest.approx(audio.speech_rms(clear), rel=0.25)
    spectrum = np.abs(np.fft.rfft(dull)) ** 2
    assert spectrum[round(800 * len(dull) / RATE) :].sum() / spectrum.sum() < 0.01


def test_utterances_begin_and_end_with_speech_and_are_kept_on_disk(utterances: Utterances) -> None:
    utterances.prerender([("he", "没有", False)])
    signal = audio.signal_of(utterances.get("he", "没有"))
    assert len(signal) % 160 == 0
    assert np.abs(signal[:160]).max() > 0.01 and np.abs(signal[-160:]).max() > 0.01


def test_frames_are_whole() -> None:
    assert [len(frame) for frame in audio.frames_of(bytes(1000))] == [320, 320, 320, 320]
    assert audio.pcm_of(np.array([2.0, -2.0])) == np.array([32767, -32768], "<i2").tobytes()


def test_lines_are_laid_out_tick_by_tick() -> None:
    lines = load_personas().lines

    def announce(text: str) -> audio.Signal:
        return audio.tone("busy", 1.0)

    rings = lay_out(lines["rings"], announce)
    assert [type(stretch.event) for stretch in rings] == [Rang, PickedUp] and rings[0].ticks == 100
    busy = lay_out(lines["busy_tone"], announce)
    assert busy[0].event == MediaBegan() and len(busy[0].frames) == 400
    assert busy[-1].event == Ended(486, 17)
    spoken = lay_out(lines["powered_off"], announce)
    assert spoken[0].ticks == pytest.approx(2 * (0.8 + 1.0) * 50, abs=1)  # said twice, with pauses
    assert spoken[-1].event == Ended(480, 20)
