"""Whether a call that a trunk did not place is tried on the next one."""

from __future__ import annotations

from telephony.sip.events import Ender, Over

# The trunk's own troubles: credentials, permission, overload (RFC 3263 §4.3 for 503).
_TRUNK_STATUSES = frozenset({401, 403, 407, 500, 501, 502, 503, 504, 505, 513})
_TRUNK_CAUSES = frozenset({None, 34, 38, 41, 42, 44, 47})  # Q.850: no circuit, congestion; any other is the client's


def is_trunk_failure(over: Over) -> bool:
    """Whether an end before any sign of the client was the trunk's own doing."""
    if over.ender is Ender.FAULT:
        return True
    return over.ender is Ender.FAR and over.status in _TRUNK_STATUSES and over.q850 in _TRUNK_CAUSES
