"""Asking a trunk for a sign of life: OPTIONS now and then (RFC 3261 §11); whatever it answers, it is alive."""

from __future__ import annotations

from collections.abc import Callable

from sipmessage import URI, CSeq, Request, Response

from telephony.sip.agenda import Alarm
from telephony.sip.asking import Ask, Desk
from telephony.sip.digest import Account, Authenticator
from telephony.sip.features import equip
from telephony.sip.layer import Failure
from telephony.sip.targets import Targets

_NOBODY: Account | None = None


class Ping:
    """`changed` hears when the trunk falls silent and when it is back."""

    def __init__(
        self, desk: Desk, target: URI, machines: Targets, seconds: float, changed: Callable[[bool], None]
    ) -> None:
        self.alive = True
        self._desk, self._target, self._machines = desk, target, machines
        self._seconds, self._changed = seconds, changed
        self._authenticator = Authenticator(_NOBODY, desk.token)  # a challenge is a sign of life too
        self._call_id, self._tag, self._sequence = desk.token(), desk.token(), 0
        self._alarm: Alarm | None = None

    def start(self, now: float) -> None:
        """Ask for the first time after one interval."""
        self._alarm = self._desk.agenda.set(now + self._seconds, self._ask)

    def stop(self) -> None:
        """Ask no more."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._seconds = 0

    def _ask(self, now: float) -> None:
        self._hop = self._machines.current(now)
        Ask(self._desk, self._authenticator, self._make, self._hop, self._hear, now)

    def _make(self) -> Request:
        self._sequence += 1
        local = self._desk.local
        request = Request("OPTIONS", self._target)
        request.headers.set("Via", local.via(self._desk.token()))
        request.headers.set("Max-Forwards", "70")
        request.headers.set("From", f"{local.contact.split(';')[0].rstrip('>')}>;tag={self._tag}")
        request.headers.set("To", f"<{self._target}>")
        request.headers.set("Call-ID", self._call_id)
        request.cseq = CSeq(self._sequence, "OPTIONS")
        request.headers.set("Contact", local.contact)
        request.headers.set("Accept", "application/sdp")
        equip(request)
        return request

    def _hear(self, answer: Response | Failure, now: float) -> None:
        if isinstance(answer, Response) and answer.code < 200:
            return
        alive = isinstance(answer, Response) and answer.code != 503
        if not alive and self._machines.fail(self._hop, now) and self._seconds:
            self._ask(now)  # another machine of the trunk
            return
        if alive is not self.alive:
            self.alive = alive
            self._changed(alive)
        if self._seconds:
            self.start(now)
