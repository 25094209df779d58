"""How 20 ms of audio travel: the codecs of the wire, each a pair of pure functions over 16-bit samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from speech.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode
from telephony.legs import FRAME_BYTES, FRAME_SAMPLES

SILENCE = bytes(FRAME_BYTES)  # one frame


class Format(StrEnum):
    """Names of the audio formats on the wire, 8 kHz mono all."""

    ALAW = "alaw"  # G.711 A-law, 160 bytes a frame
    ULAW = "ulaw"  # G.711 µ-law, 160 bytes a frame
    SLIN = "slin"  # signed 16-bit little-endian, 320 bytes a frame


@dataclass(frozen=True, slots=True)
class Codec:
    """One format: bytes of a frame on the wire, encoder and decoder, and the encoded frame of silence."""

    format: Format
    frame_bytes: int
    encode: Callable[[bytes], bytes]
    decode: Callable[[bytes], bytes]
    silence: bytes


def _same(pcm: bytes) -> bytes:
    return pcm


def _codec(name: Format, size: int, encode: Callable[[bytes], bytes], decode: Callable[[bytes], bytes]) -> Codec:
    return Codec(name, size, encode, decode, encode(SILENCE))


CODECS: Mapping[Format, Codec] = {
    Format.ALAW: _codec(Format.ALAW, FRAME_SAMPLES, alaw_encode, alaw_decode),
    Format.ULAW: _codec(Format.ULAW, FRAME_SAMPLES, ulaw_encode, ulaw_decode),
    Format.SLIN: _codec(Format.SLIN, FRAME_BYTES, _same, _same),
}
