"""The tone that a caller hears while somebody is rung (回铃音): 450 Hz, 1 s on, 4 s off (GB/T 3380)."""

from __future__ import annotations

from functools import cache

import numpy as np

from telephony.legs import SAMPLE_RATE

RINGBACK_SECONDS = 5.0  # from one tone to the next
_ON_SECONDS = 1.0
_HERTZ = 450
_AMPLITUDE = 3000.0  # -24 dB of full scale
_EDGE_SECONDS = 0.01  # without a click


@cache
def ringback() -> bytes:
    """One tone, 16-bit at 8 kHz."""
    at = np.arange(int(_ON_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    edge = np.clip(np.minimum(at, at[::-1]) / _EDGE_SECONDS, 0, 1)
    return (_AMPLITUDE * edge * np.sin(2 * np.pi * _HERTZ * at)).astype("<i2").tobytes()
