"""A WebSocket client without a task or an await per frame: the sans-IO protocol of `websockets` on a transport."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from telephony.simulator.errors import GatewayUnreachable
from telephony.wire import MESSAGE_BYTES

_OPEN_SECONDS = 5.0
_CLOSE_SECONDS = 1.0
_UNSENT_BYTES = 64 * 1024  # of audio that the gateway does not take: about eight seconds


class Hearer(Protocol):
    """Who hears what comes over a socket."""

    def on_text(self, text: str) -> None: ...

    def on_binary(self, data: bytes) -> None: ...

    def on_closed(self) -> None:
        """The connection is over; the last call."""


class Socket(asyncio.Protocol):
    """One open connection to the gateway."""

    def __init__(self, uri: str, hearer: Hearer) -> None:
        self._protocol = ClientProtocol(parse_uri(uri), max_size=MESSAGE_BYTES)
        self._hearer = hearer
        self._transport: asyncio.Transport | None = None
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._take_events()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._take_events()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._opened.done():
            self._opened.set_exception(GatewayUnreachable("the gateway closed the connection at once"))
        self.closed.set()
        self._hearer.on_closed()

    async def opened(self) -> None:
        """Wait for the handshake; raises GatewayUnreachable where the gateway refuses or does not answer."""
        try:
            await asyncio.wait_for(self._opened, _OPEN_SECONDS)
        except (TimeoutError, InvalidHandshake) as error:
            self.abort()
            raise GatewayUnreachable(f"the gateway did not open a WebSocket ({error or 'no answer'})") from error

    def send_text(self, text: str) -> None:
        """Send a text message; nothing happens when the connection is over."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(text.encode())
            self._flush()

    def send_binary(self, data: bytes) -> None:
        """Send a binary message; a gateway that takes none for seconds is cut off."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_binary(data)
            self._flush()
            if self._transport is not None and self._transport.get_write_buffer_size() > _UNSENT_BYTES:
                self.abort()

    def close(self) -> None:
        """Begin the closing handshake; it is cut off after a second."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close()
            self._flush()
        asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self.abort)

    def abort(self) -> None:
        """Cut the connection off."""
        if self._transport is not None:
            self._transport.abort()

    def _take_events(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self._finish_handshake()
            elif isinstance(event, Frame):
                self._deliver(event)
        self._flush()

    def _finish_handshake(self) -> None:
        if self._opened.done():
            return
        if self._protocol.handshake_exc is not None:
            self._opened.set_exception(self._protocol.handshake_exc)
        else:
            self._opened.set_result(None)

    def _deliver(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT:
            self._hearer.on_text(bytes(frame.data).decode(errors="replace"))
        elif frame.opcode is Opcode.BINARY:
            self._hearer.on_binary(bytes(frame.data))

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport is None or self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()


async def open_socket(base: str, path: str, hearer: Hearer) -> Socket:
    """Connect to `base` (ws://host:port) + `path`; raises GatewayUnreachable."""
    uri = parse_uri(base.rstrip("/") + path)
    loop = asyncio.get_running_loop()
    try:
        connecting = loop.create_connection(lambda: Socket(base.rstrip("/") + path, hearer), uri.host, uri.port)
        _, socket = await asyncio.wait_for(connecting, _OPEN_SECONDS)
    except (OSError, TimeoutError) as error:
        raise GatewayUnreachable(f"nobody answers at {uri.host}:{uri.port}") from error
    await socket.opened()
    return socket
