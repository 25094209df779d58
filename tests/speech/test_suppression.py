"""The second hearing of short speech: less noise, the same speech in the same place."""

from __future__ import annotations

import numpy as np

from benchmarks.lines import on_the_line
from speech.suppression import stands_out_db, turned_down
from tests.speech.line import said

QUIET = 4000  # samples before the speech


def _clip(snr_db: float | None) -> bytes:
    speech = np.frombuffer(said("不知道"), "<i2") / 32768
    return on_the_line(np.concatenate([np.zeros(QUIET), speech, np.zeros(QUIET)]), snr_db, "white", 1)


def _rms(pcm: bytes, first: int, last: int) -> float:
    return float(np.sqrt(np.mean(np.frombuffer(pcm, "<i2")[first:last].astype(np.float64) ** 2)))


def test_noise_is_turned_down_and_speech_is_kept() -> None:
    before = _clip(10.0)
    after = turned_down(before, 400)
    assert len(after) == len(before)
    assert _rms(after, 500, QUIET - 500) < 0.5 * _rms(before, 500, QUIET - 500)
    end = len(before) // 2 - QUIET
    assert _rms(after, QUIET, end) > 0.8 * _rms(before, QUIET, end)


def test_what_is_too_short_stays_as_it_is() -> None:
    assert turned_down(bytes(200), 100) == bytes(200)
    assert stands_out_db(bytes(200)) == 0


def test_digital_silence_stays_silent() -> None:
    assert not np.frombuffer(turned_down(bytes(16_000), 300), "<i2").any()


def test_speech_stands_out_as_far_as_the_noise_lets_it() -> None:
    clean, noisy = stands_out_db(_clip(20.0)), stands_out_db(_clip(10.0))
    assert clean > noisy + 5
    assert noisy < 18 < clean
