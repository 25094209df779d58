"""Where a message goes: one peer address and how to reach it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sipmessage import URI


class Transport(StrEnum):
    """Transports by their names in Via; all but UDP keep bytes in order and lose none."""

    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"

    @property
    def reliable(self) -> bool:
        """Whether retransmissions are needless (RFC 3261 §17)."""
        return self is not Transport.UDP

    @property
    def port(self) -> int:
        """Where SIP is spoken if nobody says otherwise."""
        return 5061 if self is Transport.TLS else 5060


@dataclass(frozen=True, slots=True)
class Hop:
    """A peer: `host` is an address or a name, `port` its SIP port or that of an open connection."""

    host: str
    port: int
    transport: Transport = Transport.UDP


def bracketed(host: str) -> str:
    """A host as addresses spell it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def hop_of(uri: URI, fallback: Transport = Transport.UDP) -> Hop:
    """Where a request to `uri` goes (RFC 3263 §4 without DNS): its transport parameter, its port or the default."""
    named = (uri.parameters.get("transport") or "").upper()
    transport = Transport(named) if named in Transport.__members__ else fallback
    if uri.scheme == "sips":
        transport = Transport.TLS
    host = uri.parameters.get("maddr") or uri.host
    return Hop(host.strip("[]"), uri.port or transport.port, transport)
