"""The roads from the bot to a person, one per firm: an agent's browser, an extension, or a callback."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from campaign.handover.agents import Roster
from campaign.handover.consulting import Consultation
from campaign.handover.duty import Failure
from campaign.handover.talks import Found, Search, Wanted
from campaign.handover.transferring import Transferrer, transfer
from campaign.handover.ways import NoWay, Party, ToPerson, Way
from telephony.bridge import Joinable

log = logging.getLogger(__name__)


class Road(Protocol):
    """How a firm hands calls over."""

    def way(self, party: Party) -> Way:
        """The way of one call."""


class ToCallback:
    """Nobody is fetched: the bot says that a specialist calls back."""

    def way(self, party: Party) -> Way:
        """Nobody."""
        return NoWay(Failure.NONE_FREE)


class OnLine(Protocol):
    """A client on the line, as a supervisor needs it."""

    @property
    def client(self) -> Joinable:
        """Whose line is listened to."""

    @property
    def barred(self) -> frozenset[str]:
        """The staff who must have nothing to do with this client (000 §6.3)."""

    @property
    def waiting(self) -> bool:
        """Whether the client waits for an agent."""

    def take_over(self, number: str) -> bool:
        """Have a supervisor on duty take the place of who is no agent; False where that cannot be."""


class LiveLines:
    """The clients on the line now, by call id."""

    def __init__(self) -> None:
        self._ways: dict[str, OnLine] = {}

    def enter(self, call_id: str, way: OnLine) -> None:
        """A client is on the line."""
        self._ways[call_id] = way

    def leave(self, call_id: str) -> None:
        """No longer."""
        self._ways.pop(call_id, None)

    def find(self, call_id: str) -> OnLine | None:
        """The client on the line."""
        return self._ways.get(call_id)


@dataclass(frozen=True, slots=True)
class ToBrowser:
    """An agent on duty at the console."""

    roster: Roster
    lines: LiveLines = field(default_factory=LiveLines)

    def way(self, party: Party) -> Way:
        """Ring the agents for this call; supervisors see it as long as it lasts."""
        way = _to_person(self.roster.fetch, party)
        if isinstance(way, ToPerson):
            self.lines.enter(party.client.call_id, way)
            way.over = partial(self.lines.leave, party.client.call_id)
        return way


@dataclass(frozen=True, slots=True)
class ToExtension:
    """An extension that is called first, and joined with the client once somebody answers there."""

    consultation: Consultation

    def way(self, party: Party) -> Way:
        """Call the extensions for this call."""
        return _to_person(self.consultation, party)


def _to_person(search: Search, party: Party) -> Way:
    if isinstance(party.client, Joinable):
        return ToPerson(search, party.client, party)
    log.warning("call %s cannot be joined to a person: its line carries no second party", party.client.call_id)
    return NoWay(Failure.TRUNK_REFUSED)


@dataclass(frozen=True, slots=True)
class ByExchange:
    """An extension or a queue, called by the exchange itself; our recording ends with the transfer."""

    target: str  # a sip: address

    def way(self, party: Party) -> Way:
        """Transfer this call."""
        client = party.client
        if isinstance(client, Transferrer):
            return ToPerson(self._search, client, party)
        log.warning("call %s cannot be transferred: its line is no SIP trunk", client.call_id)
        return NoWay(Failure.TRUNK_REFUSED)

    async def _search(self, wanted: Wanted) -> Found:
        return await transfer(wanted.client, self.target)
