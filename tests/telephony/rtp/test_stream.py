"""What arrives, put in order; who the far end is; reports; quality."""

from __future__ import annotations

import random

import numpy as np
import pytest

from speech.g711 import alaw_decode, alaw_encode
from telephony.codecs import SILENCE, Format
from telephony.errors import BadPacket
from telephony.rtp.concealment import conceal
from telephony.rtp.events import Event
from telephony.rtp.inlet import Inlet
from telephony.rtp.packet import Packet, parse_packet
from telephony.rtp.quality import CallQuality, opinion_score, r_factor
from telephony.rtp.rtcp import Block, Goodbye, SenderReport, parse_reports
from telephony.rtp.sequence import JitterEstimate, SequenceCount
from telephony.rtp.srtp import Cipher, Secret, Suite
from telephony.rtp.stream import Datagram, Stream, Terms
from tests.telephony.sounds import line, sine

FAR, STRANGER = ("192.0.2.1", 4000), ("198.51.100.7", 9)
SOUND = line(sine(400, 2000))


def frame(index: int) -> bytes:
    return SOUND[320 * index : 320 * index + 320]


def terms(**changed: object) -> Terms:
    settled = {
        "far": FAR, "format": Format.ALAW, "payload_type": 8, "event_type": 101, "sends": True, "receives": True,
        "formats": ((8, Format.ALAW),), "event_types": (101,),
    }  # fmt: skip
    return Terms(**{**settled, **changed})  # type: ignore[arg-type]


def stream(pressed: list[str] | None = None) -> Stream:
    made = Stream((pressed if pressed is not None else []).append, random.Random(1).getrandbits, 0.0)
    made.settle(terms())
    return made


def packet(index: int, ssrc: int = 5, *, samples: int = 160) -> bytes:
    payload = alaw_encode(SOUND[2 * samples * index : 2 * samples * (index + 1)])
    return Packet(8, (65530 + index) % 65536, samples * index, ssrc, payload).serialise()


def played(inlet: Inlet, ticks: int) -> list[bytes]:
    return [heard for _ in range(ticks) if (heard := inlet.take()) is not None]


# Order


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [0, 2, 1, 3, 5, 4], [0, 1, 1, 2, 2, 3, 4, 5, 0]])
def test_packets_come_out_in_order_and_once(order: list[int]) -> None:
    inlet = Inlet()
    for index in order:
        inlet.put(100 + index, 160 * index, frame(index))
    assert played(inlet, 10)[:6] == [frame(index) for index in range(6)]


def test_a_lost_packet_is_concealed_when_its_tick_comes_and_not_before() -> None:
    inlet = Inlet()
    heard: list[bytes | None] = []
    for index in range(10):
        if index != 5:
            inlet.put(index, 160 * index, frame(index))
        heard.append(inlet.take())
    heard += [inlet.take() for _ in range(3)]
    frames = [each for each in heard if each is not None]
    assert frames[:5] == [frame(index) for index in range(5)]
    assert frames[5] not in [frame(index) for index in range(10)] and any(frames[5])
    assert frames[6:10] == [frame(index) for index in range(6, 10)]


def test_a_packet_behind_its_tick_is_late() -> None:
    inlet = Inlet()
    for index in (0, 1, 3, 4):
        inlet.put(index, 160 * index, frame(index))
    played(inlet, 6)
    inlet.put(2, 320, frame(2))
    assert inlet.late == 1


def test_packets_of_other_lengths_are_cut_into_frames() -> None:
    for samples in (80, 240, 320, 480):
        inlet = Inlet()
        for index in range(1920 // samples):
            inlet.put(index, samples * index, SOUND[2 * samples * index : 2 * samples * (index + 1)])
        assert b"".join(played(inlet, 12)) == SOUND[: 2 * 1920]


def test_a_pause_that_was_not_sent_is_no_loss() -> None:
    inlet = Inlet()
    inlet.put(0, 0, frame(0))
    inlet.put(1, 160, frame(1))
    played(inlet, 10)
    concealed = inlet.concealed
    inlet.put(2, 160 * 200, frame(2))  # the next number, seconds later
    assert inlet.take() == frame(2)
    assert inlet.concealed == concealed


def test_concealment_goes_on_as_the_sound_was_and_fades() -> None:
    last = line(sine(100, 60, -10))
    frames = [np.frombuffer(conceal(last, nth), "<i2").astype(float) for nth in range(5)]
    levels = [float(np.abs(each).max()) for each in frames]
    assert levels[0] > 0.5 * np.abs(np.frombuffer(last, "<i2")).max()
    assert levels[0] > levels[1] > levels[2] > levels[3] == levels[4] == 0
    joined = np.concatenate([np.frombuffer(last, "<i2").astype(float)[-80:], frames[0][:80]])
    assert np.abs(np.diff(joined)).max() < 2500  # no click where they meet


# Numbers


def test_numbers_go_on_past_65535() -> None:
    count = SequenceCount()
    assert [count.extend(number) for number in (65534, 65535, 0, 1)] == [65534, 65535, 65536, 65537]
    assert (count.expected, count.lost) == (4, 0)


def test_loss_is_what_the_numbers_lack() -> None:
    # A.3: expected is highest - base + 1.
    count = SequenceCount()
    for number in (10, 11, 14, 13, 20):
        count.extend(number)
    assert (count.expected, count.lost) == (11, 6)
    assert count.fraction_lost() == (6 * 256) // 11
    assert count.fraction_lost() == 0  # since the last time


def test_a_wild_number_is_left_out_and_a_restart_believed() -> None:
    # A.1: two in a row are a restart.
    count = SequenceCount()
    count.extend(100)
    assert count.extend(40_000) is None
    assert count.extend(101) == 101
    assert count.extend(40_000) is None
    restarted = count.extend(40_001)
    assert restarted is not None and restarted > 101
    assert count.lost == 0


def test_jitter_grows_by_a_sixteenth_of_each_difference() -> None:
    # §6.4.1: J += (|D| - J) / 16.
    jitter = JitterEstimate(8000)
    for timestamp, arrival in ((0, 0.0), (160, 0.02), (320, 0.05)):
        jitter.add(timestamp, arrival)
    assert jitter.value == pytest.approx(80 / 16)


# The far end's address


def test_audio_goes_where_it_comes_from() -> None:
    ours = stream()
    assert ours.send(SILENCE)[0].to == FAR
    moved = ("192.0.2.1", 5555)
    ours.receive(packet(0), moved, 0.0)
    assert ours.send(SILENCE)[0].to == moved


def test_a_stranger_is_not_heard_and_does_not_get_our_audio() -> None:
    ours = stream()
    ours.receive(packet(0), FAR, 0.0)
    ours.receive(packet(1, ssrc=9), STRANGER, 0.02)
    assert ours.strangers == 1 and ours.send(SILENCE)[0].to == FAR
    assert ours.quality().received == 1 and ours.quality().strangers == 1


def test_the_described_address_outranks_a_stranger_who_was_first() -> None:
    ours = stream()
    ours.receive(packet(0, ssrc=9), STRANGER, 0.0)
    ours.receive(packet(0), FAR, 0.02)
    assert ours.send(SILENCE)[0].to == FAR
    ours.receive(packet(1, ssrc=9), STRANGER, 0.04)
    assert ours.strangers == 1


def test_a_stranger_who_is_first_is_not_heard_where_audio_has_its_place() -> None:
    ours = stream()
    ours.settle(terms(hosts=frozenset(("192.0.2.1", "192.0.2.9"))))
    ours.receive(packet(0, ssrc=9), STRANGER, 0.0)
    assert ours.strangers == 1 and ours.send(SILENCE)[0].to == FAR
    ours.receive(packet(0), ("192.0.2.9", 7000), 0.02)  # the trunk itself may be it
    assert ours.send(SILENCE)[0].to == ("192.0.2.9", 7000)


def test_another_address_may_take_over_from_one_that_is_silent() -> None:
    ours = stream()
    ours.receive(packet(0), FAR, 0.0)
    moved = ("192.0.2.1", 5555)
    ours.receive(packet(1), moved, 6.0)
    assert ours.send(SILENCE)[0].to == moved


def test_a_new_description_ends_the_latch() -> None:
    ours = stream()
    ours.receive(packet(0), ("192.0.2.1", 5555), 0.0)
    ours.settle(terms(far=("192.0.2.2", 6000)))
    assert ours.send(SILENCE)[0].to == ("192.0.2.2", 6000)


def test_the_newest_of_two_sources_is_heard() -> None:
    ours = stream()
    for index in range(10):
        ours.receive(packet(index, ssrc=1), FAR, index / 50)
        if index >= 5:
            ours.receive(packet(index, ssrc=2), FAR, index / 50)
    assert ours.quality().lost == 0 and ours.quality().received == 11


# Out


def test_what_is_sent_counts_on_without_gaps() -> None:
    ours = stream()
    packets = [parse_packet(ours.send(frame(index))[0].data) for index in range(5)]
    assert [(each.sequence - packets[0].sequence) % 65536 for each in packets] == [0, 1, 2, 3, 4]
    assert [(each.timestamp - packets[0].timestamp) % 2**32 for each in packets] == [0, 160, 320, 480, 640]
    assert [each.marker for each in packets] == [True, False, False, False, False]
    assert b"".join(alaw_decode(each.payload) for each in packets) == b"".join(frame(index) for index in range(5))


def test_nothing_is_sent_where_the_far_end_does_not_listen() -> None:
    ours = stream()
    ours.settle(terms(sends=False))
    assert ours.send(frame(0)) == []
    ours.settle(terms())
    assert parse_packet(ours.send(frame(0))[0].data).marker


def test_keys_go_in_between_audio() -> None:
    ours = stream()
    assert ours.press("5")
    kinds = [[parse_packet(each.data).payload_type for each in ours.send(SILENCE)] for _ in range(10)]
    assert kinds == [[8]] * 4 + [[101]] * 4 + [[101, 101, 101]] + [[8]]
    ours.settle(terms(event_type=None))
    assert not ours.press("5")


def test_keys_in_are_told_and_make_no_gap() -> None:
    pressed: list[str] = []
    ours = stream(pressed)
    ours.receive(packet(0), FAR, 0.0)
    for number in range(1, 4):
        payload = Event(7, number == 3, 160 * number).serialise()
        key = Packet(101, (65530 + number) % 65536, 160, 5, payload, number == 1)
        ours.receive(key.serialise(), FAR, 0.02 * number)
    ours.receive(packet(4), FAR, 0.08)
    assert pressed == ["7"]
    assert ours.quality().lost == 0


# Reports


def block_of(datagrams: list[Datagram]) -> tuple[SenderReport, Block]:
    (report,) = parse_reports(datagrams[0].data)[:1]
    assert isinstance(report, SenderReport)
    return report, report.blocks[0]


def test_reports_go_out_every_five_seconds_to_the_port_above() -> None:
    ours = stream()
    ours.receive(packet(0), FAR, 0.0)
    ours.receive(packet(3), FAR, 0.06)
    ours.send(SILENCE)
    times = [at for at in range(20) if ours.report(float(at))]
    assert times == [3, 8, 13, 18]
    ours.send(SILENCE)
    report, block = block_of(ours.report(30.0))
    assert (block.ssrc, block.lost, report.packets, report.octets) == (5, 2, 2, 320)
    goodbye = ours.goodbye(31.0)
    assert goodbye[0].control and goodbye[0].to == (FAR[0], FAR[1] + 1)
    assert isinstance(parse_reports(goodbye[0].data)[-1], Goodbye)


def test_the_round_trip_is_now_minus_last_report_minus_delay() -> None:
    # §6.4.1, figure 2: A = 0xb710:8000, LSR = 0xb705:2000, DLSR = 0x0005:4000 give 6.125 s.
    ours = stream()
    ours.send(SILENCE)
    our_ssrc = parse_packet(ours.send(SILENCE)[0].data).ssrc
    block = Block(our_ssrc, 0, 0, 1, 16, 0xB7052000, 0x00054000)
    now = 0xB710 + 0.5
    ours.receive(SenderReport(5, 0, 0, 1, 160, (block,)).serialise(), FAR, now)
    assert ours.quality().round_trip_ms == pytest.approx(6125)
    assert ours.quality().far_jitter_ms == pytest.approx(2.0)


def test_reports_of_strangers_count_for_nothing() -> None:
    ours = stream()
    ours.receive_control(SenderReport(5, 0, 0, 1, 160).serialise(), STRANGER, 1.0)
    assert ours.strangers == 1 and ours.heard_at is None


# Quality


def test_the_rating_of_a_perfect_line_and_its_opinion() -> None:
    # G.107: the default of 93.2 stands for a mean opinion of 4.41 (Annex B).
    assert r_factor(0.0, 0.0) == pytest.approx(93.2)
    assert opinion_score(93.2) == pytest.approx(4.41, abs=0.005)
    assert opinion_score(50) == pytest.approx(2.58, abs=0.01)


def test_loss_and_delay_lower_the_rating() -> None:
    ratings = [r_factor(loss, 50) for loss in (0.0, 0.01, 0.05, 0.25)]
    assert ratings == sorted(ratings, reverse=True) and ratings[-1] < 60
    assert r_factor(0.0, 400) < r_factor(0.0, 170) - 20
    quality = CallQuality(95, 5, 3.0, 100, 80.0, None, None, 0)
    assert quality.loss == pytest.approx(0.05) and 70 < quality.r_factor < 80


# SRTP


def test_sealed_audio_is_opened_with_the_right_key_only() -> None:
    first, second = bytes(range(30)), bytes(range(100, 130))
    ours, theirs, other = stream(), stream(), stream()
    ours.settle(terms(secret=Secret(Suite.TAG_80, first, second)))
    theirs.settle(terms(secret=Secret(Suite.TAG_80, second, first)))
    other.settle(terms(secret=Secret(Suite.TAG_80, second, second)))
    (sent,) = ours.send(frame(0))
    assert len(sent.data) == 12 + 160 + 10  # the tag of 80 bits
    with pytest.raises(BadPacket):
        other.receive(sent.data, FAR, 0.0)
    theirs.receive(sent.data, FAR, 0.0)
    assert theirs.quality().received == 1 and other.quality().received == 0
    with pytest.raises(BadPacket):
        theirs.receive(sent.data, FAR, 0.0)  # played again
    with pytest.raises(BadPacket):
        theirs.receive(packet(0), FAR, 0.0)  # not sealed
    theirs.receive_control(ours.goodbye(1.0)[0].data, FAR, 1.0)


def test_a_tag_of_32_bits() -> None:
    key = bytes(range(30))
    sealed = Cipher(Secret(Suite.TAG_32, key, key)).seal(packet(0))
    assert len(sealed) == len(packet(0)) + 4
    assert Cipher(Secret(Suite.TAG_32, key, key)).open(sealed) == packet(0)
