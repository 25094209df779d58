"""From the network's codes to the cause of a hang-up: what remains where nothing was spoken.

Signalling alone is not dependable, most switches send the same code for quite different reasons, so this is a
fallback: a spoken announcement or a tone outranks it.
"""

from __future__ import annotations

from collections.abc import Mapping

from telephony.legs import HangupCause

Q850_CAUSES: Mapping[int, HangupCause] = {
    1: HangupCause.INVALID_NUMBER,  # unallocated number
    17: HangupCause.BUSY,  # user busy
    18: HangupCause.NO_ANSWER,  # no user responding
    19: HangupCause.NO_ANSWER,  # alerting, no answer
    20: HangupCause.UNREACHABLE,  # subscriber absent: powered off or out of reach
    21: HangupCause.REJECTED,  # call rejected
    22: HangupCause.INVALID_NUMBER,  # number changed
    27: HangupCause.UNREACHABLE,  # destination out of order
    28: HangupCause.INVALID_NUMBER,  # number incomplete
    34: HangupCause.UNREACHABLE,  # no circuit available
    41: HangupCause.UNREACHABLE,  # temporary failure
    42: HangupCause.UNREACHABLE,  # switching equipment congestion
    55: HangupCause.REJECTED,  # incoming calls barred
}

SIP_CAUSES: Mapping[int, HangupCause] = {
    401: HangupCause.OWN_LINE,  # our credentials
    403: HangupCause.OWN_LINE,  # our trunk may not place this call
    404: HangupCause.INVALID_NUMBER,
    407: HangupCause.OWN_LINE,  # our credentials
    408: HangupCause.NO_ANSWER,
    410: HangupCause.INVALID_NUMBER,
    480: HangupCause.NO_ANSWER,
    484: HangupCause.INVALID_NUMBER,
    486: HangupCause.BUSY,
    487: HangupCause.NO_ANSWER,  # ended before an answer
    502: HangupCause.UNREACHABLE,
    503: HangupCause.UNREACHABLE,
    600: HangupCause.BUSY,
    603: HangupCause.REJECTED,
    604: HangupCause.INVALID_NUMBER,
}


def cause_of(sip_status: int | None, q850: int | None, *, otherwise: HangupCause) -> HangupCause:
    """The cause of an end before answer; Q.850 is finer than SIP and goes first, unknown codes are `otherwise`."""
    if q850 is not None and q850 in Q850_CAUSES:
        return Q850_CAUSES[q850]
    if sip_status is not None and sip_status in SIP_CAUSES:
        return SIP_CAUSES[sip_status]
    return otherwise
