"""A call that we place: from the INVITE to the end, every race on the way included (RFC 3261 §13.2, §9, §8.1.3).

A proxy may fork the INVITE: every tag in an answer is a dialog of its own, the first 2xx wins, later ones are
acknowledged and ended (§13.2.2.4). A 2xx that crosses our CANCEL is acknowledged and ended too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sipmessage import URI, CSeq, Request, Response

from telephony.errors import BadSdp, NoCommonCodec, NotNow
from telephony.sip.agenda import Alarm
from telephony.sip.asking import Ask, Desk
from telephony.sip.composing import cancel_of, respond, wire
from telephony.sip.dialog import from_response
from telephony.sip.digest import Authenticator
from telephony.sip.events import CallEvent, Early, Ender, Listener, Over, PickedUp, Rings
from telephony.sip.features import equip
from telephony.sip.hop import Hop, hop_of
from telephony.sip.identity import CallerId
from telephony.sip.layer import Failure, ServerTransaction, Transmit
from telephony.sip.message import addresses_of, tag_of
from telephony.sip.offers import Agreed, Ours
from telephony.sip.reason import normal_clearing, q850_of
from telephony.sip.reliable import is_reliable, prack
from telephony.sip.renegotiation import attach
from telephony.sip.sdp import parse_sdp
from telephony.sip.session import Session
from telephony.sip.session_timer import LEAST_SECONDS, WISHED_SECONDS, least_of

_FORKS = 20  # dialogs of one call
_REDIRECTS = 3
_INTERVALS = 3  # retries after 422
_PATIENCE_SECONDS = 6.0  # without as much as a 100: a trunk that is there answers that at once


@dataclass(frozen=True, slots=True)
class Placing:
    """What to dial and how: `target` is the number's address at the trunk, `hop` where the INVITE goes.

    `name` begins the Call-ID, so that a trunk's complaint about a call leads to ours.
    """

    target: URI
    hop: Hop
    caller: CallerId
    ours: Ours
    redirects: bool = True  # follow 3xx to where it points
    name: str = "call"


class Outgoing:
    """One call; `tell` hears its events, `Over` exactly once and last. `gone` is called when nothing remains of it."""

    def __init__(
        self, desk: Desk, authenticator: Authenticator, placing: Placing, tell: Listener, gone: Callable[[], None]
    ) -> None:
        self.call_id, self.local_tag = f"{placing.name}-{desk.token()}", desk.token()
        self.session: Session | None = None  # the dialog that won
        self._desk, self._authenticator, self._placing = desk, authenticator, placing
        self._tell, self._gone = tell, gone
        self._target, self._hop = placing.target, placing.hop
        self._sequence = 0
        self._sessions: dict[str, Session] = {}
        self._acks: dict[str, Transmit] = {}
        self._ask: Ask | None = None
        self._over = False
        self._proceeding = False  # a provisional answer came: CANCEL may go
        self._cancelled = self._cancel_sent = False
        self._limit: Alarm | None = None
        self._least, self._wished = LEAST_SECONDS, WISHED_SECONDS
        self._redirected = self._lengthened = 0
        self._leaving: Alarm | None = None
        self._patience: Alarm | None = None

    # Ours

    def start(self, now: float) -> None:
        """Send the INVITE."""
        self._proceeding = self._cancel_sent = False
        self._expect_sign(now)
        self._ask = Ask(self._desk, self._authenticator, self._invite, self._hop, self._hear, now)

    def _expect_sign(self, now: float) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self._desk.agenda.set(now + _PATIENCE_SECONDS, self._lose_patience)

    def _lose_patience(self, now: float) -> None:
        """The trunk is silent: the call is over for us, an answer that comes after all is acknowledged and ended."""
        self._cancelled = True
        self._finish(Over(Ender.FAULT, reason="no answer to the INVITE"), now)

    def hang_up(self, now: float) -> None:
        """End the call as it stands: CANCEL before the answer, BYE after it; `Over` comes at once."""
        if self._over:
            return
        self._finish(Over(Ender.US), now)
        if self.session is not None:
            self.session.bye(now)
            self._leave(now)
        else:
            self._cancelled = True
            self._cancel(now)

    def _invite(self) -> Request:
        self._sequence += 1
        local = self._desk.local
        request = Request("INVITE", self._target)
        request.headers.set("Via", local.via(self._desk.token()))
        request.headers.set("Max-Forwards", "70")
        for name, value in self._placing.caller.headers(self.local_tag):
            request.headers.set(name, value)
        request.headers.set("To", f"<{self._placing.target}>")
        request.headers.set("Call-ID", self.call_id)
        request.cseq = CSeq(self._sequence, "INVITE")
        request.headers.set("Contact", local.contact)
        equip(request)
        request.headers.set("Session-Expires", str(self._wished))
        request.headers.set("Min-SE", str(self._least))
        attach(request, self._placing.ours.offer())
        return request

    def _cancel(self, now: float) -> None:
        """Cancel as soon as that is allowed (§9.1), and wait a bounded time for what comes of it."""
        if self._ask is None or self._cancel_sent or not self._proceeding:
            return
        self._cancel_sent = True
        request = cancel_of(self._ask.request)
        request.headers.set("Reason", normal_clearing())
        self._desk.layer.request(request, self._hop, _ignore, now)
        self._limit = self._desk.agenda.set(now + self._desk.layer.intervals.give_up, self._leave)

    # Answers to the INVITE

    def _hear(self, answer: Response | Failure, now: float) -> None:
        if self._patience is not None:
            self._patience.cancel()
        if isinstance(answer, Failure):
            self._fail(answer, now)
        elif answer.code < 200:
            self._take_provisional(answer, now)
        elif answer.code < 300:
            self._take_success(answer, now)
        else:
            self._take_refusal(answer, now)

    def _fail(self, failure: Failure, now: float) -> None:
        said = "no answer to the INVITE" if failure is Failure.TIMEOUT else "the transport to the trunk failed"
        self._finish(Over(Ender.FAULT, reason=said), now)
        self._leave(now)

    def _take_provisional(self, answer: Response, now: float) -> None:
        self._proceeding = True
        if self._cancelled:
            self._cancel(now)
            return
        session = self._session_of(answer)
        if session is not None and is_reliable(answer):
            if not prack(self._desk, self._authenticator, session, answer, now):
                return
        if answer.code == 180:
            self._tell(Rings(), now)
        if session is not None and answer.body and (agreed := self._read(answer)) is not None:
            session.agreed = agreed
            self._tell(Early(agreed), now)

    def _session_of(self, answer: Response) -> Session | None:
        tag = tag_of(answer, "To")
        if tag and tag not in self._sessions and len(self._sessions) < _FORKS and self._ask is not None:
            dialog = from_response(self._ask.request, answer, self._hop)
            self._sessions[tag] = Session(
                self._desk, self._authenticator, dialog, self._placing.ours, self._tell, self._session_over
            )  # fmt: skip
        return self._sessions.get(tag)

    def _read(self, answer: Response) -> Agreed | None:
        try:
            return self._placing.ours.take_answer(parse_sdp(answer.body))
        except (BadSdp, NoCommonCodec):
            return None

    def _take_success(self, answer: Response, now: float) -> None:
        tag = tag_of(answer, "To")
        if tag in self._acks:
            self._desk.layer.outbox.append(self._acks[tag])
            return
        session = self._session_of(answer)
        if session is None:
            return
        self._confirm(session, answer)
        if self._over or self.session is not None:  # cancelled, or another fork was first
            session.bye(now)
            self._leave_if_over(now)
            return
        agreed = self._read(answer) if answer.body else session.agreed
        self.session = session
        if agreed is None:
            session.bye(now)
            self._finish(Over(Ender.FAULT, answer.code, reason="an answer without a codec that we speak"), now)
            self._leave(now)
            return
        session.agreed = agreed
        session.refreshed(answer, now)
        self._tell(PickedUp(agreed), now)

    def _confirm(self, session: Session, answer: Response) -> None:
        dialog = session.dialog
        if not dialog.confirmed:  # the route set is the 2xx's (§13.2.2.4)
            fresh = from_response(self._invited, answer, self._hop)
            dialog.route, dialog.target, dialog.confirmed = fresh.route, fresh.target, True
        ack = dialog.ack(self._desk.local, self._desk.token(), answer.cseq.sequence)
        for name in ("Authorization", "Proxy-Authorization"):
            if value := self._invited.headers.get(name):
                ack.headers.set(name, value)
        self._acks[dialog.remote_tag] = Transmit(wire(ack), dialog.hop)
        self._desk.layer.outbox.append(self._acks[dialog.remote_tag])

    @property
    def _invited(self) -> Request:
        if self._ask is None:
            raise NotNow("the call has not been started")
        return self._ask.request

    def _take_refusal(self, answer: Response, now: float) -> None:
        if not self._over and self._retry(answer, now):
            return
        reason = f"{answer.code} {answer.phrase}"
        self._finish(Over(Ender.FAR, answer.code, q850_of(answer), reason), now)
        self._leave(now)

    def _retry(self, answer: Response, now: float) -> bool:
        """Send another INVITE where the answer says how it would be taken; whether one was sent."""
        if answer.code == 422 and self._lengthened < _INTERVALS:
            self._lengthened += 1
            self._least = least_of(answer)
            self._wished = max(self._wished, self._least)
        elif 300 <= answer.code < 400 and self._placing.redirects and self._redirected < _REDIRECTS:
            contacts = [each.uri for each in addresses_of(answer, "Contact") if each.uri.scheme in ("sip", "sips")]
            if not contacts:
                return False
            self._redirected += 1
            self._target, self._hop = contacts[0], hop_of(contacts[0], self._hop.transport)
        else:
            return False
        self._sessions.clear()
        self.start(now)
        return True

    # What comes from outside the INVITE's transaction

    def take(self, request: Request, transaction: ServerTransaction | None, now: float) -> None:
        """A request with our tag: it belongs to one of the dialogs."""
        session = self._sessions.get(tag_of(request, "From"))
        if session is not None:
            session.take(request, transaction, now)
        elif transaction is not None:
            transaction.respond(respond(request, 481), now)

    def take_stray(self, answer: Response, now: float) -> None:
        """A 2xx after the INVITE's transaction has ended."""
        if answer.cseq.method == "INVITE" and 200 <= answer.code < 300:
            self._take_success(answer, now)

    # The end

    def _session_over(self, event: CallEvent, now: float) -> None:
        if isinstance(event, Over):
            self._finish(event, now)
            self._leave(now)

    def _finish(self, over: Over, now: float) -> None:
        if not self._over:
            self._over = True
            self._tell(over, now)

    def _leave_if_over(self, now: float) -> None:
        if self._over:
            self._leave(now)

    def _leave(self, now: float) -> None:
        """Nothing more is expected; retransmitted answers are still acknowledged for a while."""
        if self._limit is not None:
            self._limit.cancel()
        if self._leaving is None:
            wait = self._desk.layer.intervals.give_up
            self._leaving = self._desk.agenda.set(now + wait, lambda _: self._gone())


def _ignore(answer: Response | Failure, now: float) -> None:
    """What becomes of a CANCEL shows in the answer to the INVITE."""
