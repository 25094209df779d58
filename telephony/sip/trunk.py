"""A trunk as its settings describe it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sipmessage import URI, Parameters

from telephony.sip.digest import Account
from telephony.sip.hop import Transport, bracketed
from telephony.sip.identity import CallerId, Privacy


@dataclass(frozen=True, slots=True)
class Trunk:
    """Where calls go, who we are there, and how much it is given.

    `host` and `port`: the trunk's SIP address; port 0 looks the name up by SRV (RFC 3263), or is the transport's own.
    `name_servers`: who is asked for names, addresses with or without a port, the system's where empty. `number`: our
    caller id. `domain`: of our addresses there, `host` where it is empty. `local_host`, `local_port`: where we listen,
    found out and chosen freely where empty and 0. `public_host`: our address as the trunk sees it, for a fixed
    translation in between. `incoming`: whether clients who call back may come over it. `also_from`: further addresses
    from which the trunk sends calls to us; nobody else's are taken. `ca_file`: the authorities that its
    certificate is checked against, the system's where empty. `certificate_file`, `key_file`: ours for TLS, shown to a
    trunk that asks for it; without them the trunk's own TLS connections to us are not taken. `ping_seconds`: between
    signs of life, 0 for none. `srtp`: whether the audio must be sealed, with keys that only TLS keeps secret.
    """

    name: str
    host: str
    port: int = 0
    transport: Transport = Transport.UDP
    user: str = ""
    password: str = field(default="", repr=False)
    number: str = ""
    caller_name: str = ""
    asserted: bool = True
    privacy: Privacy = Privacy.NONE
    domain: str = ""
    registers: bool = False
    local_host: str = ""
    local_port: int = 0
    public_host: str = ""
    incoming: bool = True
    also_from: tuple[str, ...] = ()
    name_servers: tuple[str, ...] = ()
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    ping_seconds: float = 30.0
    srtp: bool = False
    calls: int = 30
    calls_per_second: float = 5.0

    @property
    def account(self) -> Account | None:
        """Our credentials, None where there are none."""
        return Account(self.user, self.password) if self.user else None

    @property
    def caller(self) -> CallerId:
        """Our caller id."""
        number = self.number or self.user or "anonymous"
        return CallerId(number, self.domain or bracketed(self.host), self.caller_name, self.asserted, self.privacy)

    def address_of(self, number: str) -> URI:
        """The address of a number at this trunk."""
        parameters = Parameters() if self.transport is Transport.UDP else Parameters(transport=self.transport.lower())
        return URI("sip", bracketed(self.host), user=number, port=self.port or None, parameters=parameters)
