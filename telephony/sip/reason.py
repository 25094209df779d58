"""Why a call ended, in the words of the network: the Reason header (RFC 3326) with its Q.850 cause."""

from __future__ import annotations

import re

from sipmessage.message import Message

from telephony.sip.message import split_list

_CAUSE = re.compile(r'cause\s*=\s*"?(\d{1,3})"?', re.IGNORECASE)


def q850_of(message: Message) -> int | None:
    """The Q.850 cause in a message, None where it names none."""
    for line in message.headers.getlist("Reason"):
        for item in split_list(line):
            protocol, _, parameters = item.partition(";")
            cause = _CAUSE.search(parameters)
            if protocol.strip().upper() == "Q.850" and cause and int(cause[1]) <= 127:
                return int(cause[1])
    return None


def normal_clearing() -> str:
    """What we say when we end a call (Q.850 cause 16)."""
    return 'Q.850;cause=16;text="Normal call clearing"'
