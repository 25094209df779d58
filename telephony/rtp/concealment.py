"""What is heard in place of a lost packet: the last pitch period again, fading (in the manner of G.711 Appendix I)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from telephony.legs import FRAME_SAMPLES

FRAMES = 3  # after that there is silence
_SHORTEST, _LONGEST = 40, 120  # of a pitch period, in samples: 200 Hz to 66 Hz
_GAIN = 0.6  # per frame

Samples = NDArray[np.int16]


def conceal(last: bytes, nth: int) -> bytes:
    """The `nth` frame (from 0) after the 16-bit samples `last`; silence from the fourth on."""
    samples = np.frombuffer(last, "<i2").astype(np.float64)
    if nth >= FRAMES or len(samples) < 2 * _LONGEST:
        return bytes(2 * FRAME_SAMPLES)
    period = _period(samples)
    cycle = samples[-period:]
    positions = (np.arange(FRAME_SAMPLES) + nth * FRAME_SAMPLES) % period
    fade = np.linspace(_GAIN**nth, _GAIN ** (nth + 1), FRAME_SAMPLES)
    return (cycle[positions] * fade).astype("<i2").tobytes()


def _period(samples: NDArray[np.float64]) -> int:
    """The lag at which the end of the samples is most like what was before it."""
    end = samples[-_LONGEST:]
    best, likeness = _LONGEST, -np.inf
    for lag in range(_SHORTEST, _LONGEST + 1):
        before = samples[-_LONGEST - lag : len(samples) - lag]
        if len(before) < _LONGEST:
            break
        norm = float(np.sqrt(np.dot(before, before))) or 1.0
        value = float(np.dot(end, before)) / norm
        if value > likeness:
            best, likeness = lag, value
    return best
