"""The road to one trunk: an agent with its sockets and its one timer, its registration, its signs of life."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace

from sipmessage import URI

from telephony.errors import TrunkUnavailable
from telephony.sip.agent import Agent
from telephony.sip.alarms import Intervals
from telephony.sip.caps import Caps, Verdict
from telephony.sip.dialog import Local
from telephony.sip.digest import Authenticator
from telephony.sip.hop import Hop, Transport, bracketed
from telephony.sip.names import Found, Names, is_address, plain
from telephony.sip.ping import Ping
from telephony.sip.registration import Registration, Standing
from telephony.sip.targets import Targets
from telephony.sip.tcp import Connections, security_of
from telephony.sip.trunk import Trunk
from telephony.sip.udp import UdpSocket

log = logging.getLogger(__name__)

_NAMES = 100  # host names of far ends that are remembered
_LEAST_SECONDS, _MOST_SECONDS = 30.0, 3600.0  # between looks at what the trunk's name stands for


class Road:
    """Lives on the media loop; after every act upon `agent` comes `flush`."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, trunk: Trunk, names: Names, found: Found, host: str, intervals: Intervals
    ) -> None:
        self.trunk, self.host = trunk, host
        self.caps = Caps(trunk.calls, trunk.calls_per_second)
        self.paused_why = ""  # of the latest pause: what the trunk said to the call that was one too many
        self._loop = loop
        self._udp: UdpSocket | None = None
        self._tcp: Connections | None = None
        self.agent = Agent(Local(host, 0), random.SystemRandom(), intervals)
        self.authenticator = Authenticator(trunk.account, self.agent.token)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")
        self.machines = Targets(found.targets, self.agent.chance)
        self._look_up, self._lasts = names, found.seconds
        self._names: dict[str, str] = {}
        self._resolving: set[asyncio.Task[None]] = set()
        self._ping: Ping | None = None
        self._registration: Registration | None = None

    async def open(self) -> None:
        """Listen, register where the trunk wants that; raises `TrunkUnavailable`."""
        trunk = self.trunk
        if trunk.transport is Transport.UDP:
            self._udp = UdpSocket(self._loop, self.host, trunk.local_port, self._receive)
            port = self._udp.port
        else:
            security = None
            if trunk.transport is Transport.TLS:
                security = security_of(trunk.ca_file, trunk.certificate_file, trunk.key_file)
            self._tcp = Connections(
                self._loop, trunk.transport, security, self._name_of, self._receive_framed, self._break_soon
            )  # fmt: skip
            await self._tcp.listen(self.host, trunk.local_port)
            port = self._tcp.port
        self.agent.local = Local(trunk.public_host or self.host, port, trunk.transport, trunk.user or "huifang")
        self._begin(time.monotonic())
        if self._lasts < float("inf"):
            self._keep(self._look_again())

    def _begin(self, now: float) -> None:
        trunk = self.trunk
        if trunk.registers:
            address = URI("sip", trunk.domain or bracketed(trunk.host), user=trunk.user)
            self._registration = Registration(self.agent, self.authenticator, address, self.machines, self._stands)
            self._registration.start(now)
        if trunk.ping_seconds:
            target = URI("sip", bracketed(trunk.host), port=trunk.port or None)
            self._ping = Ping(self.agent, target, self.machines, trunk.ping_seconds, self._lives)
            self._ping.start(now)
        self.flush()

    @property
    def alive(self) -> bool:
        """Whether the trunk answers, and takes us where it wants us registered."""
        lost = (Standing.REFUSED, Standing.SILENT)
        registered = self._registration is None or self._registration.standing not in lost
        return registered and (self._ping is None or self._ping.alive)

    def works(self, now: float) -> bool:
        """Whether a call is worth trying: the trunk is alive and not paused."""
        return self.alive and self.caps.admit(now).verdict is not Verdict.PAUSED

    @property
    def standing(self) -> Standing | None:
        """How the registration stands, None for a trunk that wants none."""
        return self._registration.standing if self._registration else None

    @property
    def address(self) -> str:
        """One of the trunk's addresses."""
        return self.machines.hops[0].host

    def knows(self, host: str) -> bool:
        """Whether an address is the trunk's."""
        return host in (*(hop.host for hop in self.machines.hops), *self.trunk.also_from)

    def act(self, doing: Callable[[float], None]) -> None:
        """Do something with the agent, send what comes of it."""
        try:
            doing(time.monotonic())
        except Exception:  # a fault of ours must not stop the other calls
            log.exception("trunk %s: a message or timer met a fault of ours", self.trunk.name)
        self.flush()

    def flush(self) -> None:
        """Send what the agent has to send, and wake up when it wants."""
        for each in self.agent.take_outbox():
            self._send(each.data, each.hop)
        deadline = self.agent.deadline
        if deadline is not None and deadline < self._timer_at:
            self._arm(deadline)

    def leave(self) -> None:
        """Take the registration back, ask for no more signs of life."""
        if self._ping is not None:
            self._ping.stop()
        if self._registration is not None:
            self.act(self._registration.stop)

    def close(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._resolving):
            task.cancel()
        for endpoint in (self._udp, self._tcp):
            if endpoint is not None:
                endpoint.close()

    # Bytes

    def _send(self, data: bytes, hop: Hop) -> None:
        way = self._way(hop)
        if way is None:
            self._keep(self._send_by_name(data, hop))
            return
        if self._udp is not None:
            sent = self._udp.send(data, way)
        else:
            sent = self._tcp is not None and self._tcp.send(data, way)
        if not sent:
            self._loop.call_soon(self._break_soon, way)

    def _way(self, hop: Hop) -> Hop | None:
        """Where a hop really is; None for a name that has to be looked up first."""
        if is_address(hop.host):
            return replace(hop, host=plain(hop.host))
        return replace(hop, host=self._names[hop.host]) if hop.host in self._names else None

    def _name_of(self, hop: Hop) -> str:
        """The name that the certificate of a machine must bear: the trunk's own, not what DNS made of it (RFC 5922)."""
        if hop.host in (each.host for each in self.machines.hops):
            return self.trunk.host
        return next((name for name, address in self._names.items() if address == hop.host), hop.host)

    async def _send_by_name(self, data: bytes, hop: Hop) -> None:
        try:
            (address, *_), _ = await self._look_up.addresses(hop.host, ":" in self.host)
        except OSError:
            log.warning("trunk %s: the name of a far end cannot be resolved", self.trunk.name)
            self.act(lambda now: self.agent.breaks(lambda each: each == hop, now))
            return
        if len(self._names) >= _NAMES:
            self._names.clear()
        self._names[hop.host] = address
        self._send(data, hop)

    def _receive(self, data: bytes, source: Hop, now: float) -> None:
        self.act(lambda at: self.agent.receive(data, source, at))

    def _receive_framed(self, data: bytes, source: Hop, now: float) -> None:
        self.act(lambda at: self.agent.receive(data, source, at, framed=True))

    def _break_soon(self, way: Hop) -> None:
        self.act(lambda now: self.agent.breaks(lambda hop: self._way(hop) == way, now))

    # Time

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(0.0, at - time.monotonic()), self._expire)

    def _expire(self) -> None:
        self._timer, self._timer_at = None, float("inf")
        self.act(self.agent.expire)

    # Names

    def _keep(self, doing: Coroutine[None, None, None]) -> None:
        task = self._loop.create_task(doing)
        self._resolving.add(task)
        task.add_done_callback(self._resolving.discard)

    async def _look_again(self) -> None:
        """Find out now and then what the trunk's name stands for; what was known holds while nobody can say."""
        while True:
            await asyncio.sleep(min(_MOST_SECONDS, max(_LEAST_SECONDS, self._lasts)))
            with contextlib.suppress(OSError, TrunkUnavailable):
                found = await find(self._look_up, self.trunk, self.host)
                self.machines.replace(found.targets)
                self._lasts = found.seconds

    # Standing

    def _stands(self, standing: Standing, status: int | None) -> None:
        grave = logging.INFO if standing in (Standing.REGISTERED, Standing.ENDED) else logging.WARNING
        log.log(grave, "trunk %s: registration %s%s", self.trunk.name, standing, f" ({status})" if status else "")

    def _lives(self, alive: bool) -> None:
        grave = logging.INFO if alive else logging.WARNING
        log.log(grave, "trunk %s %s", self.trunk.name, "answers again" if alive else "does not answer")
        if alive and self._registration is not None:
            self.act(self._registration.hasten)


async def open_road(loop: asyncio.AbstractEventLoop, trunk: Trunk, intervals: Intervals) -> Road:
    """Find out the trunk's addresses and ours, and listen; raises OSError, `TrunkUnavailable`."""
    names = Names(loop, trunk.name_servers)
    found = await find(names, trunk, trunk.local_host)
    host = trunk.local_host or _own_address(found.targets[0].hop.host)
    road = Road(loop, trunk, names, found, host, intervals)
    try:
        await road.open()
    except TrunkUnavailable:
        road.close()
        raise
    return road


async def find(names: Names, trunk: Trunk, host: str) -> Found:
    """The machines of a trunk that can be reached from `host`, anywhere where that is empty."""
    return await names.find(trunk.host, trunk.port, trunk.transport, six=":" in host if host else None)


def _own_address(far: str) -> str:
    """Our address towards another, by the system's routes; nothing is sent."""
    with socket.socket(socket.AF_INET6 if ":" in far else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((far, 9))
        return str(probe.getsockname()[0])
