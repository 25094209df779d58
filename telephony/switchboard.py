"""The gateway's inside, on its own event loop: far ends that connect, and the calls that they place."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from http import HTTPStatus

from websockets.frames import CloseCode

from telephony.causes import cause_of
from telephony.errors import WireError
from telephony.floor import Floor
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg, Phase
from telephony.peer import Listener, Peer
from telephony.wire import Dial, parse_control
from telephony.wireline import WireLine

log = logging.getLogger(__name__)

_PEERS = 1000  # connections at once
_IDLE_SECONDS = 5.0  # without a sign of life before a far end is asked for one
_DEAD_SECONDS = 20.0  # without a sign of life before a far end counts as lost
_LEAVE_SECONDS = 3.0  # for far ends to go when the gateway closes


class Trunk:
    """One control connection: a far end that places calls."""

    def __init__(self, peer: Peer, board: Switchboard) -> None:
        self.peer = peer
        self.calls: set[str] = set()
        self._board = board

    def on_text(self, text: str) -> None:
        try:
            rejected = parse_control(text)
        except WireError as error:
            self.drop(str(error))
            return
        if rejected.call in self.calls:
            cause = cause_of(rejected.sip, rejected.q850, otherwise=HangupCause.OWN_LINE)
            self._board.end(rejected.call, cause, rejected.sip, rejected.q850)

    def on_binary(self, data: bytes) -> None:
        self.drop("audio on a control connection")

    def on_lost(self, reason: str) -> None:
        self._board.lose(self, reason)

    def drop(self, reason: str) -> None:
        """Close the connection after a fault of the far end; its calls end."""
        self.peer.close()
        self._board.lose(self, reason)


@dataclass(slots=True, eq=False)
class Placed:
    """A call with its trunk and its deadlines."""

    leg: MediaLeg
    caller: asyncio.AbstractEventLoop  # who dialled and reads the events
    number: str
    ring_seconds: float
    media_seconds: float
    write_bytes: int
    trunk: Trunk | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class Switchboard:
    """Every method runs on the gateway's loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._peers: set[Peer] = set()
        self._trunks: list[Trunk] = []
        self._has_trunk = asyncio.Event()
        self._empty = asyncio.Event()
        self._calls: dict[str, Placed] = {}
        self.floor = Floor(loop, self._left)
        self._watch = loop.call_later(_IDLE_SECONDS, self._look_for_dead)

    @property
    def trunks(self) -> int:
        """Far ends that can place calls now."""
        return len(self._trunks)

    async def wait_for_trunk(self) -> None:
        """Return as soon as a far end can place calls."""
        await self._has_trunk.wait()

    # Connections

    def joined(self, peer: Peer) -> None:
        self._peers.add(peer)
        self._empty.clear()
        if len(self._peers) > _PEERS:
            log.warning("a connection was refused: %d are open", _PEERS)
            peer.abort()

    def left(self, peer: Peer) -> None:
        self._peers.discard(peer)
        if not self._peers:
            self._empty.set()

    def receive(self, peer: Peer, path: str) -> Listener | HTTPStatus:
        """Give a new connection its role by its path."""
        if path == "/exchange":
            trunk = Trunk(peer, self)
            self._trunks.append(trunk)
            self._has_trunk.set()
            log.info("an exchange connected: %d now", len(self._trunks))
            return trunk
        call = self._calls.get(path.removeprefix("/media/")) if path.startswith("/media/") else None
        if call is None:
            return HTTPStatus.NOT_FOUND
        if call.leg.phase is not Phase.DIALLING:
            return HTTPStatus.CONFLICT
        line = WireLine(call.leg, peer, call.write_bytes)
        call.leg.connect(line)
        self.floor.start_clock()
        return line

    def lose(self, trunk: Trunk, reason: str) -> None:
        """A trunk is gone: its calls end as our own line's failure."""
        if trunk not in self._trunks:
            return
        self._trunks.remove(trunk)
        if not self._trunks:
            self._has_trunk.clear()
        grave = logging.WARNING if trunk.calls else logging.INFO  # one that carries nothing may leave quietly
        log.log(grave, "an exchange is gone: %s; %d remain, %d calls end", reason, len(self._trunks), len(trunk.calls))
        for call_id in list(trunk.calls):
            self.end(call_id, HangupCause.OWN_LINE)

    def _look_for_dead(self) -> None:
        now = time.monotonic()
        for peer in list(self._peers):
            silent = now - peer.heard_at
            if silent > _DEAD_SECONDS:
                peer.abort()
            elif silent > _IDLE_SECONDS:
                peer.ping()
        self._watch = self._loop.call_later(_IDLE_SECONDS, self._look_for_dead)

    # Calls

    def place(self, call: Placed) -> None:
        """Ask the next trunk in turn to dial."""
        call_id = call.leg.call_id
        self._calls[call_id] = call
        self.floor.enter(call.leg, call.caller)
        if not self._trunks:
            call.leg.fail("no exchange is connected")
            return
        trunk = self._trunks.pop(0)
        self._trunks.append(trunk)
        trunk.calls.add(call_id)
        call.trunk = trunk
        call.timers = [
            self._loop.call_later(min(call.media_seconds, call.ring_seconds), self._expect_media, call),
            self._loop.call_later(call.ring_seconds, self._expect_answer, call),
        ]
        trunk.peer.send_text(Dial(call_id, call.number).serialise())

    def end(self, call_id: str, cause: HangupCause, sip: int | None = None, q850: int | None = None) -> None:
        """End a call if it is still going on."""
        if call := self._calls.get(call_id):
            call.leg.end(cause, sip, q850)

    def _left(self, leg: MediaLeg) -> None:
        if call := self._calls.pop(leg.call_id, None):
            for timer in call.timers:
                timer.cancel()
            if call.trunk is not None:
                call.trunk.calls.discard(leg.call_id)

    def _expect_media(self, call: Placed) -> None:
        if call.leg.phase is Phase.DIALLING:
            call.leg.fail("the far end did not open the media connection in time")

    def _expect_answer(self, call: Placed) -> None:
        if call.leg.phase < Phase.ANSWERED:
            call.leg.end(HangupCause.TIMED_OUT)

    async def close(self) -> None:
        """End every call, seal, close every connection."""
        self._watch.cancel()
        await self.floor.end_all()
        for peer in list(self._peers):
            peer.close(CloseCode.GOING_AWAY)
        if self._peers:
            await asyncio.wait([asyncio.ensure_future(self._empty.wait())], timeout=_LEAVE_SECONDS)
        self.floor.close()
