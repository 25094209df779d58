"""G.711 against the value tables of the recommendation (ITU-T G.711, tables 1 and 2)."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from speech.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode


def pcm(*samples: int) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def samples(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 2}h", data))


# Table 1a: quantised value (13 bits, 4096 full scale) and character signal of the first value of each segment,
# before the inversion of the even bits; bit 1 (sign) is 1 for positive values.
ALAW_VALUES = [
    (1, 0b10000000),
    (31, 0b10001111),
    (33, 0b10010000),
    (63, 0b10011111),
    (66, 0b10100000),
    (132, 0b10110000),
    (264, 0b11000000),
    (528, 0b11010000),
    (1056, 0b11100000),
    (2112, 0b11110000),
    (4032, 0b11111111),
]
# Table 2a: quantised value (14 bits, 8159 full scale) and character signal.
ULAW_VALUES = [
    (0, 0b11111111),
    (2, 0b11111110),
    (30, 0b11110000),
    (33, 0b11101111),
    (99, 0b11011111),
    (231, 0b11001111),
    (495, 0b10111111),
    (1023, 0b10101111),
    (2079, 0b10011111),
    (4191, 0b10001111),
    (8031, 0b10000000),
]


@pytest.mark.parametrize(("value", "signal"), ALAW_VALUES)
def test_alaw_values_of_the_table(value: int, signal: int) -> None:
    code = bytes([signal ^ 0x55])
    mirrored = bytes([(signal & 0x7F) ^ 0x55])
    assert alaw_encode(pcm(8 * value)) == code
    assert samples(alaw_decode(code + mirrored)) == [8 * value, -8 * value]


@pytest.mark.parametrize(("value", "signal"), ULAW_VALUES)
def test_ulaw_values_of_the_table(value: int, signal: int) -> None:
    assert ulaw_encode(pcm(4 * value)) == bytes([signal])
    assert samples(ulaw_decode(bytes([signal, signal & 0x7F]))) == [4 * value, -4 * value]


@pytest.mark.parametrize("decision", [2, 62, 64, 68, 128, 136, 256, 512, 1024, 2048, 3968])
def test_alaw_decision_values_separate_two_codes(decision: int) -> None:
    below, above = alaw_encode(pcm(8 * decision - 1, 8 * decision))
    assert below != above


@pytest.mark.parametrize("decision", [1, 3, 29, 31, 35, 91, 95, 103, 479, 991, 4063, 7903])
def test_ulaw_decision_values_separate_two_codes(decision: int) -> None:
    below, above = ulaw_encode(pcm(4 * decision - 1, 4 * decision))
    assert below != above


def test_full_scale_is_clipped_to_the_last_code() -> None:
    assert alaw_encode(pcm(32767, -32768)) == bytes([0xFF ^ 0x55, 0x7F ^ 0x55])
    assert ulaw_encode(pcm(32767, -32768)) == bytes([0x80, 0x00])


def test_every_alaw_code_survives_a_round_trip() -> None:
    codes = bytes(range(256))
    assert alaw_encode(alaw_decode(codes)) == codes


def test_every_ulaw_code_survives_a_round_trip_but_negative_zero() -> None:
    codes = bytes(range(256))
    assert ulaw_encode(ulaw_decode(codes)) == codes.replace(b"\x7f", b"\xff")


def test_encoding_is_monotonic_and_idempotent_over_all_samples() -> None:
    everything = np.arange(-32768, 32768).astype("<i2").tobytes()
    for encode, decode in ((alaw_encode, alaw_decode), (ulaw_encode, ulaw_decode)):
        once = decode(encode(everything))
        assert np.all(np.diff(np.frombuffer(once, "<i2").astype(int)) >= 0)
        assert decode(encode(once)) == once


def test_empty_audio_stays_empty() -> None:
    assert alaw_encode(b"") == alaw_decode(b"") == ulaw_encode(b"") == ulaw_decode(b"") == b""
