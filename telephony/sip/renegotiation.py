"""Later offers of a call: re-INVITE and UPDATE (RFC 3261 §14, RFC 3311), either side's, with glare (§14.1)."""

from __future__ import annotations

from collections.abc import Callable

from sipmessage import Request, Response

from telephony.errors import BadSdp, NoCommonCodec
from telephony.sip.agenda import Alarm
from telephony.sip.answering import Answering
from telephony.sip.asking import Ask, Desk
from telephony.sip.composing import respond, wire
from telephony.sip.dialog import Dialog
from telephony.sip.digest import Authenticator
from telephony.sip.features import equip
from telephony.sip.layer import Failure, ServerTransaction, Transmit
from telephony.sip.offers import Agreed, Ours
from telephony.sip.sdp import Direction, Sdp, parse_sdp

SDP_TYPE = "application/sdp"
_GLARES = 5  # retries of one offer


class Renegotiation:
    """The state of offers in a confirmed dialog.

    `changed` hears what was settled anew, `refreshed` each 2xx of ours or theirs with the interval's headers, `dead`
    that the far end does not know the call any more.
    """

    def __init__(
        self,
        desk: Desk,
        authenticator: Authenticator,
        dialog: Dialog,
        ours: Ours,
        *,
        changed: Callable[[Agreed, float], None],
        refreshed: Callable[[Response, float], None],
        dead: Callable[[str, float], None],
    ) -> None:
        self.ours = ours
        self._desk, self._authenticator, self._dialog = desk, authenticator, dialog
        self._changed, self._refreshed, self._dead = changed, refreshed, dead
        self._asking: Ask | None = None
        self._answering: Answering | None = None
        self._last_ack: tuple[int, bytes] | None = None
        self._wished, self._session_expires = ours.direction, ""
        self._offered: Ours | None = None
        self._glares = 0
        self._later: Alarm | None = None

    # Ours

    def ask(self, direction: Direction, session_expires: str, now: float) -> None:
        """Send a re-INVITE in a direction of ours; one that is under way is followed by another if needed."""
        self._wished, self._session_expires = direction, session_expires
        if self._asking is not None or self._answering is not None:
            return  # what was wished last is looked at when this one is over
        self._offered = self.ours.next(direction)

        def make() -> Request:
            request = self._dialog.request("INVITE", self._desk.local, self._desk.token())
            equip(request)
            request.headers.set("Session-Expires", session_expires)
            attach(request, (self._offered or self.ours).offer())
            return request

        self._asking = Ask(self._desk, self._authenticator, make, self._dialog.hop, self._hear, now)

    def _hear(self, answer: Response | Failure, now: float) -> None:
        if isinstance(answer, Failure):
            self._asking = None
            self._dead("no answer to a re-INVITE", now)
        elif 200 <= answer.code < 300:
            self._accepted(answer, now)
        elif answer.code >= 300:
            self._asking = None
            if answer.code in (408, 481):
                self._dead("the far end does not know the call any more", now)
            elif answer.code == 491 and self._glares < _GLARES:
                self._glares += 1
                wait = 2.1 + 1.9 * self._desk.chance()  # §14.1; as the owner of the Call-ID, which suits either
                self._later = self._desk.agenda.set(
                    now + wait, lambda at: self.ask(self._wished, self._session_expires, at)
                )

    def _ask_again(self, now: float) -> None:
        self.ask(self._wished, self._session_expires, now)

    def _accepted(self, answer: Response, now: float) -> None:
        sequence = answer.cseq.sequence
        if self._last_ack is not None and self._last_ack[0] == sequence:
            self._desk.layer.outbox.append(Transmit(self._last_ack[1], self._dialog.hop))
            return
        self._asking, self._glares = None, 0
        self._dialog.refresh(answer)
        ack = wire(self._dialog.ack(self._desk.local, self._desk.token(), sequence))
        self._last_ack = (sequence, ack)
        self._desk.layer.outbox.append(Transmit(ack, self._dialog.hop))
        self._refreshed(answer, now)
        self._take_answer(answer.body, now)
        if self._wished is not self.ours.direction:
            self._ask_again(now)

    def _take_answer(self, body: bytes, now: float) -> None:
        self.ours, self._offered = self._offered or self.ours, None
        try:
            self._changed(self.ours.take_answer(parse_sdp(body)), now)
        except (BadSdp, NoCommonCodec) as error:
            self._dead(str(error), now)

    # Theirs

    def take(
        self, request: Request, transaction: ServerTransaction, extra: Callable[[Response], None], now: float
    ) -> None:
        """Answer a re-INVITE or UPDATE; `extra` adds the session timer to the 2xx."""
        if self._asking is not None or (self._answering is not None and request.method == "INVITE"):
            busy = 491 if self._asking is not None else 500
            response = respond(request, busy)
            if busy == 500:
                response.headers.set("Retry-After", str(int(10 * self._desk.chance())))
            transaction.respond(response, now)
            return
        response, agreed = respond(request, 200), None
        try:
            described, agreed = self._describe(request)
        except (BadSdp, NoCommonCodec) as error:
            transaction.reject(400 if isinstance(error, BadSdp) else 488, now)
            return
        self._dialog.refresh(request)
        response.headers.set("Contact", self._desk.local.contact)
        equip(response)
        extra(response)
        if described is not None:
            attach(response, described)
        self._send(request, transaction, response, now)
        if agreed is not None:
            self._changed(agreed, now)

    def _describe(self, request: Request) -> tuple[Sdp | None, Agreed | None]:
        """The description for our 2xx: an answer, our own offer, or nothing for an UPDATE that only refreshes."""
        if request.body:
            ours = self.ours.next(self._wished)
            answer, agreed = ours.answer(parse_sdp(request.body))
            self.ours = ours
            return answer, agreed
        if request.method == "UPDATE":
            return None, None
        self._offered = self.ours.next(self._wished)
        return self._offered.offer(), None

    def _send(self, request: Request, transaction: ServerTransaction, response: Response, now: float) -> None:
        if request.method == "UPDATE":
            transaction.respond(response, now)
            return
        self._answering = Answering(
            self._desk, transaction, response, now,
            acknowledged=self._acknowledged, unheard=lambda at: self._dead("no ACK to our answer", at),
        )  # fmt: skip

    def take_ack(self, request: Request, now: float) -> None:
        """An ACK in the dialog, perhaps to our answer."""
        if self._answering is not None:
            self._answering.take_ack(request, now)

    def _acknowledged(self, ack: Request, now: float) -> None:
        self._answering = None
        if self._offered is not None and self._asking is None:
            if ack.body:
                self._take_answer(ack.body, now)
            self._offered = None

    def stop(self) -> None:
        """The call is over."""
        if self._answering is not None:
            self._answering.stop()
        if self._later is not None:
            self._later.cancel()


def attach(message: Request | Response, description: Sdp) -> None:
    """Put a description into a message."""
    message.headers.set("Content-Type", SDP_TYPE)
    message.body = description.serialise()
