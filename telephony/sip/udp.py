"""SIP datagrams: one socket of a trunk."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable

from telephony.errors import TrunkUnavailable
from telephony.sip.hop import Hop, Transport

DATAGRAM_BYTES = 65_535
_READS = 50
_BUFFER_BYTES = 1024 * 1024


class UdpSocket:
    """Takes datagrams to `receive(data, source, now)` on its loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, host: str, port: int, receive: Callable[[bytes, Hop, float], None]
    ) -> None:
        self._loop, self._receive = loop, receive
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise TrunkUnavailable(
                f"cannot listen for SIP on {host}:{port} ({error.strerror}): choose another local port for the trunk"
            ) from error
        self.port: int = self._socket.getsockname()[1]
        loop.add_reader(self._socket, self._read)

    def send(self, data: bytes, hop: Hop) -> bool:
        """Send a datagram to an address; False when the network refuses at once."""
        try:
            self._socket.sendto(data, (hop.host, hop.port))
        except BlockingIOError:
            return True  # lost, as a datagram may be
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for _ in range(_READS):
            try:
                data, source = self._socket.recvfrom(DATAGRAM_BYTES)
            except OSError:
                return
            self._receive(data, Hop(source[0], source[1], Transport.UDP), time.monotonic())
