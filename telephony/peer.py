"""One WebSocket connection of the gateway: bytes in, messages out, without a task or an await per frame.

Forty calls bring two thousand frames a second each way; the sans-IO protocol of `websockets` handles one in some
ten microseconds when it is fed from the transport directly.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from http import HTTPStatus
from typing import Protocol, cast

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from telephony.wire import MESSAGE_BYTES

_KERNEL_BYTES = 16 * 1024  # a send buffer small enough for a stuck far end to be noticed
_CLOSE_SECONDS = 2.0  # the far end's time to answer a close, and to begin with a request

# The library logs messages in full at DEBUG, and they hold numbers: this logger never goes that far.
_quiet = logging.getLogger("telephony.websocket")
_quiet.setLevel(logging.WARNING)


class Listener(Protocol):
    """Who hears what a peer says."""

    def on_text(self, text: str) -> None: ...

    def on_binary(self, data: bytes) -> None: ...

    def on_lost(self, reason: str) -> None:
        """The connection is over, and why; the last call."""


class Reception(Protocol):
    """Who decides what a new connection is for."""

    def receive(self, peer: Peer, path: str) -> Listener | HTTPStatus: ...

    def joined(self, peer: Peer) -> None: ...

    def left(self, peer: Peer) -> None: ...


class Peer(asyncio.Protocol):
    """A far end on the line; lives on the gateway's event loop."""

    def __init__(self, reception: Reception) -> None:
        # origins=[None]: a browser names its page's origin and is refused, whatever page it shows.
        self._protocol = ServerProtocol(origins=[None], max_size=MESSAGE_BYTES, logger=_quiet)
        self._reception = reception
        self._listener: Listener | None = None
        self._transport: asyncio.Transport | None = None
        self._partial = bytearray()  # of a message that comes in several frames
        self._partial_is_text = False
        self._deadline: asyncio.TimerHandle | None = None
        self.heard_at = time.monotonic()

    # What the transport says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if (endpoint := transport.get_extra_info("socket")) is not None:
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        self._reception.joined(self)
        self._arm_deadline()

    def data_received(self, data: bytes) -> None:
        self.heard_at = time.monotonic()
        self._protocol.receive_data(data)
        self._react()

    def eof_received(self) -> None:
        self._protocol.receive_eof()
        self._react()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm_deadline()
        self._transport = None
        self._protocol.receive_eof()
        self._reception.left(self)
        self._tell_lost(
            "the connection was lost"
            if exc or self._protocol.close_code == CloseCode.ABNORMAL_CLOSURE
            else "the far end closed the connection"
        )

    # What the gateway says

    @property
    def buffered(self) -> int:
        """Bytes that the far end has not taken yet, beyond what the kernel holds."""
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def send_text(self, text: str) -> None:
        """Send a text message; nothing happens when the connection is over."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_text(text.encode())
            self._flush()

    def send_binary(self, data: bytes) -> None:
        """Send a binary message; nothing happens when the connection is over."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_binary(data)
            self._flush()

    def ping(self) -> None:
        """Ask for a sign of life."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_ping(b"")
            self._flush()

    def close(self, code: CloseCode = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Begin the closing handshake, which is cut off after two seconds; the listener hears nothing more."""
        self._listener = None
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, reason)
            self._flush()
            self._arm_deadline()
        elif self._protocol.state is State.CONNECTING:
            self.abort()

    def abort(self) -> None:
        """Cut the connection off."""
        if self._transport is not None:
            self._transport.abort()

    # Between the two

    def _react(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()
        if self._protocol.close_expected():
            self._arm_deadline()
        if self._protocol.state is not State.OPEN and self._protocol.close_rcvd is None and self._protocol.close_sent:
            self._tell_lost("the far end broke the WebSocket protocol or sent a message that is too long")

    def _answer(self, request: Request) -> None:
        self._disarm_deadline()
        response = self._protocol.accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            place = self._reception.receive(self, request.path)
            if isinstance(place, HTTPStatus):
                response = self._protocol.reject(place, f"{place.phrase}\n")
            else:
                self._listener = place
        self._protocol.send_response(response)

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._partial_is_text = frame.opcode is Opcode.TEXT
            if frame.fin:
                self._deliver(bytes(frame.data))
                return
            self._partial = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT:
            self._partial += frame.data
            if frame.fin:
                self._deliver(bytes(self._partial))

    def _deliver(self, data: bytes) -> None:
        if self._listener is None:
            return
        if self._partial_is_text:
            # What is not UTF-8 becomes U+FFFD, which no message of the protocol contains.
            self._listener.on_text(data.decode(errors="replace"))
        else:
            self._listener.on_binary(data)

    def _tell_lost(self, reason: str) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_lost(reason)

    def _flush(self) -> None:
        transport = self._transport
        for data in self._protocol.data_to_send():
            if transport is None or transport.is_closing():
                return
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()

    def _arm_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self.abort)

    def _disarm_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
