"""From the 48 kHz of a browser to the 8 kHz of a telephone line, frame by frame, without waiting for more."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

FACTOR = 6
_TAPS = 193  # 2 ms of delay; flat up to 3.4 kHz, 60 dB down from 4.6 kHz, which would fold back below 3.4 kHz
_CUT = 4000 / 48000
_BETA = 6.0

_AT = np.arange(_TAPS) - _TAPS // 2
_SHAPE = np.sinc(2 * _CUT * _AT) * np.kaiser(_TAPS, _BETA)
_FILTER = (_SHAPE / _SHAPE.sum()).astype(np.float32)

Samples = NDArray[np.int16]


class Decimator:
    """A low-pass filter that keeps every sixth sample; 960 samples in give 160 out."""

    def __init__(self) -> None:
        self._before = np.zeros(_TAPS - 1, np.float32)  # what the next output sample still needs

    def feed(self, samples: Samples) -> Samples:
        """Take 16-bit samples, any number; what does not fill an output sample waits."""
        heard = np.concatenate((self._before, samples.astype(np.float32)))
        windows = sliding_window_view(heard, _TAPS)[::FACTOR] if len(heard) >= _TAPS else np.empty((0, _TAPS))
        self._before = heard[len(windows) * FACTOR :]
        kept: Samples = np.clip(np.rint(windows @ _FILTER), -32768, 32767).astype(np.int16)
        return kept
