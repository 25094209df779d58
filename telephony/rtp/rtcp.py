"""RTCP (RFC 3550 §6): sender and receiver reports, goodbyes; other packets are read over."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TypeAlias

from telephony.errors import BadPacket

_SR, _RR, _SDES, _BYE = 200, 201, 202, 203
_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!IIIII")  # NTP high and low, RTP timestamp, packets, octets
_BLOCK = struct.Struct("!IIIIII")
_PACKETS = 32  # in one datagram
_CNAME = 1


@dataclass(frozen=True, slots=True)
class Block:
    """One report block (§6.4.1): how a source is received. `lost` is the running total, `fraction` of 256."""

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int  # timestamp units
    last_report: int  # the middle 32 bits of the NTP time of the last sender report
    delay: int  # since then, in 1/65536 s

    def serialise(self) -> bytes:
        lost = self.fraction << 24 | (max(-(2**23), min(2**23 - 1, self.lost)) & 0xFFFFFF)
        return _BLOCK.pack(
            self.ssrc, lost, self.highest & 0xFFFFFFFF, self.jitter & 0xFFFFFFFF, self.last_report, self.delay
        )


@dataclass(frozen=True, slots=True)
class SenderReport:
    """What a sender has sent, at an NTP time (64 bits: seconds, fraction)."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[Block, ...] = ()

    def serialise(self) -> bytes:
        body = struct.pack("!I", self.ssrc) + _SENDER.pack(
            self.ntp >> 32, self.ntp & 0xFFFFFFFF, self.timestamp, self.packets & 0xFFFFFFFF, self.octets & 0xFFFFFFFF
        )
        return _packet(_SR, len(self.blocks), body + b"".join(each.serialise() for each in self.blocks))


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    """Reports of somebody who sends nothing."""

    ssrc: int
    blocks: tuple[Block, ...] = ()

    def serialise(self) -> bytes:
        body = struct.pack("!I", self.ssrc) + b"".join(each.serialise() for each in self.blocks)
        return _packet(_RR, len(self.blocks), body)


@dataclass(frozen=True, slots=True)
class Name:
    """The canonical name of a source (§6.5.1), without which no compound packet is whole."""

    ssrc: int
    text: str

    def serialise(self) -> bytes:
        text = self.text.encode()[:255]
        chunk = struct.pack("!IBB", self.ssrc, _CNAME, len(text)) + text + b"\0"
        return _packet(_SDES, 1, chunk + bytes(-len(chunk) % 4))


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Sources that leave (§6.6)."""

    ssrcs: tuple[int, ...]

    def serialise(self) -> bytes:
        return _packet(_BYE, len(self.ssrcs), b"".join(struct.pack("!I", each) for each in self.ssrcs))


Report: TypeAlias = SenderReport | ReceiverReport | Goodbye


def parse_reports(data: bytes) -> list[Report]:
    """The reports of a compound packet, in order; raises `BadPacket` (A.2)."""
    reports: list[Report] = []
    for _ in range(_PACKETS):
        if not data:
            return reports
        if len(data) < 8:
            raise BadPacket("an RTCP packet that is too short")
        first, kind, words = _HEADER.unpack_from(data)
        size = 4 * (words + 1)
        if first >> 6 != 2 or size > len(data):
            raise BadPacket("an RTCP packet of another version, or cut off")
        report = _parse_one(kind, first & 0x1F, data[4:size])
        if report is not None:
            reports.append(report)
        data = data[size:]
    raise BadPacket("more RTCP packets in a datagram than anybody sends")


def _parse_one(kind: int, number: int, body: bytes) -> Report | None:
    if kind == _SR:
        _need(body, 24 + 24 * number)
        high, low, timestamp, packets, octets = _SENDER.unpack_from(body, 4)
        return SenderReport(_word(body), high << 32 | low, timestamp, packets, octets, _blocks(body[24:], number))
    if kind == _RR:
        _need(body, 4 + 24 * number)
        return ReceiverReport(_word(body), _blocks(body[4:], number))
    if kind == _BYE:
        _need(body, 4 * number)
        return Goodbye(struct.unpack_from(f"!{number}I", body))
    return None


def _blocks(body: bytes, number: int) -> tuple[Block, ...]:
    blocks = []
    for index in range(number):
        ssrc, lost, highest, jitter, last, delay = _BLOCK.unpack_from(body, 24 * index)
        total = lost & 0xFFFFFF
        blocks.append(Block(ssrc, lost >> 24, total - 2**24 if total >= 2**23 else total, highest, jitter, last, delay))
    return tuple(blocks)


def _packet(kind: int, number: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | number, kind, len(body) // 4) + body


def _word(body: bytes) -> int:
    return int.from_bytes(body[:4], "big")


def _need(body: bytes, size: int) -> None:
    if len(body) < size:
        raise BadPacket("an RTCP report that ends before its blocks")
