"""Reviews by people dialled from the desk: the firm's trunk calls the client, the agent's browser is the telephone.

The call is recorded, counted on its trunk and shown to supervisors like a bot's; the answers and the result are kept by
`campaign.other_ways.people` as for a call on the firm's own telephone, whose list and form it shares. An agent may ask
a colleague and leave the client with them, a supervisor may take the call over: who has the client writes it down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.exc import NoResultFound, SQLAlchemyError
from sqlalchemy.orm import Session

from campaign.calls.call_ends import CallEnd, EndRefused
from campaign.calls.call_form import CallForm
from campaign.calls.facts import barred_from
from campaign.calls.feed import Feed, LiveCall, Stage
from campaign.calls.placing import Place
from campaign.handover.agents import Roster
from campaign.handover.duty import FormChanged, Presence, TalkBegan, TalkEnded, WrapUpEnded
from campaign.handover.roads import LiveLines
from campaign.handover.seats import Seat
from campaign.handover.talks import Afterwards, Onward, Wanted
from campaign.handover.wrapping import WrapUp
from campaign.masking import mask_name, mask_phone
from campaign.other_ways.by_hand_call import HandCall, Placed, answered, briefing_of
from campaign.other_ways.people import PeopleError, PhoneReviews
from models.lines import line_is_down
from models.people import human_review, in_hand
from rules import Outcome
from telephony.bridge import Bridge, BridgeEnd, Joinable, Parting
from telephony.errors import BrowserRefused, TelephonyError
from telephony.legs import Dialer, HangupCause, Leg

RING_SECONDS = 45.0
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
    _dialling: set[asyncio.Task[None]] = field(default_factory=set)

    def has(self, seat: Seat) -> bool:
        """Whether this agent has a call by hand that is not written down yet."""
        return seat.agent.number in self._calls

    async def dial(self, seat: Seat, task_id: int, *, consent: bool = False) -> None:
        """Call the client of a task, which the agent has in hand or takes; raises PeopleError, RosterError.

        A call that cannot be placed is written down as our own line's failure, and TelephonyError is raised. A page
        that goes away meanwhile changes nothing.
        """
        dialling = asyncio.create_task(self._dial(seat, task_id, consent), name="dialling by hand")
        self._dialling.add(dialling)
        dialling.add_done_callback(self._dialling.discard)
        await asyncio.shield(dialling)

    async def _dial(self, seat: Seat, task_id: int, consent: bool) -> None:
        self.roster.begin_dialling(seat, str(task_id))
        try:
            placed = await asyncio.to_thread(self._begin, task_id, seat.agent.staff_id, consent)
            await self._place(seat, placed)
        except BaseException:
            self.roster.end_dialling(seat, seat.rest)
            raise

    def _begin(self, task_id: int, staff_id: int, consent: bool) -> Placed:
        with self.reviews.database.read() as session:
            id_ = in_hand(session, task_id, staff_id)
        try:
            id_ = id_ or self.reviews.take(task_id, staff_id)
        except NoResultFound as error:
            raise PeopleError("没有这项任务") from error
        place = self.reviews.begin(id_, staff_id, consent=consent, claim=self.claim)
        with self.reviews.database.read() as session:
            review = human_review(session, id_)
            if review is None or review.attempt is None:
                raise PeopleError("这项任务不在您手上")
            task, client, attempt = review.task, review.task.customer, review.attempt
            title = f"人工回访：{self.reviews.title(session, review)}"
            return Placed(
                review_id=id_,
                attempt_id=attempt.id,
                call_id=attempt.call_id,
                number=attempt.dialled,
                client=client.name + client.gender,
                form=self.reviews.form(session, review),
                live=LiveCall(attempt.call_id, attempt.id, task.number, mask_name(client.name), title, Stage.DIALLING),
                barred=barred_from(session, client),
                place=place,
            )

    async def _place(self, seat: Seat, placed: Placed) -> None:
        leg: Leg | None = None
        own: Joinable | None = None
        try:
            own = seat.phone.call(f"{placed.call_id}-desk")
            leg = await self._take_line(placed)
            if not isinstance(leg, Joinable):
                raise TelephonyError("this line carries no second party: set another one for calls by hand")
        except (TelephonyError, BrowserRefused):
            for each in (own, leg):
                if each is not None:
                    await each.hang_up()
            failed = CallEnd(Outcome.OWN_LINE_FAILED)
            await asyncio.to_thread(self.reviews.record, placed.review_id, seat.agent.staff_id, failed)
            raise
        call = self._calls[seat.agent.number] = HandCall(seat, placed, leg, own)
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

    async def _take_line(self, placed: Placed) -> Leg:
        place = placed.place
        if place is not None and not await place.take(place.line):
            raise TelephonyError("the trunk that the call was counted on took too long")
        return await self.dialer.dial(placed.call_id, placed.number, ring_seconds=RING_SECONDS, places=place)

    # On the line

    async def _carry(self, call: HandCall) -> None:
        """From dialling to the end of the call; then who has the client writes it down."""
        why, cause, reached = Parting.CLIENT_HUNG_UP, HangupCause.OWN_LINE, False
        self.lines.enter(call.placed.call_id, call)
        self.feed.show(call.placed.live)
        try:
            hung_up = await answered(call, partial(self.feed.change, call.placed.call_id, stage=Stage.RINGING))
            reached = hung_up is None
            if hung_up is None:
                why = await self._converse(call)
            else:
                cause = hung_up.cause
                why = Parting.AGENT_HUNG_UP if cause is HangupCause.LOCAL else why
        finally:
            self.lines.leave(call.placed.call_id)
            self.feed.drop(call.placed.call_id)
            await asyncio.gather(call.leg.hang_up(), call.own.hang_up())
            await self._free_line(call)
            self._await_writing(call, why.value, "" if reached else _OUTCOMES.get(cause, Outcome.NO_ANSWER).value)

    async def _converse(self, call: HandCall) -> Parting:
        """The client talks with one after the other of those whom the call is left with."""
        while True:
            end = await self._talk(call)
            onward = call.seat.after.onward
            if end.parting is not Parting.PASSED_ON or onward is None:
                return end.parting
            if not await self._hand_on(call, onward):
                return Parting.AGENT_HUNG_UP

    async def _talk(self, call: HandCall) -> BridgeEnd:
        seat = call.seat
        bridge = seat.bridge = Bridge(call.leg, call.own)
        seat.after = Afterwards()
        bridge.open()
        self.feed.change(call.placed.call_id, stage=Stage.WITH_AGENT)
        if seat.began is not None:
            seat.began = replace(seat.began, answered=True)
            seat.tell(seat.began)
        seat.talk = asyncio.create_task(bridge.run(), name="talk by hand")
        try:
            return await seat.talk
        finally:
            seat.bridge = seat.talk = None

    async def _hand_on(self, call: HandCall, onward: Onward) -> bool:
        """Let somebody else on duty have the client and the form; False where that fails, and the call is over."""
        new, loan = self.roster.seat_of(onward.number), onward.loan
        if loan is not None:
            loan.taken = True
        if new is None or (loan is None and (new.ring or new.talking)):
            return False
        new.ring = new.dials = call.placed.call_id
        new.asked = None
        self.roster.be(new, Presence.BUSY)
        own = loan.leg if loan is not None else await new.open_audio(f"{call.placed.call_id}-desk")
        if own is None or not await self._into_hands(call, new):
            new.dials = ""
            self.roster.free(new, Presence.AWAY if own is None else new.rest)
            await asyncio.gather(*([own.hang_up()] if own is not None else []))
            return False
        call.own = own
        return True

    async def _into_hands(self, call: HandCall, new: Seat) -> bool:
        """Give the review to somebody else, who sees its form, and let who had it go."""
        old, review_id = call.seat, call.placed.review_id
        try:
            await asyncio.to_thread(self.reviews.hand_on, review_id, old.agent.staff_id, new.agent.staff_id)
            form = await asyncio.to_thread(self._form, review_id)
        except (PeopleError, SQLAlchemyError) as error:
            log.error("call %s could not be left with somebody else: %s", call.placed.call_id, type(error).__name__)
            return False
        new.began, new.wanted = replace(old.began, form=form) if old.began is not None else None, old.wanted
        call.seat, self._calls[new.agent.number] = new, self._calls.pop(old.agent.number)
        old.tell(TalkEnded(old.ring, Parting.PASSED_ON))
        self._leave(old, old.rest)
        return True

    async def _free_line(self, call: HandCall) -> None:
        """The trunk has room for another call, however long the writing down takes."""
        if call.placed.place is not None:
            try:
                await asyncio.to_thread(self._write_free, call.placed.attempt_id)
            except SQLAlchemyError as error:
                log.error("call %s is still counted on its trunk: %s", call.placed.call_id, type(error).__name__)

    def _write_free(self, attempt_id: int) -> None:
        with self.reviews.database.write() as session:
            line_is_down(session, attempt_id, self.reviews.clock.now())

    async def hang_up(self, seat: Seat) -> None:
        """End the call, also while it rings."""
        call = self._calls.get(seat.agent.number)
        if call is not None and seat.bridge is None:
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
        await asyncio.to_thread(self.reviews.give, call.placed.review_id, seat.agent.staff_id, node, value, words)
        form = await asyncio.to_thread(self._form, call.placed.review_id)
        if seat.began is not None:
            seat.began = replace(seat.began, form=form)
        seat.tell(FormChanged(form))

    def _form(self, review_id: int) -> CallForm:
        with self.reviews.database.read() as session:
            review = human_review(session, review_id)
            return self.reviews.form(session, review) if review is not None else CallForm()

    async def record(self, seat: Seat, wrap: WrapUp) -> None:
        """Write the result down, and be free again; raises EndRefused, PeopleError."""
        call = self._calls[seat.agent.number]
        if call.course is not None and not call.course.done():
            raise EndRefused("通话结束后才能登记结果")
        if wrap.end is None:
            raise EndRefused("请选择通话结果")
        await asyncio.to_thread(self.reviews.record, call.placed.review_id, seat.agent.staff_id, wrap.end)
        self._close(call, seat.rest)

    def _forget(self, call: HandCall) -> None:
        """Nobody has written it down here: it stays on the agent's list."""
        log.warning("call %s was not written down at the desk in time", call.placed.call_id)
        self._close(call, Presence.AWAY)

    def _close(self, call: HandCall, presence: Presence) -> None:
        seat = call.seat
        if call.writing is not None:
            call.writing.cancel()
        self._calls.pop(seat.agent.number, None)
        seat.tell(WrapUpEnded(seat.ring))
        self._leave(seat, presence)

    def _leave(self, seat: Seat, presence: Presence) -> None:
        seat.ring, seat.began, seat.wanted = "", None, None
        self.roster.end_dialling(seat, presence)
