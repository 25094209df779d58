"""A call that an agent dials: the client's line and the agent's, and what the agent hears until somebody answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.nodes import Script
from campaign.calls.call_ends import CallEnd
from campaign.calls.call_form import CallForm
from campaign.calls.feed import LiveCall
from campaign.calls.placing import Place
from campaign.handover.briefing import Briefing
from campaign.handover.meanwhile import Asides
from campaign.handover.seats import Seat
from campaign.other_ways.by_hand_lost import Loss
from telephony.bridge import Joinable
from telephony.legs import Answered, EarlyMedia, HangupCause, HungUp, Leg, Ringing
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
    script: Script  # that the agent reads, and whose words the client hears while nobody is there
    slots: Mapping[str, str]


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
    target: str = ""  # the address of the extension with whom the client was left
    losses: list[Loss] = field(default_factory=list)  # of the agent's voice, in order
    waits: bool = False  # the client waits for the agent whose voice is lost
    returned: asyncio.Event = field(default_factory=asyncio.Event)  # the agent is back, or `taker` comes instead
    taker: str = ""  # the number of a supervisor who takes the client over from an agent whose voice is lost
    promised: bool = False  # the client was told that we call back
    asides: asyncio.Task[Asides] | None = None  # what the client hears from us
    result: CallEnd | None = None  # written down while the client still talks with an extension
    closed: bool = False  # nothing is written down at the desk any more
    writes: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while something is written under `holder`
    course: asyncio.Task[None] | None = None
    writing: asyncio.TimerHandle | None = None

    def company(self) -> dict[str, Any]:
        """The call's course for the record: who took part beside the agent who dialled, whose voice was lost."""
        found: dict[str, Any] = {
            "talked_with": list(self.talked) if len(self.talked) > 1 else [],
            "consulted": list(self.consulted),
            "transferred_to": self.target,
            "agent_lost": [asdict(loss) for loss in self.losses],
        }
        return {name: value for name, value in found.items() if value}

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
        """Take the place of an agent whose voice is lost.

        Until somebody answers there is nobody to talk with; afterwards it is the agent who is taken over from.
        """
        if not self.waits or self.returned.is_set() or number == self.seat.agent.number:
            return False
        self.taker = number
        self.returned.set()
        return True


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
    """Wait for the client's answer or the end, which is returned; `rung`: it rings there.

    An agent whose voice is lost meanwhile ends it, which is our own line's failure.
    """
    waiting = asyncio.create_task(_answer(call, rung))
    lost = asyncio.create_task(call.own.ended())
    try:
        await asyncio.wait({waiting, lost}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():  # the agent's browser is gone
            await call.leg.hang_up()
            hung_up = await waiting
            return replace(hung_up, cause=HangupCause.OWN_LINE) if hung_up is not None else None
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
