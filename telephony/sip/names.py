"""Where a trunk's name leads: SRV, then A or AAAA (RFC 3263 §4.2); NAPTR is not asked for: settings name the transport.

A road has sockets of one family, so one family is taken: IPv4 where the name has both.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.nameserver
import dns.resolver

from telephony.errors import TrunkUnavailable
from telephony.sip.hop import Hop, Transport
from telephony.sip.targets import Target

_LIFETIME_SECONDS = 4.0  # of one question, its repetitions included
_SYSTEM_TTL_SECONDS = 300.0  # what the system's resolver does not say
_MACHINES = 20  # of one name
_SERVICES = {Transport.UDP: "_sip._udp", Transport.TCP: "_sip._tcp", Transport.TLS: "_sips._tcp"}
PORTED = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Found:
    """The machines behind a name, and for how long that holds."""

    targets: tuple[Target, ...]
    seconds: float


class Names:
    """Asks name servers (addresses, with a port after a colon), or the system where none is given."""

    def __init__(self, loop: asyncio.AbstractEventLoop, servers: tuple[str, ...] = ()) -> None:
        self._loop, self._servers = loop, servers

    async def find(self, host: str, port: int, transport: Transport, *, six: bool | None = None) -> Found:
        """The machines of a trunk; port 0: by SRV. `six`: the family; raises `OSError` when there are none."""
        if is_address(host):
            return Found((Target(Hop(plain(host), port or transport.port, transport)),), float("inf"))
        if port:
            addresses, seconds = await self.addresses(host, six)
            return Found(tuple(Target(Hop(each, port, transport)) for each in addresses), seconds)
        services, seconds = await self._services(host, transport)
        if not services:
            return await self.find(host, transport.port, transport, six=six)
        targets: list[Target] = []
        for service in services[:_MACHINES]:
            try:
                addresses, lasts = await self.addresses(service.name, six)
            except OSError:
                continue
            seconds = min(seconds, lasts)
            hops = (Hop(each, service.port, transport) for each in addresses)
            targets += [Target(hop, service.priority, service.weight) for hop in hops]
            six = ":" in targets[0].hop.host
        if not targets:
            raise OSError(f"no machine that the SRV records of {host} name has an address")
        return Found(tuple(targets[:_MACHINES]), seconds)

    async def addresses(self, name: str, six: bool | None = None) -> tuple[tuple[str, ...], float]:
        """The addresses of a name, of one family, and for how many seconds; raises `OSError`."""
        for family in (False, True) if six is None else (six,):
            found, seconds = await self._family(name, family)
            if found:
                return found[:_MACHINES], seconds
        raise OSError(f"{name} has no {'' if six is None else 'IPv6 ' if six else 'IPv4 '}address")

    async def _family(self, name: str, six: bool) -> tuple[tuple[str, ...], float]:
        if self._servers:
            answer, seconds = await self._ask(name, "AAAA" if six else "A")
            return tuple(str(each.address) for each in answer), seconds
        family = socket.AF_INET6 if six else socket.AF_INET
        try:
            found = await self._loop.getaddrinfo(name, None, family=family, type=socket.SOCK_DGRAM)
        except socket.gaierror:
            return (), 0.0
        return tuple(dict.fromkeys(str(each[4][0]) for each in found)), _SYSTEM_TTL_SECONDS

    async def _services(self, host: str, transport: Transport) -> tuple[list[_Service], float]:
        answer, seconds = await self._ask(f"{_SERVICES[transport]}.{host}", "SRV")
        services = [
            _Service(each.target.to_text(omit_final_dot=True), each.port, each.priority, each.weight) for each in answer
        ]
        if [each.name for each in services] in ([""], ["."]):  # "the service is decidedly not available" (RFC 2782)
            raise TrunkUnavailable(f"{host} says that it offers no SIP over {transport}: choose another transport")
        return sorted(services, key=lambda each: each.priority), seconds

    async def _ask(self, name: str, kind: str) -> tuple[list[Any], float]:
        """The records and their time to live, none where there are none; raises `OSError` where nobody answers."""
        try:
            resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                resolver.nameservers = [_server(each) for each in self._servers]
            answer = await resolver.resolve(name, kind, search=False, lifetime=_LIFETIME_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return [], 0.0
        except dns.exception.DNSException as error:
            if not self._servers:  # a machine without DNS: its own table of hosts remains
                return [], 0.0
            raise OSError(f"the name server does not answer for {name}") from error
        return list(answer), float(answer.rrset.ttl if answer.rrset is not None else 0)


@dataclass(frozen=True, slots=True)
class _Service:
    """One SRV record."""

    name: str
    port: int
    priority: int
    weight: int


def is_address(host: str) -> bool:
    """Whether a host is given in digits."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def plain(address: str) -> str:
    """An address as sockets spell it; a name as it is."""
    return str(ipaddress.ip_address(address)) if is_address(address) else address


def _server(text: str) -> dns.nameserver.Nameserver:
    ported = PORTED.fullmatch(text)
    if ported is None:
        return dns.nameserver.Do53Nameserver(text)
    return dns.nameserver.Do53Nameserver(ported[1] or ported[2], int(ported[3]))
