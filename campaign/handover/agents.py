"""Human agents (坐席) on duty: who is free, whom a call rings at, and the talk that follows.

Everything runs on one event loop. An agent's page is told of what happens by `tell`, and acts by the roster's methods;
who is offered which call is decided in `campaign.handover.offering`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from campaign.handover.briefing import Briefing
from campaign.handover.duty import (
    BriefingChanged,
    Failure,
    News,
    Presence,
    PresenceChanged,
    QueueChanged,
    Replaced,
    RingEnded,
    Rings,
    RosterError,
    TalkEnded,
    Withdrawn,
)
from campaign.handover.meanwhile import keep_company
from campaign.handover.offering import advance
from campaign.handover.seats import AgentPhone, Seat
from campaign.handover.talks import Afterwards, Agent, Onward, Talk, Wanted
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
from campaign.handover.wrapping import WrapUp
from telephony.bridge import Bridge, BridgeEnd, Joinable, Parting
from telephony.legs import HungUp

log = logging.getLogger(__name__)

MOST_ON_DUTY = 300


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
    noted: Callable[[Agent, Presence | None], None] = lambda agent, presence: None  # None: no longer on duty
    _room: Room = field(default_factory=Room)
    _seats: dict[str, Seat] = field(default_factory=dict)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _timer: asyncio.TimerHandle | None = None

    # Agents

    def sign_on(
        self,
        agent: Agent,
        phone: AgentPhone,
        tell: Callable[[News], None],
        presence: Presence = Presence.FREE,
        *,
        instead: bool = False,
    ) -> Seat:
        """Put an agent on duty; `instead` of another page of the same agent, which is told so and is over.

        Raises RosterError for one who is on duty elsewhere, or talks there.
        """
        other = self._seats.get(agent.number)
        if other is not None and other.talking:
            raise RosterError("这个工号正在另一个页面通话：请回到那个页面，或等通话结束")
        if other is not None and not instead:
            raise RosterError("这个工号已经在另一个页面值班")
        if other is not None:
            other.tell(Replaced())
            self.sign_off(other)
        if len(self._seats) >= MOST_ON_DUTY:
            raise RosterError(f"值班坐席已满 {MOST_ON_DUTY} 人")
        seat = self._seats[agent.number] = Seat(
            agent, phone, tell, presence, Presence.WATCHING if presence is Presence.WATCHING else Presence.FREE
        )  # fmt: skip
        self.noted(agent, presence)
        self._advance(SignedOn(agent.number, agent.name, presence))
        return seat

    def sign_off(self, seat: Seat) -> None:
        """Take an agent off duty; a call that rings there goes to the next one, a talk goes on."""
        if self._seats.get(seat.agent.number) is seat:
            self._advance(SignedOff(seat.agent.number))
            del self._seats[seat.agent.number]
            self.noted(seat.agent, None)
        if seat.wrapping is not None:
            seat.close_wrap_up(None)

    def seat_of(self, number: str) -> Seat | None:
        """Where somebody is on duty."""
        return self._seats.get(number)

    def on_duty(self) -> tuple[Seat, ...]:
        """Everybody on duty."""
        return tuple(self._seats.values())

    @property
    def waiting(self) -> int:
        """How many clients wait for an agent."""
        return len(self._room.clients)

    def set_presence(self, seat: Seat, presence: Presence) -> None:
        """What the agent chose; raises RosterError while a call rings or is talked."""
        if seat.dials or (seat.ring and seat.wrapping is None):
            raise RosterError("通话或振铃时不能改变状态")
        seat.close_wrap_up(None)
        self.be(seat, presence)

    def begin_dialling(self, seat: Seat, call_id: str) -> None:
        """An agent calls a client by hand: nothing rings there meanwhile; raises RosterError."""
        if seat.ring or seat.talking or seat.wrapping is not None:
            raise RosterError("请先结束手上的通话和话后处理")
        seat.dials = call_id
        self.be(seat, Presence.BUSY)

    def end_dialling(self, seat: Seat, presence: Presence = Presence.WRAP_UP) -> None:
        """The call by hand is over."""
        seat.dials = ""
        self.be(seat, presence)

    def accept(self, seat: Seat, ring: str) -> None:
        """Take the call that rings; nothing happens where it no longer does."""
        self._advance(Replied(ring, seat.agent.number, taken=True))

    def decline(self, seat: Seat, ring: str) -> None:
        """Leave the call to somebody else."""
        self._advance(Replied(ring, seat.agent.number, taken=False))

    def be(self, seat: Seat, presence: Presence) -> None:
        """How an agent counts from now on, whatever the agent chose."""
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
                self._show(seat, self._waiting[act.call].wanted, act)
            case Stop():
                seat = self._seats[act.number]
                if (waiting := self._waiting.get(act.call)) is not None and waiting.wanted.notebook is not None:
                    waiting.wanted.notebook.follow(None)
                seat.tell(RingEnded(act.call, act.why))
                seat.ring = act.call if act.why is Withdrawn.TAKEN else ""
            case Connect():
                self._waiting[act.client.call].found.set_result(_Taken(act.client, self._seats[act.number]))
            case GiveUp():
                self._waiting[act.call].found.set_result(act.failure)

    def _show(self, seat: Seat, wanted: Wanted, ring: Ring) -> None:
        """Let it ring, with all that is known; what the client and the bot say meanwhile is shown too."""

        def grown(briefing: Briefing) -> None:
            seat.tell(BriefingChanged(ring.call, briefing))

        if wanted.notebook is not None:
            wanted.notebook.follow(grown)
        briefing = wanted.notebook.briefing() if wanted.notebook is not None else wanted.briefing
        seat.tell(Rings(ring.call, briefing, ring.seconds))

    def _tell_presences(self) -> None:
        for person in self._room.people:
            seat = self._seats[person.number]
            if seat.presence is not person.presence:
                seat.presence = person.presence
                self.noted(seat.agent, person.presence)
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
            sounding.cancel()  # before its first tone, where somebody joins at once
            gone.cancel()

    async def _fetch(self, wanted: Wanted, gone: asyncio.Task[HungUp]) -> Talk | Failure:
        now = asyncio.get_running_loop().time()
        call = f"{wanted.client.call_id}-a{next(self._serial)}"
        until = now + self.terms.wait_seconds
        since = now if wanted.since is None else wanted.since
        onward = wanted.onward or Onward("")
        if onward.at_once and (talk := await self._join_at_once(onward.number, call, wanted)):
            return talk
        if onward.alone:
            return Failure.NONE_FREE
        client = Client(call, wanted.severity, since, until, wanted.barred, wanted.passed, first=onward.number)
        while True:
            found = await self._wait(client, wanted, gone)
            if isinstance(found, Failure):
                return found
            if talk := await self._talk(found.seat, wanted):
                return talk
            client = found.client

    async def _join_at_once(self, number: str, call: str, wanted: Wanted) -> Talk | None:
        """Join somebody who takes the client over by their own wish."""
        seat = self._seats.get(number)
        if seat is None or seat.ring or seat.talking:
            return None
        seat.ring = call
        self.be(seat, Presence.BUSY)
        return await self._talk(seat, wanted)

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
        try:
            leg = await seat.open_audio(seat.ring)
        finally:
            if leg is None:
                log.warning("agent %s took a call, but the audio did not open", seat.agent.number)
                seat.tell(TalkEnded(seat.ring, Parting.AGENT_LINE_LOST))
                self._free(seat, Presence.AWAY)
        if leg is None:
            return None
        bridge = seat.bridge = Bridge(wanted.client, leg)
        seat.wanted, seat.after = wanted, Afterwards(wrapped=asyncio.get_running_loop().create_future())
        bridge.open()
        if (began := seat.told_again()) is not None:
            seat.tell(began)
        seat.talk = asyncio.create_task(self._follow(seat, bridge), name="agent's talk")
        return Talk(seat.talk, seat.agent, after=seat.after)

    async def _follow(self, seat: Seat, bridge: Bridge) -> BridgeEnd:
        lost = True  # an agent whose line is lost is offered nothing until back
        try:
            end = await bridge.run()
            lost = end.parting is Parting.AGENT_LINE_LOST
            sheet = seat.wanted.sheet if seat.wanted is not None else None
            seconds = 0.0 if lost else self.terms.wrap_seconds
            seat.tell(TalkEnded(seat.ring, end.parting, seconds, bool(sheet and sheet.complete)))
            return end
        finally:
            seat.bridge = seat.talk = None
            self._wrap_up_or_leave(seat, lost)

    # After a talk

    def _wrap_up_or_leave(self, seat: Seat, lost: bool) -> None:
        if lost or self._seats.get(seat.agent.number) is not seat:
            seat.close_wrap_up(None)
            self._free(seat, Presence.AWAY)
            return
        seat.wrapping = asyncio.get_running_loop().call_later(self.terms.wrap_seconds, self.wrap_up, seat, None)
        self.be(seat, Presence.WRAP_UP)

    def wrap_up(self, seat: Seat, wrap: WrapUp | None) -> None:
        """Write down what came of the talk, and be free again; None: the answers say it. Raises RosterError."""
        if seat.wrapping is None:
            raise RosterError("话后处理的时间已到，结果已按答复登记")
        seat.close_wrap_up(wrap)
        self._free(seat, seat.rest)

    def _free(self, seat: Seat, presence: Presence) -> None:
        seat.ring = ""
        self.be(seat, presence)

    # In a talk

    def pass_on(self, seat: Seat, number: str, *, at_once: bool = False) -> None:
        """Give the client to somebody else on duty; who has it now writes it down. Raises RosterError."""
        if seat.bridge is None or seat.wanted is None:
            raise RosterError("现在没有通话")
        other = self._seats.get(number)
        if other is None or other is seat:
            raise RosterError("对方不在班")
        if {other.agent.number, other.agent.name} & seat.wanted.barred:
            raise RosterError("对方不能接待这位客户（§6.3）")
        if not at_once and other.presence is not Presence.FREE:
            raise RosterError("对方现在不空闲")
        seat.after.onward = Onward(number, at_once)
        seat.bridge.pass_on()
