"""Two legs joined: each far end hears the other, both clocks and both recordings go on.

Frames pass between the legs' media clocks directly, whatever threads these run on; the conversation's loop only
opens the bridge and waits for its end. The client's recording has the agent in the bot's channel.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from telephony.jitter import JitterBuffer
from telephony.legs import Digit, HangupCause, HungUp, Leg

_BACKLOG_FRAMES = 100  # 2 s: what is said while the other leg is not yet on the line is heard, then caught up with


class Strand:
    """One way of a bridge: frames come at one leg's clock and go at the other's; safe for a thread at each end."""

    def __init__(self) -> None:
        self._buffer = JitterBuffer(ceiling=_BACKLOG_FRAMES)
        self._lock = threading.Lock()
        self.shut = False  # nothing passes: hold, mute

    def put(self, pcm: bytes) -> None:
        """Take 20 ms."""
        with self._lock:
            self._buffer.put(pcm)

    def take(self) -> bytes | None:
        """Give 20 ms; None for silence."""
        with self._lock:
            pcm = self._buffer.take()
        return None if self.shut else pcm


@dataclass(frozen=True, slots=True)
class End:
    """One leg's end of a bridge."""

    out: Strand
    back: Strand

    def put(self, pcm: bytes) -> None:
        """What this leg's far end says."""
        self.out.put(pcm)

    def take(self) -> bytes | None:
        """What this leg's far end shall hear."""
        return self.back.take()


@runtime_checkable
class Joinable(Leg, Protocol):
    """A leg that another can be joined to."""

    @property
    def position_ms(self) -> int:
        """Where its recording stands."""

    def join(self, end: End | None) -> None:
        """Exchange audio with a bridge from the next frame on; None: no longer."""

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


@dataclass(frozen=True, slots=True)
class BridgeEnd:
    """How two parties parted; positions are in the client's recording."""

    parting: Parting
    joined_ms: int
    parted_ms: int


class Bridge:
    """Joins an answered client to an answered agent, once."""

    def __init__(self, client: Joinable, agent: Joinable) -> None:
        self._client, self._agent = client, agent
        self._to_agent, self._to_client = Strand(), Strand()
        self._joined_ms = 0
        self._left = asyncio.Event()

    def open(self) -> None:
        """Let them hear each other; what the bot was still saying is cut."""
        self._joined_ms = self._client.position_ms
        self._client.join(End(self._to_agent, self._to_client))
        self._agent.join(End(self._to_client, self._to_agent))
        self._client.clear()

    def mute(self, on: bool) -> None:
        """Whether the agent is kept from being heard."""
        self._to_client.shut = on

    def hold(self, on: bool) -> None:
        """Whether neither hears the other."""
        self._to_client.shut = self._to_agent.shut = on

    def leave(self) -> None:
        """The agent hangs up."""
        self._left.set()

    async def run(self) -> BridgeEnd:
        """Wait until one of them hangs up, then hang up the other; cancelling ends both calls.

        A client whose agent's line is lost stays on the line: there may be another agent.
        """
        client = asyncio.create_task(self._client.ended())
        agent = asyncio.create_task(self._follow_agent())
        left = asyncio.create_task(self._left.wait())
        parting: Parting | None = None
        try:
            await asyncio.wait({client, agent, left}, return_when=asyncio.FIRST_COMPLETED)
            parting = _parting(client, agent)
            return BridgeEnd(parting, self._joined_ms, self._client.position_ms)
        finally:
            for waiting in (client, agent, left):
                waiting.cancel()
            self._client.join(None)
            self._agent.join(None)
            over = [self._agent] if parting is Parting.AGENT_LINE_LOST else [self._client, self._agent]
            await asyncio.gather(*(leg.hang_up() for leg in over))

    async def _follow_agent(self) -> HungUp:
        """Read the agent's leg to its end; keys pressed there go to the client."""
        async for event in self._agent.events():
            if isinstance(event, Digit) and isinstance(self._client, KeySender):
                await self._client.press(event.key)
            elif isinstance(event, HungUp):
                return event
        return await self._agent.ended()


def _parting(client: asyncio.Task[HungUp], agent: asyncio.Task[HungUp]) -> Parting:
    if client.done():
        lost = client.result().cause is HangupCause.OWN_LINE
        return Parting.CLIENT_LINE_LOST if lost else Parting.CLIENT_HUNG_UP
    lost = agent.done() and agent.result().cause is HangupCause.OWN_LINE
    return Parting.AGENT_LINE_LOST if lost else Parting.AGENT_HUNG_UP
