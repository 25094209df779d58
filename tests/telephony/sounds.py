"""Sounds for the tests: tones by cadence, noise, the telephone's A-law; all from numpy with a given seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from speech.g711 import alaw_decode, alaw_encode

Samples = NDArray[np.float64]
RATE = 8000


def sine(hertz: float, ms: float, dbfs: float = -15.0) -> Samples:
    """A sine of a root-mean-square level."""
    amplitude = 32768 * 10 ** (dbfs / 20) * np.sqrt(2)
    wave: Samples = amplitude * np.sin(2 * np.pi * hertz * np.arange(round(ms * RATE / 1000)) / RATE)
    return wave


def silence(ms: float) -> Samples:
    return np.zeros(round(ms * RATE / 1000))


def cadence(pairs: Sequence[tuple[float, float]], cycles: int, hertz: float = 450.0, dbfs: float = -15.0) -> Samples:
    return np.concatenate(
        [part for _ in range(cycles) for on, off in pairs for part in (sine(hertz, on, dbfs), silence(off))]
    )


def melody(seed: int, seconds: int) -> Samples:
    """Notes of the scale around 450 Hz with harmonics, as a ringback tune has them."""
    chance = np.random.default_rng(seed)
    notes = []
    for _ in range(seconds * 4):
        hertz = 220 * 2 ** (chance.integers(0, 24) / 12)
        notes.append(sine(hertz, 250) + sine(2 * hertz, 250, -20) + sine(3 * hertz, 250, -25))
    return np.concatenate(notes)


def noisy(samples: Samples, dbfs: float, seed: int = 1) -> Samples:
    """Samples with white noise of a level."""
    return samples + np.random.default_rng(seed).normal(0, 32768 * 10 ** (dbfs / 20), len(samples))


def line(samples: Samples) -> bytes:
    """What arrives over an A-law line: 16-bit samples in whole frames."""
    pcm = np.clip(np.round(samples), -32768, 32767).astype("<i2").tobytes()
    return alaw_decode(alaw_encode(pcm + bytes(-len(pcm) % 320)))
