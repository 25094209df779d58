"""Calls by hand in whose course the client changes hands: left or taken over, or waiting for an agent who was lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot.nodes import Script
from campaign.calls.call_form import CallForm
from campaign.calls.feed import Feed, Stage
from campaign.handover.agents import Roster
from campaign.handover.consulting import extension_of, talk_with_extension
from campaign.handover.duty import (
    AskEnd,
    Asking,
    FormChanged,
    News,
    Presence,
    Supervising,
    TalkEnded,
    VoiceLost,
    WrapUpEnded,
)
from campaign.handover.meanwhile import Asides, Voiced, asides_of, keep_company, take_leave
from campaign.handover.roads import LiveLines
from campaign.handover.seats import AgentPhone, Seat
from campaign.handover.talks import Agent, Loan, Onward
from campaign.other_ways.by_hand_call import HandCall
from campaign.other_ways.by_hand_lost import Loss, Return, until_back
from campaign.other_ways.by_hand_records import call_back, form_of, left_with
from campaign.other_ways.people import PeopleError, PhoneReviews
from speech.errors import SpeechError
from telephony.bridge import BridgeEnd, Joinable, Parting

PAUSES = (0.0, 1.0, 5.0, 30.0)  # before each try to write down what has become of a call
WRITE_SECONDS = 600.0  # to write the result down at the desk; afterwards on the list (人工回访)
_ASIDES_SECONDS = 2.0  # for what the client is to hear, which is made while the call is dialled

log = logging.getLogger(__name__)


@dataclass(slots=True)
class InHands:
    """The calls that agents have placed, by the number of who has each; `voice` reads a script's words aloud.

    `feed` and `lines` let supervisors see and hear them.
    """

    reviews: PhoneReviews
    roster: Roster
    lines: LiveLines = field(default_factory=LiveLines)
    feed: Feed = field(default_factory=Feed)
    voice: Callable[[Script], Voiced] | None = None  # None: the client hears the ringing alone
    _calls: dict[str, HandCall] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def _start(self, act: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Begin what goes on whether anybody waits for it or not."""
        task = asyncio.create_task(act, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # From one to the other

    async def _go_on(self, call: HandCall, seat: Seat, end: BridgeEnd) -> Parting | None:
        """What follows a talk: somebody else, or the same agent, has the client (None), or how the call has ended."""
        onward = seat.after.onward
        if end.parting not in (Parting.PASSED_ON, Parting.AGENT_LINE_LOST):
            return end.parting
        if onward is not None and onward.loan is not None and onward.loan.outside:
            parting = await self._leave_outside(call, onward.loan, onward.number)
            if parting is not Parting.AGENT_LINE_LOST:
                return parting
        elif onward is not None and await self._hand_on(call, onward):
            return None
        if onward is not None and await self._come_back(call):
            return None
        if not call.closed:
            self._lost(seat if onward is None else call.seat)
        return await self._hold(call, call.target or seat.agent.number)

    async def _hand_on(self, call: HandCall, onward: Onward) -> bool:
        """Let somebody else on duty have the client at once; False where they cannot be joined.

        In whose hands the review is, is written behind: the client waits for no database.
        """
        new, loan = self.roster.seat_of(onward.number), onward.loan
        if new is None or (loan.void if loan is not None else new.ring or new.talking):
            if loan is not None:
                loan.give_up()
            return False
        new.ring = new.dials = call.placed.call_id
        if loan is not None:
            loan.taken, new.asked = True, None
        self.roster.be(new, Presence.BUSY)
        own = loan.leg if loan is not None else await self._open(call, new)
        if own is None:
            new.tell(Supervising("", why="您的语音没有接通，请重新上线"))
            new.ring = ""
            self.roster.end_dialling(new, Presence.AWAY)
            return False
        self._pass(call, new, own)
        call.left = loan is not None
        self._start(self._written(call, self._write_hands, "who has the client"), "review into other hands")
        return True

    def _pass(self, call: HandCall, new: Seat, own: Joinable) -> None:
        """The call is somebody else's from now on, and who had it is free."""
        old = call.seat
        new.began, new.wanted = old.began, old.wanted
        if self._calls.get(old.agent.number) is call:
            del self._calls[old.agent.number]
        call.seat, call.own = new, own
        self._put(call)
        old.tell(TalkEnded(old.ring, Parting.PASSED_ON))
        self._leave(old, old.rest)

    async def _leave_outside(self, call: HandCall, loan: Loan, target: str) -> Parting:
        """Let who was asked at an extension have the client; who dialled writes down meanwhile what they know.

        AGENT_LINE_LOST says that the client is left alone.
        """
        if loan.void:
            loan.give_up()
            return Parting.AGENT_LINE_LOST
        loan.taken = True
        call.own, call.target = loan.leg, target
        call.talked.append(target)
        note = partial(left_with, self.reviews, extension=extension_of(target))
        self._start(self._written(call, partial(_in_thread, note), "with whom the client is"), "client left outside")
        self._await_writing(call, Parting.PASSED_ON.value, "")
        return (await talk_with_extension(call.leg, loan.leg, target).end).parting

    async def _come_back(self, call: HandCall) -> bool:
        """Let who had the client have them again; False where their voice is gone too, or they have written it down."""
        if call.closed:
            return False
        call.seat.tell(Asking("", end=AskEnd.UNREACHABLE))
        return await self._reopen(call)

    async def _reopen(self, call: HandCall) -> bool:
        own = await self._open(call, call.seat)
        if own is None:
            return False
        if call.writing is not None:
            call.writing.cancel()
        call.own, call.writing, call.seat.ended = own, None, None
        self.roster.be(call.seat, Presence.BUSY)
        return True

    async def _open(self, call: HandCall, seat: Seat) -> Joinable | None:
        """Open somebody's audio while the client hears the ringing."""
        company = asyncio.create_task(keep_company(call.leg, b""), name="ringback")
        try:
            return await seat.open_audio(f"{call.placed.call_id}-desk")
        finally:
            company.cancel()

    # The voice of who has the client is lost

    def sign_on(
        self,
        agent: Agent,
        phone: AgentPhone,
        tell: Callable[[News], None],
        presence: Presence = Presence.FREE,
        *,
        instead: bool = False,
    ) -> Seat:
        """Put an agent on duty like the roster; their call by hand, or its writing down, is theirs again.

        Nobody who waits for an agent rings there meanwhile.
        """
        awaited = agent.number in self._calls
        seat = self.roster.sign_on(agent, phone, tell, presence, instead=instead, busy=awaited)
        if awaited:
            self._rejoin(self._calls[agent.number], seat)
        return seat

    def _rejoin(self, call: HandCall, seat: Seat) -> None:
        old, call.seat = call.seat, seat
        seat.dials = seat.ring = call.placed.call_id
        seat.began, seat.wanted, seat.ended, seat.write_by = old.began, old.wanted, old.ended, old.write_by
        self.roster.be(seat, Presence.BUSY if seat.ended is None else Presence.WRAP_UP)
        call.returned.set()

    def _lost(self, seat: Seat) -> None:
        """This page needs a new voice; or the agent comes back at another one."""
        seat.lost = True
        seat.tell(VoiceLost())

    async def _hold(self, call: HandCall, lost: str) -> Parting | None:
        """Keep the client, who has lost whom they talked with, as long as any client waits for an agent.

        None: somebody has them again. Who comes too late finds what is to be written down; the client is called back.
        """
        call.waits = True
        until = asyncio.get_running_loop().time() + (0.0 if call.closed else self.roster.terms.wait_seconds)
        lost_ms, end = call.leg.position_ms, Return.NOBODY
        log.warning("call %s: the voice of %s is lost", call.placed.call_id, lost)
        self.feed.change(call.placed.call_id, stage=Stage.AGENT_LOST)
        asides = await self._asides(call)
        try:
            end = await self._until_joined(call, asides, until)
        finally:
            call.waits = False
            call.losses.append(Loss(lost, lost_ms, call.leg.position_ms, end.value))
        if end is Return.NOBODY:
            await self._promise(call, asides)
            return Parting.AGENT_LINE_LOST
        return Parting.CLIENT_HUNG_UP if end is Return.CLIENT_HUNG_UP else None

    async def _until_joined(self, call: HandCall, asides: Asides, until: float) -> Return:
        while True:
            end = await until_back(call.leg, call.returned, asides, until)
            if end is not Return.BACK:
                return end
            taker, call.taker = call.taker, ""
            if taker and await self._hand_on(call, Onward(taker, at_once=True)):
                return Return.TAKEN_OVER
            if not taker and await self._reopen(call):
                return Return.BACK
            if not taker:  # the new voice does not open either
                self._lost(call.seat)

    async def _promise(self, call: HandCall, asides: Asides) -> None:
        """Tell the client that we call back, and have somebody do so."""
        call.promised = True
        note = partial(call_back, self.reviews)
        self._start(self._written(call, partial(_in_thread, note), "that the client is called back"), "callback")
        await take_leave(call.leg, asides.farewell)

    def prepare_asides(self, call: HandCall) -> None:
        """Make what the client hears where the agent is lost, while the call is dialled."""
        if self.voice is not None:
            said = asides_of(call.placed.script, call.placed.slots, self.voice(call.placed.script))
            call.asides = asyncio.create_task(said, name="what a lost agent's client hears")

    async def _asides(self, call: HandCall) -> Asides:
        if call.asides is None:
            return Asides()
        await asyncio.wait({call.asides}, timeout=_ASIDES_SECONDS)
        try:
            return call.asides.result() if call.asides.done() else Asides()
        except SpeechError as error:
            log.error("call %s: nothing can be said to the client: %s", call.placed.call_id, type(error).__name__)
            return Asides()

    # What is written behind

    async def _written(self, call: HandCall, write: Callable[[HandCall], Awaitable[None]], what: str) -> None:
        """Write something of a call down, again where that fails."""
        for pause in PAUSES:
            await asyncio.sleep(pause)
            try:
                async with call.writes:
                    await write(call)
                return
            except (PeopleError, SQLAlchemyError) as error:
                log.error("%s in call %s is not written: %s", what, call.placed.call_id, type(error).__name__)
                if isinstance(error, PeopleError):
                    return

    async def _write_hands(self, call: HandCall) -> None:
        """Who has the client now; at the latest it is done with the result."""
        seat, review_id = call.seat, call.placed.review_id
        if call.holder == seat.agent.staff_id:
            return
        move = partial(self.reviews.hand_on, company=call.company(), left=call.left)
        await asyncio.to_thread(move, review_id, call.holder, seat.agent.staff_id)
        call.holder = seat.agent.staff_id
        self._show(seat, await asyncio.to_thread(form_of, self.reviews, review_id))

    def _show(self, seat: Seat, form: CallForm) -> None:
        if seat.began is not None:
            seat.began = replace(seat.began, form=form)
            seat.tell(FormChanged(form))

    # What is to be written down at the desk

    def _put(self, call: HandCall) -> None:
        """The call is its agent's now; what they left to be written down before stays on their list."""
        before = self._calls.get(call.seat.agent.number)
        if before is not None and before is not call:
            self._close(before, Presence.AWAY)
        self._calls[call.seat.agent.number] = call

    def _await_writing(self, call: HandCall, why: str, suggested: str) -> None:
        """The agent's part is over: its result is to be written down."""
        seat, loop = call.seat, asyncio.get_running_loop()
        complete = seat.began is not None and seat.began.form is not None and seat.began.form.now is None
        seat.ended, seat.write_by = (
            TalkEnded(seat.ring, why, WRITE_SECONDS, complete, suggested),
            loop.time() + WRITE_SECONDS,
        )
        seat.tell(seat.ended)
        call.writing = loop.call_later(WRITE_SECONDS, self._forget, call)
        self.roster.be(seat, Presence.WRAP_UP)

    def _forget(self, call: HandCall) -> None:
        """Nobody has written it down here: it stays on the agent's list; who is called back, on everybody's."""
        log.warning("call %s was not written down at the desk in time", call.placed.call_id)
        self._close(call, Presence.AWAY)
        if call.promised:
            self._start(self._written(call, self._give_up, "that it is on everybody's list"), "call back")

    async def _give_up(self, call: HandCall) -> None:
        await asyncio.to_thread(self.reviews.forget, call.placed.review_id)

    def _close(self, call: HandCall, presence: Presence) -> None:
        seat, call.closed = call.seat, True
        if call.writing is not None:
            call.writing.cancel()
        if self._calls.get(seat.agent.number) is call:
            del self._calls[seat.agent.number]
        seat.tell(WrapUpEnded(seat.ring))
        self._leave(seat, presence)

    def _leave(self, seat: Seat, presence: Presence) -> None:
        seat.ring, seat.began, seat.wanted, seat.ended = "", None, None, None
        self.roster.end_dialling(seat, presence)


async def _in_thread(write: Callable[[HandCall], None], call: HandCall) -> None:
    await asyncio.to_thread(write, call)
