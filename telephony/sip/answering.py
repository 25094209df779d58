"""A 2xx to an INVITE: sent again until its ACK comes (RFC 3261 §13.3.1.4)."""

from __future__ import annotations

from collections.abc import Callable

from sipmessage import Request, Response

from telephony.sip.agenda import Alarm
from telephony.sip.asking import Desk
from telephony.sip.layer import ServerTransaction


class Answering:
    """Keeps an answer on the way; `acknowledged` hears of the ACK, `unheard` when none comes in 64*T1."""

    def __init__(
        self,
        desk: Desk,
        transaction: ServerTransaction,
        response: Response,
        now: float,
        *,
        acknowledged: Callable[[Request, float], None],
        unheard: Callable[[float], None],
    ) -> None:
        self._desk, self._transaction, self._response = desk, transaction, response
        self._acknowledged, self._unheard = acknowledged, unheard
        self._sequence = transaction.request.cseq.sequence
        intervals = desk.layer.intervals
        self._pause = intervals.t1
        self._limit = desk.agenda.set(now + intervals.give_up, self._give_up)
        self._again: Alarm = desk.agenda.set(now + self._pause, self._repeat)
        transaction.respond(response, now)

    def take_ack(self, request: Request, now: float) -> bool:
        """Take an ACK; whether it is this answer's."""
        if request.cseq.sequence != self._sequence or self._limit.act is None:
            return False
        self.stop()
        self._acknowledged(request, now)
        return True

    def stop(self) -> None:
        """Send it no more."""
        self._limit.cancel()
        self._again.cancel()

    def _repeat(self, now: float) -> None:
        self._transaction.respond(self._response, now)
        self._pause = min(2 * self._pause, self._desk.layer.intervals.t2)
        self._again = self._desk.agenda.set(now + self._pause, self._repeat)

    def _give_up(self, now: float) -> None:
        self.stop()
        self._unheard(now)
