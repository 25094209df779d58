"""An RTP packet (RFC 3550 §5.1) as a value."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from telephony.errors import BadPacket

VERSION = 2
HEADER_BYTES = 12
PACKET_BYTES = 2048  # no packet of telephone audio is longer
_HEADER = struct.Struct("!BBHII")
_CONTROL_TYPES = range(192, 224)  # what RTCP uses of the second byte (RFC 5761 §4)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet; `timestamp` counts samples, header extensions are read over."""

    payload_type: int
    sequence: int  # 16 bits
    timestamp: int  # 32 bits
    ssrc: int
    payload: bytes
    marker: bool = False
    sources: tuple[int, ...] = ()  # CSRC

    def serialise(self) -> bytes:
        """The bytes of the packet."""
        first = VERSION << 6 | len(self.sources)
        second = self.marker << 7 | self.payload_type
        header = _HEADER.pack(first, second, self.sequence, self.timestamp, self.ssrc)
        return header + b"".join(struct.pack("!I", each) for each in self.sources) + self.payload


def parse_packet(data: bytes) -> Packet:
    """The packet in a datagram; raises `BadPacket` (RFC 3550 A.1)."""
    if not HEADER_BYTES <= len(data) <= PACKET_BYTES:
        raise BadPacket("a datagram that is too short or too long for RTP")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first >> 6 != VERSION:
        raise BadPacket("a datagram of another version than RTP's")
    start = HEADER_BYTES + 4 * (first & 0x0F)
    if first & 0x10:  # an extension of a stated number of words
        if len(data) < start + 4:
            raise BadPacket("an RTP packet that ends in its extension")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    padding = data[-1] if first & 0x20 else 0
    end = len(data) - padding
    if start > end or (first & 0x20 and not padding):
        raise BadPacket("an RTP packet that ends before its payload")
    sources = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(12, 12 + 4 * (first & 0x0F), 4))
    return Packet(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80), sources)


def is_control(data: bytes) -> bool:
    """Whether a datagram on a shared port is RTCP (RFC 5761 §4)."""
    return len(data) >= 8 and data[0] >> 6 == VERSION and data[1] in _CONTROL_TYPES
