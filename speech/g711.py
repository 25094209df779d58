"""G.711 A-law and µ-law by table: 16-bit little-endian PCM to one byte per sample and back (ITU-T G.711, 1988).

The 16-bit samples are the standard's 13-bit (A-law, times 8) and 14-bit (µ-law, times 4) values, so that what
one side encodes any other side decodes to the same numbers.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_Codes: TypeAlias = NDArray[np.uint8]
_Samples: TypeAlias = NDArray[np.int16]

_LITTLE_ENDIAN: np.dtype[np.uint16] = np.dtype("<u2")  # of a sample taken as unsigned: the index of its code
_BIAS = 33  # µ-law: added to the 14-bit magnitude, so that segment ends fall on powers of two
_CLIP = 0x1FFF  # µ-law: largest biased magnitude


def _alaw_encoding() -> _Codes:
    """Code of every sample, indexed by the sample taken as unsigned (G.711 table 1)."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.where(samples < 0, ~samples, samples) >> 4  # 0 … 2047
    segment = np.maximum(np.frexp(magnitude.astype(np.float64))[1] - 4, 0)
    mantissa = (magnitude >> np.maximum(segment - 1, 0)) & 0x0F
    sign = np.where(samples < 0, 0x00, 0x80)
    codes: _Codes = ((sign | (segment << 4) | mantissa) ^ 0x55).astype(np.uint8)
    return codes


def _alaw_decoding() -> _Samples:
    codes = np.arange(256, dtype=np.int32) ^ 0x55
    segment = (codes >> 4) & 0x07
    mantissa = (codes & 0x0F) + np.where(segment > 0, 16, 0)
    magnitude = ((mantissa << 4) + 8) << np.maximum(segment - 1, 0)
    samples: _Samples = np.where(codes & 0x80, magnitude, -magnitude).astype(np.int16)
    return samples


def _ulaw_encoding() -> _Codes:
    """Code of every sample, indexed by the sample taken as unsigned (G.711 table 2)."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = (np.where(samples < 0, ~samples, samples) >> 2) + _BIAS
    magnitude = np.minimum(magnitude, _CLIP)
    segment = np.frexp(magnitude.astype(np.float64))[1] - 6  # 0 … 7
    mantissa = (magnitude >> (segment + 1)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0x00)
    codes: _Codes = (~(sign | (segment << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes


def _ulaw_decoding() -> _Samples:
    codes = ~np.arange(256, dtype=np.int32) & 0xFF
    segment = (codes >> 4) & 0x07
    magnitude = ((((codes & 0x0F) << 1) + _BIAS) << segment) - _BIAS  # in the standard's 14-bit units
    samples: _Samples = np.where(codes & 0x80, -4 * magnitude, 4 * magnitude).astype(np.int16)
    return samples


_ALAW_ENCODING = _alaw_encoding()
_ALAW_DECODING = _alaw_decoding().astype("<i2")
_ULAW_ENCODING = _ulaw_encoding()
_ULAW_DECODING = _ulaw_decoding().astype("<i2")


def alaw_encode(pcm: bytes) -> bytes:
    """A-law of 16-bit samples; half as many bytes."""
    return _ALAW_ENCODING[np.frombuffer(pcm, _LITTLE_ENDIAN)].tobytes()


def alaw_decode(codes: bytes) -> bytes:
    """16-bit samples of A-law; twice as many bytes."""
    return _ALAW_DECODING[np.frombuffer(codes, np.uint8)].tobytes()


def ulaw_encode(pcm: bytes) -> bytes:
    """µ-law of 16-bit samples; half as many bytes."""
    return _ULAW_ENCODING[np.frombuffer(pcm, _LITTLE_ENDIAN)].tobytes()


def ulaw_decode(codes: bytes) -> bytes:
    """16-bit samples of µ-law; twice as many bytes."""
    return _ULAW_DECODING[np.frombuffer(codes, np.uint8)].tobytes()
