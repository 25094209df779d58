"""The `crypto` attribute of a session description (RFC 4568 §4, §9.1)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

from telephony.rtp.srtp import KEY_BYTES, Suite

_ATTRIBUTE = re.compile(r"(\d{1,9}) (\S+) inline:([A-Za-z0-9+/=]+)(?:\|(?:2\^)?\d+)?(\|\d+:\d+)?(?: (.+))?")


@dataclass(frozen=True, slots=True)
class Crypto:
    """One way of sealing that a side offers or takes, and the key with which it sends."""

    tag: int
    suite: Suite
    key: bytes = field(repr=False)

    def serialise(self) -> str:
        """The value of the attribute."""
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"


def parse_crypto(value: str) -> Crypto | None:
    """One attribute; None for ciphers, several keys and session parameters that we do not know."""
    found = _ATTRIBUTE.fullmatch(value.strip())
    if found is None or found[2] not in set(Suite) or found[4] or found[5]:
        return None
    try:
        key = base64.b64decode(found[3], validate=True)
    except binascii.Error:
        return None
    return Crypto(int(found[1]), Suite(found[2]), key) if len(key) == KEY_BYTES else None
