"""Human agents (坐席) on duty, and the talks that they have with clients who were handed over to them."""

from __future__ import annotations

import asyncio
import itertools
import logging
from dataclasses import dataclass, field

from campaign.handover.consulting import talk_with_extension
from campaign.handover.duty import Failure, Presence, RosterError, TalkEnded
from campaign.handover.meanwhile import keep_company
from campaign.handover.on_duty import OnDuty
from campaign.handover.seats import Seat
from campaign.handover.talks import Afterwards, Loan, Onward, Talk, Wanted
from campaign.handover.waiting_room import Client
from campaign.handover.wrapping import WrapUp
from telephony.bridge import Bridge, BridgeEnd, Joinable, Parting
from telephony.legs import HungUp

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Roster(OnDuty):
    """Fetches agents on duty for clients, and follows the two until the agent has written down what came of it."""

    _serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

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
        if onward.at_once and (talk := await self._join_at_once(onward, call, wanted)):
            return talk
        if onward.alone:
            return Failure.NONE_FREE
        client = Client(call, wanted.severity, since, until, wanted.barred, wanted.passed, first=onward.number)
        while True:
            found = await self.wait(client, wanted, gone)
            if isinstance(found, Failure):
                return found
            if talk := await self._talk(found.seat, wanted):
                return talk
            client = found.client

    async def _join_at_once(self, onward: Onward, call: str, wanted: Wanted) -> Talk | None:
        """Join somebody who takes the client over by their own wish, or who was asked about the client."""
        seat, loan = self._seats.get(onward.number), onward.loan
        if loan is not None:
            return self._join_lent(seat, loan, onward.number, call, wanted)
        if seat is None or seat.ring or seat.talking:
            return None
        seat.ring = call
        self.be(seat, Presence.BUSY)
        return await self._talk(seat, wanted)

    def _join_lent(self, seat: Seat | None, loan: Loan, number: str, call: str, wanted: Wanted) -> Talk | None:
        """Join who was asked; None where they are gone, or have waited too long for it."""
        if loan.void or (seat is None and not loan.outside):
            loan.give_up()
            return None
        loan.taken = True
        if seat is None:
            return talk_with_extension(wanted.client, loan.leg, number)
        seat.ring, seat.asked = call, None
        self.be(seat, Presence.BUSY)
        return self._join(seat, wanted, loan.leg)

    async def _talk(self, seat: Seat, wanted: Wanted) -> Talk | None:
        """Open the audio of an agent who has looked, and join the two; None where the agent's connection fails."""
        leg: Joinable | None = None
        try:
            await seat.look(self.terms.look_seconds)
            leg = await seat.open_audio(seat.ring)
        finally:
            if leg is None:
                log.warning("agent %s took a call, but the audio did not open", seat.agent.number)
                seat.tell(TalkEnded(seat.ring, Parting.AGENT_LINE_LOST))
                self.free(seat, Presence.AWAY)
        return self._join(seat, wanted, leg) if leg is not None else None

    def _join(self, seat: Seat, wanted: Wanted, leg: Joinable) -> Talk:
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
            self.free(seat, Presence.AWAY)
            return
        seat.wrapping = asyncio.get_running_loop().call_later(self.terms.wrap_seconds, self.wrap_up, seat, None)
        self.be(seat, Presence.WRAP_UP)

    def wrap_up(self, seat: Seat, wrap: WrapUp | None) -> None:
        """Write down what came of the talk, and be free again; None: the answers say it. Raises RosterError."""
        if seat.wrapping is None:
            raise RosterError("话后处理的时间已到，结果已按答复登记")
        seat.close_wrap_up(wrap)
        self.free(seat, seat.rest)

    # In a talk

    def colleague(self, seat: Seat, number: str, *, at_once: bool = False) -> Seat:
        """Who is to have an agent's client, or to be asked about it; raises RosterError, also for §6.3.

        `at_once`: by their own wish, however they count.
        """
        if seat.bridge is None or seat.wanted is None:
            raise RosterError("现在没有通话")
        other = self._seats.get(number)
        if other is None or other is seat:
            raise RosterError("对方不在班")
        if {other.agent.number, other.agent.name} & seat.wanted.barred:
            raise RosterError("对方不能接待这位客户（§6.3）")
        if not at_once and other.presence is not Presence.FREE:
            raise RosterError("对方现在不空闲")
        return other

    def pass_on(self, seat: Seat, number: str, *, at_once: bool = False) -> None:
        """Give the client to somebody else on duty; who has it now writes it down. Raises RosterError."""
        self.colleague(seat, number, at_once=at_once)
        seat.after.onward = Onward(number, at_once)
        if seat.bridge is not None:
            seat.bridge.pass_on()
