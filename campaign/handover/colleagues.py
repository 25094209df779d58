"""Consultation (咨询): an agent asks somebody about the client, who waits with music and hears neither of them.

A colleague on duty sees what the agent sees before accepting; a number of the firm's is called over the trunk. Then
the agent comes back to the client, or leaves the client with who was asked (咨询转接); with an extension, where the
agent wants so, as soon as somebody answers there (直接转接). Where nobody does, the agent has the client again, and is
told why. The client's recording goes on throughout; what the two say to each other is not in it. A client who hangs up
ends it all.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from campaign.handover.agents import Roster
from campaign.handover.consulting import MARK, Patience, answer_of, extension_of
from campaign.handover.duty import Asked, AskedNoMore, AskEnd, Asking, Failure, Presence, Rings, RosterError
from campaign.handover.seats import Seat
from campaign.handover.talks import Loan, Onward
from telephony.bridge import Bridge, Joinable, Parting
from telephony.errors import TelephonyError
from telephony.hearing import Part
from telephony.legs import Dialer

log = logging.getLogger(__name__)

_TAKEN_SECONDS = 10.0  # for a client who was left with somebody to be joined to them
_ENDS: Mapping[Failure, AskEnd] = MappingProxyType(
    {
        Failure.NONE_FREE: AskEnd.ENGAGED,
        Failure.DECLINED: AskEnd.DECLINED,
        Failure.TIMED_OUT: AskEnd.TIMED_OUT,
        Failure.CLIENT_HUNG_UP: AskEnd.CLIENT_HUNG_UP,
    }
)


@dataclass(slots=True, eq=False)
class _Question:
    """One agent asks one person."""

    asker: Seat
    bridge: Bridge
    ring: str
    number: str  # of the colleague, or the address of the extension
    who: str  # as pages say it
    colleague: Seat | None  # None: an extension
    held: bool  # the client waited before
    through: bool  # the client is left with them as soon as they answer
    answer: asyncio.Future[bool]  # whether the colleague accepts
    over: asyncio.Future[AskEnd]  # somebody has ended it
    leg: Joinable | None = None
    talking: bool = False
    loan: Loan | None = None  # the client was left with who was asked
    course: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Consultations:
    """The consultations that go on, one for each agent; `extensions` are sip: addresses that `dialer` can call."""

    roster: Roster
    dialer: Dialer | None = None
    extensions: tuple[str, ...] = ()
    patience: Patience = field(default_factory=Patience)
    _open: dict[str, _Question] = field(default_factory=dict)
    _serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # The agent who asks

    def ask(self, seat: Seat, number: str, *, through: bool = False) -> None:
        """Let the client wait, and ask a colleague on duty or an extension. Raises RosterError.

        `through`: leave the client with who answers, unasked.
        """
        bridge, wanted = seat.bridge, seat.wanted
        if bridge is None or wanted is None:
            raise RosterError("现在没有通话")
        if seat.agent.number in self._open:
            raise RosterError("正在咨询：请先回到客户，或转给对方")
        outside = number in self.extensions
        colleague = None if outside else self.roster.colleague(seat, number)
        if outside and (self.dialer is None or {number, extension_of(number)} & wanted.barred):
            raise RosterError("不能呼叫这个分机")
        loop = asyncio.get_running_loop()
        mark = MARK if outside else "-c"
        question = self._open[seat.agent.number] = _Question(
            asker=seat,
            bridge=bridge,
            ring=f"{wanted.client.call_id}{mark}{next(self._serial)}",
            number=number,
            who=f"分机 {extension_of(number)}" if colleague is None else _named(colleague),
            colleague=colleague,
            held=bridge.held,
            through=through,
            answer=loop.create_future(),
            over=loop.create_future(),
        )
        if colleague is not None:  # from now on nothing else rings there
            colleague.ring = question.ring
            self.roster.be(colleague, Presence.BUSY)
        bridge.hold(True)
        self._tell(question)
        question.course = loop.create_task(self._carry(question), name="consultation")

    def back(self, seat: Seat) -> bool:
        """Come back to the client; False where nobody is asked."""
        question = self._open.get(seat.agent.number)
        if question is not None and not question.over.done():
            question.over.set_result(AskEnd.BACK)
        return question is not None

    def leave(self, seat: Seat) -> None:
        """Leave the client with who was asked; raises RosterError while nobody is there."""
        question = self._open.get(seat.agent.number)
        if question is None or question.leg is None or not question.talking or question.over.done():
            raise RosterError("对方还没有接通，不能转给对方")
        if question.bridge.over.is_set():
            raise RosterError("通话已经结束，不能转给对方")
        loan = question.loan = Loan(question.leg, outside=question.colleague is None)
        loan.give_up = partial(self._give_up, question, loan)
        question.over.set_result(AskEnd.LEFT)
        seat.after.onward = Onward(question.number, at_once=True, loan=loan)
        question.bridge.pass_on()
        asyncio.get_running_loop().call_later(_TAKEN_SECONDS, loan.give_up)

    # Who is asked

    def reply(self, seat: Seat, ring: str, *, accept: bool) -> bool:
        """The answer of a colleague; False where it is not a consultation that rings there."""
        question = self._asked(seat)
        if question is None or question.ring != ring:
            return False
        if not question.answer.done():
            question.answer.set_result(accept)
        return True

    def hang_up(self, seat: Seat) -> bool:
        """A colleague who was asked goes; False where none is."""
        question = self._asked(seat)
        if question is not None and not question.over.done():
            question.over.set_result(AskEnd.HUNG_UP)
        return question is not None

    def _asked(self, seat: Seat) -> _Question | None:
        return next((one for one in self._open.values() if one.colleague is seat and one.ring == seat.ring), None)

    # The course of one

    async def _carry(self, question: _Question) -> None:
        end = AskEnd.UNREACHABLE
        try:
            reach = self._call if question.colleague is None else self._ring
            end = await reach(question) or await self._talk(question)
        finally:
            del self._open[question.asker.agent.number]
            self._tell(question, end)
            await self._part(question, end)

    async def _ring(self, question: _Question) -> AskEnd | None:
        """Let it ring at the colleague; why nothing comes of it, None where the colleague's audio is open."""
        asker, colleague = question.asker, question.colleague
        began = asker.told_again()
        if colleague is None or began is None or asker.wanted is None:
            return AskEnd.TALK_OVER
        seconds, briefing = self.roster.terms.offer_seconds, began.briefing or asker.wanted.briefing
        _count(question)
        colleague.show(Rings(question.ring, briefing, seconds, _named(asker), began.form))
        gone = asyncio.create_task(colleague.gone.wait())
        try:
            if end := await _first(question, {question.answer, gone}, seconds):
                return end
        finally:
            gone.cancel()
        if not question.answer.done() or not question.answer.result():
            return AskEnd.DECLINED
        await colleague.look(self.roster.terms.look_seconds)
        question.leg = await colleague.open_audio(question.ring)
        if question.leg is None:
            return AskEnd.UNREACHABLE
        colleague.asked = Asked(question.ring, _named(asker), briefing, began.form)
        colleague.tell(colleague.asked)
        return None

    async def _call(self, question: _Question) -> AskEnd | None:
        """Call the extension; why nothing comes of it, None where somebody has answered."""
        if self.dialer is None:
            return AskEnd.UNREACHABLE
        seconds = self.patience.ring_seconds
        try:
            leg = await self.dialer.dial(question.ring, extension_of(question.number), ring_seconds=seconds)
        except TelephonyError as error:
            log.warning("consultation %s could not be placed: %s", question.ring, error)
            return AskEnd.UNREACHABLE
        if not isinstance(leg, Joinable):
            await leg.hang_up()
            return AskEnd.UNREACHABLE
        _count(question)
        question.leg = leg
        answer = asyncio.create_task(answer_of(leg))
        try:
            if end := await _first(question, {answer}, seconds):
                return end
            failure = answer.result()
            return _ENDS.get(failure, AskEnd.UNREACHABLE) if failure is not None else None
        finally:
            answer.cancel()

    async def _talk(self, question: _Question) -> AskEnd:
        """The two talk until one of them, or the client, ends it."""
        leg = question.leg
        if leg is None or question.bridge.over.is_set():
            return _talk_over(question)
        question.bridge.admit(leg, Part.COLLEAGUE)
        question.talking = True
        if question.through and not question.over.done():
            self.leave(question.asker)
            return AskEnd.LEFT
        self._tell(question)
        ended = asyncio.create_task(leg.ended())
        try:
            return await _first(question, {ended}, None) or AskEnd.HUNG_UP
        finally:
            ended.cancel()

    async def _part(self, question: _Question, end: AskEnd) -> None:
        """The client and the agent are back together, and who was asked is free; nothing where the client is left."""
        if end is AskEnd.LEFT:
            await question.bridge.over.wait()
            joined_elsewhere = question.bridge.parting in (Parting.PASSED_ON, Parting.AGENT_LINE_LOST)
            if question.loan is not None and not joined_elsewhere:
                question.loan.give_up()
            return
        if not question.bridge.over.is_set():
            if question.leg is not None:
                question.bridge.dismiss(question.leg)
            question.bridge.hold(question.held)
        await self._release(question, end)

    async def _release(self, question: _Question, end: AskEnd) -> None:
        colleague = question.colleague
        if colleague is not None and colleague.asked is not None and colleague.asked.ring == question.ring:
            colleague.asked = None
        if colleague is not None and colleague.ring == question.ring:
            colleague.tell(AskedNoMore(question.ring, end))
            absent = end in (AskEnd.TIMED_OUT, AskEnd.UNREACHABLE)
            self.roster.free(colleague, Presence.AWAY if absent else colleague.rest)
        if question.leg is not None:
            await question.leg.hang_up()

    def _give_up(self, question: _Question, loan: Loan) -> None:
        """Nobody joins the client to who was asked: the call has ended in that very moment, or they are gone."""
        if not loan.taken and not loan.void:
            loan.void = True
            question.course = asyncio.get_running_loop().create_task(self._release(question, AskEnd.TALK_OVER))

    def _tell(self, question: _Question, end: AskEnd | None = None) -> None:
        seat = question.asker
        seat.asking = Asking(question.who, question.talking) if end is None else None
        seat.tell(seat.asking or Asking("", end=end))


async def _first(question: _Question, events: set[asyncio.Future[Any]], seconds: float | None) -> AskEnd | None:
    """Wait for one of the events; why it is over instead."""
    over = asyncio.create_task(question.bridge.over.wait())
    try:
        watched: set[asyncio.Future[Any]] = {*events, over, question.over}
        await asyncio.wait(watched, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if question.over.done():
            return question.over.result()
        if over.done():
            return _talk_over(question)
        return None if any(event.done() for event in events) else AskEnd.TIMED_OUT
    finally:
        over.cancel()


def _talk_over(question: _Question) -> AskEnd:
    client = question.bridge.parting in (Parting.CLIENT_HUNG_UP, Parting.CLIENT_LINE_LOST)
    return AskEnd.CLIENT_HUNG_UP if client else AskEnd.TALK_OVER


def _count(question: _Question) -> None:
    """Who is asked has seen the call, or is called about it, whatever comes of it."""
    consulted = question.asker.after.consulted
    if question.number not in consulted:
        consulted.append(question.number)


def _named(seat: Seat) -> str:
    return f"{seat.agent.name}（{seat.agent.number}）"
