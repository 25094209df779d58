"""Recordings as others want them: a WAV header, and peaks to draw."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from telephony.legs import SAMPLE_RATE

WAV_HEADER_BYTES = 44
_SAMPLES: np.dtype[np.int16] = np.dtype("<i2")


def wav_header(size: int) -> bytes:
    """The header of a 16-bit stereo WAV file of 8 kHz with `size` bytes of audio."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", WAV_HEADER_BYTES - 8 + size, b"WAVE",
        b"fmt ", 16, 1, 2, SAMPLE_RATE, 4 * SAMPLE_RATE, 4, 16,
        b"data", size,
    )  # fmt: skip


class Peaks(NamedTuple):
    """The loudest sample of each stretch, 0 to 1, per channel."""

    client: tuple[float, ...]
    bot: tuple[float, ...]


def peaks_of(chunks: Iterable[bytes], samples: int, buckets: int) -> Peaks:
    """Peaks over `samples` stereo samples that come in chunks of whole samples."""
    loudest = np.zeros((max(1, buckets), 2), np.int32)
    position = 0
    for chunk in chunks:
        levels = np.abs(np.frombuffer(chunk, _SAMPLES).reshape(-1, 2).astype(np.int32))
        indices = np.arange(position, position + len(levels)) * len(loudest) // max(1, samples)
        firsts = np.flatnonzero(np.diff(indices, prepend=-1))
        found = np.maximum.reduceat(levels, firsts, axis=0)
        loudest[indices[firsts]] = np.maximum(loudest[indices[firsts]], found)
        position += len(levels)
    scaled = np.round(loudest / 32768, 4)
    return Peaks(tuple(scaled[:, 0].tolist()), tuple(scaled[:, 1].tolist()))
