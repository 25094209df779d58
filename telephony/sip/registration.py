"""Registration at a trunk (RFC 3261 §10): kept fresh, tried again when it fails, taken back at the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

from sipmessage import URI, CSeq, Request, Response

from telephony.sip.agenda import Alarm
from telephony.sip.asking import Ask, Desk
from telephony.sip.digest import Authenticator
from telephony.sip.features import equip
from telephony.sip.layer import Failure
from telephony.sip.message import addresses_of
from telephony.sip.targets import Targets

WISHED_SECONDS = 600
_LEAST_SECONDS = 2
_MARGIN_SECONDS = 30.0  # before the end, a fifth of the time where that is less
_RETRY_SECONDS = 30.0  # doubled up to half an hour (RFC 5626 §4.5)
_LONGEST_RETRY_SECONDS = 1800.0


class Standing(StrEnum):
    """How a registration stands."""

    TRYING = "trying"
    REGISTERED = "registered"
    REFUSED = "refused"  # an answer, but no
    SILENT = "silent"  # no answer
    ENDED = "ended"  # taken back


class Registration:
    """One binding of our Contact; `changed` hears of every standing with the status behind it."""

    def __init__(
        self,
        desk: Desk,
        authenticator: Authenticator,
        address: URI,
        machines: Targets,
        changed: Callable[[Standing, int | None], None],
    ) -> None:
        self.standing = Standing.TRYING
        self._desk, self._authenticator, self._machines, self._changed = desk, authenticator, machines, changed
        self._address = address
        self._call_id, self._tag, self._sequence = desk.token(), desk.token(), 0
        self._expires = WISHED_SECONDS
        self._failures = 0
        self._alarm: Alarm | None = None
        self._lengthened = False

    def start(self, now: float) -> None:
        """Register, and go on doing so."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._hop = self._machines.current(now)
        Ask(self._desk, self._authenticator, self._make, self._hop, self._hear, now)

    def hasten(self, now: float) -> None:
        """The trunk is back, and may have forgotten us: register now, not later."""
        if self.standing not in (Standing.TRYING, Standing.ENDED):
            self.start(now)

    def stop(self, now: float) -> None:
        """Take the binding back (§10.2.2)."""
        if self._alarm is not None:
            self._alarm.cancel()
        registered, self.standing = self.standing is Standing.REGISTERED, Standing.ENDED
        if registered:
            self._expires = 0
            Ask(self._desk, self._authenticator, self._make, self._hop, _ignore, now)

    def _make(self) -> Request:
        self._sequence += 1
        local = self._desk.local
        request = Request("REGISTER", URI(self._address.scheme, self._address.host))
        request.headers.set("Via", local.via(self._desk.token()))
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", f"<{self._address}>;tag={self._tag}")
        request.headers.set("To", f"<{self._address}>")
        request.headers.set("Call-ID", self._call_id)
        request.cseq = CSeq(self._sequence, "REGISTER")
        request.headers.set("Contact", f"{local.contact};expires={self._expires}")
        request.headers.set("Expires", str(self._expires))
        equip(request)
        return request

    def _hear(self, answer: Response | Failure, now: float) -> None:
        if self.standing is Standing.ENDED or (isinstance(answer, Response) and answer.code < 200):
            return
        if isinstance(answer, Failure) or answer.code == 503:
            self._lose(answer, now)
        elif answer.code < 300:
            self._failures, self._lengthened = 0, False
            granted = self._granted(answer)
            self._alarm = self._desk.agenda.set(now + granted - min(_MARGIN_SECONDS, granted / 5), self.start)
            self._become(Standing.REGISTERED, answer.code)
        elif answer.code == 423 and not self._lengthened:
            self._lengthened = True
            self._expires = max(self._expires, _number(answer.headers.get("Min-Expires")) or WISHED_SECONDS)
            self.start(now)
        else:
            self._fail(Standing.REFUSED, answer.code, now)

    def _granted(self, answer: Response) -> int:
        """How long the registrar keeps our binding (§10.2.4): our Contact's time, else the header's, else our wish."""
        ours = re.sub(r".*<sip:([^;>]*).*", r"\1", self._desk.local.contact)
        for contact in addresses_of(answer, "Contact"):
            if str(contact.uri).removeprefix("sip:").split(";")[0] == ours:
                found = _number(contact.parameters.get("expires"))
                if found is not None:
                    return max(_LEAST_SECONDS, found)
        return max(_LEAST_SECONDS, _number(answer.headers.get("Expires")) or self._expires)

    def _lose(self, answer: Response | Failure, now: float) -> None:
        """One machine does not answer, or has no service."""
        if self._machines.fail(self._hop, now):
            self.start(now)  # at another machine of the trunk
        elif isinstance(answer, Failure):
            self._fail(Standing.SILENT, None, now)
        else:
            self._fail(Standing.REFUSED, answer.code, now)

    def _fail(self, standing: Standing, status: int | None, now: float) -> None:
        wait = min(_LONGEST_RETRY_SECONDS, _RETRY_SECONDS * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        self._alarm = self._desk.agenda.set(now + wait * (0.5 + 0.5 * self._desk.chance()), self.start)
        self._become(standing, status)

    def _become(self, standing: Standing, status: int | None) -> None:
        if standing is not self.standing:
            self.standing = standing
            self._changed(standing, status)


def _number(value: str | None) -> int | None:
    return int(value) if value is not None and re.fullmatch(r"\d{1,9}", value.strip()) else None


def _ignore(answer: Response | Failure, now: float) -> None:
    """We leave whatever the answer is."""
