"""The inside of an exchange's dialer, on the media loop: calls with their deadlines, from the cap to the hang-up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import Protocol

from telephony.errors import TelephonyError
from telephony.floor import Floor
from telephony.gateways.line import ExchangeLine
from telephony.legs import HangupCause
from telephony.medialeg import MediaLeg, Phase
from telephony.sip.caps import Caps, Verdict

_CAUSE_SECONDS = 2.0  # between the loss of the audio and the news why the call ended
_HANG_UP_SECONDS = 3.0

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Call:
    """A call; `name` is its id at the exchange, which nobody can guess."""

    leg: MediaLeg
    line: ExchangeLine
    caller: asyncio.AbstractEventLoop  # who reads its events
    number: str
    ring_seconds: float
    media_seconds: float
    name: str
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class Placer(Protocol):
    """One kind of exchange, open on the media loop."""

    async def carry(self, call: Call) -> str:
        """Place a call and carry its audio until that ends; cancelled when the leg is over.

        Returns why it ended, where the signalling may still tell the cause; raises `TelephonyError` with what our own
        side failed at.
        """

    async def hang_up(self, call: Call) -> None:
        """The leg is over: leave nothing of it at the exchange."""

    async def close(self) -> None: ...


class Board:
    """Every method runs on the media loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, placer: Placer, caps: Caps) -> None:
        self._loop, self._placer, self._caps = loop, placer, caps
        self.floor = Floor(loop, self._left)
        self._calls: dict[MediaLeg, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def place(self, call: Call) -> None:
        """Place a call, now or as soon as the calls per second allow."""
        self._calls[call.leg] = call
        self.floor.enter(call.leg, call.caller)
        call.leg.connect(call.line)
        call.timers.append(self._loop.call_later(call.ring_seconds, self._expect_answer, call))
        self._try(call)

    def expect_media(self, call: Call) -> None:
        """The call was answered: its audio must come."""
        call.timers.append(self._loop.call_later(call.media_seconds, self._expect_media, call))

    def _try(self, call: Call) -> None:
        if call.leg.phase is Phase.OVER:
            return
        now = time.monotonic()
        admission = self._caps.admit(now)
        if admission.verdict is Verdict.WAIT and admission.at is not None:
            call.timers.append(self._loop.call_later(admission.at - now, self._try, call))
        elif admission.verdict is Verdict.GO:
            self._caps.start(now)
            self.floor.start_clock()
            task = self._loop.create_task(self._carry(call))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            call.leg.fail("the exchange takes no call now: it is full, or rests because too many calls failed")

    async def _carry(self, call: Call) -> None:
        carrying = asyncio.ensure_future(self._placer.carry(call))
        over = asyncio.ensure_future(call.line.over.wait())
        await asyncio.wait({carrying, over}, return_when=asyncio.FIRST_COMPLETED)
        if carrying.done() and not carrying.cancelled() and carrying.exception() is None:
            await asyncio.wait({over}, timeout=_CAUSE_SECONDS)
        over.cancel()
        carrying.cancel()
        await asyncio.wait({carrying})
        reason = _why(call, carrying)
        call.line.fail(reason)
        try:
            async with asyncio.timeout(_HANG_UP_SECONDS):
                await self._placer.hang_up(call)
        except (TelephonyError, TimeoutError) as error:
            log.warning("call %s could not be hung up at the exchange: %s", call.leg.call_id, error or "no answer")
        self._caps.end(call.line.failed, time.monotonic())

    def _expect_answer(self, call: Call) -> None:
        if call.leg.phase < Phase.ANSWERED:
            call.leg.end(HangupCause.TIMED_OUT)

    def _expect_media(self, call: Call) -> None:
        if not call.line.has_media:
            call.leg.fail("the exchange did not bring the audio of an answered call in time")

    def _left(self, leg: MediaLeg) -> None:
        if call := self._calls.pop(leg, None):
            for timer in call.timers:
                timer.cancel()

    async def close(self) -> None:
        """End every call and seal, hang up at the exchange, leave it."""
        await self.floor.end_all()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_HANG_UP_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HANG_UP_SECONDS):
                await self._placer.close()
        self.floor.close()


def _why(call: Call, carrying: asyncio.Future[str]) -> str:
    """What a call that should go on ended of."""
    if carrying.cancelled():
        return "the call was cut short"
    error = carrying.exception()
    if error is None:
        return carrying.result()
    if isinstance(error, TelephonyError):
        return str(error)
    log.error("call %s: the exchange's adapter met a fault of ours", call.leg.call_id, exc_info=error)
    return "a fault of ours"
