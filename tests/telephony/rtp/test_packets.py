"""RTP and RTCP on the wire: the layouts of RFC 3550 §5.1 and §6.4, events of RFC 4733 §2.3."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.errors import BadPacket
from telephony.rtp.events import KEYS, Event, KeysIn, KeysOut, parse_event
from telephony.rtp.packet import Packet, is_control, parse_packet
from telephony.rtp.rtcp import Block, Goodbye, Name, ReceiverReport, SenderReport, parse_reports

# The first packet of SIPp's capture dtmf_2833_5.pcap: marker, payload type 101, key 5.
CAPTURED_KEY = bytes.fromhex("80e51fdb0000a8c00e05384e050a0000")


def test_a_captured_packet() -> None:
    packet = parse_packet(CAPTURED_KEY)
    assert packet == Packet(101, 0x1FDB, 0xA8C0, 0x0E05384E, b"\x05\x0a\x00\x00", marker=True)
    assert packet.serialise() == CAPTURED_KEY
    assert parse_event(packet.payload) == Event(5, end=False, duration=0, volume=10)


def test_sources_extension_and_padding_are_read_over() -> None:
    data = bytes.fromhex("b2080001000000a000000007" + "0000000b0000000c" + "bede000111223344" + "d5d5" + "00000004")
    packet = parse_packet(data)
    assert packet.sources == (11, 12) and packet.payload == b"\xd5\xd5" and packet.payload_type == 8


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x80" * 11, b"\x40" + bytes(11), bytes(12), b"\x80" + bytes(3000),
        b"\x8f" + bytes(11),  # fifteen sources that are not there
        b"\x90" + bytes(11),  # an extension that is not there
        b"\x90" + bytes(13) + b"\xff\xff",  # a longer one than the packet
        b"\xa0" + bytes(11),  # padding of nothing
        b"\xa0" + bytes(12) + b"\xff",  # more padding than packet
    ],
)  # fmt: skip
def test_what_is_no_rtp(data: bytes) -> None:
    with pytest.raises(BadPacket):
        parse_packet(data)


@given(st.binary(max_size=200))
def test_random_datagrams(data: bytes) -> None:
    for parse in (parse_packet, parse_reports):
        try:
            parse(data)
        except BadPacket:
            continue


@given(
    st.builds(
        Packet, st.integers(0, 127), st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1),
        st.binary(max_size=100), st.booleans(), st.lists(st.integers(0, 2**32 - 1), max_size=15).map(tuple),
    )
)  # fmt: skip
def test_what_is_written_reads_the_same(packet: Packet) -> None:
    assert parse_packet(packet.serialise()) == packet


def test_reports_are_told_from_audio() -> None:
    assert is_control(ReceiverReport(1).serialise())
    assert not is_control(Packet(8, 1, 1, 1, b"x").serialise())
    assert not is_control(Packet(101, 1, 1, 1, b"x", marker=True).serialise())  # 101 with the marker is 229


def test_a_sender_report_is_laid_out_as_in_6_4_1() -> None:
    block = Block(0xAABBCCDD, 64, -2, 0x00012345, 80, 0x11223344, 0x00010000)
    report = SenderReport(0x01020304, 0xE1B0B0B0_80000000, 160, 50, 8000, (block,))
    assert report.serialise() == struct.pack(
        "!BBH IIIIII IIIIII", 0x81, 200, 12,
        0x01020304, 0xE1B0B0B0, 0x80000000, 160, 50, 8000,
        0xAABBCCDD, 64 << 24 | 0xFFFFFE, 0x00012345, 80, 0x11223344, 0x00010000,
    )  # fmt: skip
    assert parse_reports(report.serialise()) == [report]


def test_a_compound_packet() -> None:
    report, name, goodbye = ReceiverReport(7), Name(7, "call@here"), Goodbye((7,))
    data = report.serialise() + name.serialise() + goodbye.serialise()
    assert len(data) % 4 == 0
    assert parse_reports(data) == [report, goodbye]  # the name is read over
    assert name.serialise() == bytes.fromhex("81ca0004" + "00000007" + "0109") + b"call@here" + b"\0"


# Telephone events


def test_a_key_is_told_once_however_many_packets_carry_it() -> None:
    keys = KeysIn()
    packets = [Event(5, False, 160 * n) for n in range(1, 6)] + [Event(5, True, 800)] * 3
    assert [keys.take(each, 1000) for each in packets] == ["5"] + [""] * 7
    assert keys.take(Event(11, False, 160), 3000) == "#"
    assert keys.take(Event(5, True, 800), 1000) == ""  # late
    assert keys.take(Event(66, False, 160), 9000) == ""  # a flash is no key


def test_the_same_key_twice_is_two_keys() -> None:
    keys = KeysIn()
    assert keys.take(Event(1, False, 160), 2**32 - 80) + keys.take(Event(1, False, 160), 4000) == "11"


def test_a_key_is_sent_as_2_5_1_says() -> None:
    out = KeysOut()
    out.add("a#")
    ticks = [out.take() for _ in range(20)]
    first = [each for tick in ticks[:9] for each in tick]
    assert [each.event.duration for each in first] == [160, 320, 480, 640, 800, 800, 800]
    assert [each.event.end for each in first] == [False] * 4 + [True] * 3  # the end goes out three times
    assert [each.begins for each in first] == [True] + [False] * 6
    assert [each.age for each in first] == [0, 160, 320, 480, 640, 640, 640]  # one timestamp for all
    assert {each.event.code for each in first} == {KEYS.index("A")}
    assert {each.event.code for tick in ticks[9:] for each in tick} == {KEYS.index("#")}
    assert out.take() == ()


def test_signs_that_are_no_keys_are_left_out() -> None:
    out = KeysOut()
    out.add("x -")
    assert all(out.take() == () for _ in range(10))


@pytest.mark.parametrize("payload", [b"", b"\x01\x02\x03"])
def test_an_event_that_is_too_short(payload: bytes) -> None:
    with pytest.raises(BadPacket):
        parse_event(payload)
