"""Agents on duty (在班): who is free, whom a call rings at, and the clients who wait for them.

Everything runs on one event loop. An agent's page is told of what happens by `tell`; who is offered which call is
decided in `campaign.handover.offering`, and done here.
"""

from __future__ import annotations

import asyncio
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
    Withdrawn,
)
from campaign.handover.offering import advance
from campaign.handover.seats import AgentPhone, Seat
from campaign.handover.talks import Agent, Wanted
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
from telephony.legs import HungUp

MOST_ON_DUTY = 300


@dataclass(frozen=True, slots=True)
class Taken:
    """An agent has taken a call; where they cannot be joined, the client waits again as it stands here."""

    client: Client
    seat: Seat


@dataclass(slots=True, eq=False)
class _Waiting:
    """A client in the room, and what comes of it."""

    wanted: Wanted
    found: asyncio.Future[Taken | Failure]


@dataclass(slots=True)
class OnDuty:
    """The agents on duty and the clients who wait for them."""

    terms: Terms = field(default_factory=Terms)
    noted: Callable[[Agent, Presence | None], None] = lambda agent, presence: None  # None: no longer on duty
    _room: Room = field(default_factory=Room)
    _seats: dict[str, Seat] = field(default_factory=dict)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
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
        busy: bool = False,
    ) -> Seat:
        """Put an agent on duty; `instead` of another page of the same agent, which is told so and is over.

        `presence` is what the agent wishes; `busy`: a client waits for them already, and nothing else rings there.
        Raises RosterError for one who is on duty elsewhere, or talks there; nobody does whose voice is lost there.
        """
        other = self._seats.get(agent.number)
        there = other is not None and not other.lost
        if there and other is not None and other.talking:
            raise RosterError(
                "这个工号正在另一个页面通话：请回到那个页面，或等通话结束；那个页面刚刚意外关闭的，请过十秒再试"
            )
        if there and not instead:
            raise RosterError("这个工号已经在另一个页面值班")
        if other is not None:
            other.tell(Replaced())
            self.sign_off(other)
        if len(self._seats) >= MOST_ON_DUTY:
            raise RosterError(f"值班坐席已满 {MOST_ON_DUTY} 人")
        rest = Presence.WATCHING if presence is Presence.WATCHING else Presence.FREE
        now = Presence.BUSY if busy else presence
        seat = self._seats[agent.number] = Seat(agent, phone, tell, now, rest)
        self.noted(agent, now)
        self._advance(SignedOn(agent.number, agent.name, now))
        return seat

    def sign_off(self, seat: Seat) -> None:
        """Take an agent off duty; a call that rings there goes to the next one, a talk goes on."""
        if self._seats.get(seat.agent.number) is seat:
            self._advance(SignedOff(seat.agent.number))
            del self._seats[seat.agent.number]
            self.noted(seat.agent, None)
        seat.gone.set()
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
                self._waiting[act.client.call].found.set_result(Taken(act.client, self._seats[act.number]))
            case GiveUp():
                self._waiting[act.call].found.set_result(act.failure)

    def _show(self, seat: Seat, wanted: Wanted, ring: Ring) -> None:
        """Let it ring, with all that is known; what the client and the bot say meanwhile is shown too."""

        def grown(briefing: Briefing) -> None:
            seat.tell(BriefingChanged(ring.call, briefing))

        if wanted.notebook is not None:
            wanted.notebook.follow(grown)
        briefing = wanted.notebook.briefing() if wanted.notebook is not None else wanted.briefing
        seat.show(Rings(ring.call, briefing, ring.seconds))

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

    # Waiting

    async def wait(self, client: Client, wanted: Wanted, gone: asyncio.Task[HungUp]) -> Taken | Failure:
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
        if waiting.found.done() and isinstance(taken := waiting.found.result(), Taken):
            self.free(taken.seat, Presence.FREE)
        self._advance(Left(client.call, why))

    def free(self, seat: Seat, presence: Presence) -> None:
        """Nothing rings or is talked there any more."""
        seat.ring = ""
        self.be(seat, presence)
