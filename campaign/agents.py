"""Human agents (坐席) on duty: who is free, whom a call rings at, and the talk that follows.

Everything runs on one event loop. An agent's page is told of what happens by `tell`, and acts by the roster's methods.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from campaign.briefing import Briefing
from campaign.duty import Failure, News, Presence, PresenceChanged, RingEnded, Rings, RosterError, TalkEnded, Withdrawn
from telephony.bridge import Bridge, BridgeEnd, Joinable
from telephony.legs import Answered, HungUp
from telephony.ringback import RINGBACK_SECONDS, ringback

log = logging.getLogger(__name__)

MOST_ON_DUTY = 300
_OPEN_SECONDS = 2.0  # for an agent's audio to open


class AgentPhone(Protocol):
    """What an agent hears and speaks with; kept connected for as long as the agent is on duty."""

    def call(self, call_id: str) -> Joinable:
        """Open the audio for a call."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who may take calls."""

    staff_id: int
    number: str  # 工号
    name: str


@dataclass(slots=True, eq=False)
class Seat:
    """An agent on duty."""

    agent: Agent
    phone: AgentPhone
    tell: Callable[[News], None]
    presence: Presence = Presence.FREE
    freed: int = 0  # order in which agents became free: the longest idle is rung first
    ring: str = ""  # of the call that rings here or is talked
    bridge: Bridge | None = None
    talk: asyncio.Task[BridgeEnd] | None = None
    answer: asyncio.Future[bool] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A client who waits for a person.

    `barred` are the staff numbers and names who must not get the call (000 §6.3); `farewell` is said to the client
    when the agent is lost in mid-talk.
    """

    client: Joinable
    briefing: Briefing
    barred: frozenset[str] = frozenset()
    farewell: bytes = b""


@dataclass(frozen=True, slots=True)
class Talk:
    """An agent and the client hear each other until `end`."""

    agent: Agent
    end: asyncio.Task[BridgeEnd]


@dataclass(slots=True)
class Roster:
    """The agents on duty; `ring_seconds` for each, `fetch_seconds` for all that are tried for a call."""

    ring_seconds: float = 12.0
    fetch_seconds: float = 26.0
    _seats: dict[str, Seat] = field(default_factory=dict)
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    # Agents

    def sign_on(self, agent: Agent, phone: AgentPhone, tell: Callable[[News], None]) -> Seat:
        """Put an agent on duty, free; raises RosterError for one who is on duty elsewhere."""
        if agent.number in self._seats:
            raise RosterError("这个工号已经在另一个页面值班，请先在那里签退")
        if len(self._seats) >= MOST_ON_DUTY:
            raise RosterError(f"值班坐席已满 {MOST_ON_DUTY} 人")
        seat = Seat(agent, phone, tell, freed=next(self._serial))
        self._seats[agent.number] = seat
        return seat

    def sign_off(self, seat: Seat) -> None:
        """Take an agent off duty; a call that rings there goes to the next one."""
        if self._seats.get(seat.agent.number) is seat:
            del self._seats[seat.agent.number]
            self.decline(seat, seat.ring)

    def on_duty(self) -> tuple[Seat, ...]:
        """Everybody on duty."""
        return tuple(self._seats.values())

    def set_presence(self, seat: Seat, presence: Presence) -> None:
        """What the agent chose; raises RosterError while a call rings or is talked."""
        if seat.ring:
            raise RosterError("通话或振铃时不能改变状态")
        self._be(seat, presence)

    def accept(self, seat: Seat, ring: str) -> None:
        """Take the call that rings; nothing happens where it no longer does."""
        self._reply(seat, ring, True)

    def decline(self, seat: Seat, ring: str) -> None:
        """Leave the call to somebody else."""
        self._reply(seat, ring, False)

    def _reply(self, seat: Seat, ring: str, taken: bool) -> None:
        if seat.ring == ring and seat.answer is not None and not seat.answer.done():
            seat.answer.set_result(taken)

    def _be(self, seat: Seat, presence: Presence) -> None:
        seat.presence = presence
        if presence is Presence.FREE:
            seat.freed = next(self._serial)
        seat.tell(PresenceChanged(presence))

    # Calls

    async def fetch(self, wanted: Wanted) -> Talk | Failure:
        """Ring the fitting agents one after the other until one talks with the client or none will.

        The client hears the ringing.
        """
        sounding = asyncio.create_task(_sound_ringing(wanted.client), name="ringback")
        try:
            return await self._fetch(wanted)
        finally:
            sounding.cancel()

    async def _fetch(self, wanted: Wanted) -> Talk | Failure:
        loop = asyncio.get_running_loop()
        until = loop.time() + self.fetch_seconds
        failure, tried = Failure.NONE_FREE, set[str]()
        while seat := self._next(wanted, tried):
            seconds = min(self.ring_seconds, until - loop.time())
            if seconds <= 0:
                return Failure.TIMED_OUT
            tried.add(seat.agent.number)
            why = await self._ring(seat, wanted, seconds)
            if why is Withdrawn.TAKEN:
                if talk := await self._talk(seat, wanted):
                    return talk
                failure = Failure.NONE_FREE
            elif why is Withdrawn.CLIENT_HUNG_UP:
                return Failure.CLIENT_HUNG_UP
            else:
                failure = Failure.DECLINED if why is Withdrawn.DECLINED else Failure.TIMED_OUT
        return failure

    def _next(self, wanted: Wanted, tried: set[str]) -> Seat | None:
        fitting = [
            seat
            for seat in self._seats.values()
            if seat.presence is Presence.FREE
            and seat.agent.number not in tried
            and not wanted.barred & {seat.agent.number, seat.agent.name}
        ]
        return min(fitting, key=lambda seat: seat.freed, default=None)

    async def _ring(self, seat: Seat, wanted: Wanted, seconds: float) -> Withdrawn:
        """Ring until the agent answers, the time is over, or the client is gone; the agent's page is told."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        seat.ring, seat.answer = f"{wanted.client.call_id}-a{next(self._serial)}", answer
        self._be(seat, Presence.BUSY)
        seat.tell(Rings(seat.ring, wanted.briefing, seconds))
        gone = asyncio.create_task(wanted.client.ended())
        why = Withdrawn.GIVEN_UP
        try:
            waiting: set[asyncio.Future[Any]] = {answer, gone}
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            why = _outcome(answer, gone)
            return why
        finally:
            gone.cancel()
            seat.answer = None
            seat.tell(RingEnded(seat.ring, why))
            if why is not Withdrawn.TAKEN:
                seat.ring = ""
                self._be(seat, Presence.AWAY if why is Withdrawn.TIMED_OUT else Presence.FREE)

    async def _talk(self, seat: Seat, wanted: Wanted) -> Talk | None:
        """Open the agent's audio and join the two; None where the agent's connection fails."""
        leg = seat.phone.call(seat.ring)
        opened = False
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_OPEN_SECONDS):
                    opened = await _opened(leg)
        finally:
            if not opened:
                log.warning("agent %s took a call, but the audio did not open", seat.agent.number)
                self._free(seat)
                await leg.hang_up()
        if not opened:
            return None
        bridge = Bridge(wanted.client, leg, wanted.farewell)
        bridge.open()
        seat.bridge = bridge
        end = asyncio.create_task(self._follow(seat, bridge), name="agent's talk")
        seat.talk = end
        return Talk(seat.agent, end)

    async def _follow(self, seat: Seat, bridge: Bridge) -> BridgeEnd:
        try:
            end = await bridge.run()
            seat.tell(TalkEnded(seat.ring, end.parting))
            return end
        finally:
            seat.bridge = seat.talk = None
            self._free(seat)

    def _free(self, seat: Seat) -> None:
        seat.ring = ""
        self._be(seat, Presence.FREE)

    def hang_up(self, seat: Seat) -> None:
        """End the talk from the agent's side."""
        if seat.bridge is not None:
            seat.bridge.leave()

    def mute(self, seat: Seat, on: bool) -> None:
        """Whether the client does not hear the agent."""
        if seat.bridge is not None:
            seat.bridge.mute(on)

    def hold(self, seat: Seat, on: bool) -> None:
        """Whether neither hears the other."""
        if seat.bridge is not None:
            seat.bridge.hold(on)


async def _sound_ringing(client: Joinable) -> None:
    """Ringback as in any call, behind what the bot still says; one tone at a time, so that the bot can go on soon."""
    for no in itertools.count(1):
        await asyncio.sleep(RINGBACK_SECONDS if no > 1 else 0)
        client.play(ringback(), f"ringback {no}")


def _outcome(answer: asyncio.Future[bool], gone: asyncio.Task[HungUp]) -> Withdrawn:
    if gone.done():
        return Withdrawn.CLIENT_HUNG_UP
    if not answer.done():
        return Withdrawn.TIMED_OUT
    return Withdrawn.TAKEN if answer.result() else Withdrawn.DECLINED


async def _opened(leg: Joinable) -> bool:
    async for event in leg.events():
        if isinstance(event, Answered | HungUp):
            return isinstance(event, Answered)
    return False
