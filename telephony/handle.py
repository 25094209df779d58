"""A call as the conversation holds it: the `Leg` of the caller's event loop."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable

from telephony.legs import AudioIn, HungUp, LegEvent, Played
from telephony.medialeg import Ear, MediaLeg, Partner
from telephony.playout import PlayQueue
from telephony.rtp.quality import CallQuality

log = logging.getLogger(__name__)

EVENTS = 1500  # waiting for a reader: 90 s of audio
_HANG_UP_SECONDS = 6.0


class EventQueue:
    """Events of one leg, in order and bounded: when nobody reads, the oldest audio goes first."""

    def __init__(self, limit: int = EVENTS) -> None:
        self._events: deque[LegEvent] = deque()
        self._limit = limit
        self._more = asyncio.Event()
        self._finished = False
        self.dropped = 0

    @property
    def finished(self) -> bool:
        """Whether HungUp has been put."""
        return self._finished

    def put(self, event: LegEvent) -> None:
        """Add an event; nothing is added behind HungUp."""
        if self._finished:
            return
        if len(self._events) >= self._limit and not self._make_room() and not isinstance(event, HungUp):
            self.dropped += 1
            return
        self._finished = isinstance(event, HungUp)
        self._events.append(event)
        self._more.set()

    async def get(self) -> LegEvent | None:
        """The next event; None when HungUp has been read."""
        while not self._events:
            if self._finished:
                return None
            self._more.clear()
            await self._more.wait()
        return self._events.popleft()

    def _make_room(self) -> bool:
        for index, event in enumerate(self._events):
            if isinstance(event, AudioIn):
                del self._events[index]
                self.dropped += 1
                return True
        return False


class LegHandle:
    """A `Leg` whose media run on the gateway's thread; every method is for the loop that dialled."""

    def __init__(self, call_id: str, queue: PlayQueue, media: MediaLeg, end: Callable[[], None]) -> None:
        self._call_id = call_id
        self._queue = queue
        self._media = media
        self._end = end
        self._events = EventQueue()
        self._over: asyncio.Future[HungUp] = asyncio.get_running_loop().create_future()

    @property
    def call_id(self) -> str:
        """The id under which it was dialled; names the recording."""
        return self._call_id

    @property
    def position_ms(self) -> int:
        """Where the recording stands."""
        return self._media.position_ms

    def join(self, end: Partner | None) -> None:
        """Exchange audio with a bridge instead of the play queue, from the next frame on; None: no longer."""
        self._media.partner = end

    def overhear(self, ear: Ear, on: bool = True) -> None:
        """Let somebody listen to both sides from the next frame on, or no longer."""
        others = tuple(one for one in self._media.ears if one is not ear)
        self._media.ears = (*others, ear) if on else others

    async def ended(self) -> HungUp:
        """Wait until the call is over; the events are left to their reader."""
        return await asyncio.shield(self._over)

    async def events(self) -> AsyncIterator[LegEvent]:
        """Events in order, HungUp last; a second reader goes on where the first stopped."""
        while True:
            event = await self._events.get()
            if event is None:
                return
            yield event

    def play(self, pcm: bytes, mark: str) -> None:
        """Queue 16-bit 8 kHz audio; it starts after answer. Raises `PlayQueueFull`."""
        if not self._queue.add(pcm, mark):
            self._events.put(Played(mark, 0, False, self.position_ms))

    def clear(self) -> None:
        """Drop what has not left; its marks come back with complete=False."""
        at_ms = self.position_ms
        for done in self._queue.clear():
            self._events.put(Played(done.mark, done.played_ms, done.complete, at_ms))

    async def hang_up(self) -> None:
        """End the call and wait, six seconds at most, until the recording is sealed."""
        if self._over.done():
            return
        self._end()
        try:
            async with asyncio.timeout(_HANG_UP_SECONDS):
                await self.ended()
        except TimeoutError:
            log.error("call %s did not end within %s s", self._call_id, _HANG_UP_SECONDS)

    async def quality(self) -> CallQuality | None:
        """None: what carries this call measures nothing."""
        return None

    def deliver(self, event: LegEvent) -> None:
        """Take an event from the gateway (called on this handle's loop)."""
        self._events.put(event)
        if isinstance(event, HungUp):
            if self._events.dropped:
                log.warning("call %s: %d events were dropped unread", self._call_id, self._events.dropped)
            if not self._over.done():
                self._over.set_result(event)
