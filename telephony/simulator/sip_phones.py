"""The simulated network over real SIP and RTP: every number of the cast behind one address, on one clock."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import time
from collections.abc import Callable

from sipmessage import URI, Request

from telephony.errors import TelephonyError
from telephony.legs import FRAME_MS
from telephony.pacing import Schedule
from telephony.simulator.network import Network, Party
from telephony.simulator.phone import HOST, Phone
from telephony.simulator.story import Story
from telephony.sip.agent import Agent
from telephony.sip.alarms import Intervals
from telephony.sip.dialog import Local
from telephony.sip.digest import Authenticator
from telephony.sip.hop import Hop
from telephony.sip.identity import CallerId
from telephony.sip.layer import ServerTransaction
from telephony.sip.outgoing import Placing
from telephony.sip.udp import UdpSocket
from telephony.wire import is_call_id, is_number

log = logging.getLogger(__name__)

MOST_CALLS = 200  # at once; more are refused as congestion
_CALL = re.compile(r"(.+)-[0-9a-f]{24}")  # a dialer's Call-ID: its own name of the call, and a token
_GOODBYE_TICKS = 150


class SipPhones:
    """A SIP address behind which the whole network lies; `finished` gets the story of every call that is over.

    It listens at once and takes calls from `serve` on. Clients call back to the address and number that dialled last.
    """

    def __init__(self, port: int, finished: Callable[[Story], None]) -> None:
        self._finished = finished
        self._network: Network | None = None
        self._loop = asyncio.get_running_loop()
        self._udp = UdpSocket(self._loop, HOST, port, self._receive)
        self.port = self._udp.port
        self._agent = Agent(Local(HOST, self.port), random.SystemRandom(), Intervals())
        self._authenticator = Authenticator(None, self._agent.token)
        self._schedule = Schedule(time.monotonic())
        self._calls: dict[str, Phone] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._callbacks: set[asyncio.TimerHandle] = set()
        self._dialler: tuple[Hop, str] | None = None

    def serve(self, network: Network) -> None:
        """Take calls from now on."""
        self._network = network
        self._agent.invited = self._invited

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; then every call is ended. A fault of the clock ends it too and is raised."""
        clock, stopped = asyncio.create_task(self._clock()), asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((clock, stopped), return_when=asyncio.FIRST_COMPLETED)
            if clock.done():
                clock.result()
            for timer in self._callbacks:
                timer.cancel()
            for call in self._calls.values():
                call.far.shut_down()
            if self._tasks:
                await asyncio.wait(set(self._tasks), timeout=_GOODBYE_TICKS * FRAME_MS / 1000)
        finally:
            clock.cancel()
            stopped.cancel()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._udp.close()

    async def _clock(self) -> None:
        """Give every call its time; what was late is made up at once."""
        while True:
            now = time.monotonic()
            while self._schedule.is_due(now):
                self._schedule.advance()
            for call in list(self._calls.values()):
                call.advance(now)
            self._agent.expire(now)
            self._flush()
            next_at = min((call.next_at for call in self._calls.values()), default=self._schedule.next_at)
            await asyncio.sleep(max(0.0, min(next_at, self._schedule.next_at) - time.monotonic()))

    def _receive(self, data: bytes, source: Hop, now: float) -> None:
        self._agent.receive(data, source, now)
        self._flush()

    def _flush(self) -> None:
        for each in self._agent.take_outbox():
            self._udp.send(each.data, each.hop)

    # Calls to clients

    def _invited(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        name = _CALL.fullmatch(request.call_id)
        call = name[1] if name and is_call_id(name[1]) else self._agent.token()
        number = request.uri.user or ""
        try:
            incoming = self._agent.take_in(self._authenticator, request, transaction)
        except ValueError:
            transaction.reject(400, now)
            return
        if self._network is None or call in self._calls or not is_number(number):
            incoming.refuse(503, now, q850=42)
            return
        self._dialler = transaction.source, incoming.caller
        phone = self._enter(call, self._network.connect_call(call, number))
        if phone is None:
            incoming.refuse(503, now, q850=42)
        else:
            phone.expect(incoming, request.body)

    # Calls of clients

    def _call_back(self, client: str) -> None:
        """A client who missed a call calls the number that has called it."""
        found = self._network.call_back(client) if self._network else None
        if found is None or self._dialler is None:
            return
        party, number = found
        phone = self._enter(party.far.story.call, party)
        if phone is not None:
            hop, dialler = self._dialler
            target = URI("sip", hop.host, user=dialler or None, port=hop.port)
            placing = Placing(target, hop, CallerId(number, HOST), phone.ours, name=party.far.story.call)
            phone.call = self._agent.place(self._authenticator, placing, phone.hear, time.monotonic())
            self._flush()

    # Both

    def _enter(self, name: str, party: Party) -> Phone | None:
        """A telephone for a call, None where the network is full."""
        try:
            if len(self._calls) >= MOST_CALLS:
                raise TelephonyError("the network is full")
            phone = Phone(party, self._loop, self._schedule.next_at)
        except TelephonyError as error:
            log.error("call %s is refused: %s", name, error)
            party.listening.close()
            return None
        self._calls[name] = phone
        task = asyncio.create_task(phone.run())
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._settle(name, phone, done))
        return phone

    def _settle(self, name: str, phone: Phone, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("call %s broke", name, exc_info=task.exception())
            phone.far.lose()
        self._calls.pop(name, None)
        phone.close()
        story = phone.far.story
        self._finished(story)
        seconds = self._network.callback_due(story) if self._network else None
        if seconds is not None:
            self._callbacks.add(self._loop.call_later(seconds, self._call_back, story.client))
