"""Handing a call over: REFER and the NOTIFYs that tell how it fares (RFC 3515), with Replaces (RFC 3891)."""

from __future__ import annotations

import re
from urllib.parse import quote

from sipmessage import Request, Response

from telephony.sip.asking import Ask, Desk
from telephony.sip.dialog import Dialog
from telephony.sip.digest import Authenticator
from telephony.sip.events import Listener, Referred
from telephony.sip.layer import Failure, ServerTransaction

_FRAGMENT = re.compile(rb"SIP/2\.0 ([1-6]\d\d)")
_WAIT_SECONDS = 60.0  # for the first news, and between them


def refer_to(target: str, replaced: Dialog | None = None) -> str:
    """The value of Refer-To: an address, and for an attended transfer the dialog that the new call replaces."""
    if replaced is None:
        return f"<{target}>"
    # As seen by the party that is called: its own tag is the dialog's to-tag (RFC 3891 §3).
    dialog = f"{replaced.call_id};to-tag={replaced.remote_tag};from-tag={replaced.local_tag}"
    return f"<{target}?Replaces={quote(dialog, safe='')}>"


class Transfer:
    """One transfer under way; the listener hears `Referred` until its status is final."""

    def __init__(
        self, desk: Desk, authenticator: Authenticator, dialog: Dialog, value: str, tell: Listener, now: float
    ) -> None:
        self._desk, self._tell = desk, tell
        self.over = False

        def make() -> Request:
            request = dialog.request("REFER", desk.local, desk.token())
            request.headers.set("Refer-To", value)
            request.headers.set("Referred-By", re.sub(r";tag=.*", "", dialog.local_uri))
            return request

        self._silence = desk.agenda.set(now + _WAIT_SECONDS, lambda at: self._report(408, at))
        self._ask = Ask(desk, authenticator, make, dialog.hop, self._hear, now)

    def _hear(self, answer: Response | Failure, now: float) -> None:
        if isinstance(answer, Failure):
            self._report(408, now)
        elif answer.code >= 300:
            self._report(answer.code, now)
        elif answer.code >= 200 and (answer.headers.get("Refer-Sub") or "").lower() == "false":
            self._report(200, now)  # accepted, and no news will come (RFC 4488)

    def take_notify(self, request: Request, transaction: ServerTransaction, now: float) -> None:
        """News of the transfer (RFC 3515 §2.4.4)."""
        transaction.reject(200, now)
        found = _FRAGMENT.match(request.body)
        ended = (request.headers.get("Subscription-State") or "").lower().startswith("terminated")
        status = int(found[1]) if found else 100
        if ended and status < 200:
            status = 487  # the far end stopped telling before the end
        self._report(status, now)

    def stop(self) -> None:
        """The call is over."""
        self._silence.cancel()
        self.over = True

    def _report(self, status: int, now: float) -> None:
        if self.over:
            return
        self._silence.cancel()
        self.over = status >= 200
        if not self.over:
            self._silence = self._desk.agenda.set(now + _WAIT_SECONDS, lambda at: self._report(408, at))
        self._tell(Referred(status), now)
