"""A call that an agent dials: the client's line and the agent's, and what the agent hears until somebody answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from campaign.calls.call_form import CallForm
from campaign.calls.feed import LiveCall
from campaign.calls.placing import Place
from campaign.handover.briefing import Briefing
from campaign.handover.seats import Seat
from telephony.bridge import Joinable
from telephony.legs import Answered, EarlyMedia, HungUp, Leg, Ringing
from telephony.mixing import ListeningIn
from telephony.ringback import RINGBACK_SECONDS, ringback

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Placed:
    """A call whose attempt is written: whom to call, and what the agent may see."""

    review_id: int
    attempt_id: int
    call_id: str
    number: str
    client: str
    form: CallForm
    live: LiveCall
    barred: frozenset[str]  # the staff who must have nothing to do with this client (000 §6.3)
    place: Place | None  # on a trunk; None: nothing is counted


@dataclass(slots=True, eq=False)
class HandCall:
    """A call by hand until it is written down."""

    seat: Seat
    placed: Placed
    leg: Joinable
    own: Joinable  # the agent's audio
    holder: int  # the staff id in whose hands the review is, as the database has it
    reached: bool = False  # the client has answered
    talked: list[str] = field(default_factory=list)  # the numbers of those who talked with the client, in order
    consulted: list[str] = field(default_factory=list)  # of those who were asked about the client
    left: bool = False  # who had the client before has left them with who has them now; else it was a takeover
    writes: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while something is written under `holder`
    course: asyncio.Task[None] | None = None
    writing: asyncio.TimerHandle | None = None

    def company(self) -> dict[str, list[str]]:
        """Who took part beside the agent who dialled, for the record; empty where nobody did."""
        found = {"talked_with": self.talked if len(self.talked) > 1 else [], "consulted": self.consulted}
        return {name: list(numbers) for name, numbers in found.items() if numbers}

    # As supervisors need it

    @property
    def client(self) -> Joinable:
        return self.leg

    @property
    def barred(self) -> frozenset[str]:
        return self.placed.barred

    @property
    def waiting(self) -> bool:
        return False

    def take_over(self, number: str) -> bool:
        return False  # until somebody answers there is nobody to talk with; afterwards the agent is taken over from


def briefing_of(placed: Placed) -> Briefing:
    """What a colleague who is asked about the call sees beside the form."""
    return Briefing(placed.call_id, placed.live.client, placed.live.title, "", "", (), (), (), ())


async def hang_up(*legs: Leg | None) -> None:
    """Hang up each of them, whatever becomes of the others."""
    ended = await asyncio.gather(*(leg.hang_up() for leg in legs if leg is not None), return_exceptions=True)
    for error in ended:
        if error is not None:
            log.error("a leg of a call by hand was not hung up: %s", type(error).__name__)


async def answered(call: HandCall, rung: Callable[[], None]) -> HungUp | None:
    """Wait for the client's answer or the end, which is returned; a lost agent ends it. `rung`: it rings there."""
    waiting = asyncio.create_task(_answer(call, rung))
    lost = asyncio.create_task(call.own.ended())
    try:
        await asyncio.wait({waiting, lost}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():  # the agent's browser is gone
            await call.leg.hang_up()
        return await waiting
    finally:
        waiting.cancel()
        lost.cancel()


async def _answer(call: HandCall, rung: Callable[[], None]) -> HungUp | None:
    """Wait for the client, in the agent's ear what the network says meanwhile; None: somebody has answered."""
    sounding: asyncio.Task[None] | None = None
    ear = ListeningIn()
    try:
        async for event in call.leg.events():
            match event:
                case Ringing() if sounding is None:
                    rung()
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


def _listen(call: HandCall, ear: ListeningIn, sounding: asyncio.Task[None] | None) -> None:
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
