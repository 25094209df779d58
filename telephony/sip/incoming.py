"""A call that comes to us: rung, answered or refused, taken back by its caller (RFC 3261 §13.3, §9.2)."""

from __future__ import annotations

from collections.abc import Callable

from sipmessage import Request, Response

from telephony.errors import BadSdp, NoCommonCodec, NotNow
from telephony.sip.answering import Answering
from telephony.sip.asking import Desk
from telephony.sip.composing import respond
from telephony.sip.dialog import from_request
from telephony.sip.digest import Authenticator
from telephony.sip.events import CallEvent, Early, Ender, Listener, Over, PickedUp
from telephony.sip.features import equip, unmet
from telephony.sip.layer import ServerTransaction
from telephony.sip.message import address_in
from telephony.sip.offers import Agreed, Ours
from telephony.sip.reason import q850_of
from telephony.sip.renegotiation import attach
from telephony.sip.sdp import Sdp, parse_sdp
from telephony.sip.session import Session

_OFFER_TYPE = "application/sdp"


class Incoming:
    """One call; `tell` hears its events, `Over` exactly once and last. `gone`: nothing remains of it."""

    def __init__(
        self,
        desk: Desk,
        authenticator: Authenticator,
        request: Request,
        transaction: ServerTransaction,
        gone: Callable[[], None],
    ) -> None:
        self.call_id, self.local_tag = request.call_id, desk.token()
        self.tell: Listener = _nobody
        self.session: Session | None = None
        self._desk, self._authenticator, self._request, self._transaction = desk, authenticator, request, transaction
        self._gone = gone
        self._dialog = from_request(request, self.local_tag, transaction.source)
        self._answering: Answering | None = None
        self._early: tuple[Sdp, Agreed, Ours] | None = None  # what a 183 has said
        self._offered: Ours | None = None  # ours, where the INVITE held none
        self._over = False
        transaction.on_ack, transaction.on_cancel = self._take_ack, self._cancelled

    @property
    def caller(self) -> str:
        """The number that calls, as asserted or as it says itself; empty where it is hidden."""
        for name in ("P-Asserted-Identity", "From"):
            if value := self._request.headers.get(name):
                try:
                    return address_in(value).uri.user or ""
                except ValueError:
                    continue
        return ""

    @property
    def called(self) -> str:
        """The number that was called."""
        return self._request.uri.user or ""

    # Ours

    def fault(self) -> int | None:
        """The status with which the INVITE must be refused, None where it may be taken."""
        if unmet(self._request):
            return 420
        kind = (self._request.headers.get("Content-Type") or _OFFER_TYPE).split(";")[0].strip().lower()
        if self._request.body and kind != _OFFER_TYPE:
            return 415
        return None

    def ring(self, now: float) -> None:
        """Say that it rings; left out where that would have to be reliable (RFC 3262)."""
        if not self._over and "100rel" not in (self._request.headers.get("Require") or ""):
            self._transaction.respond(self._response(180), now)

    def progress(self, ours: Ours, now: float) -> None:
        """Let the caller hear something before the answer (183); raises as `answer` does."""
        if self._over or self._transaction.answered:
            raise NotNow("the call is over, or answered")
        if self._early is None and self._request.body:
            description, agreed = ours.answer(parse_sdp(self._request.body))
            self._early = (description, agreed, ours)
            response = self._response(183)
            attach(response, description)
            self._transaction.respond(response, now)
            self.tell(Early(agreed), now)

    def refuse(self, status: int, now: float, *, q850: int | None = None) -> None:
        """Refuse the call, with the network's cause where there is one."""
        if self._over or self._transaction.answered:
            return
        response = self._response(status)
        if q850 is not None:
            response.headers.set("Reason", f"Q.850;cause={q850}")
        if status == 420:
            response.headers.set("Unsupported", ", ".join(unmet(self._request)))
        if status == 415:
            response.headers.set("Accept", _OFFER_TYPE)
        self._transaction.respond(response, now)
        self._finish(Over(Ender.US, status), now)

    def answer(self, ours: Ours, now: float) -> None:
        """Take the call; raises `NoCommonCodec`, `BadSdp` (it is refused then), `NotNow` when it is over."""
        if self._over or self._transaction.answered:
            raise NotNow("the call is over, or answered")
        try:
            description, agreed, ours = self._describe(ours)
        except (BadSdp, NoCommonCodec) as error:
            self.refuse(400 if isinstance(error, BadSdp) else 488, now)
            raise
        self._dialog.confirmed = True
        self.session = session = Session(
            self._desk, self._authenticator, self._dialog, ours, self._hear, self._session_over
        )  # fmt: skip
        response = self._response(200)
        attach(response, description)
        session.accept_timer(self._request, response, now)
        self._answering = Answering(
            self._desk, self._transaction, response, now,
            acknowledged=self._acknowledged, unheard=self._unheard,
        )  # fmt: skip
        if agreed is not None:
            session.agreed = agreed
            self.tell(PickedUp(agreed), now)

    def hang_up(self, now: float) -> None:
        """End the call as it stands."""
        if self._over:
            return
        if self.session is None:
            self.refuse(480, now)
            return
        self._finish(Over(Ender.US), now)
        if self._answering is None:  # else BYE waits for the ACK (§15)
            self.session.bye(now)

    def _describe(self, ours: Ours) -> tuple[Sdp, Agreed | None, Ours]:
        if self._early is not None:
            return self._early  # the answer to an offer stays what it was (RFC 3264 §4)
        if self._request.body:
            answer, agreed = ours.answer(parse_sdp(self._request.body))
            return answer, agreed, ours
        self._offered = ours
        return ours.offer(), None, ours

    def _response(self, status: int) -> Response:
        response = respond(self._request, status, self.local_tag)
        response.headers.set("Contact", self._desk.local.contact)
        equip(response)
        return response

    # Theirs

    def take(self, request: Request, transaction: ServerTransaction | None, now: float) -> None:
        """A request in the dialog."""
        if transaction is None:
            self._take_ack(request, now)
        if self.session is not None:
            self.session.take(request, transaction, now)
        elif transaction is not None:
            transaction.reject(481, now)

    def take_stray(self, answer: Response, now: float) -> None:
        """No answer goes astray that matters."""

    def _cancelled(self, cancel: Request, now: float) -> None:
        if not self._over and not self._transaction.answered:
            self._transaction.respond(self._response(487), now)
            self._finish(Over(Ender.FAR, 487, q850_of(cancel), "CANCEL"), now)

    def _take_ack(self, request: Request, now: float) -> None:
        if self._answering is not None:
            self._answering.take_ack(request, now)

    def _acknowledged(self, ack: Request, now: float) -> None:
        self._answering = None
        session = self.session
        if session is None:
            return
        if self._over:
            session.bye(now)
        elif self._offered is not None:
            self._take_answer(session, self._offered, ack, now)

    def _take_answer(self, session: Session, offered: Ours, ack: Request, now: float) -> None:
        try:
            session.agreed = offered.take_answer(parse_sdp(ack.body))
        except (BadSdp, NoCommonCodec) as error:
            session.bye(now)
            self._finish(Over(Ender.FAULT, reason=str(error)), now)
            return
        self.tell(PickedUp(session.agreed), now)

    def _unheard(self, now: float) -> None:
        self._answering = None
        if self.session is not None:
            self.session.bye(now)
        self._finish(Over(Ender.FAULT, reason="no ACK to our answer"), now)

    def _hear(self, event: CallEvent, now: float) -> None:
        self.tell(event, now)

    def _session_over(self, event: CallEvent, now: float) -> None:
        if isinstance(event, Over):
            self._finish(event, now)

    def _finish(self, over: Over, now: float) -> None:
        if not self._over:
            self._over = True
            wait = self._desk.layer.intervals.give_up
            self._desk.agenda.set(now + wait, lambda _: self._gone())
            self.tell(over, now)


def _nobody(event: CallEvent, now: float) -> None:
    """Nobody listens yet."""
