"""Two agents and a network between them, all on a virtual clock: lossy, slow, out of order as the dice have it."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from sipmessage import URI, Request

from telephony.errors import SipError
from telephony.sip.agent import Agent
from telephony.sip.alarms import Intervals
from telephony.sip.dialog import Local
from telephony.sip.digest import Authenticator
from telephony.sip.events import CallEvent, Over, PickedUp
from telephony.sip.hop import Hop
from telephony.sip.identity import CallerId
from telephony.sip.incoming import Incoming
from telephony.sip.layer import ServerTransaction
from telephony.sip.offers import Ours
from telephony.sip.outgoing import Outgoing, Placing

CALLER, CALLEE = Hop("192.0.2.1", 5060), Hop("192.0.2.2", 5060)


@dataclass
class Heard:
    """The events of one side of a call."""

    events: list[CallEvent] = field(default_factory=list)
    at: list[float] = field(default_factory=list)

    def __call__(self, event: CallEvent, now: float) -> None:
        assert not self.over, f"{event} after the end"
        self.events.append(event)
        self.at.append(now)

    @property
    def over(self) -> Over | None:
        last = self.events[-1] if self.events else None
        return last if isinstance(last, Over) else None

    @property
    def answered(self) -> bool:
        return any(isinstance(each, PickedUp) for each in self.events)


class Network:
    """Carries what both agents send; `loss` is a share, `delay` the longest way in seconds."""

    def __init__(self, seed: int = 1, *, loss: float = 0.0, delay: float = 0.01) -> None:
        self.dice = random.Random(seed)
        self.now = 0.0
        self.caller = self._agent(CALLER)
        self.callee = self._agent(CALLEE)
        self.wire: list[str] = []  # first lines of everything that was sent, lost or not
        self._loss, self._delay = loss, delay
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = count()

    def _agent(self, at: Hop) -> Agent:
        return Agent(Local(at.host, at.port), random.Random(self.dice.random()), Intervals())

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something at an instant."""
        heapq.heappush(self._due, (seconds, next(self._count), act))

    def run(self, until: float) -> None:
        """Let time pass."""
        while True:
            self._flush()
            deadlines = [each.deadline for each in (self.caller, self.callee)]
            instants = [at for at in deadlines if at is not None] + ([self._due[0][0]] if self._due else [])
            if not instants or min(instants) > until:
                self.now = until
                return
            self.now = max(self.now, min(instants))
            while self._due and self._due[0][0] <= self.now:
                heapq.heappop(self._due)[2]()
            for each in (self.caller, self.callee):
                each.expire(self.now)

    def _flush(self) -> None:
        for sender, source in ((self.caller, CALLER), (self.callee, CALLEE)):
            for each in sender.take_outbox():
                self.wire.append(each.data.split(b"\r\n", 1)[0].decode())
                if self.dice.random() >= self._loss:
                    receiver = self.callee if each.hop == CALLEE else self.caller
                    self._deliver(receiver, each.data, source)

    def _deliver(self, receiver: Agent, data: bytes, source: Hop) -> None:
        self.at(self.now + self._delay * self.dice.random(), lambda: receiver.receive(data, source, self.now))

    def place(self) -> tuple[Outgoing, Heard]:
        """A call from the caller to the callee."""
        heard = Heard()
        placing = Placing(
            URI("sip", CALLEE.host, user="138"), CALLEE, CallerId("95500", CALLER.host), Ours(CALLER.host, 20000, 1)
        )
        return self.caller.place(Authenticator(None, self.caller.token), placing, heard, self.now), heard

    def answer_with(self, deed: Callable[[Incoming], None]) -> list[tuple[Incoming, Heard]]:
        """Have the callee do something with each call that comes; returns them as they come."""
        calls: list[tuple[Incoming, Heard]] = []

        def invited(request: Request, transaction: ServerTransaction, now: float) -> None:
            call = self.callee.take_in(Authenticator(None, self.callee.token), request, transaction)
            heard = Heard()
            call.tell = heard
            calls.append((call, heard))
            deed(call)

        self.callee.invited = invited
        return calls

    def pick_up(self, call: Incoming) -> None:
        """Answer now, if it can still be answered."""
        try:
            call.answer(Ours(CALLEE.host, 30000, 2), self.now)
        except SipError:
            return
