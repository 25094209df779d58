"""Whether a sound can hold words at all: speech that no word can be told from is a murmur.

What tells Mandarin syllables apart (the formants of their vowels, the hiss of their consonants) lies above 700 Hz. A
recogniser takes a sound without it (a hand over the microphone, a mouth that stays shut) for any words, and surely.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 8000
_WINDOW, _HOP = 256, 80
_VOICE_HZ, _WORDS_HZ = (150.0, 500.0), (700.0, 3400.0)
_MURMUR_DB = -25.0  # of words beside voice. Measured: murmurs -29 and less on a line of 20 dB, speech -22 and more
_LOUD = 10**-2.0  # of the loudest window: whoever speaks, speaks there
_QUIETEST = 0.2  # of the windows: the line's noise
_RESTLESS = 1.1  # quiet windows so much above the loud ones hold sounds, not the line's noise

Powers = npt.NDArray[np.float64]


def is_murmur(pcm: bytes) -> bool:
    """Whether the voice in 16-bit samples at 8 kHz, with some line around it, has nothing that words are told by.

    False where the line's noise hides whether it has.
    """
    spectra = _spectra(np.frombuffer(pcm, "<i2").astype(np.float64))
    if len(spectra) < 1 / _QUIETEST:
        return False
    voice, words = _within(spectra, _VOICE_HZ), _within(spectra, _WORDS_HZ)
    whole = voice + words
    loud, quiet = whole > _LOUD * whole.max(), whole <= np.quantile(whole, _QUIETEST)
    if not loud.any() or words[quiet].mean() > _RESTLESS * words[loud].mean():
        return False
    above = words[loud].mean() - words[quiet].mean()
    return bool(above < 10 ** (_MURMUR_DB / 10) * (voice[loud].mean() - voice[quiet].mean()))


def _spectra(samples: Powers) -> Powers:
    """The power spectrum of one window after the other."""
    if len(samples) < _WINDOW:
        return np.empty((0, _WINDOW // 2 + 1))
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP]
    return np.abs(np.fft.rfft(windows * np.hanning(_WINDOW))) ** 2


def _within(spectra: Powers, band_hz: tuple[float, float]) -> Powers:
    hz = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE)
    low, high = band_hz
    return np.asarray(spectra[:, (hz >= low) & (hz < high)].sum(axis=1))
