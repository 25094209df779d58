"""One client's telephone: signalling and audio of one call, and the line to it."""

from __future__ import annotations

import asyncio
import logging
import time
from random import Random, SystemRandom
from typing import Protocol, TypeAlias

from telephony.errors import BadPacket, SipError
from telephony.pacing import TICK_SECONDS, Schedule
from telephony.rtp.stream import Address, Datagram, Stream
from telephony.simulator.call import Stage
from telephony.simulator.network import Party
from telephony.simulator.way import Way
from telephony.sip.events import CallEvent, Changed, Early, Ender, Over, PickedUp
from telephony.sip.incoming import Incoming
from telephony.sip.mediaport import MediaPort
from telephony.sip.offers import Ours
from telephony.sip.sdp import parse_sdp
from telephony.sip.session import Session
from telephony.sip.sipline import terms_of
from telephony.wire import Ended, KeyPressed, MediaBegan, MediaEvent, Rang
from telephony.wire import PickedUp as Answers

log = logging.getLogger(__name__)

HOST = "127.0.0.1"

Sent: TypeAlias = Datagram | MediaEvent


class Signalling(Protocol):
    """The call's signalling, whoever placed it."""

    session: Session | None

    def hang_up(self, now: float) -> None: ...


class Earpiece:
    """What comes to a client, over a line of the same conditions; a `Receiver` in front of the stream."""

    def __init__(self, stream: Stream, way: Way[tuple[bytes, Address]]) -> None:
        self._stream, self._way = stream, way

    @property
    def next_at(self) -> float | None:
        """When something arrives."""
        return self._way.next_at

    def receive(self, data: bytes, source: Address, now: float) -> None:
        """Take a datagram of audio at the far end of the line."""
        self._way.send((data, source), now)
        self.arrive(now)

    def receive_control(self, data: bytes, source: Address, now: float) -> None:
        """Take a report at the far end of the line; it tells itself from audio."""
        self._way.tell((data, source), now)
        self.arrive(now)

    def arrive(self, now: float) -> None:
        """Hand over what has arrived."""
        for data, source in self._way.arrived(now):
            try:
                self._stream.receive(data, source, now)
            except BadPacket as error:
                log.warning("a client got %s", error)


class Phone:
    """A client in a call; what it sends and hears passes ways that its conditions describe.

    `call` is set before the first tick, and `hear` is told what becomes of it.
    """

    def __init__(self, party: Party, loop: asyncio.AbstractEventLoop, start: float) -> None:
        self.far, self.listening = party.far, party.listening
        self.call: Signalling
        self._schedule = Schedule(start, TICK_SECONDS / (1 + party.conditions.drift_ppm / 1e6))
        self._way: Way[Sent] = Way(party.conditions, Random(f"{party.seed}/sent"))
        self._empty = asyncio.Event()  # the call is over and nothing is on its way any more
        self._port = MediaPort(loop, HOST)
        self.stream = Stream(_nothing, SystemRandom().getrandbits, time.monotonic())
        heard: Way[tuple[bytes, Address]] = Way(party.conditions, Random(f"{party.seed}/heard"))
        self._earpiece = self._port.stream = Earpiece(self.stream, heard)
        self.ours = Ours(
            HOST, self._port.port, session_id=int(time.monotonic() * 1000), codecs=(party.conditions.codec,)
        )  # fmt: skip

    async def run(self) -> None:
        """Listen until the call is over and what was sent has arrived."""
        await self.listening.run()
        await self._empty.wait()

    def expect(self, incoming: Incoming, offer: bytes) -> None:
        """Be called: sound may be on its way before the caller is told where from."""
        self.call, incoming.tell = incoming, self.hear
        try:
            self.stream.settle(terms_of(self.ours.answer(parse_sdp(offer))[1], HOST))
        except SipError:  # no offer yet, or none that is understood: refused when it is answered
            pass

    # Time

    @property
    def next_at(self) -> float:
        """When there is something to do."""
        arrivals = (at for at in (self._way.next_at, self._earpiece.next_at) if at is not None)
        return min((self._schedule.next_at, *arrivals))

    def advance(self, now: float) -> None:
        """Do what is due."""
        self._earpiece.arrive(now)
        while self._schedule.is_due(now):
            self._schedule.advance()
            self._tick(now)
        self._arrive(now)

    def _tick(self, now: float) -> None:
        """20 ms of the client's clock have passed."""
        frame = self.far.tick(now)
        while self.far.outbox:
            event = self.far.outbox.popleft()
            if isinstance(event, KeyPressed):  # sounds in the packets to come
                self.stream.press(event.digit)
            else:
                self._way.tell(event, now)
        if frame is not None:
            self.far.story.frames_sent += 1
            for packet in self.stream.send(frame):
                self._way.send(packet, now)
        if (heard := self.stream.take()) is not None:
            self.far.receive(heard, now)
        for report in self.stream.report(now):
            self._way.tell(report, now)
        self.listening.wake()

    def _arrive(self, now: float) -> None:
        for sent in self._way.arrived(now):
            if isinstance(sent, Datagram):
                self._port.send([sent])
            else:
                self._act(sent, now)
        if self.far.stage is Stage.OVER and self._way.next_at is None:
            self._empty.set()

    # Signalling

    def _act(self, event: MediaEvent, now: float) -> None:
        call = self.call
        try:
            match event:
                case Rang() if isinstance(call, Incoming):
                    call.ring(now)
                case MediaBegan() if isinstance(call, Incoming):
                    call.progress(self.ours, now)
                case Answers() if isinstance(call, Incoming):
                    call.answer(self.ours, now)
                case Ended(sip=sip, q850=q850) if isinstance(call, Incoming) and call.session is None:
                    call.refuse(sip or 480, now, q850=q850)
                case Ended():
                    call.hang_up(now)
        except SipError as error:
            log.error("call %s: %s", self.far.story.call, error)
            self.far.lose()

    def hear(self, event: CallEvent, now: float) -> None:
        """What the other side's signalling says."""
        if isinstance(event, Early | PickedUp | Changed):
            self.stream.settle(terms_of(event.agreed, HOST))
        if isinstance(event, PickedUp) and not isinstance(self.call, Incoming):
            self.far.taken()
        elif isinstance(event, Over) and event.ender is not Ender.US:
            self._way.clear()
            if self.far.stage is Stage.TALKING or isinstance(self.call, Incoming):
                self.far.hung_up()
            else:
                self.far.refused(event.status, event.q850)
        self.listening.wake()

    def close(self) -> None:
        """The call is over."""
        story, quality = self.far.story, self.stream.quality()
        story.frames_lost = self._way.lost
        story.heard_loss, story.heard_jitter_ms = quality.loss, quality.jitter_ms
        self._port.send(self.stream.goodbye(time.monotonic()))
        self._port.close()


def _nothing(key: str) -> None:
    """Keys that the other side presses mean nothing to a client."""
