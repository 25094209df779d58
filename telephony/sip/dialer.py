"""The SIP dialer: a `Dialer` over one or more trunks, its media on a thread of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from telephony.dialing import MediaDialer
from telephony.errors import TrunkUnavailable
from telephony.legs import Places
from telephony.medialeg import MediaLeg
from telephony.recording import Recorder
from telephony.sip.alarms import Intervals
from telephony.sip.board import Board, open_board
from telephony.sip.caps import Load
from telephony.sip.online import OnLine
from telephony.sip.reception import IncomingCall, Reception
from telephony.sip.registration import Standing
from telephony.sip.sipleg import SipLeg
from telephony.sip.trunk import Trunk


@dataclass(frozen=True, slots=True)
class TrunkCondition:
    """How a trunk is: whether it answers, its registration (None: it wants none), its calls, its pause and why."""

    name: str
    alive: bool
    standing: Standing | None
    load: Load
    paused_since: datetime | None
    paused_until: datetime | None
    paused_why: str


class SipDialer(MediaDialer[Board]):
    """Places calls over `trunks`, the first that has room and works.

    `batch_frames` is the length of an `AudioIn`, `play_seconds` bounds a call's play queue, `intervals` are the base
    timers of SIP.
    """

    _name, _unavailable = "SIP dialer", TrunkUnavailable

    def __init__(
        self,
        trunks: tuple[Trunk, ...],
        recordings: Recorder,
        *,
        batch_frames: int = 3,
        play_seconds: float = 120.0,
        intervals: Intervals = Intervals(),  # noqa: B008
    ) -> None:
        super().__init__(recordings, batch_frames, play_seconds)
        self.trunks, self._intervals = trunks, intervals

    async def start(self) -> None:
        """Listen for every trunk; raises `TrunkUnavailable`."""
        if not self.trunks:
            raise TrunkUnavailable("there is no trunk: name one in the settings")
        await super().start()

    async def _open(self) -> Board:
        return await open_board(self.trunks, self._intervals)

    def _why(self, error: OSError) -> str:
        return "the names of the trunks cannot be looked up: check the network"

    def standings(self) -> dict[str, Standing | None]:
        """How each trunk's registration stands; None where the trunk wants none."""
        return {road.trunk.name: road.standing for road in self._running()[0].roads}

    def roads(self) -> Sequence[str]:
        """The trunks' names, those first that work."""
        roads = self._running()[0].roads
        return tuple(road.trunk.name for road in sorted(roads, key=lambda road: not road.works(time.monotonic())))

    def conditions(self) -> tuple[TrunkCondition, ...]:
        """How each trunk is, as this process sees it; from any thread."""
        now, there = time.monotonic(), datetime.now(UTC)

        def instant(at: float | None) -> datetime | None:
            return None if at is None else there + timedelta(seconds=at - now)

        found = []
        for road in self._running()[0].roads:
            load = road.caps.load(now)
            paused = instant(load.paused_since), instant(load.paused_until)
            why = road.paused_why if load.paused_since is not None else ""
            found.append(TrunkCondition(road.trunk.name, road.alive, road.standing, load, *paused, why))
        return tuple(found)

    async def dial(self, call_id: str, number: str, *, ring_seconds: float, places: Places | None = None) -> SipLeg:
        """Start a call and return its leg at once; refusals come as HungUp.

        Raises `CallExists` for an id that is on the line, `TelephonyError` for an id or number that cannot be.
        """
        board, thread = self._running()
        leg, handle = self._leg(call_id, SipLeg, number)
        call = self._join(leg, handle, number, ring_seconds, places)
        thread.loop.call_soon_threadsafe(board.place, call)
        return handle

    async def incoming(self) -> AsyncGenerator[IncomingCall, None]:
        """The calls that come while this is iterated; at other times they are refused. One reader at a time."""
        board, thread = self._running()
        queue: asyncio.Queue[IncomingCall] = asyncio.Queue()  # bounded by the reception
        loop = asyncio.get_running_loop()
        reception = Reception(board, thread.loop)

        def offer(ringing: IncomingCall) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, ringing)

        thread.loop.call_soon_threadsafe(reception.open, offer)
        try:
            while True:
                ringing = await queue.get()
                if not ringing.over:
                    yield ringing
        finally:
            if self._thread is thread:
                thread.loop.call_soon_threadsafe(reception.open, None)

    async def accept(self, ringing: IncomingCall, call_id: str) -> SipLeg:
        """Answer a call that came, recorded under `call_id`; `Answered` follows, or HungUp when it was taken back."""
        board, thread = self._running()
        leg, handle = self._leg(call_id, SipLeg)
        call = self._join(leg, handle, ringing.caller, 0)
        thread.loop.call_soon_threadsafe(board.accept, ringing.incoming, ringing.road, call)
        return handle

    def _join(
        self, leg: MediaLeg, handle: SipLeg, number: str, ring_seconds: float, places: Places | None = None
    ) -> OnLine:
        call = OnLine(leg, asyncio.get_running_loop(), number, ring_seconds, places)
        handle.loop, handle.control = self._running()[1].loop, call
        return call
