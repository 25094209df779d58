"""The simulated network over real SIP and RTP: every number of the cast behind one address, on one 20 ms clock."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import time
from collections.abc import Callable

from sipmessage import Request

from telephony.codecs import Format
from telephony.errors import SipError, TelephonyError
from telephony.legs import FRAME_MS
from telephony.pacing import Schedule
from telephony.rtp.stream import Stream
from telephony.simulator.exchange import MOST_CALLS, CallShell
from telephony.simulator.story import Story
from telephony.sip.agent import Agent
from telephony.sip.alarms import Intervals
from telephony.sip.dialog import Local
from telephony.sip.digest import Authenticator
from telephony.sip.events import CallEvent, Changed, Early, Over, PickedUp
from telephony.sip.hop import Hop
from telephony.sip.incoming import Incoming
from telephony.sip.layer import ServerTransaction
from telephony.sip.mediaport import MediaPort
from telephony.sip.offers import Ours
from telephony.sip.sipline import terms_of
from telephony.sip.udp import UdpSocket
from telephony.wire import Dial, Ended, KeyPressed, MediaBegan, MediaEvent, Rang, is_call_id, is_number
from telephony.wire import PickedUp as Answers

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
_CALL = re.compile(r"(.+)-[0-9a-f]{24}")  # a dialer's Call-ID: its own name of the call, and a token
_GOODBYE_TICKS = 50


class SipPhone:
    """One call: a far end, its signalling and its audio."""

    def __init__(self, shell: CallShell, incoming: Incoming, loop: asyncio.AbstractEventLoop) -> None:
        self.shell, self.far = shell, shell.far
        self._incoming = incoming
        self._port = MediaPort(loop, HOST)
        self.stream = self._port.stream = Stream(_nothing, random.getrandbits, time.monotonic())
        self._ours = Ours(HOST, self._port.port, session_id=int(time.monotonic() * 1000))
        incoming.tell = self._hear

    def tick(self, now: float) -> None:
        """20 ms have passed."""
        frame = self.far.tick(now)
        while self.far.outbox:
            self._act(self.far.outbox.popleft(), now)
        if frame is not None:
            self._port.send(self.stream.send(frame))
            self.far.story.frames_sent += 1
        if (heard := self.stream.take()) is not None:
            self.far.receive(heard, now)
        self._port.send(self.stream.report(now))
        self.shell.listening.wake()

    def close(self) -> None:
        """The call is over."""
        self._port.send(self.stream.goodbye(time.monotonic()))
        self._port.close()

    def _act(self, event: MediaEvent, now: float) -> None:
        try:
            match event:
                case Rang():
                    self._incoming.ring(now)
                case MediaBegan():
                    self._incoming.progress(self._ours, now)
                case Answers():
                    self._incoming.answer(self._ours, now)
                case KeyPressed(digit=digit):
                    self.stream.press(digit)
                case Ended(sip=sip, q850=q850) if self._incoming.session is None:
                    self._incoming.refuse(sip or 480, now, q850=q850)
                case Ended():
                    self._incoming.hang_up(now)
        except SipError as error:
            log.error("call %s: %s", self.far.story.call, error)
            self.far.lose()

    def _hear(self, event: CallEvent, now: float) -> None:
        if isinstance(event, Early | PickedUp | Changed):
            self.stream.settle(terms_of(event.agreed, HOST))
        elif isinstance(event, Over):
            self.far.hung_up()
        self.shell.listening.wake()


class SipPhones:
    """A SIP address behind which the whole network lies.

    `connect_call` makes the far end of one call, `finished` gets the story of every call that is over.
    """

    def __init__(self, port: int, connect_call: Callable[[Dial], CallShell], finished: Callable[[Story], None]) -> None:
        self._connect_call, self._finished = connect_call, finished
        self._loop = asyncio.get_running_loop()
        self._udp = UdpSocket(self._loop, HOST, port, self._receive)
        self.port = self._udp.port
        self._agent = Agent(Local(HOST, self.port), random.SystemRandom(), Intervals())
        self._agent.invited = self._invited
        self._calls: dict[str, SipPhone] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; then every call is ended."""
        clock = asyncio.create_task(self._clock())
        try:
            await stop.wait()
            for call in self._calls.values():
                call.far.shut_down()
            if self._tasks:
                await asyncio.wait(set(self._tasks), timeout=_GOODBYE_TICKS * FRAME_MS / 1000)
        finally:
            clock.cancel()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._udp.close()

    async def _clock(self) -> None:
        """Tick all calls every 20 ms; what was late is made up at once."""
        schedule = Schedule(time.monotonic())
        while True:
            now = time.monotonic()
            while schedule.is_due(now):
                schedule.advance()
                for call in list(self._calls.values()):
                    call.tick(now)
            self._agent.expire(time.monotonic())
            self._flush()
            await asyncio.sleep(max(0.0, schedule.next_at - time.monotonic()))

    def _receive(self, data: bytes, source: Hop, now: float) -> None:
        self._agent.receive(data, source, now)
        self._flush()

    def _flush(self) -> None:
        for each in self._agent.take_outbox():
            self._udp.send(each.data, each.hop)

    def _invited(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        name = _CALL.fullmatch(request.call_id)
        dial = Dial(
            name[1] if name and is_call_id(name[1]) else self._agent.token(), request.uri.user or "", Format.SLIN
        )
        try:
            incoming = self._agent.take_in(Authenticator(None, self._agent.token), request, transaction)
        except ValueError:
            transaction.reject(400, now)
            return
        if dial.call in self._calls or len(self._calls) >= MOST_CALLS or not is_number(dial.number):
            incoming.refuse(503, now, q850=42)
            return
        try:
            phone = SipPhone(self._connect_call(dial), incoming, self._loop)
        except TelephonyError as error:
            log.error("call %s is refused: %s", dial.call, error)
            incoming.refuse(503, now, q850=42)
            return
        self._calls[dial.call] = phone
        task = asyncio.create_task(phone.shell.listening.run())
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._settle(dial.call, phone, done))

    def _settle(self, name: str, phone: SipPhone, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("call %s broke", name, exc_info=task.exception())
            phone.far.lose()
        self._calls.pop(name, None)
        phone.close()
        self._finished(phone.far.story)


def _nothing(key: str) -> None:
    """Keys that the other side presses mean nothing to a client."""
