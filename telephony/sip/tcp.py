"""SIP over TCP and TLS: connections of a trunk, opened when something is to be sent, kept, listened for."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from telephony.errors import BadMessage, TrunkUnavailable
from telephony.sip.framing import PONG, Framing
from telephony.sip.hop import Hop, Transport

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
_WAITING_BYTES = 256 * 1024  # for one peer, before and after the connection is there
_CONNECTIONS = 100

Receive = Callable[[bytes, Hop, float], None]
Break = Callable[[Hop], None]


class Connection(asyncio.Protocol):
    """One stream; messages out of it go to `connections`."""

    def __init__(self, connections: Connections, hop: Hop | None) -> None:
        self._connections, self.hop = connections, hop
        self._framing = Framing()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self.hop is None:
            peer = transport.get_extra_info("peername")
            self.hop = Hop(peer[0], peer[1], self._connections.transport)
        self._connections.joined(self.hop, self)

    def data_received(self, data: bytes) -> None:
        pings = self._framing.pings
        try:
            messages = self._framing.feed(data)
        except BadMessage as error:
            log.info("a connection is closed: %s", error)
            self.abort()
            return
        for _ in range(self._framing.pings - pings):
            self.send(PONG)
        for message in messages:
            if self.hop is not None:
                self._connections.receive(message, self.hop, time.monotonic())

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self.hop is not None:
            self._connections.lost(self.hop, self)

    def send(self, data: bytes) -> bool:
        """Send bytes; False when the peer does not take what it was sent before."""
        if self._transport is None or self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() > _WAITING_BYTES:
            self.abort()
            return False
        self._transport.write(data)
        return True

    def abort(self) -> None:
        """Cut it off."""
        if self._transport is not None:
            self._transport.abort()


class Closed(asyncio.Protocol):
    """A connection that is not taken."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class Connections:
    """All streams of a trunk by their peer."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: Transport, security: Security | None,
        name_of: Callable[[Hop], str], receive: Receive, broken: Break,
    ) -> None:  # fmt: skip
        self.transport, self.receive = transport, receive
        self.port = 0
        self._loop, self._security, self._name_of, self._broken = loop, security, name_of, broken
        self._open: dict[Hop, Connection] = {}
        self._waiting: dict[Hop, list[bytes]] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> None:
        """Take connections too; raises `TrunkUnavailable`.

        TLS without a certificate of ours holds the port, by which the far end knows our connection, and takes none.
        """
        theirs = self._security.theirs if self._security else None
        taken = Closed if self._security and theirs is None else lambda: Connection(self, None)
        try:
            self._server = await self._loop.create_server(taken, host, port, ssl=theirs)
        except OSError as error:
            raise TrunkUnavailable(
                f"cannot listen for SIP on {host}:{port} ({error.strerror}): choose another local port for the trunk"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]

    def send(self, data: bytes, hop: Hop) -> bool:
        """Send to a peer, connecting first where needed; False when that cannot be."""
        if connection := self._open.get(hop):
            return connection.send(data)
        waiting = self._waiting.get(hop)
        if waiting is not None:
            waiting.append(data)
            return sum(map(len, waiting)) < _WAITING_BYTES
        if len(self._open) + len(self._waiting) >= _CONNECTIONS:
            return False
        self._waiting[hop] = [data]
        opening = self._loop.create_task(self._connect(hop))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        return True

    async def _connect(self, hop: Hop) -> None:
        security = self._security.ours if self._security and hop.transport is Transport.TLS else None
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await self._loop.create_connection(
                    lambda: Connection(self, hop), hop.host, hop.port, ssl=security,
                    server_hostname=self._name_of(hop) if security else None,
                )  # fmt: skip
        except (OSError, ssl.SSLError, TimeoutError) as error:
            log.warning("no %s connection to %s:%d: %s", hop.transport, hop.host, hop.port, self._why(hop, error))
            self._waiting.pop(hop, None)
            self._broken(hop)

    def _why(self, hop: Hop, error: Exception) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {self._name_of(hop)} at {hop.host} is not accepted ({error.verify_message}): "
                "name its authority in ca_file, or the host as the certificate names it"
            )
        return str(error) or "no answer"

    def joined(self, hop: Hop, connection: Connection) -> None:
        """A connection is open."""
        if len(self._open) >= _CONNECTIONS:
            connection.abort()
            return
        self._open[hop] = connection
        for data in self._waiting.pop(hop, []):
            connection.send(data)

    def lost(self, hop: Hop, connection: Connection) -> None:
        """A connection is over."""
        if self._open.get(hop) is connection:
            del self._open[hop]
            self._broken(hop)

    def close(self) -> None:
        """Close everything."""
        self._broken = _nothing
        if self._server is not None:
            self._server.close()
        for task in list(self._opening):
            task.cancel()
        for connection in list(self._open.values()):
            connection.abort()


@dataclass(frozen=True, slots=True)
class Security:
    """How TLS connections are made, and how those of the far end are taken; None: they are not."""

    ours: ssl.SSLContext
    theirs: ssl.SSLContext | None


def security_of(ca_file: str, certificate_file: str = "", key_file: str = "") -> Security:
    """How certificates are checked, and which one we show; raises `TrunkUnavailable`."""
    try:
        ours = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise TrunkUnavailable(f"cannot read the authorities in {ca_file}: {_said(error)}") from error
    if not certificate_file:
        return Security(ours, None)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca_file or None)
    theirs.verify_mode = ssl.CERT_OPTIONAL  # who shows a certificate needs a good one; calls come from known addresses
    try:
        for context in (ours, theirs):
            context.load_cert_chain(certificate_file, key_file)
    except OSError as error:
        raise TrunkUnavailable(
            f"cannot use our certificate {certificate_file} with the key {key_file}: {_said(error)}"
        ) from error
    return Security(ours, theirs)


def _said(error: OSError) -> str:
    return error.reason if isinstance(error, ssl.SSLError) else error.strerror or "unreadable"


def _nothing(hop: Hop) -> None:
    """Nobody cares any more."""
