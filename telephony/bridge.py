"""Legs joined: a client and a person hear each other, and whoever else is let in; clocks and recordings go on.

Frames pass between the legs' media clocks directly (telephony.mixing), whatever threads these run on; the
conversation's loop only opens the bridge and waits for its end. The client's recording has in its second channel all
that the client hears: the bot, the agent, a supervisor who barges in, the music while held.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from telephony.hearing import Part
from telephony.legs import Digit, HangupCause, HungUp, Leg
from telephony.medialeg import Partner
from telephony.mixing import ListeningIn, Mix, Place


@runtime_checkable
class Joinable(Leg, Protocol):
    """A leg that another can be joined to."""

    @property
    def position_ms(self) -> int:
        """Where its recording stands."""

    def join(self, end: Partner | None) -> None:
        """Exchange audio with a bridge from the next frame on; None: no longer."""

    def overhear(self, ear: ListeningIn, on: bool = True) -> None:
        """Let somebody listen to both sides from the next frame on, or no longer."""

    async def ended(self) -> HungUp:
        """Wait until the call is over."""


@runtime_checkable
class KeySender(Protocol):
    """A leg that can send keys to its far end."""

    async def press(self, keys: str) -> bool: ...


class Parting(StrEnum):
    """Why a bridge ended."""

    CLIENT_HUNG_UP = "client_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    CLIENT_LINE_LOST = "client_line_lost"  # our own line to the client failed
    AGENT_LINE_LOST = "agent_line_lost"  # the agent's browser or phone is gone
    PASSED_ON = "passed_on"  # the client stays on the line for somebody else: a colleague, a supervisor


@dataclass(frozen=True, slots=True)
class BridgeEnd:
    """How two parties parted; positions are in the client's recording."""

    parting: Parting
    joined_ms: int
    parted_ms: int


class Bridge:
    """Joins an answered client to an answered agent, once; others come and go meanwhile."""

    def __init__(self, client: Joinable, agent: Joinable) -> None:
        self._client, self._agent = client, agent
        self._mix = Mix()
        self._guests: dict[Joinable, Place] = {}
        self._joined_ms = 0
        self._left = asyncio.Event()
        self._passed_on = False
        self.parting: Parting | None = None  # None: they still hear each other
        self.over = asyncio.Event()

    def open(self) -> None:
        """Let them hear each other; what the bot was still saying is cut."""
        self._joined_ms = self._client.position_ms
        places = self._mix.enter(Part.CLIENT), self._mix.enter(Part.AGENT)
        self._client.join(places[0])
        self._agent.join(places[1])
        self._client.clear()

    @property
    def client(self) -> Joinable:
        """The client's leg."""
        return self._client

    @property
    def held(self) -> bool:
        """Whether the client waits and hears music."""
        return self._mix.held

    @property
    def muted(self) -> bool:
        """Whether the client does not hear the agent."""
        return self._mix.muted

    def mute(self, on: bool) -> None:
        """Whether the client does not hear the agent."""
        self._mix.muted = on

    def hold(self, on: bool) -> None:
        """Whether the client hears music, and neither hears the other."""
        self._mix.hold(on)

    def admit(self, leg: Joinable, part: Part) -> None:
        """Let one more in, or give who is in another part."""
        place = self._guests.get(leg)
        if place is None:
            place = self._guests[leg] = self._mix.enter(part)
        place.part = part
        leg.join(place)

    def dismiss(self, leg: Joinable) -> None:
        """One of the others goes, or listens in from outside again; its leg is left as it is."""
        place = self._guests.pop(leg, None)
        if place is not None:
            self._mix.leave(place)
            leg.join(None)

    def leave(self) -> None:
        """The agent hangs up."""
        self._left.set()

    def pass_on(self) -> None:
        """The agent goes, the client stays for somebody else."""
        self._passed_on = True
        self._left.set()

    async def run(self) -> BridgeEnd:
        """Wait until one of the two hangs up, then hang up the other; cancelling ends both calls.

        A client whose agent's line is lost, or who is passed on, stays on the line: there is another agent, or may be.
        """
        client = asyncio.create_task(self._client.ended())
        agent = asyncio.create_task(self._follow_agent())
        left = asyncio.create_task(self._left.wait())
        try:
            await asyncio.wait({client, agent, left}, return_when=asyncio.FIRST_COMPLETED)
            self.parting = self._parting(client, agent)
            return BridgeEnd(self.parting, self._joined_ms, self._client.position_ms)
        finally:
            self.over.set()
            for waiting in (client, agent, left):
                waiting.cancel()
            for guest in list(self._guests):
                self.dismiss(guest)
            self._client.join(None)
            self._agent.join(None)
            stays = self.parting in (Parting.AGENT_LINE_LOST, Parting.PASSED_ON)
            over = [self._agent] if stays else [self._client, self._agent]
            await asyncio.gather(*(leg.hang_up() for leg in over))

    async def _follow_agent(self) -> HungUp:
        """Read the agent's leg to its end; keys pressed there go to the client."""
        async for event in self._agent.events():
            if isinstance(event, Digit) and isinstance(self._client, KeySender):
                await self._client.press(event.key)
            elif isinstance(event, HungUp):
                return event
        return await self._agent.ended()

    def _parting(self, client: asyncio.Task[HungUp], agent: asyncio.Task[HungUp]) -> Parting:
        if client.done():
            lost = client.result().cause is HangupCause.OWN_LINE
            return Parting.CLIENT_LINE_LOST if lost else Parting.CLIENT_HUNG_UP
        if agent.done() and agent.result().cause is HangupCause.OWN_LINE:
            return Parting.AGENT_LINE_LOST
        return Parting.PASSED_ON if self._passed_on else Parting.AGENT_HUNG_UP
