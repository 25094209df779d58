"""Calls that come to us, offered to whoever waits for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import Request

from telephony.sip.board import Board
from telephony.sip.caps import Verdict
from telephony.sip.events import CallEvent, Over
from telephony.sip.incoming import Incoming
from telephony.sip.layer import ServerTransaction
from telephony.sip.road import Road

log = logging.getLogger(__name__)

_DECISION_SECONDS = 20.0
_WAITING = 50  # calls that nobody has decided about
_NO_CIRCUIT = 34  # Q.850: no circuit or channel available


@dataclass(slots=True, eq=False)
class IncomingCall:
    """A call that rings here; decide within twenty seconds. `caller` is empty where the number is hidden."""

    caller: str
    called: str
    trunk: str
    incoming: Incoming
    road: Road
    loop: asyncio.AbstractEventLoop  # the media loop
    over: bool = False

    @property
    def undecided(self) -> bool:
        """Whether nobody has taken or refused it yet."""
        return not self.over and self.incoming.session is None

    def refuse(self, status: int = 486, q850: int | None = None) -> None:
        """Refuse it: 486 busy, 480 not now, 603 declined; with the cause of Q.850, where it is to be told."""
        self.loop.call_soon_threadsafe(self.road.act, lambda now: self.incoming.refuse(status, now, q850=q850))


class Reception:
    """Lives on the media loop; `open` says who waits and on which loop."""

    def __init__(self, board: Board, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ringing: list[IncomingCall] = []  # of the last twenty seconds
        self._offer: Callable[[IncomingCall], None] | None = None
        for road in board.roads:
            road.agent.invited = self._taker(road)

    def open(self, offer: Callable[[IncomingCall], None] | None) -> None:
        """Offer calls from now on; None: refuse them."""
        self._offer = offer

    def _taker(self, road: Road) -> Callable[[Request, ServerTransaction, float], None]:
        def invited(request: Request, transaction: ServerTransaction, now: float) -> None:
            self._invited(road, request, transaction, now)

        return invited

    def _invited(self, road: Road, request: Request, transaction: ServerTransaction, now: float) -> None:
        if not road.knows(transaction.source.host):
            log.warning("trunk %s: a call from %s is refused: that is not the trunk", road.trunk.name,
                        transaction.source.host)  # fmt: skip
            transaction.reject(403, now)
            return
        if not road.trunk.incoming:
            log.info("trunk %s: a call is refused: this trunk is for outgoing calls only", road.trunk.name)
            transaction.reject(403, now)
            return
        try:
            incoming = road.agent.take_in(road.authenticator, request, transaction)
        except ValueError:
            transaction.reject(400, now)
            return
        if (fault := incoming.fault()) is not None:
            incoming.refuse(fault, now)
        elif self._offer is None or sum(call.undecided for call in self._ringing) >= _WAITING:
            incoming.refuse(480, now)
        elif road.caps.admit(now).verdict is Verdict.FULL:
            incoming.refuse(486, now, q850=_NO_CIRCUIT)
        else:
            self._ring(road, incoming, now)

    def _ring(self, road: Road, incoming: Incoming, now: float) -> None:
        ringing = IncomingCall(incoming.caller, incoming.called, road.trunk.name, incoming, road, self._loop)
        self._ringing.append(ringing)

        def hear(event: CallEvent, now: float) -> None:
            if isinstance(event, Over):
                ringing.over = True

        incoming.tell = hear
        incoming.ring(now)
        self._loop.call_later(_DECISION_SECONDS, self._expect_decision, ringing)
        if self._offer is not None:
            self._offer(ringing)

    def _expect_decision(self, ringing: IncomingCall) -> None:
        self._ringing.remove(ringing)
        if ringing.undecided:
            log.warning("trunk %s: nobody took a call that came", ringing.trunk)
            ringing.road.act(lambda now: ringing.incoming.refuse(480, now))
