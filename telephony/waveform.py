"""Recordings as others want them: a WAV header."""

from __future__ import annotations

import struct

from telephony.legs import SAMPLE_RATE

WAV_HEADER_BYTES = 44


def wav_header(size: int) -> bytes:
    """The header of a 16-bit stereo WAV file of 8 kHz with `size` bytes of audio."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", WAV_HEADER_BYTES - 8 + size, b"WAVE",
        b"fmt ", 16, 1, 2, SAMPLE_RATE, 4 * SAMPLE_RATE, 4, 16,
        b"data", size,
    )  # fmt: skip
