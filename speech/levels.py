"""Speech made ready for the telephone: 8 kHz, no silence around it, one loudness for all voices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import soxr

RATE = 8000
TARGET_DBFS = -20.0
PEAK = 0.9  # of full scale; A-law keeps its finest steps well below

Samples = npt.NDArray[np.float32]

_FRAME = RATE // 50  # 20 ms
_AUDIBLE = 0.004  # of full scale, after levelling
_LEAD, _TAIL = RATE * 20 // 1000, RATE * 80 // 1000


def telephone(samples: Samples, rate: int) -> bytes:
    """Mono samples in [-1, 1] at any rate as s16le at 8 kHz: resampled, levelled to -20 dBFS RMS of speech, trimmed."""
    return to_pcm(_trimmed(_levelled(resampled(samples, rate))))


def resampled(samples: Samples, rate: int) -> Samples:
    """Samples at 8 kHz."""
    if rate == RATE:
        return samples
    out: Samples = soxr.resample(samples, rate, RATE, quality="VHQ").astype(np.float32)
    return out


def to_pcm(samples: Samples) -> bytes:
    """Samples in [-1, 1] as s16le; what is louder is cut off."""
    return np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def active_dbfs(samples: Samples) -> float:
    """RMS level of the frames in which somebody speaks (at most 25 dB below the loudest), -inf for silence."""
    whole = np.pad(samples.astype(np.float64), (0, -len(samples) % _FRAME or (0 if len(samples) else _FRAME)))
    power = np.mean(np.square(whole).reshape(-1, _FRAME), axis=1)
    loudest = float(power.max())
    if loudest == 0:
        return float("-inf")
    return float(10 * np.log10(power[power > loudest * 10**-2.5].mean()))


def _levelled(samples: Samples) -> Samples:
    level = active_dbfs(samples)
    if not np.isfinite(level):
        return samples
    gain = 10 ** ((TARGET_DBFS - level) / 20)
    return samples * np.float32(min(gain, PEAK / float(np.abs(samples).max())))


def _trimmed(samples: Samples) -> Samples:
    """Cut the silence off, leaving 20 ms before and 80 ms after, with edges faded over 5 ms."""
    loud = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    if not len(loud):
        return samples[:0]
    kept = samples[max(0, int(loud[0]) - _LEAD) : int(loud[-1]) + _TAIL].copy()
    edge = min(RATE * 5 // 1000, len(kept) // 2)
    ramp = np.linspace(0, 1, edge, dtype=np.float32)
    kept[:edge] *= ramp
    kept[len(kept) - edge :] *= ramp[::-1]
    return kept
