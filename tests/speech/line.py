"""Telephone audio for the tests: synthetic callers over A-law with line noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from speech.g711 import alaw_decode, alaw_encode
from speech.voice import caller_voices

SAMPLE_RATE = 8000
SPEECH_DBFS = -20.0  # what every Voice promises
VOICES = tuple(caller_voices())
HELD_OUT = ("zhou", "he", "gao")  # the model never heard their variants
FRAME = 320  # bytes of 20 ms

Samples = npt.NDArray[np.float64]


@lru_cache(maxsize=512)
def said(text: str, voice: str = "lin") -> bytes:
    """A text in one of the ten voices, nothing around it."""
    return caller_voices()[voice].speak(text)


def noise(kind: str, seconds: float, seed: int = 1) -> Samples:
    """White, pink or mains hum, RMS 1."""
    n, g = int(seconds * SAMPLE_RATE), np.random.default_rng(seed)
    out = g.standard_normal(n)
    if kind == "pink":
        spectrum = np.fft.rfft(out)
        out = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 4)), n)
    elif kind == "hum":
        t = np.arange(n) / SAMPLE_RATE
        out = 0.05 * out + sum(np.sin(100 * np.pi * k * t + k) / k for k in range(1, 12))
    return np.asarray(out / np.sqrt(np.mean(out**2)))


def pcm(samples: Samples) -> bytes:
    """Samples with full scale 1 as 16-bit audio."""
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def line(
    speech: bytes, snr_db: float | None = 20.0, kind: str = "white", before: float = 1.0, after: float = 1.0
) -> bytes:
    """Speech with `before` and `after` seconds of the line around it, through A-law; `snr_db` None is a clean line."""
    samples = np.frombuffer(speech, "<i2") / 32768
    out = np.concatenate([np.zeros(int(before * SAMPLE_RATE)), samples, np.zeros(int(after * SAMPLE_RATE))])
    if snr_db is not None:
        out = out + noise(kind, (len(out) + 0.5) / SAMPLE_RATE)[: len(out)] * 10 ** ((SPEECH_DBFS - snr_db) / 20)
    return alaw_decode(alaw_encode(pcm(out)))


def frames(audio: bytes) -> list[bytes]:
    """Whole frames of 20 ms."""
    return [audio[at : at + FRAME] for at in range(0, len(audio) - FRAME + 1, FRAME)]
