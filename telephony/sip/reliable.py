"""Provisional answers that must not be lost (RFC 3262): RSeq, and the PRACK to it."""

from __future__ import annotations

import re

from sipmessage import Request, Response

from telephony.sip.asking import Ask, Desk
from telephony.sip.digest import Authenticator
from telephony.sip.layer import Failure
from telephony.sip.message import tokens_of
from telephony.sip.session import Session


def rseq_of(response: Response) -> int | None:
    """The RSeq of a provisional answer; None where there is none that can be read."""
    value = (response.headers.get("RSeq") or "").strip()
    return int(value) if re.fullmatch(r"\d{1,10}", value) else None


def is_reliable(response: Response) -> bool:
    """Whether a provisional answer wants a PRACK (§4)."""
    return 100 < response.code < 200 and "100rel" in tokens_of(response, "Require") and rseq_of(response) is not None


def prack(desk: Desk, authenticator: Authenticator, session: Session, response: Response, now: float) -> bool:
    """Acknowledge a reliable answer that comes in order; whether it does (§4: others are dropped)."""
    number = rseq_of(response)
    if number is None or (session.provisional >= 0 and number != session.provisional + 1):
        return False
    session.provisional = number

    def make() -> Request:
        request = session.dialog.request("PRACK", desk.local, desk.token())
        request.headers.set("RAck", f"{number} {response.headers['CSeq']}")
        return request

    Ask(desk, authenticator, make, session.dialog.hop, _ignore, now)
    return True


def _ignore(answer: Response | Failure, now: float) -> None:
    """A PRACK that fails shows in the answer to the INVITE."""
