"""One call's RTP both ways as a pure value machine: datagrams in and out, frames in and out, time as an argument.

The far end's address is what its description says until audio comes from somewhere that may be it (symmetric RTP);
from then on that source alone counts, unless it falls silent, or the described address itself is heard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from telephony.codecs import CODECS, SILENCE, Format
from telephony.legs import SAMPLE_RATE
from telephony.rtp.events import KeysIn, KeysOut, parse_event
from telephony.rtp.inlet import Inlet
from telephony.rtp.packet import Packet, is_control, parse_packet
from telephony.rtp.quality import CallQuality
from telephony.rtp.rtcp import Block, Goodbye, Name, ReceiverReport, SenderReport, parse_reports
from telephony.rtp.sequence import JitterEstimate, SequenceCount
from telephony.rtp.srtp import Cipher, Secret

Address: TypeAlias = tuple[str, int]

_TICK = 160  # timestamp units
_REPORT_SECONDS = 5.0
_RELATCH_SECONDS = 5.0  # of silence before another address may take over
_RETURN_SECONDS = 0.5  # of silence before a source that was replaced may come back


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed for the stream: where to, how, and which payload types may come."""

    far: Address
    format: Format
    payload_type: int
    event_type: int | None
    sends: bool
    receives: bool
    formats: tuple[tuple[int, Format], ...]  # by payload type
    event_types: tuple[int, ...]
    secret: Secret | None = None  # of SRTP
    hosts: frozenset[str] = frozenset()  # besides `far`'s, where audio may come from; empty: from anywhere


@dataclass(frozen=True, slots=True)
class Datagram:
    """Bytes to send; `control` goes by the port above."""

    data: bytes
    to: Address
    control: bool = False


class Stream:
    """The media of one call; `pressed` hears of keys, `chance` gives the random numbers of RFC 3550 §5.1."""

    def __init__(self, pressed: Callable[[str], None], chance: Callable[[int], int], now: float) -> None:
        self._pressed = pressed
        self._ssrc, self._sequence, self._timestamp = chance(32), chance(16), chance(32)
        self._terms: Terms | None = None
        self._formats: dict[int, Format] = {}
        self._cipher: Cipher | None = None
        self._latched: Address | None = None
        self._inlet, self._keys_in, self._keys_out = Inlet(), KeysIn(), KeysOut()
        self._count, self._jitter = SequenceCount(), JitterEstimate(SAMPLE_RATE)
        self._far_ssrc: int | None = None
        self._replaced: int | None = None  # the source before it
        self._packets = self._octets = 0
        self._talking = False  # the last tick was sent as audio
        self._report_at = now + _REPORT_SECONDS / 2
        self._last_report: tuple[int, float] | None = None  # of theirs: middle of its NTP time, arrival
        self._round_trip: float | None = None
        self._far_block: Block | None = None
        self._far_expected = 0
        self.heard_at: float | None = None  # of the far end's last packet
        self.strangers = 0

    @property
    def flooded(self) -> int:
        """Frames lost because far too many came."""
        return self._inlet.overflowed

    def settle(self, terms: Terms) -> None:
        """Take what an offer and its answer agreed on."""
        if self._terms is not None and terms.far != self._terms.far:
            self._latched = None
        if self._terms is None or terms.secret != self._terms.secret:
            self._cipher = Cipher(terms.secret) if terms.secret is not None else None
        self._terms = terms
        self._formats = dict(terms.formats)

    # In

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """A datagram on the RTP port; raises `BadPacket` for what is neither RTP nor RTCP."""
        if is_control(data):
            self.receive_control(data, source, now)
            return
        packet = parse_packet(self._cipher.open(data) if self._cipher else data)
        terms = self._terms
        known = packet.payload_type in self._formats or (terms and packet.payload_type in terms.event_types)
        if terms is None or not known:
            return
        if not self._is_far(source, now):
            self.strangers += 1
            return
        if packet.ssrc != self._far_ssrc:
            if packet.ssrc == self._replaced and self.heard_at is not None and now - self.heard_at < _RETURN_SECONDS:
                return
            self._begin_source(packet.ssrc)
        self.heard_at = now
        self._take(packet, terms, now)

    def _begin_source(self, ssrc: int) -> None:
        """Another source goes on, e.g. who answered after who played the announcement; the newest counts."""
        if self._far_ssrc is not None:
            self._inlet, self._keys_in = Inlet(), KeysIn()
            self._count.restart()
        self._far_ssrc, self._replaced = ssrc, self._far_ssrc
        self._jitter.forget()

    def _take(self, packet: Packet, terms: Terms, now: float) -> None:
        number = self._count.extend(packet.sequence)
        if number is None:
            return
        audio = self._formats.get(packet.payload_type)
        if audio is None:
            self._inlet.put(number, packet.timestamp, None)
            if key := self._keys_in.take(parse_event(packet.payload), packet.timestamp):
                self._pressed(key)
            return
        self._jitter.add(packet.timestamp, now)
        pcm = CODECS[audio].decode(packet.payload)
        self._inlet.put(number, packet.timestamp, pcm if terms.receives else None)

    def _is_far(self, source: Address, now: float) -> bool:
        """Whether a datagram comes from the far end; the first to come settles who that is."""
        terms = self._terms
        if terms is None or (terms.hosts and source[0] not in terms.hosts and source[0] != terms.far[0]):
            return False
        described = terms.far
        silent = self.heard_at is None or now - self.heard_at > _RELATCH_SECONDS
        if self._latched is None or source == described or (source != self._latched and silent):
            self._latched = source
        return source == self._latched

    def take(self) -> bytes | None:
        """The far end's frame of this tick."""
        return self._inlet.take()

    # Out

    def press(self, keys: str) -> bool:
        """Send keys; whether the far end takes them as events."""
        if self._terms is None or self._terms.event_type is None:
            return False
        self._keys_out.add(keys)
        return True

    def send(self, pcm: bytes) -> list[Datagram]:
        """The datagrams of this tick."""
        terms = self._terms
        stamp = self._timestamp
        self._timestamp = (stamp + _TICK) % 2**32
        if terms is None or not terms.sends or terms.far[1] == 0:
            self._talking = False
            return []
        events = self._keys_out.take() if terms.event_type is not None else ()
        if events:
            self._talking = False
            return [
                self._packet(terms.event_type or 0, (stamp - each.age) % 2**32, each.event.serialise(), each.begins)
                for each in events
            ]
        codec = CODECS[terms.format]
        payload = codec.silence if pcm is SILENCE else codec.encode(pcm)
        marker, self._talking = not self._talking, True
        return [self._packet(terms.payload_type, stamp, payload, marker)]

    def _packet(self, payload_type: int, timestamp: int, payload: bytes, marker: bool) -> Datagram:
        packet = Packet(payload_type, self._sequence, timestamp, self._ssrc, payload, marker)
        self._sequence = (self._sequence + 1) % 2**16
        self._packets += 1
        self._octets += len(payload)
        data = packet.serialise()
        return Datagram(self._cipher.seal(data) if self._cipher else data, self._far)

    @property
    def _far(self) -> Address:
        return self._latched or (self._terms.far if self._terms else ("", 0))

    # Reports

    def receive_control(self, data: bytes, source: Address, now: float) -> None:
        """A datagram of RTCP; raises `BadPacket`."""
        far = self._far
        if source[0] != far[0]:
            self.strangers += 1
            return
        for report in parse_reports(self._cipher.open(data, control=True) if self._cipher else data):
            if isinstance(report, Goodbye):
                continue
            self.heard_at = now
            if isinstance(report, SenderReport):
                self._last_report = (report.ntp >> 16 & 0xFFFFFFFF, now)
            for block in report.blocks:
                if block.ssrc == self._ssrc:
                    self._take_block(block, now)

    def _take_block(self, block: Block, now: float) -> None:
        self._far_block, self._far_expected = block, self._packets
        if block.last_report:
            trip = ((_ntp(now) >> 16 & 0xFFFFFFFF) - block.last_report - block.delay) % 2**32
            if trip < 65536 * 10:  # more than ten seconds is a clock that jumped
                self._round_trip = trip / 65536

    def report(self, now: float) -> list[Datagram]:
        """A report every five seconds, nothing in between (§6.2)."""
        if now < self._report_at or self._terms is None:
            return []
        self._report_at = now + _REPORT_SECONDS
        return [self._control(self._reports(now))]

    def goodbye(self, now: float) -> list[Datagram]:
        """The last report, with a BYE (§6.6)."""
        if self._terms is None or not self._packets:
            return []
        return [self._control(self._reports(now) + Goodbye((self._ssrc,)).serialise())]

    def _control(self, data: bytes) -> Datagram:
        host, port = self._far
        data = self._cipher.seal(data, control=True) if self._cipher else data
        return Datagram(data, (host, port + 1), control=True)

    def _reports(self, now: float) -> bytes:
        blocks = (self._block(now),) if self._far_ssrc is not None else ()
        if self._packets:
            first = SenderReport(
                self._ssrc, _ntp(now), self._timestamp, self._packets, self._octets, blocks
            ).serialise()
        else:
            first = ReceiverReport(self._ssrc, blocks).serialise()
        return first + Name(self._ssrc, f"{self._ssrc:08x}").serialise()

    def _block(self, now: float) -> Block:
        last, delay = 0, 0
        if self._last_report is not None:
            last, delay = self._last_report[0], int((now - self._last_report[1]) * 65536)
        return Block(
            self._far_ssrc or 0, self._count.fraction_lost(), self._count.lost, self._count.highest,
            int(self._jitter.value), last, delay,
        )  # fmt: skip

    def quality(self) -> CallQuality:
        """How the call could be heard so far."""
        block = self._far_block
        far_loss = max(0, block.lost) / self._far_expected if block and self._far_expected else None
        return CallQuality(
            received=self._count.total, lost=self._count.lost, jitter_ms=self._jitter.value * 1000 / SAMPLE_RATE,
            concealed_ms=self._inlet.concealed * 20,
            round_trip_ms=self._round_trip * 1000 if self._round_trip is not None else None,
            far_loss=far_loss, far_jitter_ms=block.jitter * 1000 / SAMPLE_RATE if block else None,
            strangers=self.strangers,
        )  # fmt: skip


def _ntp(now: float) -> int:
    """An instant as a 64-bit NTP time; from whatever epoch, only differences count."""
    seconds = int(now)
    return seconds << 32 | int((now - seconds) * 2**32)
