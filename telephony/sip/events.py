"""What a call says to whoever carries its audio."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from telephony.sip.offers import Agreed


class Ender(StrEnum):
    """Who ended a call."""

    FAR = "far"  # the far end or the network, with a status or a BYE
    US = "us"
    FAULT = "fault"  # no answer to a request, a broken transport, a protocol fault: our own line


@dataclass(frozen=True, slots=True)
class Rings:
    """180: the far end rings."""


@dataclass(frozen=True, slots=True)
class Early:
    """A provisional answer with a description: audio before answer goes both ways from now on."""

    agreed: Agreed


@dataclass(frozen=True, slots=True)
class PickedUp:
    """200 to the INVITE."""

    agreed: Agreed


@dataclass(frozen=True, slots=True)
class Changed:
    """A later offer and answer: hold, resume, another address."""

    agreed: Agreed


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key in an INFO request; most come as RFC 4733 events in the audio instead."""

    key: str


@dataclass(frozen=True, slots=True)
class Referred:
    """How a transfer fares: the status that the far end reports, below 200 while it goes on."""

    status: int


@dataclass(frozen=True, slots=True)
class Over:
    """The call ended; the last event. `reason` says what went wrong for a log line."""

    ender: Ender
    status: int | None = None
    q850: int | None = None
    reason: str = ""


CallEvent: TypeAlias = Rings | Early | PickedUp | Changed | Pressed | Referred | Over


class Listener(Protocol):
    """Who hears the events of a call."""

    def __call__(self, event: CallEvent, now: float) -> None: ...
