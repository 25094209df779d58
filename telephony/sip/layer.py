"""The transaction layer: messages find their transaction, timers run, what is to be sent lies in `outbox`."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Protocol, TypeAlias

from sipmessage import Request, Response

from telephony.sip.alarms import Intervals
from telephony.sip.composing import MAGIC, ack_of_refusal, respond, stamp, wire
from telephony.sip.hop import Hop
from telephony.sip.message import tag_of, top_via
from telephony.sip.transactions import Act, Kind, Machine, State, Trigger

_TRANSACTIONS = 20_000  # at once

Key: TypeAlias = tuple[str, ...]
Owner: TypeAlias = "ClientTransaction | ServerTransaction"


class Failure(StrEnum):
    """Why a request got no answer."""

    TIMEOUT = "timeout"  # 64*T1 went by (timer B or F)
    BROKEN = "broken"  # the transport failed


@dataclass(frozen=True, slots=True)
class Transmit:
    """Bytes to send to a peer."""

    data: bytes
    hop: Hop


class ClientUser(Protocol):
    """Who sent a request and hears of its answers; a failure takes the place of a final answer."""

    def __call__(self, answer: Response | Failure, now: float) -> None: ...


class Reception(Protocol):
    """Who takes requests; `transaction` is None for ACK to a 2xx, which is never answered."""

    def take_request(self, request: Request, transaction: ServerTransaction | None, now: float) -> None: ...

    def take_stray(self, response: Response, now: float) -> None:
        """A response to no transaction: late 2xx of another fork after its INVITE's transaction ended."""


class ClientTransaction:
    """A request on its way."""

    def __init__(self, layer: Layer, key: Key, request: Request, hop: Hop, user: ClientUser, now: float) -> None:
        self.key, self.request, self.hop = key, request, hop
        self.scheduled_at: float | None = None
        kind = Kind.INVITE_CLIENT if request.method == "INVITE" else Kind.CLIENT
        self.machine = Machine(kind, reliable=hop.transport.reliable, intervals=layer.intervals, now=now)
        self._layer, self._user = layer, user
        self._wire = wire(request)
        self._ack = b""
        layer.outbox.append(Transmit(self._wire, hop))

    def receive(self, response: Response, now: float) -> None:
        self._do(self.machine.pull(_class_of(response.code), now), response, now)

    def expire(self, now: float) -> None:
        self._do(tuple(self.machine.expire(now)), None, now)

    def breaks(self, now: float) -> None:
        self._do(self.machine.pull(Trigger.BROKEN, now), None, now)

    def _do(self, acts: tuple[Act, ...], response: Response | None, now: float) -> None:
        for act in acts:
            if act is Act.RESEND:
                self._layer.outbox.append(Transmit(self._wire, self.hop))
            elif act is Act.ACKNOWLEDGE and response is not None:
                self._ack = self._ack or wire(ack_of_refusal(self.request, response))
                self._layer.outbox.append(Transmit(self._ack, self.hop))
            elif act is Act.DELIVER and response is not None:
                self._user(response, now)
            elif act is Act.TELL_TIMEOUT:
                self._user(Failure.TIMEOUT, now)
            elif act is Act.TELL_BROKEN:
                self._user(Failure.BROKEN, now)
        self._layer.schedule(self)


class ServerTransaction:
    """A request that was taken; `respond` answers it, `on_over` hears how a final answer to INVITE fared."""

    def __init__(self, layer: Layer, key: Key, request: Request, source: Hop, now: float) -> None:
        self.key, self.request, self.source = key, request, source
        self.scheduled_at: float | None = None
        kind = Kind.INVITE_SERVER if request.method == "INVITE" else Kind.SERVER
        self.machine = Machine(kind, reliable=source.transport.reliable, intervals=layer.intervals, now=now)
        self.on_ack: Callable[[Request, float], None] | None = None
        self.on_cancel: Callable[[Request, float], None] | None = None
        self._layer = layer
        self._last = self._pending = b""

    @property
    def answered(self) -> bool:
        """Whether a final answer was sent."""
        return self.machine.state not in (State.TRYING, State.PROCEEDING)

    def respond(self, response: Response, now: float) -> None:
        """Send a response, provisional or final; a second final one is ignored, but for 2xx to INVITE."""
        self._pending = wire(response)
        self._do(self.machine.pull(_class_of(response.code), now), None, now)

    def reject(self, status: int, now: float) -> None:
        """Answer without more than a status."""
        self.respond(respond(self.request, status), now)

    def receive(self, request: Request, now: float) -> None:
        trigger = Trigger.ACK if request.method == "ACK" else Trigger.REQUEST
        self._do(self.machine.pull(trigger, now), request, now)

    def expire(self, now: float) -> None:
        self._do(tuple(self.machine.expire(now)), None, now)

    def breaks(self, now: float) -> None:
        self._do(self.machine.pull(Trigger.BROKEN, now), None, now)

    def _do(self, acts: tuple[Act, ...], request: Request | None, now: float) -> None:
        for act in acts:
            if act is Act.SEND:
                self._last = self._pending
                self._layer.outbox.append(Transmit(self._last, self.source))
            elif act is Act.RESEND and self._last:
                self._layer.outbox.append(Transmit(self._last, self.source))
            elif act is Act.DELIVER and request is not None and self.on_ack is not None:
                self.on_ack(request, now)
        self._layer.schedule(self)


class Layer:
    """All transactions of an agent."""

    def __init__(self, reception: Reception, intervals: Intervals) -> None:
        self.intervals = intervals
        self.outbox: deque[Transmit] = deque()
        self._reception = reception
        self._clients: dict[Key, ClientTransaction] = {}
        self._servers: dict[Key, ServerTransaction] = {}
        self._agenda: list[tuple[float, int, Owner]] = []  # a heap; entries whose instant has moved are stale
        self._count = count()

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do; at times a little early, for what has moved since."""
        return self._agenda[0][0] if self._agenda else None

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    @property
    def asking(self) -> bool:
        """Whether a request of ours waits for its final answer."""
        waiting = (State.CALLING, State.TRYING, State.PROCEEDING)
        return any(each.machine.state in waiting for each in self._clients.values())

    def request(self, request: Request, hop: Hop, user: ClientUser, now: float) -> ClientTransaction:
        """Send a request whose top Via has a new branch."""
        key = (top_via(request).parameters.get("branch") or "", request.method)
        self._clients[key] = transaction = ClientTransaction(self, key, request, hop, user, now)
        self.schedule(transaction)
        return transaction

    def receive(self, message: Request | Response, source: Hop, now: float) -> None:
        """Take a message that was read off the wire."""
        if isinstance(message, Response):
            self._receive_response(message, now)
        else:
            self._receive_request(message, source, now)

    def breaks(self, hit: Callable[[Hop], bool], now: float) -> None:
        """The transport to some peers failed: what waits for their answers fails at once."""
        for client in [each for each in self._clients.values() if hit(each.hop)]:
            client.breaks(now)
        for server in [each for each in self._servers.values() if hit(each.source)]:
            server.breaks(now)

    def expire(self, now: float) -> None:
        """Run the timers that are due."""
        while self._agenda and self._agenda[0][0] <= now:
            _, _, transaction = heapq.heappop(self._agenda)
            deadline = transaction.machine.deadline
            if deadline is not None and deadline <= now:
                transaction.expire(now)
            self.schedule(transaction)

    def invite_of(self, cancel: Request) -> ServerTransaction | None:
        """The INVITE that a CANCEL means (RFC 3261 §9.2)."""
        return self._servers.get(_server_key(cancel, "INVITE"))

    def schedule(self, transaction: Owner) -> None:
        """Note a transaction's next timer, or forget the transaction when it is over."""
        deadline = transaction.machine.deadline
        if transaction.machine.over:
            self._clients.pop(transaction.key, None)
            self._servers.pop(transaction.key, None)
        elif deadline is not None and deadline != transaction.scheduled_at:
            transaction.scheduled_at = deadline
            heapq.heappush(self._agenda, (deadline, next(self._count), transaction))

    def _receive_response(self, response: Response, now: float) -> None:
        branch = top_via(response).parameters.get("branch") or ""
        client = self._clients.get((branch, response.cseq.method))
        if client is not None:
            client.receive(response, now)
        else:
            self._reception.take_stray(response, now)

    def _receive_request(self, request: Request, source: Hop, now: float) -> None:
        key = _server_key(request, "INVITE" if request.method == "ACK" else request.method)
        known = self._servers.get(key)
        if known is not None:
            known.receive(request, now)
        elif request.method == "ACK":
            self._reception.take_request(request, None, now)
        elif len(self._servers) < _TRANSACTIONS:
            self._servers[key] = server = ServerTransaction(self, key, request, stamp(request, source), now)
            self._reception.take_request(request, server, now)
            self.schedule(server)


def _server_key(request: Request, method: str) -> Key:
    """RFC 3261 §17.2.3; without the magic cookie the fields of RFC 2543."""
    via = top_via(request)
    branch = via.parameters.get("branch") or ""
    if branch.startswith(MAGIC):
        return branch, f"{via.host}:{via.port}", method
    return tag_of(request, "From"), request.call_id, str(request.cseq.sequence), str(request.uri), str(via), method


def _class_of(status: int) -> Trigger:
    return Trigger.PROVISIONAL if status < 200 else Trigger.SUCCESS if status < 300 else Trigger.REFUSAL
