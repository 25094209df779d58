"""All calls of one media thread: their one clock, the way of their events to the conversations, their sealing.

Whatever carries the calls (WebSocket gateway, SIP trunks) puts its legs on a floor; every method runs on the floor's
loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from telephony.errors import RecordingError
from telephony.handle import LegHandle
from telephony.legs import HangupCause, HungUp, LegEvent
from telephony.medialeg import MediaLeg
from telephony.pacing import Lateness, LatenessCount, Schedule
from telephony.playout import PlayQueue
from telephony.recording import Recorder

_CATCH_UP_TICKS = 50  # made up in one go, so that a long stall still lets messages through
_SEAL_SECONDS = 5.0

log = logging.getLogger(__name__)

Deliver = Callable[[LegEvent], None]
H = TypeVar("H", bound=LegHandle)


class Floor:
    """The legs that are on the line; `left` hears of each one that is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop, left: Callable[[MediaLeg], None]) -> None:
        self.loop = loop
        self._left = left
        self._legs: dict[MediaLeg, asyncio.AbstractEventLoop] = {}  # with the loop that dialled
        self._sealing: set[asyncio.Future[None]] = set()
        self._sealer = ThreadPoolExecutor(1, "recording-seal")
        self._schedule: Schedule | None = None
        self._lateness = LatenessCount()
        self._outbox: dict[asyncio.AbstractEventLoop, list[tuple[Deliver, LegEvent]]] = {}
        self._posting = False

    def lateness(self, reset: bool = False) -> Lateness:
        """How late frames left since the last reset."""
        summary = self._lateness.summary()
        if reset:
            self._lateness = LatenessCount()
        return summary

    # Legs

    def enter(self, leg: MediaLeg, caller: asyncio.AbstractEventLoop) -> None:
        """Put a leg on the line; `caller` reads its events."""
        self._legs[leg] = caller

    def finish(self, leg: MediaLeg, hung_up: HungUp, deliver: Deliver) -> None:
        """A call is over: seal its recording off this thread, then say so."""
        self._legs.pop(leg, None)
        self._left(leg)
        sealing = asyncio.ensure_future(self._seal(leg), loop=self.loop)
        self._sealing.add(sealing)
        sealing.add_done_callback(self._sealing.discard)
        sealing.add_done_callback(lambda _: deliver(hung_up))

    async def _seal(self, leg: MediaLeg) -> None:
        if leg.recording is None:
            return
        try:
            async with asyncio.timeout(_SEAL_SECONDS):
                await self.loop.run_in_executor(self._sealer, leg.recording.seal)
        except (RecordingError, TimeoutError) as error:
            log.error("call %s: the recording waits for the next start: %s", leg.call_id, error or "the disk is slow")

    async def end_all(self) -> None:
        """End every call and wait, five seconds at most, until the recordings are sealed."""
        for leg in list(self._legs):
            leg.end(HangupCause.LOCAL)
        if self._sealing:
            await asyncio.wait(self._sealing, timeout=_SEAL_SECONDS)

    def close(self) -> None:
        """Deliver what has not been delivered; the last call."""
        self._sealer.shutdown(wait=False, cancel_futures=True)
        self._deliver_all()

    # The clock

    def start_clock(self) -> None:
        """Tick from now on until no call is left."""
        if self._schedule is None:
            self._schedule = Schedule(time.monotonic())
            self._tick()

    def _tick(self) -> None:
        schedule = self._schedule
        if schedule is None:
            return
        if not self._legs:
            self._schedule = None  # rests until the next call
            return
        for _ in range(_CATCH_UP_TICKS):
            if not schedule.is_due(time.monotonic()):
                break
            due_at = schedule.advance()
            for leg in list(self._legs):
                if _tick(leg):
                    self._lateness.add(time.monotonic() - due_at)
        self.loop.call_later(max(0.0, schedule.next_at - time.monotonic()), self._tick)

    # Events to the conversations

    def post(self, loop: asyncio.AbstractEventLoop, deliver: Deliver, event: LegEvent) -> None:
        """Hand an event over; all of one turn of the loop wake another loop once."""
        self._outbox.setdefault(loop, []).append((deliver, event))
        if not self._posting:
            self._posting = True
            self.loop.call_soon(self._deliver_all)

    def _deliver_all(self) -> None:
        self._posting = False
        outbox, self._outbox = self._outbox, {}
        for loop, events in outbox.items():
            try:
                loop.call_soon_threadsafe(_deliver, events)
            except RuntimeError:
                self._abandon(loop)

    def _abandon(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the calls of an event loop that is closed: nobody is there for them."""
        for leg, caller in list(self._legs.items()):
            if caller is loop:
                leg.fail("the event loop that dialled is closed")


def open_leg(
    call_id: str,
    floor: Floor,
    recordings: Recorder,
    *,
    over: Callable[[], None],
    end: Callable[[MediaLeg], None],
    batch_frames: int,
    play_seconds: float,
    kind: type[H],
) -> tuple[MediaLeg, H]:
    """The two halves of a call: on the floor's thread, and on the loop that calls this.

    `over` is called on the caller's loop when the call has ended; `end` must have the leg ended on the floor's loop.
    """
    caller = asyncio.get_running_loop()
    queue = PlayQueue(play_seconds)

    def deliver(event: LegEvent) -> None:  # on the caller's loop
        if isinstance(event, HungUp):
            over()
        handle.deliver(event)

    def emit(event: LegEvent) -> None:
        floor.post(caller, deliver, event)

    leg = MediaLeg(
        call_id, queue,
        record=lambda: recordings.open(call_id),
        emit=emit,
        finish=lambda leg, hung_up: floor.finish(leg, hung_up, emit),
        batch_frames=batch_frames,
    )  # fmt: skip
    handle = kind(call_id, queue, leg, lambda: end(leg))
    return leg, handle


def _tick(leg: MediaLeg) -> bool:
    """One leg's tick; its faults are its own, the clock of all others goes on."""
    try:
        return leg.tick()
    except Exception:
        log.exception("call %s: the media clock met a fault of ours", leg.call_id)
        leg.fail("a fault of ours")
        return False


def _deliver(events: list[tuple[Deliver, LegEvent]]) -> None:
    for deliver, event in events:
        deliver(event)
