"""Who hears whom on a call of several people: a table over what each is there for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Part(StrEnum):
    """What somebody is on a call for."""

    CLIENT = "client"  # 客户
    AGENT = "agent"  # 坐席: talks with the client
    COLLEAGUE = "colleague"  # 被咨询的坐席: whom the agent asks while the client is held
    WHISPERER = "whisperer"  # 耳语: a supervisor whom only the agent hears
    BARGER = "barger"  # 强插: a supervisor whom everybody hears


# Listener: those whom it hears.
_HEARS: Mapping[Part, frozenset[Part]] = MappingProxyType(
    {
        Part.CLIENT: frozenset({Part.AGENT, Part.BARGER}),
        Part.AGENT: frozenset({Part.CLIENT, Part.COLLEAGUE, Part.WHISPERER, Part.BARGER}),
        Part.COLLEAGUE: frozenset({Part.AGENT}),
        Part.WHISPERER: frozenset({Part.CLIENT, Part.AGENT, Part.BARGER}),
        Part.BARGER: frozenset({Part.CLIENT, Part.AGENT, Part.WHISPERER}),
    }
)


def hears(listener: Part, speaker: Part, *, held: bool = False, muted: bool = False) -> bool:
    """Whether one hears the other.

    `held`: the client hears nobody and is heard by nobody but supervisors. `muted`: the client does not hear the
    agent, whom a supervisor hears all the same: that is how the two confer.
    """
    if speaker not in _HEARS[listener]:
        return False
    if listener is Part.CLIENT:
        return not held and not (muted and speaker is Part.AGENT)
    return not (held and speaker is Part.CLIENT and listener is Part.AGENT)
