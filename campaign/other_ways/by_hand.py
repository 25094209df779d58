"""Reviews by people dialled from the desk: the firm's trunk calls the client, the agent's browser is the telephone.

The call is recorded, counted on its trunk and shown to supervisors like a bot's; the answers and the result are kept by
`campaign.other_ways.people` as for a call on the firm's own telephone, whose list and form it shares. An agent may ask
a colleague and leave the client with them, a supervisor may take the call over: who has the client writes it down.
An agent who leaves the client with an extension writes it down while they still talk there. An agent whose voice is
lost finds the client again, who waits (campaign.other_ways.by_hand_onward).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from campaign.calls.call_ends import CallEnd, EndRefused
from campaign.calls.feed import Stage
from campaign.calls.placing import Place
from campaign.handover.duty import TalkBegan
from campaign.handover.seats import Seat
from campaign.handover.talks import Afterwards, Wanted
from campaign.handover.wrapping import WrapUp
from campaign.masking import mask_phone
from campaign.other_ways.by_hand_call import HandCall, Placed, answered, briefing_of, hang_up
from campaign.other_ways.by_hand_onward import InHands
from campaign.other_ways.by_hand_records import begin, form_of, line_is_free
from campaign.to_the_end import called_off
from rules import Outcome
from telephony.bridge import Bridge, BridgeEnd, Joinable, Parting
from telephony.errors import TelephonyError
from telephony.legs import Dialer, HangupCause, Leg

RING_SECONDS = 45.0
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


@dataclass(slots=True, kw_only=True)
class ByHand(InHands):
    """The calls that agents place at the desk; one each.

    `claim` counts a call on one of the firm's trunks, or raises LinesFull; None: the lines have no bounds.
    """

    dialer: Dialer
    claim: Callable[[Session], Place] | None = None

    def has(self, seat: Seat) -> bool:
        """Whether this agent has a call by hand that is not written down yet."""
        return seat.agent.number in self._calls

    async def dial(self, seat: Seat, task_id: int, *, consent: bool = False) -> None:
        """Call the client of a task, which the agent has in hand or takes; raises PeopleError, RosterError.

        A call that cannot be placed is written down as our own line's failure, and TelephonyError is raised. A page
        that goes away meanwhile changes nothing.
        """
        await asyncio.shield(self._start(self._dial(seat, task_id, consent), "dialling by hand"))

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
        self.prepare_asides(call)
        call.course = asyncio.create_task(self._carry(call), name="call by hand")

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
            if call.asides is not None:
                await called_off(call.asides)
            await self._free_line(call)
            if call.result is not None:
                self._start(self._written(call, self._write_result, "the result"), "result of a call by hand")
            elif call.writing is None and not call.closed:
                suggested = "" if call.reached else _OUTCOMES.get(cause, Outcome.NO_ANSWER).value
                self._await_writing(call, why.value, suggested)

    async def _converse(self, call: HandCall) -> Parting:
        """The client talks with one after the other of those whom the call is left with."""
        while True:
            seat = call.seat
            end = await self._talk(call, seat)
            if (parting := await self._go_on(call, seat, end)) is not None:
                return parting

    async def _talk(self, call: HandCall, seat: Seat) -> BridgeEnd:
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

    async def _free_line(self, call: HandCall) -> None:
        try:
            async with call.writes:
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

    async def give(self, seat: Seat, node: str, value: str, words: str) -> None:
        """Keep an answer; raises FormError, PeopleError."""
        call = self._calls[seat.agent.number]
        async with call.writes:
            await asyncio.to_thread(self.reviews.give, call.placed.review_id, call.holder, node, value, words)
        self._show(seat, await asyncio.to_thread(form_of, self.reviews, call.placed.review_id))

    async def record(self, seat: Seat, wrap: WrapUp) -> None:
        """Write the result down, and be free again; raises EndRefused, PeopleError.

        Of a call that goes on at an extension it is kept until that is over: then the client may be called again.
        """
        call = self._calls[seat.agent.number]
        goes_on = call.course is not None and not call.course.done()
        if goes_on and call.writing is None:
            raise EndRefused("通话结束后才能登记结果")
        if wrap.end is None:
            raise EndRefused("请选择通话结果")
        write = self.reviews.check if goes_on else self.reviews.record
        async with call.writes:
            await self._write_hands(call)
            await asyncio.to_thread(write, call.placed.review_id, call.holder, wrap.end)
            call.result = wrap.end if goes_on else None
            if call.result is not None and call.course is not None and call.course.done():  # in this very moment
                self._start(self._written(call, self._write_result, "the result"), "result of a call by hand")
        self._close(call, seat.rest)

    async def _write_result(self, call: HandCall) -> None:
        if call.result is None:
            return
        try:
            await asyncio.to_thread(self.reviews.record, call.placed.review_id, call.holder, call.result)
        except EndRefused:  # an agreed time that has passed: it stays on the list
            log.warning("the result of call %s fits no longer", call.placed.call_id)
