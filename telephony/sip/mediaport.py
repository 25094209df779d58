"""The two UDP ports of a call's audio: RTP on an even one, RTCP on the next (RFC 3550 §11)."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import time
from typing import Protocol

from telephony.errors import BadPacket, TrunkUnavailable
from telephony.rtp.packet import PACKET_BYTES
from telephony.rtp.stream import Address, Datagram

log = logging.getLogger(__name__)

PORTS = range(20000, 40000)
_READS = 50  # datagrams taken in one go, so that a flood does not stop the clock
_SEND_BYTES = 64 * 1024
_TRIES = 500


class Receiver(Protocol):
    """Who takes what comes, as a `Stream` does; both raise `BadPacket`."""

    def receive(self, data: bytes, source: Address, now: float) -> None: ...

    def receive_control(self, data: bytes, source: Address, now: float) -> None: ...


class MediaPort:
    """Sockets of one call on the media loop; what comes goes to `stream`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, host: str) -> None:
        self._loop = loop
        self._audio, self._control = _bind(host)
        self.port: int = self._audio.getsockname()[1]
        self.stream: Receiver | None = None
        self.dropped = 0  # datagrams that were neither RTP nor RTCP
        loop.add_reader(self._audio, self._read, self._audio, False)
        loop.add_reader(self._control, self._read, self._control, True)

    def send(self, datagrams: list[Datagram]) -> None:
        """Send; what the network refuses is lost, as on any line."""
        for each in datagrams:
            try:
                (self._control if each.control else self._audio).sendto(each.data, each.to)
            except OSError:
                self.dropped += 1

    def close(self) -> None:
        """Give the ports back."""
        for endpoint in (self._audio, self._control):
            if endpoint.fileno() >= 0:
                self._loop.remove_reader(endpoint)
                endpoint.close()

    def _read(self, endpoint: socket.socket, control: bool) -> None:
        for _ in range(_READS):
            try:
                data, source = endpoint.recvfrom(PACKET_BYTES + 1)
            except OSError:  # nothing more, or the far end's port is closed: it says so by SIP
                return
            self._take(data, (source[0], source[1]), control)
            if endpoint.fileno() < 0:
                return

    def _take(self, data: bytes, source: Address, control: bool) -> None:
        if self.stream is None:
            return
        try:
            if control:
                self.stream.receive_control(data, source, time.monotonic())
            else:
                self.stream.receive(data, source, time.monotonic())
        except BadPacket:
            self.dropped += 1


def _bind(host: str) -> tuple[socket.socket, socket.socket]:
    """A free pair of ports, from a random place on so that calls of several processes do not meet."""
    start = random.randrange(PORTS.start, PORTS.stop, 2)
    for step in range(_TRIES):
        port = PORTS.start + (start - PORTS.start + 2 * step) % len(PORTS)
        audio, control = _endpoint(host), _endpoint(host)
        try:
            audio.bind((host, port))
            control.bind((host, port + 1))
        except OSError:
            audio.close()
            control.close()
            continue
        return audio, control
    raise TrunkUnavailable(
        f"no pair of UDP ports from {PORTS.start} to {PORTS.stop} is free on {host}: end other calls"
    )


def _endpoint(host: str) -> socket.socket:
    endpoint = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.setblocking(False)
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
    return endpoint
