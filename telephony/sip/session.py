"""One dialog of a call, early or confirmed: the requests in it, either side's, and its session timer."""

from __future__ import annotations

import re

from sipmessage import Request, Response

from telephony.errors import NotNow
from telephony.sip.agenda import Alarm
from telephony.sip.asking import Ask, Desk
from telephony.sip.composing import respond
from telephony.sip.dialog import Dialog
from telephony.sip.digest import Authenticator
from telephony.sip.events import Changed, Ender, Listener, Over, Pressed
from telephony.sip.features import METHODS, equip, unmet
from telephony.sip.layer import Failure, ServerTransaction
from telephony.sip.offers import Agreed, Ours
from telephony.sip.reason import normal_clearing, q850_of
from telephony.sip.renegotiation import Renegotiation
from telephony.sip.sdp import Direction
from telephony.sip.session_timer import (
    LEAST_SECONDS,
    WISHED_SECONDS,
    Interval,
    answer_to_request,
    settled_by_answer,
    stated_in,
)
from telephony.sip.transfer import Transfer, refer_to

_SIGNAL = re.compile(rb"(?:^|\n)\s*Signal\s*=\s*(1[01]|[0-9*#A-D])\s*(?:\n|$)", re.IGNORECASE)
_NUMBERED = {"10": "*", "11": "#"}  # as some gateways write them
_PLAIN = re.compile(rb"\s*([0-9*#A-Da-d])\s*")


class Session:
    """A dialog with what runs in it; `over` hears the one `Over` of a confirmed one."""

    def __init__(
        self, desk: Desk, authenticator: Authenticator, dialog: Dialog, ours: Ours, tell: Listener, over: Listener
    ) -> None:
        self.dialog = dialog
        self.agreed: Agreed | None = None
        self.ended = False
        self.provisional = -1  # the RSeq that was acknowledged last (RFC 3262 §4)
        self._desk, self._authenticator, self._tell, self._over = desk, authenticator, tell, over
        self._transfer: Transfer | None = None
        self._interval: Interval | None = None
        self._timer: Alarm | None = None
        self.offers = Renegotiation(
            desk, authenticator, dialog, ours, changed=self._change, refreshed=self.refreshed, dead=self._die
        )  # fmt: skip

    # Ours

    def hold(self, on: bool, now: float) -> None:
        """Put the far end on hold, or take it back; raises `NotNow` before the answer."""
        self._need_confirmed()
        self.offers.ask(Direction.SEND if on else Direction.BOTH, self._wish(), now)

    def refer(self, target: str, replaced: Dialog | None, now: float) -> None:
        """Ask the far end to call `target`, taking over `replaced` there; `Referred` events follow."""
        self._need_confirmed()
        if self._transfer is not None and not self._transfer.over:
            raise NotNow("a transfer of this call is under way: wait for its end")
        value = refer_to(target, replaced)
        self._transfer = Transfer(self._desk, self._authenticator, self.dialog, value, self._tell, now)

    def bye(self, now: float) -> None:
        """End the dialog; what becomes of the BYE is of no account (RFC 3261 §15.1.1)."""
        if self.ended:
            return
        self._stop()
        self._send_bye(now)

    def _send_bye(self, now: float) -> None:
        def make() -> Request:
            request = self.dialog.request("BYE", self._desk.local, self._desk.token())
            request.headers.set("Reason", normal_clearing())
            return request

        Ask(self._desk, self._authenticator, make, self.dialog.hop, _ignore, now)

    # Theirs

    def take(self, request: Request, transaction: ServerTransaction | None, now: float) -> None:
        """A request in the dialog."""
        if transaction is None:
            self.offers.take_ack(request, now)
            return
        if not self.dialog.accepts(request):
            transaction.reject(500, now)
        elif self.ended:
            transaction.reject(481, now)
        elif missing := unmet(request):
            response = respond(request, 420)
            response.headers.set("Unsupported", ", ".join(missing))
            transaction.respond(response, now)
        else:
            self._dispatch(request, transaction, now)

    def _dispatch(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        match request.method:
            case "BYE":
                transaction.reject(200, now)
                self._finish(Over(Ender.FAR, 200, q850_of(request), "BYE"), now)
            case "INVITE" | "UPDATE":
                self._take_offer(request, transaction, now)
            case "INFO":
                transaction.reject(200, now)
                if key := _key_in(request):
                    self._tell(Pressed(key), now)
            case "NOTIFY" if self._transfer is not None:
                self._transfer.take_notify(request, transaction, now)
            case "NOTIFY" | "PRACK":
                transaction.reject(481, now)
            case "OPTIONS":
                response = respond(request, 200)
                equip(response)
                transaction.respond(response, now)
            case _:
                response = respond(request, 405)
                response.headers.set("Allow", ", ".join(METHODS))
                transaction.respond(response, now)

    def _take_offer(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        stated = stated_in(request)
        if stated is not None and stated.seconds < LEAST_SECONDS:
            response = respond(request, 422)
            response.headers.set("Min-SE", str(LEAST_SECONDS))
            transaction.respond(response, now)
            return

        def add_timer(response: Response) -> None:
            self.accept_timer(request, response, now)

        self.offers.take(request, transaction, add_timer, now)

    # The session timer

    def accept_timer(self, request: Request, response: Response, now: float) -> None:
        """Settle the timer that a request of theirs asks for, and say so in our 2xx."""
        settled = answer_to_request(request)
        if settled is None:
            return
        interval, header = settled
        response.headers.set("Session-Expires", header)
        if not interval.ours:
            response.headers.set("Require", "timer")
        self._run(interval, now)

    def refreshed(self, response: Response, now: float) -> None:
        """A 2xx to an INVITE of ours: the interval begins anew."""
        self._run(settled_by_answer(response), now)

    def _run(self, interval: Interval | None, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._interval = interval
        if interval is None:
            return
        if interval.ours:
            self._timer = self._desk.agenda.set(now + interval.refresh_seconds, self._refresh)
        else:
            self._timer = self._desk.agenda.set(now + interval.dead_seconds, self._expire)

    def _refresh(self, now: float) -> None:
        interval = self._interval
        if interval is not None and not self.ended:
            self._timer = self._desk.agenda.set(now + interval.dead_seconds - interval.refresh_seconds, self._expire)
            self.offers.ask(self.offers.ours.direction, self._wish(), now)

    def _expire(self, now: float) -> None:
        self._die("the session was not refreshed in time", now)

    def _wish(self) -> str:
        interval = self._interval
        if interval is None:
            return str(WISHED_SECONDS)
        return f"{interval.seconds};refresher={'uac' if interval.ours else 'uas'}"

    # The end

    def _change(self, agreed: Agreed, now: float) -> None:
        self.agreed = agreed
        self._tell(Changed(agreed), now)

    def _die(self, reason: str, now: float) -> None:
        if not self.ended:
            self._send_bye(now)
            self._finish(Over(Ender.FAULT, reason=reason), now)

    def _finish(self, over: Over, now: float) -> None:
        self._stop()
        self._over(over, now)

    def _stop(self) -> None:
        self.ended = True
        self.offers.stop()
        if self._timer is not None:
            self._timer.cancel()
        if self._transfer is not None:
            self._transfer.stop()

    def _need_confirmed(self) -> None:
        if not self.dialog.confirmed or self.ended:
            raise NotNow("the call is not answered, or over")


def _key_in(request: Request) -> str:
    """The key of an INFO with application/dtmf-relay or application/dtmf; empty where there is none."""
    kind = (request.headers.get("Content-Type") or "").split(";")[0].strip().lower()
    if kind == "application/dtmf-relay" and (found := _SIGNAL.search(request.body)):
        key = found[1].decode().upper()
        return _NUMBERED.get(key, key)
    if kind == "application/dtmf" and (found := _PLAIN.fullmatch(request.body)):
        return found[1].decode().upper()
    return ""


def _ignore(answer: Response | Failure, now: float) -> None:
    """Nothing hangs on the answer."""
