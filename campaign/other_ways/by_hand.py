"""Reviews by people dialled from the desk: the firm's trunk calls the client, the agent's browser is the telephone.

The call is recorded, counted on its trunk and shown to supervisors like a bot's; the answers and the result are kept by
`campaign.other_ways.people` as for a call on the firm's own telephone, whose list and form it shares. An agent may ask
a colleague and leave the client with them, a supervisor may take the call over: who has the client writes it down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaign.calls.call_ends import CallEnd, EndRefused
from campaign.calls.call_form import CallForm
from campaign.calls.feed import Feed, Stage
from campaign.calls.placing import Place
from campaign.handover.agents import Roster
from campaign.handover.duty import (
    AskEnd,
    Asking,
    FormChanged,
    Presence,
    Supervising,
    TalkBegan,
    TalkEnded,
    WrapUpEnded,
)
from campaign.handover.meanwhile import keep_company
from campaign.handover.roads import LiveLines
from campaign.handover.seats import Seat
from campaign.handover.talks import Afterwards, Onward, Wanted
from campaign.handover.wrapping import WrapUp
from campaign.masking import mask_phone
from campaign.other_ways.by_hand_call import HandCall, Placed, answered, briefing_of, hang_up
from campaign.other_ways.by_hand_records import begin, form_of, line_is_free
from campaign.other_ways.people import PeopleError, PhoneReviews
from rules import Outcome
from telephony.bridge import Bridge, BridgeEnd, Joinable, Parting
from telephony.errors import TelephonyError
from telephony.legs import Dialer, HangupCause, Leg

RING_SECONDS = 45.0
_PAUSES = (0.0, 1.0, 5.0, 30.0)  # before each try to write down in whose hands a review is
WRITE_SECONDS = 600.0  # to write the result down at the desk; afterwards on the list (人工回访)
_OUTCOMES = {
    HangupCause.BUSY: Outcome.BUSY,
    HangupCause.NO_ANSWER: Outcome.NO_ANSWER,
    HangupCause.TIMED_OUT: Outcome.NO_ANSWER,
    HangupCause.INVALID_NUMBER: Outcome.EMPTY_NUMBER,
    HangupCause.UNREACHABLE: Outcome.UNREACHABLE,
    HangupCause.REJECTED: Outcome.UNREACHABLE,
    HangupCause.OWN_LINE: Outcome.OWN_LINE_FAILED,
}

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ByHand:
    """The calls that agents place at the desk; one each.

    `claim` counts a call on one of the firm's trunks, or raises LinesFull; None: the lines have no bounds. `lines` and
    `feed` let supervisors see and hear it.
    """

    reviews: PhoneReviews
    dialer: Dialer
    roster: Roster
    lines: LiveLines = field(default_factory=LiveLines)
    feed: Feed = field(default_factory=Feed)
    claim: Callable[[Session], Place] | None = None
    _calls: dict[str, HandCall] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def has(self, seat: Seat) -> bool:
        """Whether this agent has a call by hand that is not written down yet."""
        return seat.agent.number in self._calls

    async def dial(self, seat: Seat, task_id: int, *, consent: bool = False) -> None:
        """Call the client of a task, which the agent has in hand or takes; raises PeopleError, RosterError.

        A call that cannot be placed is written down as our own line's failure, and TelephonyError is raised. A page
        that goes away meanwhile changes nothing.
        """
        await asyncio.shield(self._start(self._dial(seat, task_id, consent), "dialling by hand"))

    def _start(self, act: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Begin what goes on whether anybody waits for it or not."""
        task = asyncio.create_task(act, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _dial(self, seat: Seat, task_id: int, consent: bool) -> None:
        self.roster.begin_dialling(seat, str(task_id))
        try:
            ask = partial(begin, self.reviews, task_id, seat.agent.staff_id, consent=consent, claim=self.claim)
            placed = await asyncio.to_thread(ask)
            await self._place(seat, placed)
        except BaseException:
            self.roster.end_dialling(seat, seat.rest)
            raise

    async def _place(self, seat: Seat, placed: Placed) -> None:
        leg: Leg | None = None
        own: Joinable | None = None
        try:
            own = seat.phone.call(f"{placed.call_id}-desk")
            leg = await self._take_line(placed)
            if not isinstance(leg, Joinable):
                raise TelephonyError("this line carries no second party: set another one for calls by hand")
        except BaseException as error:
            await hang_up(own, leg)
            if isinstance(error, Exception):
                failed = CallEnd(Outcome.OWN_LINE_FAILED)
                await asyncio.to_thread(self.reviews.record, placed.review_id, seat.agent.staff_id, failed)
            raise
        call = HandCall(seat, placed, leg, own, seat.agent.staff_id)
        self._put(call)
        seat.dials = seat.ring = placed.call_id
        seat.wanted, seat.after = Wanted(leg, briefing_of(placed), placed.barred), Afterwards()
        seat.began = TalkBegan(
            placed.call_id,
            placed.call_id,
            placed.client,
            mask_phone(placed.number),
            placed.form,
            by_hand=True,
            answered=False,
        )
        seat.tell(seat.began)
        call.course = asyncio.create_task(self._carry(call), name="call by hand")

    def _put(self, call: HandCall) -> None:
        """The call is its agent's now; what they left to be written down before stays on their list."""
        before = self._calls.get(call.seat.agent.number)
        if before is not None and before is not call:
            self._close(before, Presence.AWAY)
        self._calls[call.seat.agent.number] = call

    async def _take_line(self, placed: Placed) -> Leg:
        place = placed.place
        if place is not None and not await place.take(place.line):
            raise TelephonyError("the trunk that the call was counted on took too long")
        return await self.dialer.dial(placed.call_id, placed.number, ring_seconds=RING_SECONDS, places=place)

    # On the line

    async def _carry(self, call: HandCall) -> None:
        """From dialling to the end of the call; then who has the client writes it down."""
        why, cause = Parting.CLIENT_HUNG_UP, HangupCause.OWN_LINE
        self.lines.enter(call.placed.call_id, call)
        self.feed.show(call.placed.live)
        try:
            hung_up = await answered(call, partial(self.feed.change, call.placed.call_id, stage=Stage.RINGING))
            call.reached = hung_up is None
            if hung_up is None:
                why = await self._converse(call)
            else:
                cause = hung_up.cause
                why = Parting.AGENT_HUNG_UP if cause is HangupCause.LOCAL else why
        finally:
            self.lines.leave(call.placed.call_id)
            self.feed.drop(call.placed.call_id)
            await hang_up(call.leg, call.own)
            await self._free_line(call)
            suggested = "" if call.reached else _OUTCOMES.get(cause, Outcome.NO_ANSWER).value
            self._await_writing(call, why.value, suggested)

    async def _converse(self, call: HandCall) -> Parting:
        """The client talks with one after the other of those whom the call is left with."""
        while True:
            end = await self._talk(call)
            onward = call.seat.after.onward
            if end.parting is not Parting.PASSED_ON or onward is None:
                return end.parting
            if not await self._hand_on(call, onward) and not await self._come_back(call):
                return Parting.AGENT_LINE_LOST

    async def _talk(self, call: HandCall) -> BridgeEnd:
        seat = call.seat
        bridge = seat.bridge = Bridge(call.leg, call.own)
        seat.after = Afterwards()
        bridge.open()
        call.talked += [seat.agent.number] if call.talked[-1:] != [seat.agent.number] else []
        self.feed.change(call.placed.call_id, stage=Stage.WITH_AGENT)
        if seat.began is not None:
            seat.began = replace(seat.began, answered=True)
            seat.tell(seat.began)
        seat.talk = asyncio.create_task(bridge.run(), name="talk by hand")
        try:
            return await seat.talk
        finally:
            call.consulted += [number for number in seat.after.consulted if number not in call.consulted]
            seat.bridge = seat.talk = None

    # Into other hands

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
        self._start(self._into_hands(call), "review into other hands")
        return True

    async def _come_back(self, call: HandCall) -> bool:
        """Let who had the client have them again; False where their voice is gone too, and the call is over."""
        call.seat.tell(Asking("", end=AskEnd.UNREACHABLE))
        own = await self._open(call, call.seat)
        call.own = own if own is not None else call.own
        return own is not None

    async def _open(self, call: HandCall, seat: Seat) -> Joinable | None:
        """Open somebody's audio while the client hears the ringing."""
        company = asyncio.create_task(keep_company(call.leg, b""), name="ringback")
        try:
            return await seat.open_audio(f"{call.placed.call_id}-desk")
        finally:
            company.cancel()

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

    async def _into_hands(self, call: HandCall) -> None:
        """Write down who has the client now, again where that fails; at the latest it is done with the result."""
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            try:
                async with call.writes:
                    await self._write_hands(call)
                return
            except (PeopleError, SQLAlchemyError) as error:
                log.error("who has the client of call %s is not written: %s", call.placed.call_id, type(error).__name__)
                if isinstance(error, PeopleError):
                    return

    async def _write_hands(self, call: HandCall) -> None:
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

    async def _free_line(self, call: HandCall) -> None:
        try:
            await asyncio.to_thread(line_is_free, self.reviews, call)
        except SQLAlchemyError as error:
            log.error("call %s is still counted on its trunk: %s", call.placed.call_id, type(error).__name__)

    async def hang_up(self, seat: Seat) -> None:
        """End the call, also while it rings; nothing happens while the client is being given to somebody else."""
        call = self._calls.get(seat.agent.number)
        if call is not None and not call.reached:
            await call.leg.hang_up()
        else:
            seat.hang_up()

    # Writing down

    def _await_writing(self, call: HandCall, why: str, suggested: str) -> None:
        seat = call.seat
        complete = seat.began is not None and seat.began.form is not None and seat.began.form.now is None
        seat.tell(TalkEnded(seat.ring, why, WRITE_SECONDS, complete, suggested))
        call.writing = asyncio.get_running_loop().call_later(WRITE_SECONDS, self._forget, call)
        self.roster.be(seat, Presence.WRAP_UP)

    async def give(self, seat: Seat, node: str, value: str, words: str) -> None:
        """Keep an answer; raises FormError, PeopleError."""
        call = self._calls[seat.agent.number]
        async with call.writes:
            await asyncio.to_thread(self.reviews.give, call.placed.review_id, call.holder, node, value, words)
        self._show(seat, await asyncio.to_thread(form_of, self.reviews, call.placed.review_id))

    async def record(self, seat: Seat, wrap: WrapUp) -> None:
        """Write the result down, and be free again; raises EndRefused, PeopleError."""
        call = self._calls[seat.agent.number]
        if call.course is not None and not call.course.done():
            raise EndRefused("通话结束后才能登记结果")
        if wrap.end is None:
            raise EndRefused("请选择通话结果")
        async with call.writes:
            await self._write_hands(call)
            await asyncio.to_thread(self.reviews.record, call.placed.review_id, call.holder, wrap.end)
        self._close(call, seat.rest)

    def _forget(self, call: HandCall) -> None:
        """Nobody has written it down here: it stays on the agent's list."""
        log.warning("call %s was not written down at the desk in time", call.placed.call_id)
        self._close(call, Presence.AWAY)

    def _close(self, call: HandCall, presence: Presence) -> None:
        seat = call.seat
        if call.writing is not None:
            call.writing.cancel()
        if self._calls.get(seat.agent.number) is call:
            del self._calls[seat.agent.number]
        seat.tell(WrapUpEnded(seat.ring))
        self._leave(seat, presence)

    def _leave(self, seat: Seat, presence: Presence) -> None:
        seat.ring, seat.began, seat.wanted = "", None, None
        self.roster.end_dialling(seat, presence)
