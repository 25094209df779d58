"""Human agents (坐席) on duty: who is free, whom a call rings at, and the talk that follows.

Everything runs on one event loop. An agent's page is told of what happens by `tell`, and acts by the roster's methods;
who is offered which call is decided in `campaign.handover.offering`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from campaign.handover.duty import (
    Failure,
    News,
    Presence,
    PresenceChanged,
    QueueChanged,
    RingEnded,
    Rings,
    RosterError,
    TalkEnded,
    Withdrawn,
)
from campaign.handover.meanwhile import keep_company
from campaign.handover.offering import advance
from campaign.handover.talks import Agent, Talk, Wanted
from campaign.handover.waiting_room import (
    Act,
    BecameFree,
    Came,
    Client,
    Connect,
    Event,
    GiveUp,
    Left,
    Replied,
    Ring,
    Room,
    SignedOff,
    SignedOn,
    Stop,
    Terms,
    Ticked,
)
from telephony.bridge import Bridge, BridgeEnd, Joinable, Parting
from telephony.errors import BrowserRefused
from telephony.legs import Answered, HungUp

log = logging.getLogger(__name__)

MOST_ON_DUTY = 300
_OPEN_SECONDS = 2.0  # for an agent's audio to open


class AgentPhone(Protocol):
    """What an agent hears and speaks with; kept connected for as long as the agent is on duty."""

    def call(self, call_id: str) -> Joinable:
        """Open the audio for a call."""


@dataclass(slots=True, eq=False)
class Seat:
    """An agent on duty."""

    agent: Agent
    phone: AgentPhone
    tell: Callable[[News], None]
    presence: Presence = Presence.FREE
    ring: str = ""  # of the call that rings here or is talked
    bridge: Bridge | None = None
    talk: asyncio.Task[BridgeEnd] | None = None


@dataclass(frozen=True, slots=True)
class _Taken:
    """An agent has taken a call; where they cannot be joined, the client waits again as it stands here."""

    client: Client
    seat: Seat


@dataclass(slots=True, eq=False)
class _Waiting:
    """A client in the room, and what comes of it."""

    wanted: Wanted
    found: asyncio.Future[_Taken | Failure]


@dataclass(slots=True)
class Roster:
    """The agents on duty and the clients who wait for them."""

    terms: Terms = field(default_factory=Terms)
    _room: Room = field(default_factory=Room)
    _seats: dict[str, Seat] = field(default_factory=dict)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _timer: asyncio.TimerHandle | None = None

    # Agents

    def sign_on(self, agent: Agent, phone: AgentPhone, tell: Callable[[News], None]) -> Seat:
        """Put an agent on duty, free; raises RosterError for one who is on duty elsewhere."""
        if agent.number in self._seats:
            raise RosterError("这个工号已经在另一个页面值班，请先在那里签退")
        if len(self._seats) >= MOST_ON_DUTY:
            raise RosterError(f"值班坐席已满 {MOST_ON_DUTY} 人")
        seat = self._seats[agent.number] = Seat(agent, phone, tell)
        self._advance(SignedOn(agent.number, agent.name))
        return seat

    def sign_off(self, seat: Seat) -> None:
        """Take an agent off duty; a call that rings there goes to the next one, a talk goes on."""
        if self._seats.get(seat.agent.number) is seat:
            self._advance(SignedOff(seat.agent.number))
            del self._seats[seat.agent.number]

    def on_duty(self) -> tuple[Seat, ...]:
        """Everybody on duty."""
        return tuple(self._seats.values())

    @property
    def waiting(self) -> int:
        """How many clients wait for an agent."""
        return len(self._room.clients)

    def set_presence(self, seat: Seat, presence: Presence) -> None:
        """What the agent chose; raises RosterError while a call rings or is talked."""
        if seat.ring:
            raise RosterError("通话或振铃时不能改变状态")
        self._be(seat, presence)

    def accept(self, seat: Seat, ring: str) -> None:
        """Take the call that rings; nothing happens where it no longer does."""
        self._advance(Replied(ring, seat.agent.number, taken=True))

    def decline(self, seat: Seat, ring: str) -> None:
        """Leave the call to somebody else."""
        self._advance(Replied(ring, seat.agent.number, taken=False))

    def _be(self, seat: Seat, presence: Presence) -> None:
        if self._seats.get(seat.agent.number) is seat:  # else the number is signed on anew, or off
            self._advance(BecameFree(seat.agent.number, presence))

    # What is decided is done

    def _advance(self, event: Event) -> None:
        before, now = self.waiting, asyncio.get_running_loop().time()
        self._room, acts = advance(self._room, event, now, self.terms)
        for act in acts:
            self._do(act)
        self._tell_presences()
        if self.waiting != before:
            for seat in self._seats.values():
                seat.tell(QueueChanged(self.waiting))
        self._arm()

    def _do(self, act: Act) -> None:
        match act:
            case Ring():
                seat = self._seats[act.number]
                seat.ring = act.call
                seat.tell(Rings(act.call, self._waiting[act.call].wanted.briefing, act.seconds))
            case Stop():
                seat = self._seats[act.number]
                seat.tell(RingEnded(act.call, act.why))
                seat.ring = act.call if act.why is Withdrawn.TAKEN else ""
            case Connect():
                self._waiting[act.client.call].found.set_result(_Taken(act.client, self._seats[act.number]))
            case GiveUp():
                self._waiting[act.call].found.set_result(act.failure)

    def _tell_presences(self) -> None:
        for person in self._room.people:
            seat = self._seats[person.number]
            if seat.presence is not person.presence:
                seat.presence = person.presence
                seat.tell(PresenceChanged(person.presence))

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        due = self._room.deadline
        self._timer = None if due is None else asyncio.get_running_loop().call_at(due, self._advance, Ticked())

    # Calls

    async def fetch(self, wanted: Wanted) -> Talk | Failure:
        """Offer a client to the fitting agents, one at a time, until one talks with it or none will.

        The client hears the ringing, and approved words at intervals.
        """
        sounding = asyncio.create_task(keep_company(wanted.client, wanted.asides.waiting), name="ringback")
        gone = asyncio.create_task(wanted.client.ended())
        try:
            return await self._fetch(wanted, gone)
        finally:
            sounding.cancel()
            gone.cancel()

    async def _fetch(self, wanted: Wanted, gone: asyncio.Task[HungUp]) -> Talk | Failure:
        now = asyncio.get_running_loop().time()
        call = f"{wanted.client.call_id}-a{next(self._serial)}"
        until = now + self.terms.wait_seconds
        since = now if wanted.since is None else wanted.since
        client = Client(call, wanted.severity, since, until, wanted.barred, wanted.passed)
        while True:
            found = await self._wait(client, wanted, gone)
            if isinstance(found, Failure):
                return found
            if talk := await self._talk(found.seat, wanted):
                return talk
            client = found.client

    async def _wait(self, client: Client, wanted: Wanted, gone: asyncio.Task[HungUp]) -> _Taken | Failure:
        """Wait in the room until an agent takes the call, none will, or the client is gone."""
        waiting = _Waiting(wanted, asyncio.get_running_loop().create_future())
        self._waiting[client.call] = waiting
        why, done = Withdrawn.GIVEN_UP, False
        try:
            self._advance(Came(client))
            if not waiting.found.done():  # where nobody is there, nothing rings
                watched: set[asyncio.Future[Any]] = {waiting.found, gone}
                await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            why, done = Withdrawn.CLIENT_HUNG_UP, waiting.found.done()
            return waiting.found.result() if done else Failure.CLIENT_HUNG_UP
        finally:
            if not done:
                self._leave(client, waiting, why)
            del self._waiting[client.call]

    def _leave(self, client: Client, waiting: _Waiting, why: Withdrawn) -> None:
        """Nobody waits for an answer any more; an agent who gave one in this very moment is free again."""
        if waiting.found.done() and isinstance(taken := waiting.found.result(), _Taken):
            self._free(taken.seat, Presence.FREE)
        self._advance(Left(client.call, why))

    async def _talk(self, seat: Seat, wanted: Wanted) -> Talk | None:
        """Open the agent's audio and join the two; None where the agent's connection fails."""
        leg: Joinable | None = None
        opened = False
        try:
            with contextlib.suppress(TimeoutError, BrowserRefused):
                async with asyncio.timeout(_OPEN_SECONDS):
                    leg = seat.phone.call(seat.ring)
                    opened = await _opened(leg)
        finally:
            if not opened:
                log.warning("agent %s took a call, but the audio did not open", seat.agent.number)
                seat.tell(TalkEnded(seat.ring, Parting.AGENT_LINE_LOST))
                self._free(seat, Presence.AWAY)
                if leg is not None:
                    await leg.hang_up()
        if leg is None or not opened:
            return None
        bridge = seat.bridge = Bridge(wanted.client, leg)
        bridge.open()
        seat.talk = asyncio.create_task(self._follow(seat, bridge), name="agent's talk")
        return Talk(seat.talk, seat.agent)

    async def _follow(self, seat: Seat, bridge: Bridge) -> BridgeEnd:
        presence = Presence.AWAY  # an agent whose line is lost is offered nothing until back
        try:
            end = await bridge.run()
            seat.tell(TalkEnded(seat.ring, end.parting))
            presence = presence if end.parting is Parting.AGENT_LINE_LOST else Presence.FREE
            return end
        finally:
            seat.bridge = seat.talk = None
            self._free(seat, presence)

    def _free(self, seat: Seat, presence: Presence) -> None:
        seat.ring = ""
        self._be(seat, presence)

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


async def _opened(leg: Joinable) -> bool:
    async for event in leg.events():
        if isinstance(event, Answered | HungUp):
            return isinstance(event, Answered)
    return False
