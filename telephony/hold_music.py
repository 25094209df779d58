"""What a held client hears (保持音): soft plucked notes of the five-note scale, free of anybody's rights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from telephony.legs import FRAME_BYTES, SAMPLE_RATE

_SCALE = (261.63, 293.66, 329.63, 392.0, 440.0, 523.25)  # 宫商角徵羽宫, Hz
_TUNE = (0, 2, 3, 4, 3, 2, 4, 5, 4, 3, 2, 1, 2, 3, 1, 0)  # places in the scale
_NOTE_SECONDS = 0.5
_RING_SECONDS = 1.6  # a note dies away under the next ones
_AMPLITUDE = 2200.0  # each; -17 dB of full scale for several together


def hold_music() -> Iterator[bytes]:
    """Frames of 20 ms without end, from the beginning of the tune."""
    tune = _tune()
    return cycle([tune[at : at + FRAME_BYTES] for at in range(0, len(tune), FRAME_BYTES)])


@cache
def _tune() -> bytes:
    """The tune once, 16-bit at 8 kHz; its end runs over into its beginning."""
    step, length = int(_NOTE_SECONDS * SAMPLE_RATE), int(_NOTE_SECONDS * SAMPLE_RATE) * len(_TUNE)
    samples = np.zeros(length)
    for place, note in enumerate(_TUNE):
        pluck = _pluck(_SCALE[note])
        at = (place * step + np.arange(len(pluck))) % length
        samples[at] += pluck
    return samples.clip(-32768, 32767).astype("<i2").tobytes()


def _pluck(hertz: float) -> NDArray[np.float64]:
    at = np.arange(int(_RING_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    rise = np.clip(at / 0.01, 0, 1)
    tone = np.sin(2 * np.pi * hertz * at) + 0.3 * np.sin(4 * np.pi * hertz * at)
    end = np.clip((_RING_SECONDS - at) / 0.1, 0, 1)
    return np.asarray(_AMPLITUDE * rise * end * np.exp(-2.5 * at) * tone)
