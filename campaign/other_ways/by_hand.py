"""Reviews by people dialled from the desk: the firm's trunk calls the client, the agent's browser is the telephone.

The call is recorded like a bot's; the answers and the result are kept by `campaign.other_ways.people` as for a call on
the firm's own telephone, whose list and form it shares.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import NoResultFound

from campaign.calls.call_ends import CallEnd, EndRefused
from campaign.calls.call_form import CallForm
from campaign.handover.agents import Roster
from campaign.handover.duty import FormChanged, Presence, TalkBegan, TalkEnded, WrapUpEnded
from campaign.handover.seats import Seat
from campaign.handover.wrapping import WrapUp
from campaign.masking import mask_phone
from campaign.other_ways.people import PeopleError, PhoneReviews
from models.people import human_review, in_hand
from rules import Outcome
from telephony.bridge import Bridge, Joinable, Parting
from telephony.errors import BrowserRefused, TelephonyError
from telephony.legs import Answered, Dialer, EarlyMedia, HangupCause, HungUp, Leg, Ringing
from telephony.mixing import ListeningIn
from telephony.ringback import RINGBACK_SECONDS, ringback

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


@dataclass(frozen=True, slots=True)
class _Placed:
    """A call whose attempt is written: whom to call, and what the agent may see."""

    review_id: int
    call_id: str
    number: str
    client: str
    form: CallForm


@dataclass(slots=True, eq=False)
class _Call:
    """A call by hand until it is written down."""

    seat: Seat
    placed: _Placed
    leg: Joinable
    own: Joinable  # the agent's audio
    course: asyncio.Task[None] | None = None
    writing: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class ByHand:
    """The calls that agents place at the desk; one each."""

    reviews: PhoneReviews
    dialer: Dialer
    roster: Roster
    _calls: dict[str, _Call] = field(default_factory=dict)
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

    def _begin(self, task_id: int, staff_id: int, consent: bool) -> _Placed:
        with self.reviews.database.read() as session:
            id_ = in_hand(session, task_id, staff_id)
        try:
            id_ = id_ or self.reviews.take(task_id, staff_id)
        except NoResultFound as error:
            raise PeopleError("没有这项任务") from error
        self.reviews.begin(id_, staff_id, consent=consent)
        with self.reviews.database.read() as session:
            review = human_review(session, id_)
            if review is None or review.attempt is None:
                raise PeopleError("这项任务不在您手上")
            client, attempt = review.task.customer, review.attempt
            return _Placed(
                id_, attempt.call_id, attempt.dialled, client.name + client.gender, self.reviews.form(session, review)
            )

    async def _place(self, seat: Seat, placed: _Placed) -> None:
        leg: Leg | None = None
        own: Joinable | None = None
        try:
            own = seat.phone.call(f"{placed.call_id}-desk")
            leg = await self.dialer.dial(placed.call_id, placed.number, ring_seconds=RING_SECONDS)
            if not isinstance(leg, Joinable):
                raise TelephonyError("this line carries no second party: set another one for calls by hand")
        except (TelephonyError, BrowserRefused):
            for each in (own, leg):
                if each is not None:
                    await each.hang_up()
            failed = CallEnd(Outcome.OWN_LINE_FAILED)
            await asyncio.to_thread(self.reviews.record, placed.review_id, seat.agent.staff_id, failed)
            raise
        call = self._calls[seat.agent.number] = _Call(seat, placed, leg, own)
        seat.dials = seat.ring = placed.call_id
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

    # On the line

    async def _carry(self, call: _Call) -> None:
        """From dialling to the end of the call; then the agent writes it down."""
        seat, why, cause = call.seat, Parting.CLIENT_HUNG_UP.value, HangupCause.OWN_LINE
        answered = False
        try:
            hung_up = await self._ring(call)
            answered = hung_up is None
            if hung_up is None:
                bridge = seat.bridge = Bridge(call.leg, call.own)
                seat.began = replace(seat.began, answered=True) if seat.began is not None else None
                bridge.open()
                if seat.began is not None:
                    seat.tell(seat.began)
                why = (await bridge.run()).parting.value
            else:
                cause = hung_up.cause
                why = Parting.AGENT_HUNG_UP.value if cause is HangupCause.LOCAL else why
        finally:
            seat.bridge = None
            await asyncio.gather(call.leg.hang_up(), call.own.hang_up())
            self._await_writing(call, why, "" if answered else _OUTCOMES.get(cause, Outcome.NO_ANSWER).value)

    async def _ring(self, call: _Call) -> HungUp | None:
        """Wait for the answer; the end where there is none."""
        waiting = asyncio.create_task(_answer(call))
        lost = asyncio.create_task(call.own.ended())
        try:
            await asyncio.wait({waiting, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():  # the agent's browser is gone
                await call.leg.hang_up()
            return await waiting
        finally:
            waiting.cancel()
            lost.cancel()

    async def hang_up(self, seat: Seat) -> None:
        """End the call, also while it rings."""
        call = self._calls.get(seat.agent.number)
        if call is not None and seat.bridge is None:
            await call.leg.hang_up()
        else:
            seat.hang_up()

    # Writing down

    def _await_writing(self, call: _Call, why: str, suggested: str) -> None:
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

    def _forget(self, call: _Call) -> None:
        """Nobody has written it down here: it stays on the agent's list."""
        log.warning("call %s was not written down at the desk in time", call.placed.call_id)
        self._close(call, Presence.AWAY)

    def _close(self, call: _Call, presence: Presence) -> None:
        seat = call.seat
        if call.writing is not None:
            call.writing.cancel()
        self._calls.pop(seat.agent.number, None)
        ring, seat.ring, seat.began = seat.ring, "", None
        seat.tell(WrapUpEnded(ring))
        self.roster.end_dialling(seat, presence)


async def _answer(call: _Call) -> HungUp | None:
    """Wait for the client, in the agent's ear what the network says meanwhile; None: somebody has answered."""
    sounding: asyncio.Task[None] | None = None
    ear = ListeningIn()
    try:
        async for event in call.leg.events():
            match event:
                case Ringing() if sounding is None:
                    sounding = asyncio.create_task(_sound(call.own))
                case EarlyMedia():
                    _listen(call, ear, sounding)
                case Answered():
                    return None
                case HungUp():
                    return event
                case _:
                    pass
        return await call.leg.ended()
    finally:
        _listen(call, ear, sounding)
        call.own.join(None)
        call.leg.overhear(ear, False)


def _listen(call: _Call, ear: ListeningIn, sounding: asyncio.Task[None] | None) -> None:
    if sounding is not None:
        sounding.cancel()
    call.own.clear()
    call.own.join(ear)
    call.leg.overhear(ear)


async def _sound(leg: Joinable) -> None:
    """The tone that tells the agent that it rings."""
    while True:
        leg.play(ringback(), "ringback")
        await asyncio.sleep(RINGBACK_SECONDS)
