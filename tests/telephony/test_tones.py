"""Tones of the Chinese network: cadences and frequencies as the documents name them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from rules.witnesses import Tone
from telephony.ringback import RINGBACK_SECONDS, ringback
from telephony.tones import ToneDetector, ToneHeard
from tests.telephony.sounds import Samples, cadence, line, melody, noisy, silence, sine

RINGBACK = [(1000, 4000)]
BUSY = [(350, 350)]
CONGESTION = [(700, 700)]
EMPTY_NUMBER = [(100, 100), (100, 100), (100, 100), (400, 400)]
TONES = [
    (Tone.RINGBACK, RINGBACK, 2),
    (Tone.BUSY, BUSY, 6),
    (Tone.CONGESTION, CONGESTION, 4),
    (Tone.EMPTY_NUMBER, EMPTY_NUMBER, 4),
]


def heard(samples: Samples) -> ToneHeard | None:
    detector = ToneDetector()
    pcm = line(samples)
    for start in range(0, len(pcm), 960):
        detector.feed(pcm[start : start + 960], start // 16)
    return detector.heard


@pytest.mark.parametrize(("tone", "pairs", "cycles"), TONES)
@pytest.mark.parametrize("hertz", [425.0, 433.0, 450.0, 475.0])
@pytest.mark.parametrize("dbfs", [-6.0, -20.0, -40.0])
def test_a_tone_is_known_by_its_cadence(
    tone: Tone, pairs: list[tuple[int, int]], cycles: int, hertz: float, dbfs: float
) -> None:
    found = heard(noisy(cadence(pairs, cycles, hertz, dbfs), dbfs - 20))
    assert found is not None
    assert found.tone is tone
    assert found.cycles >= cycles - 1
    assert abs(found.frequency_hz - hertz) <= 10
    assert abs(found.level_dbfs - dbfs) <= 2


@pytest.mark.parametrize("offset", [3.0, 7.5, 13.0, 19.0])
@pytest.mark.parametrize(("tone", "pairs", "cycles"), TONES)
def test_the_cadence_need_not_begin_with_a_frame(
    tone: Tone, pairs: list[tuple[int, int]], cycles: int, offset: float
) -> None:
    found = heard(noisy(np.concatenate([silence(200 + offset), cadence(pairs, cycles)]), -35))
    assert found is not None and found.tone is tone


@pytest.mark.parametrize("stretch", [0.92, 1.08])
@pytest.mark.parametrize(("tone", "pairs", "cycles"), TONES)
def test_exchanges_may_be_a_little_fast_or_slow(
    tone: Tone, pairs: list[tuple[int, int]], cycles: int, stretch: float
) -> None:
    found = heard(cadence([(on * stretch, off * stretch) for on, off in pairs], cycles))
    assert found is not None and found.tone is tone


@pytest.mark.parametrize("snr_db", [20.0, 10.0])
def test_every_tone_over_a_grid_of_frequencies_and_levels(snr_db: float) -> None:
    chance = np.random.default_rng(7)
    for (tone, pairs, cycles), hertz, dbfs in product(TONES, (425.0, 441.0, 459.0, 475.0), (-10.0, -45.0)):
        late = silence(float(chance.uniform(0, 60)))
        found = heard(noisy(np.concatenate([late, cadence(pairs, cycles, hertz, dbfs)]), dbfs - snr_db))
        assert found is not None and found.tone is tone, (tone, hertz, dbfs)


@pytest.mark.parametrize("shift", [0.98, 1.0, 1.02])
@pytest.mark.parametrize("dbfs", [-10.0, -40.0])
def test_the_special_information_tone_may_be_a_little_off(shift: float, dbfs: float) -> None:
    parts = [sine(hertz * shift, 330, dbfs) for hertz in (950, 1400, 1800)]
    found = heard(noisy(np.concatenate([silence(505), *parts, silence(1000)]), dbfs - 15))
    assert found is not None and found.tone is Tone.SIT


def test_the_special_information_tone() -> None:
    parts = [sine(hertz, 330) for hertz in (950, 1400, 1800)]
    found = heard(noisy(np.concatenate([silence(500), *parts, silence(1000)]), -35))
    assert found is not None
    assert found.tone is Tone.SIT
    assert abs(found.start_ms - 500) <= 20


def test_a_lost_packet_does_not_break_the_cadence() -> None:
    samples = cadence(BUSY, 5)
    samples[8 * 100 : 8 * 120] = 0  # in the first sound
    samples[8 * 1500 : 8 * 1520] = 0
    found = heard(samples)
    assert found is not None and (found.tone, found.cycles) == (Tone.BUSY, 5)


def test_times_are_those_of_the_audio() -> None:
    found = heard(np.concatenate([silence(1000), cadence(BUSY, 4)]))
    assert found is not None
    assert abs(found.start_ms - 1000) <= 20
    assert abs(found.end_ms - 3800) <= 60


@pytest.mark.parametrize("seed", range(5))
def test_music_noise_and_silence_are_no_tone(seed: int) -> None:
    assert heard(melody(seed, 20)) is None
    assert heard(noisy(silence(10_000), -30, seed)) is None
    assert heard(silence(3000)) is None


def test_a_continuous_tone_has_no_cadence() -> None:
    assert heard(sine(450, 8000)) is None


def test_a_tone_with_music_in_its_pauses_is_none() -> None:
    samples = cadence(BUSY, 6)
    quiet = np.concatenate([np.concatenate([silence(350), sine(700, 350)]) for _ in range(6)])
    assert heard(samples + quiet) is None


def test_one_beep_is_no_busy_tone() -> None:
    assert heard(np.concatenate([sine(450, 350), silence(3000)])) is None


def test_the_ringback_that_we_sound_is_one() -> None:
    tone = np.frombuffer(ringback(), "<i2").astype(float)
    found = heard(np.concatenate([tone, silence(RINGBACK_SECONDS * 1000 - len(tone) / 8)] * 3))
    assert found is not None and found.tone is Tone.RINGBACK


def test_sounding_tells_tone_from_other_sound() -> None:
    detector = ToneDetector()
    detector.feed(line(sine(450, 120)), 0)
    assert detector.sounding
    detector.feed(line(noisy(silence(60), -20)), 120)
    assert not detector.sounding
