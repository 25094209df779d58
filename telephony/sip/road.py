"""The road to one trunk: an agent with its socket and its one timer."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import socket
import time
from dataclasses import replace

from telephony.sip.agent import Agent
from telephony.sip.alarms import Intervals
from telephony.sip.caps import Caps
from telephony.sip.dialog import Local
from telephony.sip.digest import Authenticator
from telephony.sip.hop import Hop
from telephony.sip.trunk import Trunk
from telephony.sip.udp import UdpSocket

log = logging.getLogger(__name__)


class Road:
    """Lives on the media loop; `run` acts on the agent and sends what comes of it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, trunk: Trunk, host: str, intervals: Intervals) -> None:
        self.trunk, self.host = trunk, host
        self.caps = Caps(trunk.calls, trunk.calls_per_second)
        self._loop = loop
        self._udp = UdpSocket(loop, host, trunk.local_port, self._receive)
        local = Local(trunk.public_host or host, self._udp.port, trunk.transport, trunk.user or "huifang")
        dice = random.SystemRandom()
        self.agent = Agent(local, dice, intervals)
        self.authenticator = Authenticator(trunk.account, self.agent.token)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")

    def flush(self) -> None:
        """Send what the agent has to send and wake up when it wants; after every act upon it."""
        for each in self.agent.take_outbox():
            self._send(each.data, each.hop)
        deadline = self.agent.deadline
        if deadline is not None and deadline < self._timer_at:
            self._arm(deadline)

    def close(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        self._udp.close()

    def _send(self, data: bytes, hop: Hop) -> None:
        if not self._udp.send(data, hop):
            self._loop.call_soon(self._break, hop)

    def _break(self, hop: Hop) -> None:
        self.agent.breaks(hop, time.monotonic())
        self.flush()

    def _receive(self, data: bytes, source: Hop, now: float) -> None:
        try:
            self.agent.receive(data, source, now)
        except Exception:  # a fault of ours must not stop the other calls
            log.exception("trunk %s: a message met a fault of ours", self.trunk.name)
        self.flush()

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(0.0, at - time.monotonic()), self._expire)

    def _expire(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        try:
            self.agent.expire(time.monotonic())
        except Exception:
            log.exception("trunk %s: a timer met a fault of ours", self.trunk.name)
        self.flush()


async def open_road(loop: asyncio.AbstractEventLoop, trunk: Trunk, intervals: Intervals) -> Road:
    """Find out the trunk's address and ours, and listen; raises OSError, `TrunkUnavailable`."""
    address = await _resolve(loop, trunk.host)
    host = trunk.local_host or _own_address(address)
    settled = replace(trunk, host=address, domain=trunk.domain or trunk.host)
    return Road(loop, settled, host, intervals)


async def _resolve(loop: asyncio.AbstractEventLoop, host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        found = await loop.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
        return str(found[0][4][0])


def _own_address(far: str) -> str:
    """Our address towards another, by the system's routes; nothing is sent."""
    with socket.socket(socket.AF_INET6 if ":" in far else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((far, 9))
        return str(probe.getsockname()[0])
