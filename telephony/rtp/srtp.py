"""SRTP (RFC 3711) with keys from the session descriptions (RFC 4568): what is sent is sealed, what comes is checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pylibsrtp import Error, Policy, Session

from telephony.errors import BadPacket

KEY_BYTES = 30  # a master key of 16 bytes and a salt of 14 (RFC 4568 §6.2)


class Suite(StrEnum):
    """The ciphers by their names in a description (RFC 4568 §6.2)."""

    TAG_80 = "AES_CM_128_HMAC_SHA1_80"
    TAG_32 = "AES_CM_128_HMAC_SHA1_32"


_PROFILES = {
    Suite.TAG_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    Suite.TAG_32: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}


@dataclass(frozen=True, slots=True)
class Secret:
    """What both sides agreed on: a cipher, and for each direction the key of whoever sends."""

    suite: Suite
    ours: bytes = field(repr=False)
    theirs: bytes = field(repr=False)


class Cipher:
    """Seals and opens the packets of one call."""

    def __init__(self, secret: Secret) -> None:
        profile = _PROFILES[secret.suite]
        self._out = Session(Policy(key=secret.ours, ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
        self._in = Session(Policy(key=secret.theirs, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=profile))

    def seal(self, data: bytes, *, control: bool = False) -> bytes:
        """A packet of ours for the wire."""
        sealed: bytes = self._out.protect_rtcp(data) if control else self._out.protect(data)
        return sealed

    def open(self, data: bytes, *, control: bool = False) -> bytes:
        """A packet off the wire; raises `BadPacket` for one that the far end did not seal, or that came before."""
        try:
            opened: bytes = self._in.unprotect_rtcp(data) if control else self._in.unprotect(data)
        except (Error, TypeError) as error:
            raise BadPacket("a packet that is not the far end's") from error
        return opened
