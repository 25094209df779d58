"""The roads from the bot to a person, one per firm: an agent's browser, the exchange's own transfer, or a callback."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from bot.agents import Agents, Joined, NotJoined
from campaign.agents import Agent, Roster, Talk, Wanted
from campaign.briefing import Notebook
from campaign.duty import Failure
from rules import Risk
from telephony.bridge import BridgeEnd, Joinable, Parting
from telephony.errors import SipError
from telephony.legs import Leg

log = logging.getLogger(__name__)

_PARTING_SECONDS = 3.0  # from the end of the line to the end of the bridge


class RoadName(StrEnum):
    """The setting HUIFANG_HAND_OVER."""

    BROWSER = "browser"  # an agent at the console takes the call
    REFER = "refer"  # the exchange transfers it to an extension or a queue
    CALLBACK = "callback"  # nobody: a specialist calls back


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of a call's way to a person, for the record; empty where none was wanted."""

    agent: Agent | None = None
    target: str = ""  # extension or queue that it was transferred to
    failure: str = ""  # a Failure
    end: BridgeEnd | None = None

    @property
    def taker(self) -> int | None:
        """The staff id of who has taken the client's matter over; nobody where the agent was lost in mid-talk."""
        lost = self.end is not None and self.end.parting is Parting.AGENT_LINE_LOST
        return self.agent.staff_id if self.agent is not None and not lost else None

    def details(self) -> dict[str, Any]:
        """What is stored beside the verdict."""
        found: dict[str, Any] = {}
        if self.agent is not None:
            found |= {"agent": self.agent.number, "agent_name": self.agent.name}
        if self.end is not None:
            found |= {
                "agent_joined_ms": self.end.joined_ms,
                "agent_parted_ms": self.end.parted_ms,
                "parting": self.end.parting.value,
            }
        if self.target:
            found["transferred_to"] = self.target
        if self.failure:
            found["hand_over_failed"] = self.failure
        return found


class Way(Agents, Protocol):
    """One call's way to a person."""

    async def told(self) -> HandedOver:
        """What became of it, once the line has ended."""


@dataclass(frozen=True, slots=True)
class Party:
    """A client on the line who may need a person.

    `barred` names the staff who must not get the call (000 §6.3); `farewell` is what the client is told when the agent
    is lost in mid-talk.
    """

    client: Leg
    notebook: Notebook
    barred: frozenset[str] = frozenset()
    farewell: bytes = b""


class Road(Protocol):
    """How a firm hands calls over."""

    def way(self, party: Party) -> Way:
        """The way of one call."""


@dataclass(slots=True)
class _NoWay:
    wanted: bool = False

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        self.wanted = True
        return NotJoined(Failure.NONE_FREE)

    async def told(self) -> HandedOver:
        return HandedOver(failure=Failure.NONE_FREE if self.wanted else "")


class ToCallback:
    """Nobody is fetched: the bot says that a specialist calls back."""

    def way(self, party: Party) -> Way:
        """Nobody."""
        return _NoWay()


@dataclass(slots=True)
class _ToAgent:
    roster: Roster
    client: Joinable
    party: Party
    talk: Talk | None = None
    failure: str = ""

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        self.failure = Failure.TIMED_OUT  # stands where the conversation waits no longer
        party = self.party
        found = await self.roster.fetch(
            Wanted(self.client, party.notebook.briefing(), party.barred, farewell=party.farewell)
        )
        if isinstance(found, Failure):
            self.failure = found
            return NotJoined(found)
        self.talk, self.failure = found, ""
        return Joined(found.agent.number)

    async def told(self) -> HandedOver:
        if self.talk is None:
            return HandedOver(failure=self.failure)
        await asyncio.wait({self.talk.end}, timeout=_PARTING_SECONDS)
        over = self.talk.end.done() and not self.talk.end.cancelled() and self.talk.end.exception() is None
        return HandedOver(self.talk.agent, end=self.talk.end.result() if over else None)


@dataclass(frozen=True, slots=True)
class ToBrowser:
    """An agent on duty at the console."""

    roster: Roster

    def way(self, party: Party) -> Way:
        """Ring the agents for this call."""
        if not isinstance(party.client, Joinable):
            return _Refused()
        return _ToAgent(self.roster, party.client, party)


class Transferred(Protocol):
    """How a transfer ended."""

    @property
    def status(self) -> int: ...


@runtime_checkable
class Transferrer(Joinable, Protocol):
    """A leg whose exchange can transfer it (SIP: REFER)."""

    async def transfer(self, target: str) -> Transferred:
        """Have the far end call `target`; the status is the far end's, below 300 it went through."""


@dataclass(slots=True)
class _Refused:
    failure: str = ""

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        self.failure = Failure.TRUNK_REFUSED
        return NotJoined(self.failure)

    async def told(self) -> HandedOver:
        return HandedOver(failure=self.failure)


@dataclass(slots=True)
class _ByExchange:
    target: str
    client: Transferrer
    result: HandedOver = HandedOver()
    parting: asyncio.Task[None] | None = field(default=None)

    async def fetch(self, reason: Risk) -> Joined | NotJoined:
        self.result = HandedOver(failure=Failure.TIMED_OUT)  # stands where the conversation waits no longer
        if failure := await self._transfer():
            self.result = HandedOver(failure=failure)
            return NotJoined(failure)
        self.result = HandedOver(target=self.target)
        # They talk by themselves now: our part of the call ends as soon as the dialogue has been told.
        self.parting = asyncio.create_task(self.client.hang_up())
        return Joined(self.target)

    async def _transfer(self) -> Failure | None:
        """Ask the exchange; why it came to nothing, None where it went through."""
        asking = asyncio.create_task(self.client.transfer(self.target))
        gone = asyncio.create_task(self.client.ended())
        waiting: set[asyncio.Future[Any]] = {asking, gone}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return _failure_of(asking.result().status) if asking.done() else Failure.CLIENT_HUNG_UP
        except SipError as error:
            log.warning("call %s could not be transferred: %s", self.client.call_id, error)
            return Failure.TRUNK_REFUSED
        finally:
            asking.cancel()
            gone.cancel()

    async def told(self) -> HandedOver:
        return self.result


@dataclass(frozen=True, slots=True)
class ByExchange:
    """An extension or a queue, called by the exchange itself; our recording ends with the transfer."""

    target: str  # a sip: address

    def way(self, party: Party) -> Way:
        """Transfer this call."""
        client = party.client
        if isinstance(client, Transferrer):
            return _ByExchange(self.target, client)
        log.warning("call %s cannot be transferred: its line is no SIP trunk", client.call_id)
        return _Refused()


def _failure_of(status: int) -> Failure | None:
    if status < 300:
        return None
    match status:
        case 408 | 480:
            return Failure.TIMED_OUT
        case 486 | 600 | 603:
            return Failure.DECLINED
        case 487:
            return Failure.CLIENT_HUNG_UP
        case _:
            return Failure.TRUNK_REFUSED
