"""A SIP user agent without input or output: bytes in, bytes out, calls in between.

Feed `receive`, send what `take_outbox` returns, call `expire` at `deadline`.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Protocol

from sipmessage import Request, Response

from telephony.errors import BadMessage
from telephony.sip.agenda import Agenda
from telephony.sip.alarms import Intervals
from telephony.sip.composing import respond
from telephony.sip.dialog import Local
from telephony.sip.digest import Authenticator
from telephony.sip.events import Listener
from telephony.sip.features import METHODS, equip
from telephony.sip.hop import Hop
from telephony.sip.incoming import Incoming
from telephony.sip.layer import Layer, ServerTransaction, Transmit
from telephony.sip.message import read, tag_of
from telephony.sip.outgoing import Outgoing, Placing

log = logging.getLogger(__name__)


class Call(Protocol):
    """A call as the agent sees it: it takes what carries its tag."""

    call_id: str
    local_tag: str

    def take(self, request: Request, transaction: ServerTransaction | None, now: float) -> None: ...

    def take_stray(self, answer: Response, now: float) -> None: ...


Invited = Callable[[Request, ServerTransaction, float], None]


class Agent:
    """The transactions and calls of one local address; `dice` decides tags, branches and random waits."""

    def __init__(self, local: Local, dice: random.Random, intervals: Intervals = Intervals()) -> None:  # noqa: B008
        self.local = local
        self.agenda = Agenda()
        self.layer = Layer(self, intervals)
        self.invited: Invited | None = None  # who takes incoming calls; None: nobody does
        self._dice = dice
        self._calls: dict[tuple[str, str], Call] = {}

    # Time and bytes

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do."""
        return min((at for at in (self.layer.deadline, self.agenda.deadline) if at is not None), default=None)

    def expire(self, now: float) -> None:
        """Run the timers that are due."""
        self.layer.expire(now)
        self.agenda.run(now)

    def receive(self, data: bytes, source: Hop, now: float, *, framed: bool = False) -> None:
        """Take a datagram, or one message of a stream; what is no SIP is refused or dropped."""
        if not data.strip(b"\r\n\0"):
            return  # a keep-alive (RFC 5626 §4.4.1)
        try:
            message = read(data, framed=framed)
        except BadMessage as error:
            log.info("a message from %s is not taken: %s", source.host, error)
            if error.answer is not None:
                self.layer.outbox.append(Transmit(error.answer, source))
            return
        self.layer.receive(message, source, now)

    def breaks(self, hit: Callable[[Hop], bool], now: float) -> None:
        """The transport to the peers that `hit` picks has failed."""
        self.layer.breaks(hit, now)

    def take_outbox(self) -> list[Transmit]:
        """What is to be sent, in order."""
        sent = list(self.layer.outbox)
        self.layer.outbox.clear()
        return sent

    def token(self) -> str:
        return f"{self._dice.getrandbits(96):024x}"

    def chance(self) -> float:
        return self._dice.random()

    # Calls

    @property
    def calls(self) -> int:
        """Calls of which something remains, those that are just ending included."""
        return len(self._calls)

    def place(self, authenticator: Authenticator, placing: Placing, tell: Listener, now: float) -> Outgoing:
        """Place a call."""

        def gone() -> None:
            self._calls.pop((call.call_id, call.local_tag), None)

        call = Outgoing(self, authenticator, placing, tell, gone)
        self._calls[call.call_id, call.local_tag] = call
        call.start(now)
        return call

    def take_in(self, authenticator: Authenticator, request: Request, transaction: ServerTransaction) -> Incoming:
        """Make a call of an INVITE that came; raises ValueError where it lacks a Contact."""

        def gone() -> None:
            self._calls.pop((call.call_id, call.local_tag), None)

        call = Incoming(self, authenticator, request, transaction, gone)
        self._calls[call.call_id, call.local_tag] = call
        return call

    # Requests and stray answers, from the layer

    def take_request(self, request: Request, transaction: ServerTransaction | None, now: float) -> None:
        call = self._calls.get((request.call_id, tag_of(request, "To")))
        if call is not None:
            call.take(request, transaction, now)
        elif transaction is None:
            return
        elif tag_of(request, "To"):
            transaction.reject(481, now)
        elif request.method == "CANCEL":
            self._cancel(request, transaction, now)
        else:
            self._take_new(request, transaction, now)

    def take_stray(self, response: Response, now: float) -> None:
        call = self._calls.get((response.call_id, tag_of(response, "From")))
        if call is not None:
            call.take_stray(response, now)

    def _cancel(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        invite = self.layer.invite_of(request)
        if invite is None:
            transaction.reject(481, now)
            return
        transaction.reject(200, now)
        if not invite.answered and invite.on_cancel is not None:
            invite.on_cancel(request, now)

    def _take_new(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """A request outside any dialog."""
        if request.method == "OPTIONS":
            response = respond(request, 200, self.token())
            equip(response)
            response.headers.set("Accept", "application/sdp")
            transaction.respond(response, now)
        elif request.method == "INVITE" and self.invited is not None:
            self.invited(request, transaction, now)
        elif request.method == "INVITE":
            transaction.respond(respond(request, 480, self.token()), now)
        elif request.method in METHODS:
            transaction.reject(481, now)
        else:
            response = respond(request, 405, self.token())
            response.headers.set("Allow", ", ".join(METHODS))
            transaction.respond(response, now)
