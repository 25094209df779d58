"""What we say that we can: Allow, Supported, and which requirements we meet (RFC 3261 §8.2.2.3)."""

from __future__ import annotations

from sipmessage import Request, Response

from telephony.sip.message import values_of

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "INFO", "UPDATE", "PRACK", "NOTIFY")
EXTENSIONS = ("100rel", "timer")


def equip(message: Request | Response) -> None:
    """Add Allow and Supported."""
    message.headers.set("Allow", ", ".join(METHODS))
    message.headers.set("Supported", ", ".join(EXTENSIONS))


def unmet(request: Request) -> list[str]:
    """The requirements of a request that we do not meet."""
    return [tag for tag in values_of(request, "Require") if tag.lower() not in EXTENSIONS]
