"""Requests with their retries for credentials, and what every party to a call needs of its agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sipmessage import Request, Response

from telephony.sip.agenda import Agenda
from telephony.sip.dialog import Local
from telephony.sip.digest import Authenticator
from telephony.sip.hop import Hop
from telephony.sip.layer import ClientTransaction, Failure, Layer

_ROUNDS = 3  # of credentials for one request: a proxy's, the far end's, a stale nonce


class Desk(Protocol):
    """What calls and registrations use of their agent."""

    layer: Layer
    agenda: Agenda
    local: Local

    def token(self) -> str:
        """A text that nobody else has or guesses: tags, branches, call ids."""

    def chance(self) -> float:
        """A number from 0 up to 1."""


class Ask:
    """One request: sent, signed, sent again when credentials are asked for.

    `make` builds it anew each time, with the next number and a new branch. `user` hears everything but those
    challenges that are answered.
    """

    def __init__(
        self,
        desk: Desk,
        authenticator: Authenticator,
        make: Callable[[], Request],
        hop: Hop,
        user: Callable[[Response | Failure, float], None],
        now: float,
    ) -> None:
        self._desk, self._authenticator, self._make, self._hop, self._user = desk, authenticator, make, hop, user
        self._rounds = 0
        self._send(now)

    def _send(self, now: float) -> None:
        self.request = self._make()
        self._authenticator.sign(self.request)
        self.transaction: ClientTransaction = self._desk.layer.request(self.request, self._hop, self._hear, now)

    def _hear(self, answer: Response | Failure, now: float) -> None:
        if isinstance(answer, Response) and answer.code in (401, 407) and self._rounds < _ROUNDS:
            self._rounds += 1
            if self._authenticator.learn(self.request, answer):
                self._send(now)
                return
        self._user(answer, now)
